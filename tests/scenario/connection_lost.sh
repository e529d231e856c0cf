#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/sessions.sh"
source "$(dirname "$0")/prisma.sh"
scenario "a connection that is lost in the middle of a migration: what took effect is found out, and the rest is done"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
cut_off() { superuser_sql postgres "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'headgate/shop' AND datname = '$database'" >/dev/null; }

slowly="SELECT pg_sleep(10) WHERE to_regclass('second_time') IS NULL"
migration 20260101000000_users "CREATE TABLE users (id bigint PRIMARY KEY);
$slowly;"
commit_as alice "Add users, slowly"
push
pass_starts
wait_until 10 "the migration to be at work" pass_is_in "pg_sleep(10)"
cut_off
pass_ends
expect_exit 1
expect_output "D009"
expect_output "was interrupted"
expect_no_table users
expect_ledger 20260101000000_users absent
expect_status "$commit" pending "trying again"
sql "CREATE TABLE second_time (id int)"
reconcile
expect_exit 0
expect_table users
expect_ledger_rows 20260101000000_users 1
expect_status "$commit" success "applied 1 migration"

# Statement by statement: the index is there, the table was never answered.
sql "DROP TABLE second_time"
migration 20260102000000_index "CREATE INDEX CONCURRENTLY users_id ON users (id);
CREATE TABLE items AS SELECT 1 AS it FROM pg_sleep(10) WHERE to_regclass('second_time') IS NULL;"
commit_as alice "An index and a slow table"
push
pass_starts
wait_until 10 "the second statement to be at work" pass_is_in "CREATE TABLE items"
cut_off
pass_ends
expect_exit 1
expect_output "D009"
sql "CREATE TABLE second_time (id int)"
reconcile
expect_exit 6
expect_output "A009"
expect_output "statement 2 of 2"
expect_no_table items
prisma_resolves 20260102000000_index rolled-back
sql "DROP INDEX users_id"
reconcile
expect_exit 0
expect_ledger_rows 20260102000000_index 2
expect_status "$commit" success "applied 1 migration"
