#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/sessions.sh"
source "$(dirname "$0")/kills.sh"
scenario "when the supervisor is killed its child lives on and finishes, and a new supervisor finds nothing left to do"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
given_setting "interval: 1s"
baseline
agent_starts
migration 20260101000000_users $'CREATE TABLE users (id bigint PRIMARY KEY);\nSELECT pg_sleep(2);'
commit_as alice "Add users, slowly"
push
wait_until 15 "the migration to be at work" pass_is_in "pg_sleep(2)"
agent_dies
expect_no_table users
finished() {
	[[ $(sql "SELECT to_regclass('users') IS NOT NULL") == t && $(status_of "$commit" shop) == "success applied 1 migration"* ]]
}
wait_until 10 "the child to finish, and to say so" finished

agent_starts
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'
commit_as alice "Add orders"
push
says_success() { [[ $(status_of "$commit" shop) == success* ]]; }
wait_until 10 "the new one to go on" says_success
expect_table orders
expect_ledger_rows 20260101000000_users 1
agent_stops
expect_exit 0
expect_journal_intact
