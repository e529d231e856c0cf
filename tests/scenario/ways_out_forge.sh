#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/forge.sh"
scenario "a forge that refuses a status or the token holds up no migration, and the message leads out"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml forges="[notes, github]"
given_forge
baseline

delivered() {
	reconcile
	headgate status --output json
	[[ $(jq '.[0].undelivered' "$scratch/out") == 0 ]]
}

# The token lost its right, and gets it back.
forge_says reader
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push
reconcile
expect_table users
headgate status
expect_output "1 status update not delivered yet (why: headgate doctor)"
headgate doctor
expect_exit 6
expect_output "Commit statuses: write" # way out: R004
forge_says
wait_until 60 "the statuses to arrive" delivered
gets_out

# The forge refuses this status for good: it stays in the history, and the next one is posted.
forge_says echo
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'
commit_as alice "Add orders"
push
reconcile
expect_exit 0
expect_table orders
headgate status --output json # way out: R003
expect_json '.[0].undelivered == 0'
headgate history
expect_exit 0
forge_says
migration 20260103000000_items 'CREATE TABLE items (id bigint PRIMARY KEY);'
commit_as alice "Add items"
push
reconcile
wait_until 60 "the statuses to arrive" delivered
gets_out
