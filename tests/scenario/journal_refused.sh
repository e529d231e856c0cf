#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "a journal of a newer version and a damaged one are refused, with what to do, and nothing is applied"

given_repository
given_database
given_config
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push
journal=$scratch/state/journal.db
cp "$journal" "$scratch/kept.db"

version=$(sqlite3 "$journal" 'PRAGMA user_version')
sqlite3 "$journal" 'PRAGMA user_version = 999'
reconcile
expect_exit 6
expect_output "J002" # way out: J002
expect_output "next"
headgate status
expect_exit 6
sqlite3 "$journal" "PRAGMA user_version = $version"

# Somebody changed what was written.
guard=$(sqlite3 "$journal" "SELECT sql FROM sqlite_schema WHERE name = 'record_is_not_changed'")
sqlite3 "$journal" "DROP TRIGGER record_is_not_changed;
	UPDATE record SET body = json_set(body, '\$.tree', 'another') WHERE seq = (SELECT max(seq) FROM record); $guard"
reconcile
expect_exit 6
expect_output "J003" # way out: J003

cp "$scratch/kept.db" "$journal"
rm -f "$journal"-*
printf 'this is no journal, and was one yesterday' | dd of="$journal" conv=notrunc status=none
reconcile
expect_exit 6
expect_output "J003"
expect_no_table users

cp "$scratch/kept.db" "$journal"
rm -f "$journal"-*
reconcile
expect_exit 0
expect_table users
