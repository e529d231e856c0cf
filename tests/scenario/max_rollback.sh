#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "more deployed migrations gone at once than max_rollback is a halt; in smaller steps they go"

given_repository
given_database
given_strict_policy "max_rollback: 1"
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);' 'DROP TABLE orders;'
commit_as alice "Add orders"
orders=$commit
migration 20260103000000_items 'CREATE TABLE items (id bigint PRIMARY KEY);' 'DROP TABLE items;'
commit_as alice "Add items"
items=$commit
push
reconcile

revert_as alice "$items"
revert_as alice "$orders"
push
reconcile
expect_exit 6
expect_output "W013" # way out: W013
expect_output "2 deployed migrations are gone"
expect_table items
expect_table orders
expect_status "$commit" failure "W013"

revert_as alice "$commit"
push
reconcile
expect_exit 0
expect_no_table items
expect_table orders
revert_as alice "$commit"
push
reconcile
expect_exit 0
expect_no_table orders
expect_table users
