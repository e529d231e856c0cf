#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/prisma.sh"
scenario "an applied row that the branch does not explain is refused, or only reported where the policy says so"

given_repository
given_database
given_strict_policy "unexplained: refuse"
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push
reconcile

# Somebody deploys from a laptop what never was on the branch.
migration 20260102000000_laptop 'CREATE TABLE laptop (id bigint PRIMARY KEY);'
prisma_deploys 20260102000000_laptop
rm -r "$work/prisma/migrations/20260102000000_laptop"
migration 20260103000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'
commit_as alice "Add orders"
push
reconcile
expect_exit 3
expect_output "W014"
expect_output "the ledger has '20260102000000_laptop', which the branch has not"
expect_output "headgate rollback --target shop 20260102000000_laptop"
expect_output "headgate resolve --target shop --accept 20260102000000_laptop"
expect_table laptop
expect_no_table orders
expect_status "$commit" failure "W014"

given_strict_policy "unexplained: report"
reconcile
expect_exit 0
expect_output "the ledger has '20260102000000_laptop', which the branch has not; it is left alone"
expect_table laptop
expect_table orders
expect_status "$commit" success "applied 1 migration"
headgate status
expect_exit 0
expect_output "20260102000000_laptop"
