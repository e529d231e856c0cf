#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/prisma.sh"
scenario "on a database with objects but no ledger a person says which migrations count as applied"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'
migration 20260103000000_items 'CREATE TABLE items (id bigint PRIMARY KEY);'
commit_as alice "Add three tables"
push
sql "CREATE TABLE users (id bigint PRIMARY KEY); CREATE TABLE orders (id bigint PRIMARY KEY)"

headgate baseline HEAD
expect_exit 3
expect_output "W021" # way out: W021
expect_output "holds objects but no ledger"
expect_output "headgate baseline --target shop --applied-up-to 20260103000000_items HEAD"
headgate baseline --applied-up-to 20260102000000_order HEAD
expect_exit 3
expect_output "Did you mean '20260102000000_orders'?"
headgate baseline
expect_exit 64
headgate baseline --same-data HEAD
expect_exit 64

# What counts as applied is written as Prisma writes it; the rest is applied by the first run.
headgate baseline --target shop --applied-up-to 20260102000000_orders HEAD
expect_exit 0
expect_output "2 migrations as applied"
expect_ledger 20260101000000_users applied
expect_ledger 20260102000000_orders applied
expect_ledger 20260103000000_items absent
expect_sql "SELECT DISTINCT applied_steps_count, logs = '', finished_at = started_at FROM _prisma_migrations" "0|t|t"
reconcile
expect_exit 0
expect_output "applied 1 migration"
expect_table items
headgate status
expect_exit 0
expect_output "3 migrations deployed"
headgate baseline --applied-up-to none HEAD
expect_exit 64
expect_output "without a ledger"

# A ledger without a row says no more than none: all would be applied once more.
given_database third
given_target third policy=policies/strict.yaml
sql "CREATE TABLE users (id bigint); CREATE TABLE _prisma_migrations (id varchar(36) PRIMARY KEY, checksum varchar(64) NOT NULL,
	finished_at timestamptz, migration_name varchar(255) NOT NULL, logs text, rolled_back_at timestamptz,
	started_at timestamptz NOT NULL DEFAULT now(), applied_steps_count integer NOT NULL DEFAULT 0)" third
headgate baseline --target third HEAD
expect_exit 3
expect_output "holds objects but its ledger no row"
headgate baseline --target third --applied-up-to 20260101000000_users HEAD
expect_exit 0
expect_output "1 migration as applied"

# Nothing counts: the objects are somebody else's.
given_database other
given_target other policy=policies/strict.yaml
sql "CREATE TABLE theirs (id int)" other
headgate baseline --target other --applied-up-to none HEAD
expect_exit 0
reconcile other
expect_exit 0
expect_table orders other
expect_table theirs other
