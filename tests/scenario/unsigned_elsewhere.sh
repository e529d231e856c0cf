#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "only commits that touch the migrations need a signature"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline

printf 'more\n' >>"$work/README.md"
commit_unsigned "Write more"
readme=$commit
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push
reconcile
expect_exit 0
expect_table users
expect_no_status "$readme"
expect_status "$commit" success "applied 1 migration"
