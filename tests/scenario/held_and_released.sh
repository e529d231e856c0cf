#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "what a revert rolled back is held, until a revert of the revert brings it again"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);' 'DROP TABLE orders;'
commit_as alice "Add orders"
push
reconcile
expect_table orders

revert_as alice "$commit"
reverted=$commit
push
reconcile
expect_exit 0
expect_no_table orders
expect_ledger 20260102000000_orders rolled_back
expect_status "$reverted" success "rolled back 1 migration"
headgate status
expect_exit 0
expect_output "20260102000000_orders, rolled back"

# Nobody signs the revert of the revert: it stays where it is.
git_as mallory revert --no-edit "$reverted" >/dev/null
remember_commit
unsigned=$commit
push
reconcile
expect_exit 4
expect_no_table orders

revert_as alice "$unsigned"
revert_as bob "$commit"
push
reconcile
expect_exit 0
expect_table orders
expect_ledger 20260102000000_orders applied
expect_ledger_rows 20260102000000_orders 2
expect_status "$commit" success "applied 1 migration"
headgate status
expect_exit 0
expect_no_output "rolled back"
