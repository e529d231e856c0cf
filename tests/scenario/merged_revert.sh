#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "a revert that comes in by a merged branch rolls back, and the merge commit says so"

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

on_branch revert-orders
revert_as bob "$orders"
merge_branch revert-orders as alice
push
reconcile
expect_exit 0
expect_no_table orders
expect_ledger 20260102000000_orders rolled_back
expect_status "$commit" success "rolled back 1 migration"
