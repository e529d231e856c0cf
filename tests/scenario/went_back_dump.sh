#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "a database that was restored from an older dump is not touched until a person says from where to go on"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
users=$commit
push
reconcile
expect_exit 0

dump() { # FILE
	pg_dump -Fc -h 127.0.0.1 -p "$HEADGATE_TEST_PGPORT" -U "$owner" -f "$1" "$database"
}
restore() { # FILE: in the place of what is there
	sql "DROP SCHEMA headgate CASCADE; DROP TABLE _prisma_migrations, users; DROP TABLE IF EXISTS orders"
	pg_restore -h 127.0.0.1 -p "$HEADGATE_TEST_PGPORT" -U "$owner" --no-owner \
		-d "$database" "$1" 2>"$scratch/restored" || true
}
dump "$scratch/day_one"

migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'
commit_as alice "Add orders"
push
reconcile
expect_exit 0
dump "$scratch/day_two"

restore "$scratch/day_one"
sql "SELECT 1 FROM users" >/dev/null
reconcile
expect_exit 6
expect_output "W019" # way out: W019
expect_output "is that of an earlier time"
expect_output "headgate baseline --target shop COMMIT"
expect_no_table orders
expect_status "$commit" success "applied 1 migration" # its word of then stays

follow_hint "baseline" "$users"
reconcile
expect_exit 0
expect_table orders
expect_status "$commit" success "applied 1 migration"

# The same rows, but an older fence: somebody restored the dump of yesterday evening. What is missing in it, if anything,
# nobody knows.
restore "$scratch/day_two"
reconcile
expect_exit 6
expect_output "W019"
follow_hint "baseline" HEAD
reconcile
expect_exit 0
expect_output "nothing to do"
