#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "with report: all every commit of the branch gets a word, also one that changes no migrations"

given_repository
given_database
given_config report=all
baseline

printf 'more\n' >>"$work/README.md"
commit_as alice "Write more"
readme=$commit
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push
reconcile
expect_exit 0
expect_status "$readme" success "no migrations changed"
expect_status "$commit" success "applied 1 migration"

printf 'and more\n' >>"$work/README.md"
commit_as alice "Write on"
push
reconcile
expect_exit 0
expect_status "$commit" success "no migrations changed"

given_config report=touched
printf 'the end\n' >>"$work/README.md"
commit_as alice "Write the end"
push
reconcile
expect_exit 0
expect_no_status "$commit"
