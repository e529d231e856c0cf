#!/usr/bin/env bash
# ways-out.sh [TREE | --self-test]: out of every error that stops a target there is a way, and a scenario that goes it. Each row
# of errors.def that refuses or halts has a comment `# way out: CODE` in tests/scenario/*.sh, at the place where the error is
# provoked and what it prints is followed until the target is healthy again; or a row in tests/house/ways_out_elsewhere,
# "CODE  file  reason": the file is a test that names it, the reason says why no scenario can provoke it.
source "$(dirname "$0")/lib.sh"

check_tree() { # TREE
	local list=tests/house/ways_out_elsewhere code name file reason number=0
	local -A stops=() shown=()
	cd "$1"
	while read -r name code; do
		stops[$code]=$name
	done < <(sed -n 's/^ERROR(\([A-Z0-9_]*\), "\([A-Z][0-9]*\)", \(HALT\|REFUSE\),.*/\1 \2/p' include/base/errors.def)
	while IFS=: read -r file number code; do
		code=${code##* }
		if [[ -z ${stops[$code]:-} ]]; then
			violation "$file:$number" "shows a way out of '$code', which is no code of an error that refuses or halts"
		fi
		shown[$code]=$file
	done < <(grep -nHoE '# way out: [A-Za-z0-9_]+' tests/scenario/*.sh || true)
	if [[ -e $list ]]; then
		# shellcheck disable=SC2094 # the list is only named in the messages
		while read -r code file reason; do
			[[ -n $code && $code != \#* ]] || continue
			if [[ -z ${stops[$code]:-} ]]; then
				violation "$list" "'$code' is no code of an error that refuses or halts: remove the line"
			elif [[ -z $reason ]]; then
				violation "$list" "$code has no reason"
			elif ! grep -qsE "(\b|ERR_)${stops[$code]}\b" "$file"; then
				violation "$list" "$file does not name ${stops[$code]} ($code)"
			elif [[ -n ${shown[$code]:-} ]]; then
				violation "$list" "$code has its way out in ${shown[$code]}: remove the line"
			fi
			shown[$code]=$list
		done <"$list"
	fi
	for code in "${!stops[@]}"; do
		if [[ -z ${shown[$code]:-} ]]; then
			violation include/base/errors.def "no scenario goes the way out of $code (${stops[$code]}); mark it with: # way out: $code"
		fi
	done
	house_end
}

self_test() {
	self_test_begin
	write_file include/base/errors.def <<<$'ERROR(LATE, "W016", REFUSE, 3, "late")\nERROR(BUSY, "J005", WAIT, 5, "busy")\nERROR(OLD, "D004", HALT, 6, "old")'
	write_file tests/scenario/late.sh <<<'expect_output "W016" # way out: W016'
	write_file tests/contract/old.c <<<'must_fail(ERR_OLD OLD);'
	write_file tests/house/ways_out_elsewhere <<<$'# code, test, reason\nD004  tests/contract/old.c  no such server is at hand'
	must_pass "both have a way out"
	must_find include/base/errors.def 'ERROR(NEW, "W099", HALT, 6, "new")' 'no scenario goes the way out of W099 (NEW)'
	must_find tests/scenario/busy.sh '# way out: J005' "tests/scenario/busy.sh:1: shows a way out of 'J005'"
	must_find tests/scenario/old.sh '# way out: D004' 'D004 has its way out in tests/scenario/old.sh'
	must_find tests/house/ways_out_elsewhere 'W017  tests/contract/old.c  x' "'W017' is no code"
	must_find tests/house/ways_out_elsewhere 'D004  tests/contract/old.c' 'D004 has no reason'
	must_find tests/house/ways_out_elsewhere 'D004  tests/contract/gone.c  x' 'tests/contract/gone.c does not name OLD'
	must_pass "everything was put back"
	self_test_end
}

case ${1:-} in
--self-test) self_test ;;
*) check_tree "${1:-$house_root}" ;;
esac
