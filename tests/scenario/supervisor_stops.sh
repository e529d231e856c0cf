#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/sessions.sh"
scenario "a supervisor that is asked to stop while a migration runs withdraws it cleanly, ends with 0, and the next one goes on"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
given_setting "interval: 1s"
baseline
agent_starts
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
migration 20260102000000_slow $'CREATE TABLE slow (id bigint);\nSELECT pg_sleep(30) FROM users RIGHT JOIN (VALUES (1)) v ON true WHERE NOT EXISTS (SELECT FROM pg_class WHERE relname = \'fast\');'
migration 20260103000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'
commit_as alice "Three, one of them slow"
push
wait_until 15 "the second one to be at work" pass_is_in "pg_sleep(30)"
began=$SECONDS
agent_stops
expect_exit 0
expect "it stops within five seconds" yes "$( ((SECONDS - began < 6)) && echo yes || echo no)"
expect_table users
expect_no_table slow
expect_ledger 20260101000000_users applied
expect_ledger 20260102000000_slow absent
nobody_left() {
	[[ $(superuser_sql postgres "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'headgate/shop'") == 0 ]]
}
wait_until 5 "nobody of ours to be left at the server" nobody_left
expect_status "$commit" pending ""
headgate status
expect_output "20260102000000_slow"

sql "CREATE TABLE fast (id int)"
agent_starts
says_success() { [[ $(status_of "$commit" shop) == success* ]]; }
wait_until 10 "the next one to go on" says_success
expect_status "$commit" success "applied 3 migrations"
expect_table slow
expect_table orders
expect_ledger_rows 20260101000000_users 1
agent_stops
expect_exit 0
