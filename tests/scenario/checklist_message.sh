#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "the checklist may stand in the signed message, and only a signed message counts"

given_repository
given_database
given_config policy=policies/production.yaml
sed -i 's/^threshold: 2/threshold: 1/' "$scratch/policies/production.yaml" # one person is enough here
baseline

ticks="- [x] tested
- [x] backward-compatible
- [x] rollback-plan: down.sql drops the table
- [x] team-notified"

migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);' 'DROP TABLE users;'
commit_as alice "Add users

$ticks"
push
reconcile
expect_exit 0
expect_table users
expect_status "$commit" success "ticked, not measured"

# Ticks in a commit that does not touch the migration say nothing about it.
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);' 'DROP TABLE orders;'
commit_as alice "Add orders"
commit_unsigned "All is well

$ticks" --allow-empty
push
reconcile
expect_exit 3
expect_output "C001"
expect_no_table orders
