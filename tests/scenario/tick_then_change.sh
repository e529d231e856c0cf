#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "a tick is about the folder as it was: what changes afterwards must be ticked again, through any merge button"

given_repository
given_database
given_policy strict "$(printf '%s\n' "trust: signed" "backup: {rule: none}" "rollback: trailer" "checklist: [tested]")"
given_config policy=policies/strict.yaml
baseline

tick() { # MIGRATION LINE
	printf '%s\n' "$2" >"$work/prisma/migrations/$1/checklist.md"
}

squash() { # BRANCH NUMBER MESSAGE: as a forge does, which keeps the branch's head as the pull request's
	git -C "$work" push -q origin "$1:refs/pull/$2/head"
	git -C "$work" switch -q main
	git -C "$work" merge -q --squash "$1" >/dev/null
	commit_unsigned "$3 (#$2)"
}

# ticked and signed, then the SQL is changed by another signed commit, before the merge button
on_branch users
migration 20260101000000_users 'CREATE TABLE users (id int PRIMARY KEY);'
tick 20260101000000_users '- [x] tested'
commit_as alice "Add users"
ticked=$commit
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as bob "Wider keys"
changed=$commit
merge_branch users unsigned
push
reconcile
expect_exit 3
expect_output "C001"
expect_output "it was ticked in ${ticked:0:10}, and 'migration.sql' was changed after that in ${changed:0:10}"
expect_no_table users

# ticked again, by the line that was printed
line=$(printed_next | grep -oE -- "- \[x\] [^']*" | head -n 1)
tick 20260101000000_users "$line"
commit_as bob "Tick again"
push
reconcile
expect_exit 0
expect_table users

# squashed: the branch says who ticked what
on_branch orders
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);' 'DROP TABLE orders;'
commit_as alice "Add orders

- [x] tested"
squash orders 7 "Add orders"
push
reconcile
expect_exit 0
expect_table orders
orders=$commit

# the same, ticked before the last change
on_branch items
migration 20260103000000_items 'CREATE TABLE items (id int PRIMARY KEY);'
tick 20260103000000_items '- [x] tested'
commit_as alice "Add items"
migration 20260103000000_items 'CREATE TABLE items (id bigint PRIMARY KEY);'
commit_as alice "Wider keys"
changed=$commit
squash items 8 "Add items"
push
reconcile
expect_exit 3
expect_output "'migration.sql' was changed after that in ${changed:0:10}"
expect_no_table items
tick 20260103000000_items '- [x] tested: with wide keys'
commit_as alice "Tick again"
push
reconcile
expect_exit 0
expect_table items

# so does the trailer of a revert that was squashed: it stands in the branch
on_branch back
revert_as alice "$orders" "Headgate-Rollback: down"
squash back 9 "No orders"
push
reconcile
expect_exit 0
expect_no_table orders
expect_ledger 20260102000000_orders rolled_back
