#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/prisma.sh"
scenario "a baseline on a database that Prisma filled adopts what agrees, and shows what differs"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);' 'DROP TABLE orders;'
commit_unsigned "Long ago, nobody signed"
push
prisma_deploys 20260101000000_users
prisma_deploys 20260102000000_orders
migration 20251201000000_legacy 'CREATE TABLE legacy (id bigint PRIMARY KEY);'
prisma_deploys 20251201000000_legacy
rm -r "$work/prisma/migrations/20251201000000_legacy"
migration 20260103000000_items 'CREATE TABLE items (id bigint PRIMARY KEY);'
prisma_fails 20260103000000_items
before=$(sql "SELECT * FROM _prisma_migrations ORDER BY id")

# A failed row is refused, with the command that resolves it.
headgate baseline HEAD
expect_exit 6
expect_output "P3009"
expect_output "headgate resolve --target shop --rolled-back 20260103000000_items"
rm -r "$work/prisma/migrations/20260103000000_items"
follow_hint "resolve --target shop --rolled-back"
before=$(sql "SELECT * FROM _prisma_migrations ORDER BY id")

# Differences are shown, and nothing is taken for granted.
headgate baseline HEAD
expect_exit 6
expect_output "W028" # way out: W028
expect_output "'20251201000000_legacy' is applied, and the commit has not got it"
expect_output "headgate baseline --target shop --yes HEAD"
headgate status
expect_output "W001"
headgate baseline --target shop --yes HEAD
expect_exit 0
expect_output "2 migrations that others applied as the commit has it"
expect "the ledger is not touched" "$before" "$(sql "SELECT * FROM _prisma_migrations ORDER BY id")"

reconcile
expect_exit 0
expect_output "nothing to do"
expect_no_status "$commit"
headgate status
expect_exit 0
expect_output "2 migrations deployed"
expect "the ledger is not touched" "$before" "$(sql "SELECT * FROM _prisma_migrations ORDER BY id")"

# From here on it is like any other target: the next migration is applied, an adopted one can be reverted.
migration 20260104000000_things 'CREATE TABLE things (id bigint PRIMARY KEY);'
commit_as alice "Add things"
push
reconcile
expect_exit 0
expect_table things
git_as alice rm -rq prisma/migrations/20260102000000_orders
commit_as alice "Take orders away"
push
reconcile
expect_exit 0
expect_output "rolled back 1 migration"
expect_no_table orders
expect_ledger 20260102000000_orders rolled_back

# An edit before the baseline is a difference, too.
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY); -- edited'
commit_as alice "Edit users"
push
reconcile
expect_exit 3
expect_output "W010"
headgate baseline HEAD
expect_exit 6
expect_output "was applied with checksum"
headgate baseline --yes HEAD
expect_exit 0
reconcile
expect_exit 0
headgate log verify
expect_exit 0
