#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/sessions.sh"
scenario "an agent that was stopped in the middle of a transaction loses it on the server after idle_in_transaction_session_timeout"

given_repository
given_database
given_strict_policy "apply: {idle_in_transaction_session_timeout: 1s}"
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push
reconcile
expect_exit 0
migration 20260102000000_email 'ALTER TABLE users ADD COLUMN email text;'
commit_as alice "Users have an address"
push

HEADGATE_FAULT=apply_before_commit:stop pass_starts
wait_until 10 "the agent to stand still" grep -q '^State:.*T' "/proc/$pass/status"
# Its transaction holds the table; the application gets it back without anybody's help.
began=$SECONDS
sql "SELECT count(*) FROM users" >/dev/null
expect "the application waits about a second" yes "$( ((SECONDS - began <= 3)) && echo yes || echo "$((SECONDS - began)) s")"
kill -CONT "$pass"
pass_ends
expect_exit 1
expect_output "D009"
expect_ledger 20260102000000_email absent
expect_status "$commit" pending "trying again"

reconcile
expect_exit 0
expect_ledger_rows 20260102000000_email 1
expect_status "$commit" success "applied 1 migration"
