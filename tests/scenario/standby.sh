#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/servers.sh"
given_own_server
scenario "a standby is waited for; once promoted it is the same database, and the run goes on; another server is not"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);' 'DROP TABLE users;'
commit_as alice "Add users"
push
reconcile
expect_exit 0

# The address of the database leads to a standby, as it may in the middle of a failover.
standby_starts
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);' 'DROP TABLE orders;'
commit_as alice "Add orders"
push
wait_until 20 "the standby to have what the primary has" standby_is_level
given_config policy=policies/strict.yaml "database_url=\"$(at_second "$database_url")\""
reconcile
expect_exit 5
expect_output "D006"
expect_output "the server is a standby or in recovery"
expect_status "$commit" pending "waiting: cannot apply anything"
expect_no_table orders
headgate status
expect_exit 5
expect_output "the server is a standby or in recovery"

# A server that is read only is as little use.
given_config policy=policies/strict.yaml
superuser_sql postgres "ALTER ROLE $owner SET default_transaction_read_only = on" >/dev/null
reconcile
expect_exit 5
expect_output "default_transaction_read_only"
superuser_sql postgres "ALTER ROLE $owner RESET default_transaction_read_only" >/dev/null

# Failover in the middle of a run: the standby takes over on a timeline of its own, and has what the run had done.
reconcile_dies_at apply_after_commit
wait_until 20 "the standby to have what the primary has" standby_is_level
server_goes_down
second_server promote
given_config policy=policies/strict.yaml "database_url=\"$(at_second "$database_url")\""
on_second_server
reconcile
expect_exit 0
expect_table orders
expect_ledger 20260101000000_users applied
expect_ledger 20260102000000_orders applied
expect_ledger_rows 20260102000000_orders 1
expect_status "$commit" success "applied 1 migration"
expect_sql "SELECT target, epoch > 0 FROM headgate.deployed" "shop|t"

# A dump of it in another cluster: the same rows, but nobody knows what else is there.
dump=$scratch/dump.sql
pg_dump -h "$HEADGATE_TEST_PGHOST" -p "$HEADGATE_TEST_PGPORT" -U postgres -d "$database" >"$dump"
second_server stop
third_server_starts
on_second_server
superuser_sql postgres "CREATE ROLE $owner LOGIN" >/dev/null
superuser_sql postgres "CREATE DATABASE $database" >/dev/null
psql -XAtq -h "$HEADGATE_TEST_PGHOST" -p "$HEADGATE_TEST_PGPORT" -U postgres -d "$database" -f "$dump" >/dev/null
given_config policy=policies/strict.yaml "database_url=\"$(at_second "$database_url")\""
migration 20260103000000_items 'CREATE TABLE items (id bigint PRIMARY KEY);'
commit_as alice "Add items"
push
reconcile
expect_exit 6
expect_output "D007"
expect_output "system identifier"
expect_output "headgate baseline --target shop --same-data"
expect_no_table items
headgate baseline --target shop --same-data # way out: D007
expect_exit 0
expect_output "the same data on another server"
reconcile
expect_exit 0
expect_table items
