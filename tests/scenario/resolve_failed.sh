#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/prisma.sh"
scenario "a failed row halts the target, and each of the printed commands gets out"

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
expect_output "W015" # way out: W015
expect_output "headgate resolve --target shop --rolled-back 20260102000000_orders"

# Taken back by hand: the next pass sends the file again.
headgate resolve --target shop --rolled-back 20260102000000_orders --reason "dropped it by hand"
expect_exit 0
expect_output "the failed row is rolled back"
expect_ledger 20260102000000_orders rolled_back
headgate resolve --target shop --rolled-back 20260102000000_orders
expect_exit 0
expect_output "already"
reconcile
expect_exit 0
expect_table orders
expect_ledger 20260102000000_orders applied
expect_ledger_rows 20260102000000_orders 2
headgate resolve --rolled-back 20260102000000_orders
expect_exit 0
expect_output "already"

# Its effect is there: an applied row as Prisma writes it, adopted by the next pass.
migration 20260103000000_items 'CREATE TABLE items (id bigint PRIMARY KEY);'
commit_as alice "Add items"
push
prisma_fails 20260103000000_items
sql 'CREATE TABLE items (id bigint PRIMARY KEY)'
headgate resolve --target shop --applied 20260103000000_items
expect_exit 0
expect_output "an applied one stands beside it"
expect_ledger_rows 20260103000000_items 2
expect_sql "SELECT applied_steps_count, logs = '', finished_at = started_at, rolled_back_at IS NULL FROM _prisma_migrations
	WHERE migration_name = '20260103000000_items' AND finished_at IS NOT NULL" "0|t|t|t"
expect_sql "SELECT count(*) FROM _prisma_migrations
	WHERE migration_name = '20260103000000_items' AND finished_at IS NULL AND rolled_back_at IS NOT NULL" 1
reconcile
expect_exit 0
expect_status "$commit" success "already applied by another"
headgate status
expect_exit 0
expect_output "3 migrations deployed"

# What Prisma would refuse is refused, with its code.
headgate resolve --applied 20260103000000_items
expect_exit 3
expect_output "P3008"
headgate resolve --applied 20260199000000_nothing
expect_exit 3
expect_output "P3017"
headgate resolve --rolled-back 20260199000000_nothing
expect_exit 3
expect_output "P3011"
headgate resolve --rolled-back 20260101000000_users
expect_exit 3
expect_output "P3012"
headgate resolve
expect_exit 64
headgate resolve --applied a --accept b
expect_exit 64
headgate resolve --accept 20260101000000_users --reason "$(printf 'two\nlines')"
expect_exit 64
headgate log verify
expect_exit 0
expect_output "each follows the one before it"
