#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/prisma.sh"
scenario "a failed row that nobody has resolved halts the target until somebody resolves it"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push
reconcile

migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'
commit_as alice "Add orders"
push
prisma_fails 20260102000000_orders
reconcile
expect_exit 6
expect_output "W015"
expect_output "headgate resolve --target shop --rolled-back 20260102000000_orders"
expect_output "Prisma's own 'migrate resolve' serves, too"
expect_no_table orders
expect_status "$commit" failure "W015"

prisma_resolves 20260102000000_orders rolled-back
reconcile
expect_exit 0
expect_table orders
expect_ledger 20260102000000_orders applied
expect_ledger_rows 20260102000000_orders 2
expect_status "$commit" success "applied 1 migration"
