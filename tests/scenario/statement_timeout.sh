#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "a statement that runs longer than statement_timeout is ended and nothing of its file stays; an index build has no such limit"

given_repository
given_database
given_strict_policy "apply: {statement_timeout: 300ms}"
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_users $'CREATE TABLE users (id bigint PRIMARY KEY);\nSELECT pg_sleep(5);'
commit_as alice "Add users, slowly"
push
reconcile
expect_exit 1
expect_output "A003"
expect_output "57014 query_canceled"
expect_output "statement timeout"
expect_no_table users
expect_status "$commit" failure "57014"

# A file may set its own, and a concurrent build takes as long as it takes.
migration 20260101000000_users $'SET LOCAL statement_timeout = \'5s\';\nCREATE TABLE users (id bigint PRIMARY KEY);\nSELECT pg_sleep(0.4);'
migration 20260102000000_slow $'CREATE FUNCTION slow(bigint) RETURNS bigint IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.5); RETURN $1; END $$;\nINSERT INTO users VALUES (1);'
migration 20260103000000_index 'CREATE INDEX CONCURRENTLY users_slow ON users (slow(id));'
migration 20260104000000_limit $'SELECT pg_sleep(0.4);'
commit_as alice "Users, and a slow index"
push
reconcile
expect_exit 1
expect_output "20260104000000_limit"
expect_output "57014"
expect_table users
expect_ledger 20260103000000_index applied
