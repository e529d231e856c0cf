#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "a migration that was rolled back may come again under its name with another content"

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
revert_as alice "$commit"
push
reconcile
expect_no_table orders

migration 20260102000000_orders 'CREATE TABLE orders (id uuid PRIMARY KEY);' 'DROP TABLE orders CASCADE;'
commit_as bob "Add orders, with UUIDs this time"
push
reconcile
expect_exit 0
expect_sql "SELECT data_type FROM information_schema.columns WHERE table_name = 'orders'" uuid
expect_ledger 20260102000000_orders applied
expect_status "$commit" success "applied 1 migration"

revert_as alice "$commit"
push
reconcile
expect_exit 0
expect_no_table orders
expect_ledger 20260102000000_orders rolled_back
expect_ledger_rows 20260102000000_orders 2
