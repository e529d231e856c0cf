# Shared by the checks of the house. A check scans a tree, prints one line per violation and exits 1 if there was one.
# Each has a self-test: it builds a small tree that must pass, then plants one violation after the other; each must be found.
# shellcheck shell=bash
set -euo pipefail
export LC_ALL=C.UTF-8

house_script=$(readlink -f "$0")
# shellcheck disable=SC2034 # read by the checks
house_root=$(cd "$(dirname "$house_script")/../.." && pwd)
house_violations=0

violation() { # FILE[:LINE] SENTENCE
	printf '%s: %s\n' "$1" "$2"
	house_violations=$((house_violations + 1))
}

house_end() {
	if ((house_violations > 0)); then
		exit 1
	fi
	exit 0
}

# --- self-tests ---------------------------------------------------------------------------------------------------

house_scratch=
house_planted=0
house_missed=0

self_test_begin() { # the scratch tree is $house_scratch
	house_scratch=$(mktemp -d "${TMPDIR:-/tmp}/headgate-house-XXXXXX")
	trap 'rm -rf "$house_scratch"' EXIT
}

write_file() { # PATH, text on standard input
	mkdir -p "$(dirname "$house_scratch/$1")"
	cat >"$house_scratch/$1"
}

must_pass() { # SENTENCE
	local output
	if ! output=$(bash "$house_script" "$house_scratch" 2>&1); then
		printf 'self-test: refused although %s:\n%s\n' "$1" "$output"
		house_missed=$((house_missed + 1))
	fi
	house_planted=$((house_planted + 1))
}

must_find() { # PATH "text" "what the violation must name": the file is put back afterwards
	local path=$house_scratch/$1 kept=$house_scratch.kept output status=0
	rm -f "$kept"
	if [[ -e $path ]]; then
		cp "$path" "$kept"
	fi
	mkdir -p "$(dirname "$path")"
	printf '%s\n' "$2" >>"$path"
	output=$(bash "$house_script" "$house_scratch" 2>&1) || status=$?
	if [[ $status != 1 || $output != *"$3"* ]]; then
		printf 'self-test: %s in %s was not found as "%s" (exit %d):\n%s\n' "$2" "$1" "$3" "$status" "$output"
		house_missed=$((house_missed + 1))
	fi
	rm -f "$path"
	if [[ -e $kept ]]; then
		mv "$kept" "$path"
	fi
	house_planted=$((house_planted + 1))
}

self_test_end() {
	printf '%s: %d cases, %d wrong\n' "$(basename "$house_script")" "$house_planted" "$house_missed"
	[[ $house_missed == 0 ]]
	exit
}
