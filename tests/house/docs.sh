#!/usr/bin/env bash
# docs.sh [TREE | --self-test]: the documents say what is there. Every C file of agent/ has its row in docs/architecture.md;
# every command has its manual page, with its sentence and its options; what the documents and the messages tell people to
# type exists; links lead somewhere; decisions have their four parts. docs-fresh.sh compares what the program prints.
# shellcheck disable=SC2016 # the backquotes are those of Markdown
source "$(dirname "$0")/lib.sh"

declare -A options_of=() # command -> its options and the global ones, each as " --name "
commands=""

read_commands() { # from the rows in agent/cli
	local file name global=""
	if [[ -e agent/cli/arguments.c ]]; then
		global=$(options_in agent/cli/arguments.c)
	fi
	options_of[all]=$global
	for file in agent/cli/cmd_*.c; do
		[[ -e $file ]] || continue
		name=$(row_text "$file" name)
		commands+=" $name"
		options_of[$name]="$global$(options_in "$file")"
	done
	commands+=" "
}

row_text() { # FILE MEMBER: the text of a command's row
	sed -n 's/^[[:space:]]*\.'"$2"' = "\(.*\)",$/\1/p' "$1" | head -n 1
}

options_in() { # FILE: the rows of its table of options
	sed -n '/^static const struct option /,/^};/s/^[[:space:]]*{"\([a-z-]*\)", .*/ --\1 /p' "$1" | tr -d '\n'
}

# --- architecture, manual, decisions ------------------------------------------------------------------------------

check_architecture() {
	local document=docs/architecture.md file line
	while read -r file; do
		if ! grep -qsF "| \`${file#agent/}\` |" "$document"; then
			violation "$file" "has no row in the table of $document"
		fi
	done < <(find agent -name '*.c' | sort)
	while IFS=: read -r line file; do
		if [[ ! -e agent/$file ]]; then
			violation "$document:$line" "names agent/$file, which is not there"
		fi
	done < <(grep -sno '^| `[^`]*\.c`' "$document" | sed 's/| `//; s/`//')
}

check_manual() {
	local file name page option
	for file in agent/cli/cmd_*.c; do
		[[ -e $file ]] || continue
		name=$(row_text "$file" name) page=docs/man/headgate-$name.1
		if [[ ! -e $page ]]; then
			violation "$file" "the command $name has no manual page $page"
			continue
		fi
		if ! grep -qxF ".Nd $(row_text "$file" sentence)" "$page"; then
			violation "$page" "does not begin with the command's sentence: .Nd $(row_text "$file" sentence)"
		fi
		for option in $(options_in "$file"); do
			if ! grep -qE "^\.It Fl -${option#--}( |$)|\.Fl -${option#--}( |$)" "$page"; then
				violation "$page" "says nothing about the option $option"
			fi
		done
		if ! grep -qsF ".Xr headgate-$name 1" docs/man/headgate.1; then
			violation docs/man/headgate.1 "does not name headgate-$name(1)"
		fi
	done
	for option in ${options_of[all]}; do
		if ! grep -qsE "^\.It Fl -${option#--}( |$)" docs/man/headgate.1; then
			violation docs/man/headgate.1 "says nothing about the option $option"
		fi
	done
	for page in docs/man/*.[1-8]; do
		[[ -e $page ]] || continue
		name=${page##*/headgate-} name=${name%.1}
		if [[ $page == */headgate-*.1 && $commands != *" $name "* ]]; then
			violation "$page" "belongs to no command"
		fi
		if ! grep -qsE "(^|[[:space:]])${page##*/}([[:space:]]|$)" docs/man/CMakeLists.txt; then
			violation "$page" "is not installed by docs/man/CMakeLists.txt"
		fi
	done
}

check_lint() { # where mandoc is installed
	local page output
	command -v mandoc >/dev/null || return 0
	for page in docs/man/*.[1-8]; do
		[[ -e $page ]] || continue
		if ! output=$(mandoc -T lint -W warning "$page" 2>&1); then
			violation "$page" "mandoc finds: $(head -n 3 <<<"$output" | tr '\n' ' ')"
		fi
	done
}

check_decisions() {
	local file part number=0
	for file in docs/adr/*.md; do
		[[ -e $file ]] || continue
		number=$((number + 1))
		if [[ ${file##*/} != "$(printf '%04d' "$number")"-* ]]; then
			violation "$file" "should have the number $(printf '%04d' "$number")"
		fi
		for part in Context Decision Consequence "We would change our mind if"; do
			if ! grep -qx "## $part" "$file"; then
				violation "$file" "has no part '$part'"
			fi
		done
	done
}

check_errors() {
	local code
	[[ -e include/base/errors.def ]] || return 0
	while read -r code; do
		if ! grep -qsF "| $code |" docs/errors.md; then
			violation include/base/errors.def "$code is not in docs/errors.md; docs-fresh.sh --write adds it"
		fi
	done < <(sed -n 's/^ERROR([A-Z0-9_]*, "\([A-Z][0-9]*\)".*/\1/p' include/base/errors.def)
}

# --- what people are told to type ---------------------------------------------------------------------------------

documents() {
	find . -name build -prune -o -name .git -prune -o -name node_modules -prune -o -name '*.md' -print | sed 's|^\./||' | sort
}

spans() { # FILE: "LINE:code" for each line of a fenced block and each `span`
	awk '
		/^ *```/ { fenced = !fenced; next }
		fenced { sub(/^ +/, ""); print FNR ":" $0; next }
		{ n = split($0, part, "`"); for (i = 2; i <= n; i += 2) print FNR ":" part[i] }' "$1"
}

check_typed() {
	local document line code
	while read -r document; do
		while IFS=: read -r line code; do
			check_code "$document:$line" "$code"
		done < <(spans "$document")
	done < <(documents)
	for document in docs/man/*.[1-8]; do
		[[ -e $document ]] || continue
		while IFS=: read -r line code; do
			check_code "$document:$line" "$code"
		done < <(grep -nE '^(\.Dl |\.Ic )?headgate ' "$document" | sed -E 's/^([0-9]+:)\.(Dl|Ic) /\1/')
	done
}

check_code() { # PLACE CODE
	local word
	if [[ $2 =~ ^([a-z]+=[^[:space:]]+\ )?((deploy|tests|policies|\.ci)/[A-Za-z0-9_./-]+) && ! -e ${BASH_REMATCH[2]%/} ]]; then
		violation "$1" "'${BASH_REMATCH[2]}' is not there"
	fi
	if [[ $2 =~ (^|\ --\ )headgate\ (.*)$ ]]; then
		check_invocation "$1" "${BASH_REMATCH[2]%%[|#&>]*}"
	fi
}

check_invocation() { # PLACE WORDS: behind "headgate"
	local word command="" option
	local -a given=()
	for word in $2; do
		option=${word%%=*}
		if [[ $word == -- ]]; then
			break
		elif [[ $word == --* ]]; then
			given+=("${option//[^a-z-]/}")
		elif [[ -z $command && $word =~ ^[a-z]+$ && ($commands == *" $word "* || ${#given[@]} == 0) ]]; then
			command=$word
		fi
	done
	if [[ -n $command && $commands != *" $command "* ]]; then
		violation "$1" "there is no command 'headgate $command'"
		return
	fi
	for option in "${given[@]}"; do
		if [[ "${options_of[${command:-all}]} --version " != *" $option "* ]]; then
			violation "$1" "'headgate${command:+ $command}' has no option $option"
		fi
	done
}

check_hints() { # a command in a message of the program: behind a colon, a comma, a bracket, a backquote, or `type`
	local file line command
	while IFS=: read -r file line command; do
		command=${command##* }
		if [[ $commands != *" $command "* ]]; then
			violation "$file:$line" "a message names 'headgate $command', which is no command"
		fi
	done < <(grep -rnoP '["(:,`] ?headgate [a-z]+\b(?! [0-9])' agent --include='*.c') # "headgate journal 1" is a format
}

check_rules() { # "R9" or "R6.1" in a comment or text is a section, or a point of one, of docs/rules.md
	local file line rule section
	while IFS=: read -r file line rule; do
		section=${rule%.*}
		if ! grep -qsE "^## $section " docs/rules.md; then
			violation "$file:$line" "there is no $section in docs/rules.md"
		elif [[ $rule == *.* ]] && ! awk -v section="$section" -v point="${rule#*.}. " '
			/^## / { inside = $2 == section }
			inside && index($0, point) == 1 { found = 1 }
			END { exit !found }' docs/rules.md; then
			violation "$file:$line" "$section in docs/rules.md has no point ${rule#*.}"
		fi
	done < <(grep -rnoE '\bR[0-9]{1,2}(\.[0-9]+)?\b' agent include --include='*.[ch]' --include='*.def'; grep -rnoE '\bR[0-9]{1,2}(\.[0-9]+)?\b' docs --include='*.md')
}

check_links() {
	local document line target
	while read -r document; do
		while IFS=: read -r line target; do
			target=${target#*](} target=${target%)} target=${target%%#*}
			if [[ -n $target && $target != *://* && ! -e $(dirname "$document")/$target ]]; then
				violation "$document:$line" "its link to '$target' leads nowhere"
			fi
		done < <(grep -noE '\]\([^)]+\)' "$document")
	done < <(documents)
}

check_tree() { # TREE
	cd "$1"
	read_commands
	check_architecture
	check_manual
	check_lint
	check_decisions
	check_errors
	check_typed
	check_hints
	check_rules
	check_links
	house_end
}

self_test() {
	self_test_begin
	write_file agent/base/a.c <<<'int a;'
	write_file agent/cli/arguments.c <<<$'static const struct option global[] = {\n\t{"config", "FILE", "it"},\n\t{NULL, NULL, NULL},\n};'
	write_file agent/cli/cmd_plan.c <<<$'static const struct option options[] = {\n\t{"deep", NULL, "it"},\n};\n\t.name = "plan",\n\t.sentence = "look",'
	write_file docs/architecture.md <<<$'| `base/a.c` | a |\n| `cli/arguments.c` | words |\n| `cli/cmd_plan.c` | plan |'
	write_file docs/adr/0001-x.md <<<$'## Context\n## Decision\n## Consequence\n## We would change our mind if'
	write_file docs/man/CMakeLists.txt <<<$'headgate.1\nheadgate-plan.1'
	page headgate "it" $'.Bl -tag -width Ds\n.It Fl -config Ar file\nx\n.El\n.Xr headgate-plan 1' | write_file docs/man/headgate.1
	page headgate-plan "look" $'.Bl -tag -width Ds\n.It Fl -deep\nx\n.El' | write_file docs/man/headgate-plan.1
	write_file include/base/errors.def <<<'ERROR(X, "U001", HALT, 1, "x")'
	write_file docs/errors.md <<<'| U001 | x | halt | 1 |'
	write_file docs/rules.md <<<$'## R1 One\n1. a (R1.2)\n2. b\n## R2 Two\n1. c'
	write_file deploy/start <<<'#!/bin/sh'
	write_file README.md <<<$'See [this](docs/errors.md), `headgate plan --deep`, `deploy/start`.\n```sh\nheadgate --config x plan # ok\nenv -- headgate plan\n```'
	must_pass "everything is documented"
	must_find agent/base/b.c 'int b;' 'agent/base/b.c: has no row'
	must_find docs/architecture.md '| `base/gone.c` | x |' 'docs/architecture.md:4: names agent/base/gone.c'
	must_find agent/cli/cmd_fly.c $'\t.name = "fly",\n\t.sentence = "away",' 'the command fly has no manual page'
	must_find agent/cli/cmd_plan.c $'static const struct option more[] = {\n\t{"far", NULL, "it"},\n};' 'docs/man/headgate-plan.1: says nothing about the option --far'
	must_find agent/cli/arguments.c $'static const struct option more[] = {\n\t{"loud", NULL, "it"},\n};' 'docs/man/headgate.1: says nothing about the option --loud'
	must_find docs/man/headgate-old.1 '.Dd x' 'belongs to no command'
	must_find docs/man/headgate.5 '.Dd x' 'is not installed'
	must_find docs/adr/0003-y.md '## Context' 'should have the number 0002'
	must_find docs/adr/0002-y.md '## Context' "has no part 'Decision'"
	must_find include/base/errors.def 'ERROR(Y, "U002", HALT, 1, "y")' 'U002 is not in docs/errors.md'
	must_find README.md 'Type `headgate fly`.' "README.md:6: there is no command 'headgate fly'"
	must_find README.md 'Type `headgate plan --shallow`.' "README.md:6: 'headgate plan' has no option --shallow"
	must_find README.md 'Type `deploy/stop`.' "README.md:6: 'deploy/stop' is not there"
	must_find README.md 'See [that](docs/gone.md#x).' "README.md:6: its link to 'docs/gone.md' leads nowhere"
	must_find agent/base/a.c '/* As R3 says. */' 'agent/base/a.c:2: there is no R3 in docs/rules.md'
	must_find include/base/a.h '/* (R2.2) */' 'include/base/a.h:1: R2 in docs/rules.md has no point 2'
	must_find agent/base/a.c 'hint = "Type: headgate fly.";' "agent/base/a.c:2: a message names 'headgate fly'"
	if command -v mandoc >/dev/null; then
		must_find docs/man/headgate-plan.1 '.Bl' 'mandoc finds'
	fi
	must_pass "everything was put back"
	self_test_end
}

page() { # NAME SENTENCE TEXT
	printf '.Dd January 1, 2026\n.Dt %s 1\n.Os\n.Sh NAME\n.Nm %s\n.Nd %s\n.Sh DESCRIPTION\nIt is.\n%s\n' "${1^^}" "$1" "$2" "$3"
}

case ${1:-} in
--self-test) self_test ;;
*) check_tree "${1:-$house_root}" ;;
esac
