#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "what was merged before a refused commit is applied, what was merged after it waits behind it"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline

migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
before=$commit
migration 20260102000000_trap 'CREATE TABLE trap (id bigint PRIMARY KEY);'
commit_unsigned "Add a trap"
refused=$commit
migration 20260103000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'
commit_as alice "Add orders"
after=$commit
push

reconcile
expect_exit 4
expect_table users
expect_no_table trap
expect_no_table orders
expect_status "$before" success "applied 1 migration"
expect_status "$refused" failure "V002"
expect_status "$after" pending "behind ${refused:0:10}, refused"

revert_as alice "$refused"
push
reconcile
expect_exit 0
expect_table orders
expect_no_table trap
expect_status "$refused" failure "undone by ${commit:0:10}"
expect_status "$after" success "applied 1 migration"
