#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "a second agent on the same target is refused; its baseline takes the target over, and the first one is refused"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);' 'DROP TABLE users;'
commit_as alice "Add users"
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);' 'DROP TABLE orders;'
commit_as alice "Add orders"
push
reconcile
expect_exit 0

first=$config second=$scratch/second.yaml
sed 's|^state: .*|state: ./state-of-the-second|' "$first" >"$second"
config=$second
headgate reconcile
expect_exit 6
expect_output "W001" # way out: W001
baseline "$commit"
expect_output "taken over"
reconcile
expect_exit 0
expect_ledger_rows 20260102000000_orders 1

config=$first
reconcile
expect_exit 6
expect_output "J004"
expect_output "headgate baseline --target shop"
headgate status
expect_exit 6

# The second one knows the way back, too.
config=$second
git -C "$work" rm -rq prisma/migrations/20260102000000_orders
commit_as alice "Orders go away"
push
reconcile
expect_exit 0
expect_no_table orders
expect_status "$commit" success "rolled back 1 migration"

# The first one takes over again.
config=$first
reconcile
expect_exit 6
expect_output "J004" # way out: J004
follow_hint "baseline --target shop" HEAD
gets_out
config=$second
reconcile
expect_exit 6
