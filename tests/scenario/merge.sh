#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "a signed merge reaches the database, and the merge commit says so"

given_repository
given_database
given_config
baseline

on_branch users
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL);' 'DROP TABLE users;'
commit_as bob "Add users"
merge_branch users as alice
push

reconcile
expect_exit 0
expect_table users
expect_ledger 20260101000000_users applied
expect_status "$commit" success "applied 1 migration"

reconcile
expect_exit 0
expect_ledger_rows 20260101000000_users 1
