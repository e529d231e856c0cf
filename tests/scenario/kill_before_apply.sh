#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/kills.sh"
scenario "killed at any moment before it touches the database, the agent leaves nothing, and the next pass does it all once"

given_repository
given_database
given_config policy=policies/staging.yaml
baseline
number=10
for point in watch verify check run_begun stage_begun backup_started backup_written backup; do
	number=$((number + 1))
	migration "202601${number}000000_t$number" "CREATE TABLE t$number (id bigint PRIMARY KEY);"
	commit_as alice "Killed at $point"
	push
	reconcile_dies_at "$point"
	expect_no_table "t$number"
	reconcile
	expect_exit 0
	expect_table "t$number"
	expect_ledger_rows "202601${number}000000_t$number" 1
	expect_one_last_word "$commit"
	expect_status "$commit" success "applied 1 migration"
	expect_no_drafts
done
expect_journal_intact

# The parser is a child of its own; a file that it dies of is refused, until it is read in another pass.
migration 20260201000000_parsed 'CREATE TABLE parsed (id bigint PRIMARY KEY);'
commit_as alice "Killed in the parser"
push
HEADGATE_FAULT=parser_file reconcile
expect_exit 3
expect_output "P002"
expect_no_table parsed
reconcile
expect_exit 0
expect_table parsed
expect_status "$commit" success "applied 1 migration"
