#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/prisma.sh"
scenario "an edit, a rename, a squash and a row that nobody explains are accepted by a person"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'
migration 20260103000000_items 'CREATE TABLE items (id bigint PRIMARY KEY);'
commit_as alice "Add three tables"
push
reconcile
expect_exit 0

# An edit of what was applied.
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY); -- a comment'
commit_as alice "Comment users"
edited=$commit
push
reconcile
expect_exit 3
expect_output "W010"
expect_output "headgate resolve --target shop --accept-edit 20260101000000_users"
headgate resolve --target shop --accept 20260101000000_users
expect_exit 3
expect_output "--accept-edit"
headgate resolve --target shop --accept-edit 20260101000000_users --reason "only a comment"
expect_exit 0
reconcile
expect_exit 0
headgate status
expect_exit 0
expect_status "$edited" success ""
headgate resolve --accept-edit 20260102000000_orders
expect_exit 3
expect_output "is the one that was applied"

# Another edit is another decision.
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY); -- another'
commit_as alice "Comment users again"
push
reconcile
expect_exit 3
expect_output "W010"
follow_hint "resolve --target shop --accept-edit"
reconcile
expect_exit 0

# Its file was taken away, and its folder not: that may stand, and only that.
printf 'was here\n' >"$work/prisma/migrations/20260101000000_users/notes.txt"
git -C "$work" rm -q prisma/migrations/20260101000000_users/migration.sql
commit_as alice "Only notes are left of users"
push
reconcile
expect_exit 3
expect_output "W010"
expect_output "no migration.sql"
follow_hint "resolve --target shop --accept-edit"
reconcile
expect_exit 0
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY); -- a third one'
commit_as alice "Bring another users"
push
reconcile
expect_exit 3
expect_output "W010"
follow_hint "resolve --target shop --accept-edit"
reconcile
expect_exit 0

# A rename: the new name is marked as applied, the old one accepted.
git_as alice mv prisma/migrations/20260103000000_items prisma/migrations/20260103000000_things
commit_as alice "Rename items to things"
push
reconcile
expect_exit 6
expect_output "W011"
expect_output "headgate resolve --target shop --applied 20260103000000_things"
expect_output "headgate resolve --target shop --accept 20260103000000_items"
follow_hint "resolve --target shop --applied"
reconcile
follow_hint "resolve --target shop --accept"
reconcile
expect_exit 0
headgate status
expect_exit 0
expect_table items
expect_ledger 20260103000000_items applied
expect_ledger 20260103000000_things applied

# A row that nobody explains.
migration 20260104000000_stray 'CREATE TABLE stray (id bigint PRIMARY KEY);'
prisma_deploys 20260104000000_stray
rm -r "$work/prisma/migrations/20260104000000_stray"
reconcile
expect_exit 3
expect_output "W014" # way out: W014
expect_output "headgate resolve --target shop --accept 20260104000000_stray"
follow_hint "resolve --target shop --accept"
reconcile
expect_exit 0
expect_table stray
headgate log verify
expect_exit 0
