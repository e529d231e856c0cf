#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/prisma.sh"
scenario "a failed row of another program's that somebody resolved as applied is adopted, not run again"

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

sql 'CREATE TABLE orders (id bigint PRIMARY KEY)'
prisma_resolves 20260102000000_orders applied
reconcile
expect_exit 0
expect_output "is adopted: nothing runs"
expect_status "$commit" success "already applied by another, unverified"
expect_ledger_rows 20260102000000_orders 2
