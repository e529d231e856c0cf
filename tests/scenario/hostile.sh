# Words for hostile repositories: bounded COMMAND runs the agent and notes the largest memory of it and of its children.
# shellcheck shell=bash
# shellcheck disable=SC2154 # scratch is lib.sh's

peak_kib=0

bounded() { # reconcile, or headgate ARGUMENTS…
	local binary=$headgate_binary
	peak_file=$scratch/peak
	cat >"$scratch/headgate" <<-END
		#!/bin/sh
		exec "${HEADGATE_BINARY_DIR:-$source_root/build/debug}/tests/tools/peak_memory" "$peak_file" "$binary" "\$@"
	END
	chmod +x "$scratch/headgate"
	headgate_binary=$scratch/headgate
	"$@"
	headgate_binary=$binary
	peak_kib=$(<"$peak_file")
	say "at most $((peak_kib / 1024)) MiB in one process"
}

expect_memory_below() { # MiB: of each process; a build with sanitizers needs its own and is not measured
	expectations=$((expectations + 1))
	if [[ -z ${HEADGATE_SANITIZED:-} ]] && ! grep -qa __asan_init "$headgate_binary" && ((peak_kib >= $1 * 1024)); then
		fail "less than $1 MiB of memory in each process" "$((peak_kib / 1024)) MiB"
	fi
}
