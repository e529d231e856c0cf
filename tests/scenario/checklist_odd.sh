#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "an unknown or doubled checklist item is an error, not noise"

given_repository
given_database
given_config policy=policies/production.yaml
sed -i 's/^threshold: 2/threshold: 1/' "$scratch/policies/production.yaml" # one person is enough here
baseline

migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);' 'DROP TABLE users;'
cat >"$work/prisma/migrations/20260101000000_users/checklist.md" <<-'END'
	- [x] tested
	- [x] backwards-compatible
	- [x] rollback-plan: down.sql
	- [x] team-notified
END
commit_as alice "Add users"
push
reconcile
expect_exit 3
expect_output "C002"
expect_output "backwards-compatible"
expect_no_table users
expect_status "$commit" failure "(C002)"

sed -i 's/backwards-/backward-/' "$work/prisma/migrations/20260101000000_users/checklist.md" # way out: C002
commit_as alice "Spell it right"
push
gets_out
expect_table users
