#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/sessions.sh"
scenario "a file that drops Prisma's lock is noticed, and what another program did meanwhile is seen"

given_repository
given_database
given_strict_policy "apply: {lock_budget: 1s}"
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_users $'CREATE TABLE users (id bigint PRIMARY KEY);\nSELECT pg_advisory_unlock_all();'
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'
commit_as alice "Add users and orders"
push
reconcile
expect_exit 0
expect_table users
expect_table orders
expect_ledger 20260102000000_orders applied

# A Prisma client gets the lock when the file drops it, and writes its own row.
migration 20260103000000_items $'CREATE TABLE items (id bigint PRIMARY KEY);\nSELECT pg_advisory_unlock_all(), pg_sleep(1);'
migration 20260104000000_parts 'CREATE TABLE parts (id bigint PRIMARY KEY);'
commit_as alice "Add items and parts"
push
session_opens prisma
pass_starts
wait_until 10 "the file to be at work" pass_is_in "pg_advisory_unlock_all(), pg_sleep"
session_does prisma "SELECT pg_advisory_lock(72707369);
	INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
		VALUES ('of-prisma', '$(printf x | sha256sum | cut -d' ' -f1)', '20250101000000_other', now(), now(), 1);"
session_ends prisma
pass_ends
expect_exit 1
expect_output "A002"
expect_table items
expect_no_table parts
expect_ledger 20260103000000_items applied

sql "DELETE FROM _prisma_migrations WHERE id = 'of-prisma'"
reconcile
expect_exit 0
expect_table parts
expect_ledger_rows 20260103000000_items 1
expect_status "$commit" success "applied 2 migrations"
