#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/forge.sh"
scenario "a forge that answers 429 is left alone for as long as it asks"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml forges="[github]"
given_forge
baseline

forge_says limit 2
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push
reconcile
expect_exit 0
expect_table users
answers() {
	jq -s "map(select(.answer == $1)) | length" "$forge_folder/log"
}
asked=$(answers 429)
reconcile
expect "requests before the time is over" "$asked" "$(answers 429)"

forge_says
delivered() {
	reconcile
	[[ $(forge_statuses "$commit") == *success* ]]
}
wait_until 10 "the status to arrive" delivered
expect_exit 0
