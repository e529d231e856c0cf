#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/objects.sh"
scenario "files that are no migrations of ours are each refused, and the commit that brought them says so"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push
reconcile
expect_exit 0

refused() { # CODE FRAGMENT: the commit that was just pushed; then it is taken back
	reconcile
	expect_exit 3
	expect_output "$1"
	expect_output "$2"
	expect_status "$commit" failure "$1"
	take_back
}

put_file 20260102000000_nul/migration.sql < <(printf 'SELECT 1;\n\0DROP TABLE users;\n')
refused W006 "line 2 holds a NUL byte" # way out: W006
put_file 20260102000000_latin/migration.sql < <(printf "SELECT 'caf\xe9';\n")
refused W006 "not valid UTF-8"
put_file 20260102000000_empty/README.md <<<'later'
refused W007 "has no migration.sql" # way out: W007
put_file app/20260102T0000_users/ops.json <<<'[]'
refused W009 "Prisma 8" # way out: W009

sed -i 's/postgresql/mysql/' "$work/prisma/migrations/migration_lock.toml"
git -C "$work" reset -q
git -C "$work" checkout -q HEAD -- prisma/migrations/20260101000000_users
commit_as alice "Another provider"
push
reconcile
expect_exit 3
expect_output "W008" # way out: W008
expect_output "mysql"
expect_status "$commit" failure "W008"

take_back
reconcile
expect_exit 0
expect_ledger_rows 20260101000000_users 1
