#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/sessions.sh"
scenario "hands other than the agent's in the ledger, in an index or in what a person says: each message leads out"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY, email text);' 'DROP TABLE users;'
commit_as alice "Add users"
push
gets_out

# Somebody marks an applied row as rolled back.
sql "UPDATE _prisma_migrations SET rolled_back_at = now() WHERE migration_name = '20260101000000_users'"
reconcile
expect_exit 6
expect_output "W020" # way out: W020
expect_output "put the row back as it was"
sql "UPDATE _prisma_migrations SET rolled_back_at = NULL WHERE migration_name = '20260101000000_users'"
gets_out

# Something else stands where the ledger was.
sql "ALTER TABLE _prisma_migrations RENAME TO kept; CREATE VIEW _prisma_migrations AS SELECT * FROM kept"
reconcile
expect_exit 6
expect_output "W020"
expect_output "Rename what stands there"
sql "ALTER VIEW _prisma_migrations RENAME TO other; ALTER TABLE kept RENAME TO _prisma_migrations"
gets_out
sql "DROP VIEW other"

# Somebody changes the row between its commit and the look at it.
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);' 'DROP TABLE orders;'
commit_as alice "Add orders"
push
HEADGATE_FAULT=apply:stop pass_starts
wait_until 20 "the pass to stand behind apply" grep -q '^State:.*T' "/proc/$pass/status"
sql "UPDATE _prisma_migrations SET rolled_back_at = now() WHERE migration_name = '20260102000000_orders'"
kill -CONT "$pass"
pass_ends
expect_exit 6
expect_output "N001" # way out: N001
sql "UPDATE _prisma_migrations SET rolled_back_at = NULL WHERE migration_name = '20260102000000_orders'"
follow_hint "reconcile"
gets_out

# An index that somebody else fails to build meanwhile.
sql "INSERT INTO users VALUES (1, 'planted'), (2, 'planted')"
migration 20260103000000_items 'CREATE TABLE items (id bigint PRIMARY KEY);' 'DROP TABLE items;'
commit_as alice "Add items"
push
HEADGATE_FAULT=apply:stop pass_starts
wait_until 20 "the pass to stand behind apply" grep -q '^State:.*T' "/proc/$pass/status"
sql "CREATE UNIQUE INDEX CONCURRENTLY users_email ON users (email)" 2>/dev/null || true
expect_sql "SELECT count(*) FROM pg_index WHERE NOT indisvalid" 1
kill -CONT "$pass"
pass_ends
expect_exit 6
expect_output "N002" # way out: N002
printed=$(printed_next | grep -oE 'DROP INDEX CONCURRENTLY [a-z_.]+')
sql "$printed"
gets_out

# A person says what does not fit: that an edited migration's row may stand as it is.
migration 20260103000000_items 'CREATE TABLE items (id bigint PRIMARY KEY); -- edited'
commit_as alice "Edit items"
push
reconcile
expect_exit 3
headgate resolve --target shop --accept 20260103000000_items
expect_exit 3
expect_output "W026" # way out: W026
follow_hint "resolve --target shop --accept-edit"
gets_out
