#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "as many backups stay as the policy says, the newest of them, each target its own; and no backup means no apply"

given_repository
given_database
given_policy keep $'trust: all\nbackup: {rule: required, keep: 2}\nrollback: free'
given_config policy=policies/keep.yaml
baseline
for number in 1 2 3 4; do
	migration "2026010${number}000000_t" "CREATE TABLE t$number (id int);" "DROP TABLE t$number;"
	commit_as alice "Table $number"
	push
	reconcile
	expect_exit 0
	ls "$scratch/backups"
done
expect "the dumps" "2" "$(find "$scratch/backups" -name '*.dump' | wc -l)"
newest=$(find "$scratch/backups" -name '*.dump' | sort | tail -n 1)
expect "the newest holds what was there before the last migration" "t1 t2 t3" \
	"$(pg_restore -l "$newest" | sed -n 's/.* TABLE public \(t[0-9]\) .*/\1/p' | sort | paste -sd' ')"
expect "who may read them" "600" "$(find "$scratch/backups" -type f -printf '%m\n' | sort -u)"

# A rollback takes one, too.
revert_as alice "$commit"
push
reconcile
expect_exit 0
expect_no_table t4
newest=$(find "$scratch/backups" -name '*.dump' | sort | tail -n 1)
expect "the newest holds the table that was rolled back" 1 "$(pg_restore -l "$newest" | grep -c 'TABLE public t4 ')"
