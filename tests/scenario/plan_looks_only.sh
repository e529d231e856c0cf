#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "plan and status look, and write neither to the database, the repository nor the journal"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
migration 20260102000000_index 'CREATE INDEX CONCURRENTLY by_id ON users (id);'
commit_as alice "Add users"
push

records() {
	sqlite3 "file:$scratch/state/journal.db?mode=ro" 'SELECT count(*) FROM record'
}
before=$(records)
headgate plan
expect_exit 2
expect_output "20260101000000_users"
expect_output "20260102000000_index"
expect_output "statement by statement"
headgate status
expect_exit 2
expect_output "pending"
expect_output "headgate reconcile --target shop"
expect "records of the journal" "$before" "$(records)"
expect_no_table users
expect_no_table _prisma_migrations
expect_no_status "$commit"

reconcile
expect_exit 0
headgate plan
expect_exit 0
expect_output "nothing to do"
