#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/prisma.sh"
scenario "a file that failed after a part of it took effect halts until somebody resolves it, however often the pass repeats"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint, email text);' 'DROP TABLE users;'
commit_as alice "Add users"
migration 20260102000000_indexes $'CREATE INDEX CONCURRENTLY by_id ON users (id);\nCREATE INDEX CONCURRENTLY by_mail ON users (mail);'
commit_as alice "Add indexes"
push

reconcile
expect_exit 6
expect_output "A004" # way out: A004
expect_output "took effect: CREATE INDEX CONCURRENTLY (line 1)"
expect_ledger 20260101000000_users applied
expect_ledger 20260102000000_indexes failed
expect_status "$commit" failure "halted, a person is needed"
reconcile
expect_exit 6
expect_ledger_rows 20260102000000_indexes 1
headgate status
expect_exit 6
expect_output "headgate resolve --target shop --applied"

# Somebody finishes it by hand, and says so.
sql "CREATE INDEX by_mail ON users (email)"
headgate status
follow_hint "resolve --target shop --applied"
headgate status # does not ask for what was just said
expect_exit 2
expect_output "resolved by a person"
expect_output "headgate reconcile --target shop"
reconcile
expect_exit 0
expect_ledger_rows 20260102000000_indexes 2
headgate status
expect_exit 0

# What a person resolved is deployed like any other.
migration 20260103000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'
commit_as alice "Add orders"
push
reconcile
expect_exit 0
expect_table orders
