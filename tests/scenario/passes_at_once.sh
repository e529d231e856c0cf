#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/kills.sh"
scenario "two passes that start at the same moment apply each migration once"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
for number in 1 2 3 4 5 6 7 8; do
	migration "2026010${number}000000_t" "CREATE TABLE t$number (id bigint PRIMARY KEY); SELECT pg_sleep(0.05);"
	commit_as alice "Round $number"
	push
	passes=()
	for agent_number in 1 2; do
		setpriv --pdeathsig KILL "$headgate_binary" --config "$config" reconcile >"$scratch/$agent_number.out" 2>&1 </dev/null &
		passes+=($!)
	done
	codes=()
	for process in "${passes[@]}"; do
		code=0
		wait "$process" || code=$?
		codes+=("$code")
	done
	no_sanitizer_report "$scratch/1.out"
	no_sanitizer_report "$scratch/2.out"
	say "round $number: ${codes[*]}"
	case "${codes[*]}" in
	"0 0" | "0 5" | "5 0") ;;
	*) fail "one pass to do it, the other to find it done (0) or to be told to wait (5)" "${codes[*]}: $(cat "$scratch/1.out" "$scratch/2.out")" ;;
	esac
	expect_table "t$number"
	expect_ledger_rows "2026010${number}000000_t" 1
	expect_one_last_word "$commit"
done
expect_sql "SELECT count(*) FROM _prisma_migrations WHERE finished_at IS NOT NULL" 8
expect_journal_intact
