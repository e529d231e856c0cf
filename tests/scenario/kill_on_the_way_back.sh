#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/kills.sh"
scenario "killed at any moment of a rollback, the agent runs each down script exactly once, newest first"

given_repository
given_database
given_strict_policy "max_rollback: 2"
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_log 'CREATE TABLE log (what text);'
commit_as alice "A log"
for number in {10..29}; do
	migration "202601${number}000000_t" "CREATE TABLE t$number (id int);" "DROP TABLE t$number; INSERT INTO log VALUES ('$number');"
done
commit_as alice "Twenty tables"
push
reconcile
expect_exit 0

number=29
for point in run_begun stage_begun:2 apply_before_begin apply_before_commit apply_after_commit apply_after_commit:2 apply confirm report; do
	git -C "$work" rm -rq "prisma/migrations/202601${number}000000_t" "prisma/migrations/202601$((number - 1))000000_t"
	commit_as alice "Back, killed at $point"
	push
	dies_and_goes_on "$point"
	expect_sql "SELECT string_agg(what, ' ') FROM log WHERE what IN ('$number', '$((number - 1))')" "$number $((number - 1))"
	expect_ledger "202601${number}000000_t" rolled_back
	expect_ledger "202601$((number - 1))000000_t" rolled_back
	expect_one_last_word "$commit"
	expect_status "$commit" success "rolled back 2 migrations"
	number=$((number - 2))
done
expect_sql "SELECT count(*) FROM _prisma_migrations" 21
expect_journal_intact
