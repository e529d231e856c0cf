#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "a branch that lost deployed commits halts and names them; a new baseline moves on"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);' 'DROP TABLE orders;'
commit_as alice "Add orders"
vanished=$commit
push
reconcile
expect_exit 0

# Somebody rewrites the last commit and forces it in.
git_as alice commit -q -S --amend -m "Add orders, reworded"
remember_commit
push --force
reconcile
expect_exit 6
expect_output "W002" # way out: W002
expect_output "vanished from the branch: ${vanished:0:10}"
expect_table orders
expect_ledger 20260102000000_orders applied

follow_hint "baseline --target shop" "$commit"
reconcile
expect_exit 0
expect_ledger_rows 20260102000000_orders 1
migration 20260103000000_items 'CREATE TABLE items (id bigint PRIMARY KEY);'
commit_as alice "Add items"
push
reconcile
expect_exit 0
expect_table items
expect_status "$commit" success "applied 1 migration"

# What was deployed before the baseline can still be rolled back.
git -C "$work" rm -rq prisma/migrations/20260102000000_orders
commit_as alice "Orders go away"
push
reconcile
expect_exit 0
expect_no_table orders
