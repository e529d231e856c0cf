#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "a deployed migration under another name is recognised, and never rolled back"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline

migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);' 'DROP TABLE users;'
commit_as alice "Add users"
push
reconcile

git -C "$work" mv prisma/migrations/20260101000000_users prisma/migrations/20260102000000_people
commit_as alice "People, not users"
renamed=$commit
push
reconcile
expect_exit 6
expect_output "W011" # way out: W011
expect_output "git mv prisma/migrations/20260102000000_people prisma/migrations/20260101000000_users"
expect_output "headgate resolve --target shop --applied 20260102000000_people"
expect_output "headgate resolve --target shop --accept 20260101000000_users"
expect_table users
expect_ledger 20260101000000_users applied
expect_status "$renamed" failure "'20260101000000_users' was renamed to '20260102000000_people'"

(cd "$work" && git mv prisma/migrations/20260102000000_people prisma/migrations/20260101000000_users)
commit_as alice "Users again"
push
reconcile
expect_exit 0
expect_table users
expect_ledger_rows 20260101000000_users 1
