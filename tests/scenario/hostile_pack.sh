#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/hostile.sh"
scenario "a pack of a few kilobytes that unpacks to gigabytes ends at a limit, and the agent needs no memory for it"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push
reconcile
expect_exit 0

perl "$source_root/tests/scenario/pack_bomb.pl" "$scratch/port" "${HEADGATE_TEST_BOMB:-1073741824}" &
bomb=$!
closers+=(bomb_ends)
bomb_ends() {
	kill "$bomb" 2>/dev/null
	wait "$bomb" 2>/dev/null
}
wait_until 20 "the bomb to listen" test -s "$scratch/port"
config_top=("${config_top[@]/#  url: */  url: http://127.0.0.1:$(<"$scratch/port")/shop.git}")
write_config

bounded reconcile
expect_exit 3
expect_output "G007"
expect_output "/shop.git'"
expect_memory_below 150
bounded headgate plan --target shop # it is no worse the second time
expect_exit 3
expect_memory_below 150

config_top=("${config_top[@]/#  url: */  url: $bare}")
write_config
reconcile
expect_exit 0
expect_ledger_rows 20260101000000_users 1
