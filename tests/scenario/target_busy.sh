#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "while a pass is at work on a target a second one ends at once, with 5"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push

# A Prisma client holds its lock, and the first pass waits for it.
mkfifo "$scratch/psql"
PGOPTIONS='' psql -XAtq -h "$HEADGATE_TEST_PGHOST" -p "$HEADGATE_TEST_PGPORT" -U "$owner" -d "$database" <"$scratch/psql" >"$scratch/psql.out" &
holder=$!
exec 9>"$scratch/psql"
printf 'SELECT pg_advisory_lock(72707369);\n\\echo held\n' >&9
wait_until 5 "Prisma's lock to be held" grep -q held "$scratch/psql.out"
"$headgate_binary" --config "$config" reconcile >"$scratch/first.out" 2>&1 </dev/null &
first=$!
is_held() {
	! flock -n "$scratch/state/shop.lock" true
}
wait_until 10 "the first pass to be at work" is_held
reconcile
expect_exit 5
expect_output "J005"
expect_output "another run of 'shop' is at work"
expect_no_table users

printf '\\q\n' >&9
exec 9>&-
wait "$holder"
wait "$first"
expect_table users
reconcile
expect_exit 0
