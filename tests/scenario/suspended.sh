#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "a suspended target is left alone, commits say why, and it goes on afterwards"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
headgate suspend --target shop
expect_exit 64
expect_output "needs a reason"
headgate suspend --target shop --reason "freeze for the release"
expect_exit 0
headgate suspend --target shop --reason "freeze for the release"
expect_exit 0
expect_output "already"

migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push
reconcile
expect_exit 5
expect_output "W025"
expect_output "headgate resume --target shop"
expect_no_table users
expect_status "$commit" pending "freeze for the release"
headgate status
expect_output "suspended"
expect_output "freeze for the release"

# The agent is woken by the word alone.
has_users() {
	[[ $(sql "SELECT to_regclass('users') IS NOT NULL") == t ]]
}
given_setting "interval: 1s"
agent_starts
sleep 1.5
expect_no_table users
headgate resume --target shop
expect_exit 0
wait_until 20 "the table" has_users
says_success() { [[ $(status_of "$commit" shop) == success* ]]; }
wait_until 10 "the status" says_success
agent_stops
expect_status "$commit" success "applied 1 migration"
headgate resume --target shop
expect_exit 0
expect_output "was not suspended"
