# A guide, typed as it stands: the next ```sh block, line by line, in the checkout $scratch/shop. Sourced after lib.sh.
# shellcheck shell=bash disable=SC2154,SC2034 # scratch and others are lib.sh's

guide="" # its path, set by the test
step=0

type_next_block() { # what it exports stays
	local block
	step=$((step + 1))
	block=$(awk -v wanted="$step" '/^```sh$/ { inside = 1; count++; next } /^```$/ { inside = 0 } inside && count == wanted' "$guide")
	if [[ -z $block ]]; then
		fail "a block number $step in the guide" "there is none"
	fi
	last_command="block $step of the guide: ${block//$'\n'/; }" exit_code=0
	(
		cd "$scratch/shop"
		trap - ERR EXIT
		set +u
		unset -f headgate
		if [[ -s $scratch/exported ]]; then
			# shellcheck source=/dev/null
			source "$scratch/exported"
		fi
		eval "set -e; $block"
		export -p >"$scratch/exported"
	) >"$scratch/out" 2>"$scratch/err" </dev/null || exit_code=$?
	say "typed: ${block//$'\n'/; }: exit $exit_code"
	no_sanitizer_report "$scratch/err"
}

expect_typed() { # FRAGMENT…
	expect_exit 0
	for fragment in "$@"; do
		expect_output "$fragment"
	done
}

expect_all_typed() {
	step=$((step + 1))
	expect "blocks of the guide that were not typed" "" "$(awk -v from="$step" '/^```sh$/ { count++ } count >= from' "$guide")"
}
