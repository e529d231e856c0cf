#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "headgate run does it all by itself: a merge, a refusal, a rollback, and it ends cleanly"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
given_setting "interval: 1s"
baseline
agent_starts
grep -Eq '^Max core file size +0 +0 ' "/proc/$agent/limits" || fail "no core dump to hold a secret" "it may write one"

says() { # COMMIT FRAGMENT
	[[ $(status_of "$1" shop) == *"$2"* ]]
}
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);' 'DROP TABLE users;'
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);' 'DROP TABLE orders;'
commit_as alice "Add users and orders"
push
wait_until 10 "the merge to be applied" says "$commit" "success applied 2 migrations"
expect_table users

git -C "$work" rm -rq prisma/migrations/20260102000000_orders
commit_unsigned "Orders go away"
push
wait_until 10 "the unsigned commit to be refused" says "$commit" "failure refused"
expect_table orders

revert_as alice "$commit"
git -C "$work" rm -rq prisma/migrations/20260102000000_orders
commit_as alice "Orders go away, signed"
push
wait_until 10 "the rollback" says "$commit" "success rolled back 1 migration"
expect_no_table orders

agent_stops
expect_exit 0
