#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "a commit signed by an unknown key is refused until the key is in the keyring"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline

migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as mallory "Add users"
push
reconcile
expect_exit 4
expect_output "V004" # way out: V004
expect_no_table users
expect_status "$commit" failure "(V004)"

headgate verify "$commit"
expect_exit 4
expect_output "untrusted"

allow_signer mallory
reconcile
expect_exit 0
expect_table users
expect_status "$commit" success "applied 1 migration"
headgate verify "$commit"
expect_exit 0
expect_output "mallory@example.org"
