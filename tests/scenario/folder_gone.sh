#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "a migrations folder that was moved, emptied or taken away is never a rollback"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline

migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);' 'DROP TABLE users;'
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);' 'DROP TABLE orders;'
commit_as alice "Add users and orders"
push
reconcile

halts() { # WHAT
	push
	reconcile
	expect_exit 6
	expect_output "W003" # way out: W003
	expect_output "'prisma/migrations' is $1"
	expect_table users
	expect_ledger 20260102000000_orders applied
	expect_status "$commit" failure "W003"
	revert_as alice "$commit"
	push
	reconcile
	expect_exit 0
}

git -C "$work" rm -rq prisma/migrations
mkdir -p "$work/prisma/migrations"
printf 'Migrations have moved.\n' >"$work/prisma/migrations/README.md"
commit_as alice "Empty it"
halts "empty"
git -C "$work" rm -rq prisma/migrations
commit_as alice "Take it away"
halts "not there"
git -C "$work" mv prisma db
commit_as alice "Move it"
halts "not there"

# Moved for good: the target's path follows.
git -C "$work" mv prisma db
commit_as alice "Move it for good"
push
given_config policy=policies/strict.yaml migrations=db/migrations
reconcile
expect_exit 0
expect_ledger_rows 20260101000000_users 1
migrations_folder=db/migrations
migration 20260103000000_items 'CREATE TABLE items (id bigint PRIMARY KEY);'
commit_as alice "Add items"
push
reconcile
expect_exit 0
expect_table items
expect_status "$commit" success "applied 1 migration"
