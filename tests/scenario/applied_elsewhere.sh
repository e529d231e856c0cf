#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/prisma.sh"
scenario "a migration of the branch that another program applied at night is adopted, and its commit says so"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push
reconcile

migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);' 'DROP TABLE orders;'
commit_as alice "Add orders"
push
prisma_deploys 20260102000000_orders
headgate plan
expect_exit 0
expect_output "'20260102000000_orders' was applied by another program and is adopted: nothing runs"
reconcile
expect_exit 0
expect_output "is adopted: nothing runs"
expect_ledger_rows 20260102000000_orders 1
expect_status "$commit" success "already applied by another, unverified"
reconcile
expect_exit 0
expect_no_output "adopted"

# It is ours from now on: with its down script, which a signed commit brought, and beside one that is still to be applied.
migration 20260103000000_items 'CREATE TABLE items (id bigint PRIMARY KEY);'
migration 20260104000000_labels 'CREATE TABLE labels (id bigint PRIMARY KEY);'
commit_as bob "Add items and labels"
push
prisma_deploys 20260103000000_items
reconcile
expect_exit 0
expect_table labels
expect_ledger_rows 20260103000000_items 1
expect_status "$commit" success "applied 1 migration in"
expect_status "$commit" success ", 1 already applied by another"

git -C "$work" rm -rq prisma/migrations/20260102000000_orders
commit_as alice "Orders go away"
push
reconcile
expect_exit 0
expect_no_table orders
expect_ledger 20260102000000_orders rolled_back
expect_status "$commit" success "rolled back 1 migration"
