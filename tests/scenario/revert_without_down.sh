#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "a revert of a migration without a down script is refused, and says what a person can do"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'
commit_as alice "Add orders"
push
reconcile

revert_as alice "$commit"
reverted=$commit
push
reconcile
expect_exit 3
expect_output "A006" # way out: A006
expect_output "'20260102000000_orders' cannot be rolled back"
expect_output "git revert -S ${reverted:0:10}"
expect_table orders
expect_ledger 20260102000000_orders applied
expect_status "$reverted" failure "(A006)"

revert_as alice "$reverted"
migration 20260103000000_no_orders 'DROP TABLE orders;'
commit_as alice "Undo orders by a new migration"
push
reconcile
expect_exit 0
expect_no_table orders
expect_status "$reverted" failure "undone by"
expect_status "$commit" success "applied 1 migration"
