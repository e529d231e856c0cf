#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "an unsigned commit is refused: the database stays untouched, and the commit says why"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline

migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_unsigned "Add users"
push

reconcile
expect_exit 4
expect_output "V002"
expect_output "git revert -S ${commit:0:10}"
expect_no_table users
expect_no_table _prisma_migrations
expect_sql "SELECT count(*) FROM pg_namespace WHERE nspname = 'headgate'" 0
expect_status "$commit" failure "refused: commit '${commit:0:10}' is not signed (V002). Undo it (git revert -S ${commit:0:10})."

headgate status
expect_exit 4
expect_output "is not signed"

# It is decided anew in every pass, but only a decision that comes out differently is news.
headgate history --output json
runs=$(jq length "$scratch/out")
reconcile
expect_exit 4
headgate history --output json
expect_json "length == $runs"
