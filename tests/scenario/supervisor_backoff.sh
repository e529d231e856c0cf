#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "a child that dies is started again ever more slowly, and does its work once it lives"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
given_setting "interval: 1s"
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push
HEADGATE_FAULT=apply_before_commit agent_starts --log-level debug
sleep 5
passes=$(grep -c 'event=pass_started' "$scratch/agent.log" || true)
expect "passes in five seconds, after one, two and four more: $passes" yes "$( ((passes >= 2 && passes <= 4)) && echo yes || echo no)"
expect_no_table users
agent_stops
expect_exit 0

agent_starts
says_success() { [[ $(status_of "$commit" shop) == success* ]]; }
wait_until 10 "the migration to be applied" says_success
expect_table users
expect_ledger_rows 20260101000000_users 1
agent_stops
expect_exit 0
