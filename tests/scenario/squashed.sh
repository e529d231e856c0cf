#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "migrations that were squashed into an older name are recognised, and never rolled back"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline

migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);' 'DROP TABLE users;'
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);' 'DROP TABLE orders;'
migration 20260103000000_items 'CREATE TABLE items (id bigint PRIMARY KEY);' 'DROP TABLE items;'
commit_as alice "Add three tables"
push
reconcile

git -C "$work" rm -rq prisma/migrations/20260102000000_orders prisma/migrations/20260103000000_items
migration 20260102000000_everything 'CREATE TABLE orders (id bigint PRIMARY KEY); CREATE TABLE items (id bigint PRIMARY KEY);'
commit_as alice "Squash"
push
reconcile
expect_exit 6
expect_output "W012" # way out: W012
expect_output "git revert -S ${commit:0:10}"
expect_output "headgate resolve --target shop --applied 20260102000000_everything"
expect_table orders
expect_ledger 20260103000000_items applied
expect_ledger 20260102000000_everything absent
expect_status "$commit" failure "halted, a person is needed: commit '${commit:0:10}' looks like a squash"

follow_undo alice
reconcile
expect_exit 0
