#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/prisma.sh"
scenario "a down script that fails after a part of it took effect halts with an open row, until a person says which"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY, email text);'
migration 20260102000000_index $'ALTER TABLE users ADD COLUMN age int;\nCREATE INDEX users_age ON users (age);' \
	$'DROP INDEX CONCURRENTLY users_age;\nALTER TABLE users DROP COLUMN years;'
migration 20260103000000_left $'CREATE TABLE x (id int);' $'BEGIN;\nDROP TABLE x;'
commit_as alice "Users"
push
reconcile
expect_exit 0

# BEGIN without COMMIT: without effect, the row is as it was.
git -C "$work" rm -rq prisma/migrations/20260103000000_left
commit_as alice "No x"
push
reconcile
expect_exit 1
expect_output "A008"
expect_table x
expect_ledger 20260103000000_left applied
git -C "$work" revert --no-commit HEAD
commit_as alice "x stays"
push
reconcile
expect_exit 0

git -C "$work" rm -rq prisma/migrations/20260102000000_index
commit_as alice "No age"
push
reconcile
expect_exit 6
expect_output "A004"
expect_output "statement 2 of 2, ALTER TABLE (line 2): 42703 undefined_column"
expect_output "took effect: DROP INDEX CONCURRENTLY (line 1)"
expect_ledger 20260102000000_index failed
expect_status "$commit" failure "A004"
reconcile
expect_exit 6

sql "ALTER TABLE users DROP COLUMN age"
follow_hint "resolve --target shop --rolled-back"
reconcile
expect_exit 0
expect_ledger 20260102000000_index rolled_back
expect_status "$commit" success "rolled back 1 migration"
headgate status
expect_exit 0
