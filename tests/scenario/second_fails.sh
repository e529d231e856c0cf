#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "the second of two migrations fails: the first stays; when both are reverted it is rolled back and nothing stands in the way"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);' 'DROP TABLE users;'
commit_as alice "Add users"
first=$commit
migration 20260102000000_orders $'CREATE TABLE orders (id bigint PRIMARY KEY);\nALTER TABLE orders ADD COLUMN user_id bigint REFERENCES customers;' 'DROP TABLE orders;'
commit_as alice "Add orders"
second=$commit
push
reconcile
expect_exit 1
expect_table users
expect_no_table orders
expect_ledger 20260101000000_users applied
expect_status "$first" success "applied 1 migration"
expect_status "$second" failure "42P01"
headgate status
expect_exit 1
expect_output "A003"

revert_as alice "$second"
revert_as alice "$first"
push
reconcile
expect_exit 0
expect_no_table users
expect_no_table orders
expect_ledger 20260101000000_users rolled_back
expect_ledger_rows 20260102000000_orders 1
expect_status "$commit" success "rolled back 1 migration"
headgate status
expect_exit 0
reconcile
expect_exit 0
