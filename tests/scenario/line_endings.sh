#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "a migration that only changed its line endings counts as the one that was applied"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline

migration 20260101000000_users $'CREATE TABLE users (\n\tid bigint PRIMARY KEY\n);'
commit_as alice "Add users"
push
reconcile
expect_exit 0

sed -i 's/$/\r/' "$work/prisma/migrations/20260101000000_users/migration.sql"
commit_as alice "An editor on Windows saved it"
push
reconcile
expect_exit 0
expect_ledger_rows 20260101000000_users 1
expect_status "$commit" success ""

sed -i 's/\r$//' "$work/prisma/migrations/20260101000000_users/migration.sql"
commit_as alice "And back"
push
reconcile
expect_exit 0
headgate status
expect_exit 0
