#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/forge.sh"
scenario "a forge that is down holds up nothing, and gets its statuses in order when it is back"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml forges="[notes, github]"
given_forge
baseline

migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
users=$commit
push
reconcile
expect_exit 0
expect "what the forge has first and last" "pending success" \
	"$(forge_statuses "$users" | cut -d' ' -f1 | tr '\n' ' ' | sed 's/ $//')"

forge_says down
migration 20260102000000_trap 'CREATE TABLE trap (id bigint PRIMARY KEY);'
commit_unsigned "Add a trap"
refused=$commit
push
reconcile
expect_exit 4
revert_as alice "$refused"
migration 20260103000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'
commit_as alice "Add orders"
push
reconcile
expect_exit 0
expect_table orders
expect_status "$commit" success "applied 1 migration"
expect "what the forge has of it" "" "$(forge_statuses "$commit")"
headgate status
expect_output "not delivered yet"

forge_says
delivered() {
	reconcile
	headgate status --output json
	[[ $(jq '.[0].undelivered' "$scratch/out") == 0 ]]
}
wait_until 10 "the statuses to arrive" delivered
expect "what the forge has of the last commit" success "$(forge_statuses "$commit" | tail -n 1 | cut -d' ' -f1)"
expect "the refused commit's words, in order" "failure refused: failure undone" \
	"$(forge_statuses "$refused" | cut -d' ' -f1,2 | tr '\n' ' ' | sed 's/ $//')"
headgate status
expect_exit 0
expect_no_output "not delivered yet"
