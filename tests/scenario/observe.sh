#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/prisma.sh"
scenario "an observed target says what would be done, follows what Prisma deploys, turns no commit red and writes nothing"

nothing_was_written() { # since the last remember_database, and never by us
	expect "a dump of the whole database" "$remembered" "$(database_now)"
}

remember_database() {
	remembered=$(database_now)
}

database_now() {
	pg_dump -h "$HEADGATE_TEST_PGHOST" -p "$HEADGATE_TEST_PGPORT" -U "$HEADGATE_TEST_PGUSER" "$database" |
		grep -vE '^\\(un)?restrict ' | sha256sum
}

shows() { # COMMIT WORDS
	[[ $(status_of "$1" shop) == "$2"* ]]
}

expect_nothing_red() {
	expect "commits that an observed target turned red" "" "$(git -C "$bare" log --format=%H main | while read -r id; do
		git -C "$bare" notes --ref=headgate/shop show "$id" 2>/dev/null | grep -E 'UTC  (failure|error)|^(failure|error) ' || true
	done)"
}

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml mode=observe
remember_database
baseline

# What would be applied, and what would be refused.
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);' 'DROP TABLE users;'
commit_as alice "Add users"
push
users=$commit
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);' 'DROP TABLE orders;'
commit_unsigned "Add orders"
push
orders=$commit
reconcile
expect_exit 0
expect_output "observes: would apply 1 migration, then would refuse: commit '${orders:0:10}' is not signed (V002)"
expect_output "next"
expect_status "$users" success "observe: would apply 1 migration"
expect_status "$orders" success "observe: would refuse: commit '${orders:0:10}' is not signed (V002)"
headgate status
expect_exit 4
expect_output "observes"
expect_output "apply 20260101000000_users"
expect_output "20260102000000_orders (not to be applied now)"
expect_no_output "headgate reconcile"
headgate status --output json
expect_json '.[0] | .observes and .unapplied == ["20260101000000_users", "20260102000000_orders"]'
headgate plan
expect_output "observes"
nothing_was_written

# Prisma deploys both: the second, too, which nobody signed.
prisma_deploys 20260101000000_users
remember_database
reconcile
expect_exit 0
expect_output "observes: would refuse: commit '${orders:0:10}' is not signed (V002)"
expect_output "at ${users:0:10}"
expect_status "$users" success "observe: applied by another"
expect_earlier_status "$users" success "observe: would apply 1 migration"
nothing_was_written
prisma_deploys 20260102000000_orders
remember_database
reconcile
expect_exit 0
expect_output "observes: agrees"
expect_output "at ${orders:0:10}"
expect_status "$orders" success "observe: applied by another"
headgate status
expect_exit 0
expect_output "agrees"
headgate history
expect_no_output "deploy"
nothing_was_written

# A revert would be rolled back, which Prisma never does; what is brought meanwhile is followed all the same.
revert_as alice "$users"
push
reverted=$commit
reconcile
expect_exit 0
expect_output "observes: would roll back 1 migration"
expect_status "$reverted" success "observe: would roll back 1 migration"
headgate plan
expect_exit 2
migration 20260103000000_items 'CREATE TABLE items (id bigint PRIMARY KEY);'
commit_as bob "Add items"
push
prisma_deploys 20260103000000_items
remember_database
reconcile
expect_exit 0
expect_status "$commit" success "observe: applied by another"
expect_output "at ${orders:0:10}"
git_as alice revert --no-edit -S "$reverted" >/dev/null
remember_commit
push
reconcile
expect_exit 0
expect_output "observes: agrees"
expect_output "at ${commit:0:10}"

# A deploy of Prisma that failed would halt; its own resolve is followed.
migration 20260104000000_parts 'CREATE TABLE parts (id bigint PRIMARY KEY);'
commit_as alice "Add parts"
push
prisma_fails 20260104000000_parts
remember_database
reconcile
expect_exit 0
expect_output "observes: would halt: the ledger has a failed row of '20260104000000_parts'"
expect_output "headgate resolve --target shop --rolled-back 20260104000000_parts"
expect_status "$commit" success "observe: would halt: "
headgate resolve --target shop --rolled-back 20260104000000_parts
expect_exit 3
expect_output "W027" # way out: W027
nothing_was_written
prisma_resolves 20260104000000_parts rolled-back
reconcile
expect_exit 0
expect_output "observes: would apply 1 migration"
expect_status "$commit" success "observe: would apply 1 migration"

# The database is not there: the pass is tried again, the commit is none the redder.
given_config policy=policies/strict.yaml mode=observe "database_url=\"postgresql://$owner@127.0.0.1:1/$database?schema=public\""
migration 20260105000000_places 'CREATE TABLE places (id bigint PRIMARY KEY);'
commit_as alice "Add places"
push
reconcile
expect_exit 1
expect_status "$commit" pending "observe: cannot look: "
given_config policy=policies/strict.yaml mode=observe

# The agent follows by itself.
given_setting "interval: 1s"
agent_starts
wait_until 20 "the commit to say what would be done" shows "$commit" "success observe: would apply 1 migration"
prisma_deploys 20260104000000_parts
prisma_deploys 20260105000000_places
wait_until 20 "the ledger to be followed" shows "$commit" "success observe: applied by another"
remember_database
agent_stops
expect_exit 0
nothing_was_written
expect_nothing_red
expect_sql "SELECT to_regnamespace('headgate') IS NULL" t
