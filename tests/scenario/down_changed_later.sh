#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "a down script that a signed commit corrects later is the one that a revert runs"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);' 'DROP TABLE ordres;'
commit_as alice "Add orders"
orders=$commit
push
reconcile

printf 'DROP TABLE orders;\n' >"$work/prisma/migrations/20260102000000_orders/down.sql"
commit_as bob "Correct the down script of orders"
corrected=$commit
push
reconcile
expect_exit 0
expect_ledger_rows 20260102000000_orders 1
expect_status "$corrected" success ""

git -C "$work" rm -rq prisma/migrations/20260102000000_orders
commit_as alice "Orders go away"
push
reconcile
expect_exit 0
expect_no_table orders
expect_ledger 20260102000000_orders rolled_back
expect_status "$commit" success "rolled back 1 migration"
expect_status "$orders" success "applied 1 migration"
