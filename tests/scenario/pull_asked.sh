#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/forge.sh"
source "$(dirname "$0")/http.sh"
scenario "the forge says by which pull request a commit came whose message does not, and its word is no signature"

given_repository
given_http_repository
given_database
given_policy buttons "$(printf '%s\n' "trust: signed" "backup: {rule: none}" "rollback: free")"
given_config policy=policies/buttons.yaml forges="[notes, github]"
given_forge
baseline

squashes() { # BRANCH SUBJECT: as a button does that leaves no number
	git -C "$work" checkout -q main
	git -C "$work" merge -q --squash "$1" >/dev/null
	commit_unsigned "$2"
	git -C "$work" push -q origin "$1:refs/pull/7/head" --force
	push
}

# The forge knows nothing of it: nobody vouches.
on_branch users
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as bob "Add users"
squashes users "Add users for good"
reconcile
expect_exit 4
expect_output "V002"
expect_no_table users
expect "the forge was asked" yes "$( (($(forge_was_asked "$commit") > 0)) && echo yes)"

# It names the pull request, whose head a person signed.
forge_has_pull "$commit" 7
reconcile
expect_exit 0
expect_table users
expect_status "$commit" success "applied 1 migration"

# It names one whose head nobody signed.
on_branch orders
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'
commit_unsigned "Add orders"
unsigned=$commit
squashes orders "Add orders for good"
forge_has_pull "$commit" 7
reconcile
expect_exit 4
expect_output "V010"
expect_output "'${unsigned:0:10}', which was merged, is unsigned"
expect_no_table orders

# It names one whose head is signed, and holds something else.
revert_as alice "$commit"
on_branch items
migration 20260103000000_items 'CREATE TABLE items (id bigint PRIMARY KEY);'
commit_as bob "Add items"
git -C "$work" checkout -q main
migration 20260103000000_items 'CREATE TABLE stolen (id bigint PRIMARY KEY);'
commit_unsigned "Add items"
git -C "$work" push -q origin items:refs/pull/7/head --force
push
forge_has_pull "$commit" 7
reconcile
expect_exit 4
expect_output "no commit of the branch that was merged has it so"
expect_no_table stolen
expect_no_table items
