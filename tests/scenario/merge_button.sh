#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "under trust: signed a forge's merge button brings what persons signed on the branch, and nothing else"

given_repository
given_database
given_policy strict "$(printf '%s\n' "trust: signed" "backup: {rule: none}" "rollback: free")"
given_config policy=policies/strict.yaml
baseline

# the button: its merge commit is signed by nobody
on_branch users
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as bob "Add users"
merge_branch users unsigned
push
reconcile
expect_exit 0
expect_table users
expect_status "$commit" success "applied 1 migration"

# a branch whose commit nobody signed
on_branch orders
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'
commit_unsigned "Add orders"
brought=$commit
merge_branch orders unsigned
push
reconcile
expect_exit 4
expect_output "V010" # way out: V010
expect_output "nobody vouches for '20260102000000_orders"
expect_output "'${brought:0:10}'"
expect_output "git revert -S -m 1 ${commit:0:10}"
expect_no_table orders
revert_as alice "$commit"
on_branch orders-again
migration 20260103000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'
commit_as bob "Add orders, signed"
merge_branch orders-again unsigned
push
reconcile
expect_exit 0
expect_table orders

# an evil merge: the branch is signed, and the merge has something else
on_branch items
migration 20260104000000_items 'CREATE TABLE items (id bigint PRIMARY KEY);'
commit_as bob "Add items"
merge_branch items unsigned
migration 20260104000000_items 'CREATE TABLE stolen (id bigint PRIMARY KEY);'
git -C "$work" add -A
git_as mallory commit -q --amend --no-gpg-sign --no-edit
commit=$(git -C "$work" rev-parse HEAD)
push
reconcile
expect_exit 4
expect_output "V010"
expect_no_table stolen
expect_no_table items
revert_as alice "$commit"
push
reconcile
expect_exit 0

# a squash by the button: whose commits it was made of stands at the head of its pull request, while the forge keeps it
on_branch parts
migration 20260105000000_parts 'CREATE TABLE parts (id bigint PRIMARY KEY);'
commit_as bob "Add parts"
git -C "$work" checkout -q main
git -C "$work" merge -q --squash parts >/dev/null
commit_unsigned "Add parts (#7)"
push
reconcile
expect_exit 4
expect_output "V002"
expect_output "git tag -s -m approved approve/shop/$commit/"
expect_no_table parts
git -C "$work" push -q origin parts:refs/pull/7/head
reconcile
expect_exit 0
expect_table parts
expect_status "$commit" success "applied 1 migration"
git -C "$work" push -q origin :refs/pull/7/head
reconcile
expect_exit 0
