#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/sessions.sh"
given_own_server
scenario "a server that crashes, or is stopped, while a migration runs is waited for, and the migration is applied once"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_users $'CREATE TABLE users (id bigint PRIMARY KEY);'
migration 20260102000000_orders $'CREATE TABLE orders (id bigint PRIMARY KEY);\nSELECT pg_sleep(20) WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = \'second_time\');'
commit_as alice "Add users and orders"
push
pass_starts
wait_until 10 "the second one to be at work" pass_is_in "pg_sleep(20)"
# The server's own kill -9: a backend dies, and the server ends all sessions and recovers.
victim=$(superuser_sql postgres "SELECT pid FROM pg_stat_activity WHERE application_name = 'headgate/shop' AND query LIKE '%pg_sleep(20)%'")
kill -KILL "$victim"
pass_ends
expect_exit 1
is_up() { superuser_sql postgres "SELECT 1"; }
wait_until 10 "the server to have recovered" is_up
expect_status "$commit" pending "trying again"
superuser_sql postgres "CREATE ROLE second_time" >/dev/null
reconcile
expect_exit 0
expect_table users
expect_table orders
expect_ledger_rows 20260101000000_users 1
expect_ledger_rows 20260102000000_orders 1
expect_status "$commit" success "applied 2 migrations"

# It is stopped, and stays down for a while.
superuser_sql postgres "DROP ROLE second_time" >/dev/null
migration 20260103000000_items $'CREATE TABLE items (id bigint PRIMARY KEY);\nSELECT pg_sleep(20) WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = \'second_time\');'
commit_as alice "Add items"
push
pass_starts
wait_until 10 "it to be at work" pass_is_in "pg_sleep(20)"
server_goes_down
pass_ends
expect_exit 1
expect_status "$commit" pending "trying again"
reconcile
expect_exit 1
expect_output "D001"
server_comes_back
superuser_sql postgres "CREATE ROLE second_time" >/dev/null
reconcile
expect_exit 0
expect_table items
expect_ledger_rows 20260103000000_items 1
expect_status "$commit" success "applied 1 migration"
