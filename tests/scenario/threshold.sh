#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "with threshold 2 nobody releases alone: a second person signs the merge"

given_repository
given_database
given_policy strict "$(printf '%s\n' "trust: signed" "threshold: 2" "backup: {rule: none}" "rollback: free")"
given_config policy=policies/strict.yaml
baseline

on_branch users
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as bob "Add users"
headgate preflight --repository "$work" --policy "$scratch/policies/strict.yaml" --allowed-signers "$keys/allowed_signers" main..users
expect_exit 0 # before the merge the second person has not signed yet
expect_output "any merge commit may bring it"
merge_branch users as bob
push
reconcile
expect_exit 4
expect_output "V011" # way out: V011
expect_output "2 persons"
expect_output "git merge --no-ff -S BRANCH"
expect_no_table users
revert_as alice "$commit"

on_branch users-again
migration 20260102000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as bob "Add users again"
merge_branch users-again as alice
push
reconcile
expect_exit 0
expect_table users
