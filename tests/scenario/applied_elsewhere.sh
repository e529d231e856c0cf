#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/prisma.sh"
scenario "a migration of the branch that another program applied is refused by name"

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
prisma_deploys 20260102000000_orders
reconcile
expect_exit 3
expect_output "W018"
expect_output "'20260102000000_orders' was applied by another program"
expect_ledger_rows 20260102000000_orders 1
expect_status "$commit" failure "W018"
headgate status
expect_exit 3
expect_output "W018"
