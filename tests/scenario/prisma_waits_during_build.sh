#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/sessions.sh"
scenario "a Prisma client that waits for the lock while an index is built concurrently: both get through"

given_repository
given_database
given_strict_policy "apply: {lock_timeout: 500ms, lock_budget: 20s}"
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY, email text);'
commit_as alice "Add users"
push
reconcile
expect_exit 0

# Somebody who writes keeps the build from beginning until the client waits, too.
session_opens report
session_does report "BEGIN; INSERT INTO users VALUES (1);"
migration 20260102000000_index 'CREATE INDEX CONCURRENTLY users_email ON users (email);'
migration 20260103000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'
commit_as alice "An index, and orders"
push
client_waits() {
	[[ $(superuser_sql postgres "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'prisma' AND wait_event = 'advisory'") == 1 ]]
}
pass_starts
wait_until 10 "the index to be built" pass_is_in "CREATE INDEX CONCURRENTLY"
session_opens prisma
session_asks prisma "SELECT pg_advisory_lock(72707369); SELECT count(*) AS failed FROM _prisma_migrations
	WHERE finished_at IS NULL AND rolled_back_at IS NULL; SELECT pg_advisory_unlock(72707369);"
wait_until 10 "the client to wait" client_waits
sleep 1.2 # longer than deadlock_timeout: it is the build that is ended by the server (40P01)
session_does report "COMMIT;"
wait_until 20 "the Prisma client to get the lock" session_is_idle prisma
pass_ends
expect_exit 0
# It saw the row that was begun (P3009) and went away; it could not have sent the same file.
expect "what the client saw" "1" "$(sed -n '2p' "$scratch/session.prisma.out")"
expect_sql "SELECT indisvalid FROM pg_index WHERE indexrelid = 'users_email'::regclass" t
expect_table orders
expect_ledger 20260102000000_index applied
expect_ledger_rows 20260102000000_index 1
expect_status "$commit" success "applied 2 migrations"
