#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "under trust: branch nobody is asked, and every status says unverified"

given_repository
given_database
given_config policy=policies/development.yaml
baseline

migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);' 'DROP TABLE users;'
commit_unsigned "Add users"
push
reconcile
expect_exit 0
expect_table users
expect_status "$commit" success "unverified"
expect_status "$commit" success "no backup"
expect_status "$commit" success "not rehearsed"

git_as mallory revert --no-edit HEAD >/dev/null
remember_commit
push
reconcile
expect_exit 0
expect_no_table users
expect_status "$commit" success "rolled back 1 migration"
expect_status "$commit" success "unverified"
