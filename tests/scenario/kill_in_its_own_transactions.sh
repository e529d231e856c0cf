#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/kills.sh"
source "$(dirname "$0")/prisma.sh"
scenario "killed around a file with its own transactions, the agent sends it once, or asks a person when nobody can know"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
number=10
for point in stage_begun:2 apply_open_row apply confirm report; do
	number=$((number + 1))
	migration "202601${number}000000_t" $'BEGIN;\nCREATE TABLE t'"$number"$' (id bigint PRIMARY KEY);\nCOMMIT;' $'BEGIN;\nDROP TABLE t'"$number"$';\nCOMMIT;'
	commit_as alice "Killed at $point"
	push
	dies_and_goes_on "$point"
	expect_table "t$number"
	expect_ledger "202601${number}000000_t" applied
	expect_ledger_rows "202601${number}000000_t" 1
	expect_one_last_word "$commit"
	expect_status "$commit" success "applied 1 migration"
done

# The journal says that it was going to be sent, and no answer was read: the file may have taken effect or not.
migration 20260201000000_maybe $'BEGIN;\nCREATE TABLE maybe (id bigint PRIMARY KEY);\nCOMMIT;'
commit_as alice "Killed while it is sent"
push
reconcile_dies_at apply_statement
reconcile
expect_exit 6
expect_output "A009"
expect_output "headgate resolve --target shop"
expect_no_table maybe
reconcile
expect_exit 6
headgate status
expect_exit 6
headgate status
follow_hint "resolve --target shop --rolled-back"
reconcile
expect_exit 0
expect_table maybe
expect_ledger_rows 20260201000000_maybe 2
expect_status "$commit" success "applied 1 migration"

# The same on the way back.
for point in stage_begun:2 apply_open_row apply confirm; do
	git -C "$work" rm -rq "prisma/migrations/202601${number}000000_t"
	commit_as alice "Back, killed at $point"
	push
	dies_and_goes_on "$point"
	expect_no_table "t$number"
	expect_ledger "202601${number}000000_t" rolled_back
	expect_sql "SELECT finished_at IS NOT NULL FROM _prisma_migrations WHERE migration_name = '202601${number}000000_t'" t
	expect_one_last_word "$commit"
	expect_status "$commit" success "rolled back 1 migration"
	number=$((number - 1))
done
expect_journal_intact
