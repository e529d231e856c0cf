#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "a migration that was edited after it was applied is refused with both checksums, until it is put back"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline

checksum() { # as the message shows it
	sha256sum "$work/prisma/migrations/20260101000000_users/migration.sql" | cut -c1-12
}

migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
applied=$(checksum)
commit_as alice "Add users"
push
reconcile

migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY, email text);'
commit_as alice "Users have an address"
edited=$commit
push
reconcile
expect_exit 3
expect_output "W010" # way out: W010
expect_output "applied with checksum $applied…, the branch has $(checksum)…"
expect_output "headgate resolve --target shop --accept-edit 20260101000000_users"
expect_status "$edited" failure "refused: '20260101000000_users' was edited"

revert_as alice "$edited"
push
reconcile
expect_exit 0
expect_status "$edited" failure "undone by ${commit:0:10}"

# The file alone is gone: not a rollback either.
git -C "$work" rm -q prisma/migrations/20260101000000_users/migration.sql
mkdir -p "$work/prisma/migrations/20260101000000_users"
printf 'see the wiki\n' >"$work/prisma/migrations/20260101000000_users/README.md"
commit_as alice "Lose the file"
push
reconcile
expect_exit 3
expect_output "the branch has no migration.sql"
expect_table users
expect_status "$commit" failure "(W010)"
