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

# Whoever starts the agent may ignore how his own children end; the agent waits for its own.
last_command="headgate reconcile, started with SIGCHLD ignored"
exit_code=0
perl -e '$SIG{CHLD} = "IGNORE"; exec @ARGV' "$headgate_binary" --config "$config" reconcile --target "$target" \
	>"$scratch/out" 2>"$scratch/err" </dev/null || exit_code=$?
expect_exit 0
