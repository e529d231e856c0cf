#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "a supervisor starts passes only when something changed"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
given_setting "interval: 1s"
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push
passes() { grep -c 'event=pass_started' "$scratch/agent.log" || true; }
at_least() { (($(passes) >= $1)); }
agent_starts --log-level debug
wait_until 10 "the first pass, and the one that looks at what it left" at_least 2
sleep 2.5
expect "passes after two seconds of quiet" 2 "$(passes)"
expect_table users

commit_as alice "Nothing about migrations" --allow-empty
push
wait_until 5 "a pass for the commit" at_least 3
sleep 2
expect "passes after the commit" 3 "$(passes)"
printf '# a word\n' >>"$scratch/policies/strict.yaml"
wait_until 5 "a pass for the policy" at_least 4
agent_stops
expect_exit 0
