#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "with max_signature_age a branch that was signed long ago is signed anew before it is merged"

given_repository
given_database
given_policy strict "$(printf '%s\n' "trust: signed" "max_signature_age: 30d" "backup: {rule: none}" "rollback: free")"
given_config policy=policies/strict.yaml
baseline

on_branch users
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
export GIT_COMMITTER_DATE="2024-01-01T00:00:00Z"
commit_as bob "Add users"
unset GIT_COMMITTER_DATE
merge_branch users unsigned
push
reconcile
expect_exit 4
expect_output "V010"
expect_output "too long ago"
expect_no_table users
revert_as alice "$commit"

on_branch users-again
migration 20260102000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as bob "Add users, signed now"
merge_branch users-again unsigned
push
reconcile
expect_exit 0
expect_table users
