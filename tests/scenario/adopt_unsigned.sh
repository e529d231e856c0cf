#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/prisma.sh"
scenario "what another program applied needs no voucher; what is still to be applied does, and so does the way back"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline

migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);' 'DROP TABLE users;'
commit_unsigned "Add users"
users=$commit
push
prisma_deploys 20260101000000_users
reconcile
expect_exit 0
expect_status "$users" success "already applied by another, unverified"

# The same step brings one more, which nobody has applied: it stands refused for that one.
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'
migration 20260103000000_items 'CREATE TABLE items (id bigint PRIMARY KEY);'
commit_unsigned "Add orders and items"
both=$commit
push
prisma_deploys 20260102000000_orders
reconcile
expect_exit 4
expect_output "V002"
expect_no_table items
expect_ledger_rows 20260102000000_orders 1
expect_status "$both" failure "is not signed"
git -C "$work" rm -rq prisma/migrations/20260103000000_items
commit_as alice "No items"
push
reconcile
expect_exit 0
expect_status "$both" failure "undone by ${commit:0:10}"

# Nobody has vouched for the way back of users.
git -C "$work" rm -rq prisma/migrations/20260101000000_users
commit_as alice "Users go away"
push
reconcile
expect_exit 3
expect_output "nobody has vouched for a down.sql"
expect_table users
revert_as alice "$commit"
printf 'DROP TABLE users; -- seen by bob\n' >"$work/prisma/migrations/20260101000000_users/down.sql"
commit_as bob "The way back of users"
push
reconcile
expect_exit 0
git -C "$work" rm -rq prisma/migrations/20260101000000_users
commit_as alice "Users go away, again"
push
reconcile
expect_exit 0
expect_no_table users
expect_table orders
