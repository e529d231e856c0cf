#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "a unique index that is built concurrently over duplicates leaves no invalid index behind, and is built once they are gone"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY, email text);'
commit_as alice "Add users"
push
reconcile
sql "INSERT INTO users VALUES (1, 'planted-4711'), (2, 'planted-4711')"

migration 20260102000000_email 'CREATE UNIQUE INDEX CONCURRENTLY users_email_key ON users (email);'
commit_as alice "Addresses are unique"
push
reconcile
expect_exit 1
expect_output "A003"
expect_output "23505 unique_violation on users_email_key"
expect_no_output "planted-4711"
expect_sql "SELECT count(*) FROM pg_index WHERE NOT indisvalid" 0
expect_sql "SELECT to_regclass('users_email_key') IS NULL" t
expect_ledger 20260102000000_email rolled_back
expect_ledger_rows 20260102000000_email 1
expect_status "$commit" failure "23505 unique_viol"

sql "DELETE FROM users WHERE id = 2"
follow_hint "retry"
reconcile
expect_exit 0
expect_sql "SELECT indisvalid FROM pg_index WHERE indexrelid = 'users_email_key'::regclass" t
expect_ledger 20260102000000_email applied
expect_status "$commit" success "applied 1 migration"

# Not in the first statement: what came before took effect, so nobody but a person may go on.
sql "INSERT INTO users VALUES (3, 'planted-4712'), (4, NULL), (5, NULL)"
sql "UPDATE users SET email = 'same-' || id % 1 WHERE email IS NULL" || true
sql "DROP INDEX users_email_key"
sql "UPDATE users SET email = 'planted-4711'"
migration 20260103000000_both $'CREATE INDEX CONCURRENTLY users_email ON users (email);\nCREATE UNIQUE INDEX CONCURRENTLY users_email_once ON users (email);'
commit_as alice "Two indexes"
push
reconcile
expect_exit 6
expect_output "A004"
expect_output "statement 2 of 2"
expect_output "took effect: CREATE INDEX CONCURRENTLY (line 1)"
expect_no_output "planted-4711"
expect_sql "SELECT count(*) FROM pg_index WHERE NOT indisvalid" 0
expect_ledger 20260103000000_both failed
expect_status "$commit" failure "A004"
