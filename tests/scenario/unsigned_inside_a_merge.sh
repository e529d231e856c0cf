#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "a signed merge does not vouch for an unsigned commit that it brings"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline

on_branch users
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_unsigned "Add users"
brought=$commit
merge_branch users as alice
push
reconcile
expect_exit 4
expect_output "V002"
expect_output "commit '${brought:0:10}' is not signed"
expect_output "'${commit:0:10}' brings it"
expect_output "git revert -S -m 1 ${commit:0:10}"
expect_no_table users
expect_status "$commit" failure "'${commit:0:10}' brings it (V002)"

revert_as alice "$commit"
on_branch users-again
migration 20260102000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as bob "Add users, signed"
merge_branch users-again as alice
push
reconcile
expect_exit 0
expect_table users
expect_status "$commit" success "applied 1 migration"
