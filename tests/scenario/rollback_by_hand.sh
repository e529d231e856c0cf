#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "a person rolls a migration back by hand; it is held until unhold"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);' 'DROP TABLE orders;'
commit_as alice "Add orders"
orders=$commit
push
reconcile
expect_exit 0

headgate rollback --target shop 20260199000000_nothing
expect_exit 3
expect_output "no applied row"

# Without a down script there is no way back, and the ask does not stay.
headgate rollback --target shop 20260101000000_users
expect_exit 3
expect_output "A006"
headgate status
expect_no_output "asked"
reconcile
expect_exit 0
expect_table users

headgate rollback --target shop 20260102000000_orders --reason "slow query"
expect_exit 0
expect_output "rolled back 1 migration"
expect_no_table orders
expect_ledger 20260102000000_orders rolled_back
expect_status "$orders" success "by hand"
expect_status "$orders" success "slow query"
reconcile
expect_exit 0
expect_no_table orders
headgate status
expect_exit 0
expect_output "held"
headgate rollback --target shop 20260102000000_orders
expect_exit 3
expect_output "is held"

headgate unhold --target shop 20260101000000_users
expect_exit 3
expect_output "20260102000000_orders"
headgate unhold --target shop 20260102000000_orders
expect_exit 0
headgate plan
expect_exit 2
expect_output "apply 20260102000000_orders"
reconcile
expect_exit 0
expect_table orders
expect_ledger 20260102000000_orders applied
expect_ledger_rows 20260102000000_orders 2
headgate log verify
expect_exit 0
