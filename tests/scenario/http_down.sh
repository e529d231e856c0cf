#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/http.sh"
scenario "a repository that cannot be reached is tried again, and the pass goes on when it is back"

given_repository
given_http_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push

http_goes_down
reconcile
expect_exit 1
expect_output "G001"
expect_no_table users
headgate status
expect_exit 1
expect_output "G001"

http_comes_back
reconcile
expect_exit 0
expect_table users
expect_status "$commit" success "applied 1 migration"
