#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "under the production policy a revert needs the trailer Headgate-Rollback: down"

given_repository
given_database
given_config policy=policies/production.yaml
sed -i 's/^threshold: 2/threshold: 1/' "$scratch/policies/production.yaml" # one person is enough here
baseline

with_ticks() { # MIGRATION
	printf '%s\n' '- [x] tested' '- [x] backward-compatible' '- [x] rollback-plan: down.sql' '- [x] team-notified' \
		>"$work/prisma/migrations/$1/checklist.md"
}
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);' 'DROP TABLE users;'
with_ticks 20260101000000_users
commit_as alice "Add users"
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);' 'DROP TABLE orders;'
with_ticks 20260102000000_orders
commit_as alice "Add orders"
orders=$commit
push
reconcile
expect_exit 0

revert_as alice "$orders"
silent=$commit
push
reconcile
expect_exit 3
expect_output "C003" # way out: C003
expect_output "Headgate-Rollback: down"
expect_table orders
expect_status "$silent" failure "(C003)"

revert_as alice "$silent"
revert_as alice "$orders" "Headgate-Rollback: down"
push
reconcile
expect_exit 0
expect_no_table orders
expect_ledger 20260102000000_orders rolled_back
expect_status "$commit" success "rolled back 1 migration"
