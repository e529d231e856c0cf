#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "a file with BEGIN and no COMMIT is rolled back and refused, not taken for a success"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_users $'BEGIN;\nCREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push
reconcile
expect_exit 1
expect_output "A008" # way out: A008
expect_output "BEGIN without its COMMIT"
expect_no_table users
expect_ledger 20260101000000_users rolled_back
expect_status "$commit" failure "A008"
reconcile
expect_exit 1
expect_ledger_rows 20260101000000_users 1

migration 20260101000000_users $'BEGIN;\nCREATE TABLE users (id bigint PRIMARY KEY);\nCOMMIT;'
commit_as alice "Add users, with its COMMIT"
push
reconcile
expect_exit 0
expect_table users
expect_ledger 20260101000000_users applied
expect_status "$commit" success "applied 1 migration"

# After a COMMIT of its own, a BEGIN that stays open is no longer without effect.
migration 20260102000000_orders $'BEGIN;\nCREATE TABLE orders (id bigint);\nCOMMIT;\nBEGIN;\nCREATE TABLE items (id bigint);'
commit_as alice "Add orders and items"
push
reconcile
expect_exit 6
expect_output "A004"
expect_table orders
expect_no_table items
expect_ledger 20260102000000_orders failed
