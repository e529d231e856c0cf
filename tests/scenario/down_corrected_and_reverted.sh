#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "a down script that is corrected and a revert that needs it may land at once: the corrected one runs"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);' 'DROP TABLE orders, users;'
commit_as alice "Add orders"
push
reconcile
expect_exit 0

printf 'DROP TABLE orders;\n' >"$work/prisma/migrations/20260102000000_orders/down.sql"
commit_as bob "Leave the users where they are"
git -C "$work" rm -rq prisma/migrations/20260102000000_orders
commit_as alice "Orders go away"
push
reconcile
expect_exit 0
expect_no_table orders
expect_table users
expect_status "$commit" success "rolled back 1 migration"

# An unsigned correction counts for nothing, also when the revert is signed.
migration 20260103000000_items 'CREATE TABLE items (id bigint PRIMARY KEY);' 'DROP TABLE items;'
commit_as alice "Add items"
push
reconcile
printf 'DROP TABLE items, users;\n' >"$work/prisma/migrations/20260103000000_items/down.sql"
commit_unsigned "Drop more"
git -C "$work" rm -rq prisma/migrations/20260103000000_items
commit_as alice "Items go away"
push
reconcile
expect_exit 0
expect_no_table items
expect_table users
