#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "a migration that is merged and reverted before anybody looked runs neither way, and both commits say so"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push
reconcile

migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'
commit_as alice "Add orders"
orders=$commit
revert_as alice "$orders"
push
reconcile
expect_exit 0
expect_no_table orders
expect_ledger 20260102000000_orders absent
expect_status "$orders" success "superseded by ${commit:0:10}, nothing ran"
expect_status "$commit" success "nothing to run"
