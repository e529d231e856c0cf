#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "under the production policy a missing checklist item is named with the line to add, until checklist.md has it"

given_repository
given_database
given_config policy=policies/production.yaml
sed -i 's/^threshold: 2/threshold: 1/' "$scratch/policies/production.yaml" # one person is enough here
baseline

migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);' 'DROP TABLE users;'
commit_as alice "Add users"
refused=$commit
push
reconcile
expect_exit 3
expect_output "C001" # way out: C001
expect_output "Add the line '- [x] tested' to prisma/migrations/20260101000000_users/checklist.md"
expect_no_table users
expect_status "$refused" failure "refused: '20260101000000_users' lacks the checklist item 'tested'"

cat >"$work/prisma/migrations/20260101000000_users/checklist.md" <<-'END'
	# Before this goes out

	- [x] tested
	- [x] backward-compatible
	- [ ] rollback-plan: down.sql drops the table
	- [x] team-notified
END
commit_as bob "Tick the checklist"
push
reconcile
expect_exit 3
expect_output "- [x] rollback-plan"

sed -i 's/\[ \]/[x]/' "$work/prisma/migrations/20260101000000_users/checklist.md"
commit_as bob "And the plan"
push
reconcile
expect_exit 0
expect_table users
expect_status "$refused" success "ticked, not measured"
