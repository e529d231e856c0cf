#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/prisma.sh"
scenario "a file that is sent statement by statement and fails at a later one halts, and goes on when a person says what is there"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY, email text);'
commit_as alice "Add users"
push
reconcile
migration 20260102000000_index $'CREATE INDEX CONCURRENTLY users_email ON users (email);\nALTER TABLE missing ADD COLUMN x int;\nCREATE TABLE after_it (id int);'
commit_as alice "An index and a mistake"
push
reconcile
expect_exit 6
expect_output "A004"
expect_output "statement 2 of 3, ALTER TABLE (line 2): 42P01 undefined_table"
expect_output "took effect: CREATE INDEX CONCURRENTLY (line 1)"
expect_sql "SELECT to_regclass('users_email') IS NOT NULL" t
expect_no_table after_it
expect_ledger 20260102000000_index failed
expect_status "$commit" failure "A004"
reconcile
expect_exit 6
headgate status
expect_exit 6

sql "DROP INDEX users_email"
prisma_resolves 20260102000000_index rolled-back
migration 20260102000000_index $'CREATE INDEX CONCURRENTLY users_email ON users (email);\nCREATE TABLE after_it (id int);'
commit_as alice "An index"
push
reconcile
expect_exit 0
expect_table after_it
expect_ledger 20260102000000_index applied
expect_ledger_rows 20260102000000_index 2
expect_status "$commit" success "applied 1 migration"

# The first of them fails: nothing of the file is there, and nobody needs to be asked.
migration 20260103000000_first $'CREATE INDEX CONCURRENTLY missing_x ON missing (x);\nCREATE TABLE never (id int);'
commit_as alice "An index on nothing"
push
reconcile
expect_exit 1
expect_output "A003"
expect_no_table never
expect_ledger 20260103000000_first rolled_back
