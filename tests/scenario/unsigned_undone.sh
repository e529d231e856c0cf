#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "an unsigned commit that a signed revert undoes no longer stands in the way"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline

migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_unsigned "Add users"
refused=$commit
push
reconcile
expect_exit 4
expect_output "V002" # way out: V002
follow_undo alice
reverted=$commit
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'
commit_as bob "Add orders"
push
reconcile
expect_exit 0
expect_no_table users
expect_ledger 20260101000000_users absent
expect_table orders
expect_status "$refused" failure "undone by ${reverted:0:10}"
expect_status "$reverted" success ""
expect_status "$commit" success "applied 1 migration"

headgate status
expect_exit 0
