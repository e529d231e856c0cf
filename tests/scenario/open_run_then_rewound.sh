#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "a run that waits for Prisma's lock while the branch is rewound is ended, not stuck"

given_repository
given_database
given_strict_policy "apply: {lock_budget: 1s, lock_timeout: 100ms}"
given_config policy=policies/strict.yaml
baseline
first=$commit
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push
reconcile
expect_exit 0

mkfifo "$scratch/psql"
PGOPTIONS='' psql -XAtq -h "$HEADGATE_TEST_PGHOST" -p "$HEADGATE_TEST_PGPORT" -U "$owner" -d "$database" <"$scratch/psql" >"$scratch/psql.out" &
holder=$!
exec 9>"$scratch/psql"
printf 'SELECT pg_advisory_lock(72707369);\n\\echo held\n' >&9
wait_until 5 "Prisma's lock to be held" grep -q held "$scratch/psql.out"
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'
commit_as alice "Add orders"
orders=$commit
push
reconcile
expect_exit 5
expect_output "A001"
expect_status "$orders" pending "(A001)"
headgate status
expect_exit 5
expect_output "at work"

git -C "$work" reset -q --hard "$first"
push --force
reconcile
expect_exit 6
expect_output "W002"

git -C "$work" reset -q --hard "$orders"
push --force
printf '\\q\n' >&9
exec 9>&-
wait "$holder"
reconcile
expect_exit 0
expect_table orders
expect_status "$orders" success "applied 1 migration"
