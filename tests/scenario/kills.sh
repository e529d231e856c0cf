# A pass that is killed, and what must be true after the next one.
# What a reader gets wrong: a number after the name is the passage at which the kill comes, such as stage_begun:2.
# shellcheck shell=bash
# shellcheck disable=SC2154 # scratch and target are lib.sh's

dies_and_goes_on() { # FAULT: the pass that dies there, and the one that finds it
	say "--- $1"
	reconcile_dies_at "$1"
	reconcile
	expect_exit 0
}

expect_journal_intact() { # the whole chain, the archive, and all that records make
	expect "the journal" intact \
		"$("${HEADGATE_BINARY_DIR:-$source_root/build/debug}/tests/tools/journal_check" "$scratch/state/journal.db" 2>&1)"
}

expect_no_drafts() { # each file in the folder of backups belongs to a finished one
	local file
	for file in "$scratch"/backups/* "$scratch"/backups/.[!.]*; do
		if [[ -e $file && ! -e ${file%%.dump*}.json && ! -e ${file%%.roles*}.json ]] && [[ $file != *.json ]]; then
			fail "only finished backups" "$(ls -A "$scratch/backups")"
		fi
	done
	expectations=$((expectations + 1))
}

expect_one_last_word() { # COMMIT: of its statuses, one is not pending, and it is the last
	expect "last words on ${1:0:8}" 1 "$(git -C "$bare" notes --ref="headgate/$target" show "$1" |
		grep -cE '^(success|failure|error) |^  [-0-9]+ [:0-9]+ UTC  (success|failure|error) ')"
}
