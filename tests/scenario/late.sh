#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "a migration older than the newest applied one is applied, or refused where the policy says so"

given_repository
given_database
given_strict_policy "late: allow"
given_config policy=policies/strict.yaml
baseline

migration 20260103000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'
commit_as alice "Add orders"
push
reconcile
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users, which lay about for a while"
push
headgate plan
expect_exit 2
expect_output "late"
reconcile
expect_exit 0
expect_table users
expect_status "$commit" success "not rehearsed"

given_strict_policy "late: refuse"
migration 20260102000000_items 'CREATE TABLE items (id bigint PRIMARY KEY);'
commit_as alice "Add items, late as well"
late=$commit
push
reconcile
expect_exit 3
expect_output "W016" # way out: W016
expect_no_table items
expect_status "$late" failure "refused: '20260102000000_items' is older than"

git -C "$work" mv prisma/migrations/20260102000000_items prisma/migrations/20260104000000_items
commit_as alice "Give items a new timestamp"
push
reconcile
expect_exit 0
expect_table items
expect_status "$late" failure "undone by ${commit:0:10}"
expect_status "$commit" success "applied 1 migration"
