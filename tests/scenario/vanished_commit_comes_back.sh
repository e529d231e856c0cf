#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "a deployed commit that was reset away and pushed again is found where it was"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
first=$commit
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
users=$commit
push
reconcile
expect_exit 0

git -C "$work" reset -q --hard "$first"
push --force
reconcile
expect_exit 6
expect_output "vanished from the branch: ${users:0:10}"
expect_table users
headgate status
expect_exit 6
expect_output "W002"

git -C "$work" reset -q --hard "$users"
push
reconcile
expect_exit 0
headgate status
expect_exit 0
