#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "a signed revert runs the down script that was archived on the day of the deploy"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);' 'DROP TABLE orders;'
migration 20260103000000_items 'CREATE TABLE items (order_id bigint REFERENCES orders);' 'DROP TABLE items;'
commit_as alice "Add orders and items"
push
reconcile

revert_as alice "$commit"
push
headgate plan
expect_exit 2
expect_output "roll back"
reconcile
expect_exit 0
expect_no_table items
expect_no_table orders
expect_table users
expect_ledger 20260102000000_orders rolled_back
expect_ledger 20260103000000_items rolled_back
expect_sql "SELECT count(*) FROM _prisma_migrations WHERE rolled_back_at IS NOT NULL AND finished_at IS NULL" 0
expect_status "$commit" success "rolled back 2 migrations in"
reconcile
expect_exit 0
