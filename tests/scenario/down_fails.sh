#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "a down script that fails leaves all as it was, until the folder comes back with a corrected one"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);' $'DROP TABLE orders;\nDROP TABLE order_lines;'
migration 20260103000000_items 'CREATE TABLE items (id bigint PRIMARY KEY);' 'DROP TABLE items;'
commit_as alice "Add orders and items"
orders=$commit
push
reconcile

revert_as alice "$orders"
reverted=$commit
push
reconcile
expect_exit 1
expect_output "A007" # way out: A007
expect_no_table items
expect_ledger 20260103000000_items rolled_back
expect_table orders
expect_ledger 20260102000000_orders applied
expect_status "$reverted" failure "42P01"
reconcile
expect_exit 1
expect_output "as before"

git -C "$work" checkout -q "$orders" -- prisma/migrations/20260102000000_orders
printf 'DROP TABLE orders;\n' >"$work/prisma/migrations/20260102000000_orders/down.sql"
commit_as alice "Bring orders back with a down script that works"
push
reconcile
expect_exit 0
expect_table orders
git -C "$work" rm -rq prisma/migrations/20260102000000_orders
commit_as alice "Orders go away"
push
reconcile
expect_exit 0
expect_no_table orders
expect_ledger 20260102000000_orders rolled_back
expect_status "$commit" success "rolled back 1 migration"
