#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "roles say who may deploy and roll back which migrations, and identity whose name a commit bears"

given_repository
given_database
given_policy roles "$(
	cat <<'POLICY'
trust: signed
identity: committer
backup: {rule: none}
rollback: free
roles:
  - name: developer
    persons: [bob@example.org]
    may: [deploy]
  - name: lead
    persons: [alice@example.org]
  - name: billing
    persons: [alice@example.org]
    paths: ["*_billing*"]
POLICY
)"
given_config policy=policies/roles.yaml
baseline
headgate explain trust --target shop
expect_exit 0
expect_output "billing"
expect_output "*_billing*"

# Bob may deploy.
on_branch users
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as bob "Add users"
users=$commit
merge_branch users unsigned
users_merge=$commit
push
reconcile
expect_exit 0
expect_table users

# He may not roll back, and not touch what the most specific pattern gives to others.
on_branch no-users
revert_as bob "$users"
merge_branch no-users unsigned
push
reconcile
expect_exit 4
expect_output "may not"
expect_table users
revert_as alice "$commit"
push
reconcile
expect_exit 0

on_branch billing
migration 20260102000000_billing_plans 'CREATE TABLE plans (id bigint PRIMARY KEY);'
commit_as bob "Add plans"
merge_branch billing unsigned
push
reconcile
expect_exit 4
expect_no_table plans

# A lead approves what is there, by the printed tag.
git_as alice tag -s -m approved "approve/shop/$commit/alice" "$commit"
git -C "$work" push -q origin "approve/shop/$commit/alice"
reconcile
expect_exit 0
expect_table plans

# Signed by Bob, in somebody else's name.
on_branch named
migration 20260103000000_items 'CREATE TABLE items (id bigint PRIMARY KEY);'
git_as bob add -A
GIT_COMMITTER_EMAIL=alice@example.org git_as bob commit -q -S -m "Add items"
merge_branch named unsigned
push
reconcile
expect_exit 4
expect_output "identity-mismatch"
expect_no_table items
: "$users_merge"
