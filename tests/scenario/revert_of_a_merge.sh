#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "the revert of a merge commit rolls back what the merge brought"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
on_branch orders
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);' 'DROP TABLE orders;'
commit_as bob "Add orders"
migration 20260103000000_items 'CREATE TABLE items (id bigint PRIMARY KEY);' 'DROP TABLE items;'
commit_as bob "Add items"
merge_branch orders as alice
merged=$commit
push
reconcile
expect_table items
expect_status "$merged" success "applied 2 migrations"

revert_as alice "$merged"
push
reconcile
expect_exit 0
expect_no_table orders
expect_no_table items
expect_status "$commit" success "rolled back 2 migrations"
