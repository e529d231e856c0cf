#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
given_own_server
scenario "a database that cannot be reached is tried again, the commit says so, and the pass goes on when it is back"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push

server_goes_down
reconcile
expect_exit 1
expect_output "D001"
expect_status "$commit" pending "trying again: cannot connect"
headgate status
expect_exit 1
expect_output "D001"

server_comes_back
reconcile
expect_exit 0
expect_table users
expect_status "$commit" success "applied 1 migration"
headgate status
expect_exit 0
