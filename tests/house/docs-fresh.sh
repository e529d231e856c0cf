#!/usr/bin/env bash
# docs-fresh.sh [TREE | --write | --self-test]: what the documents take from the program is as the program prints it now:
# docs/states.md, docs/errors.md, docs/reference.md, and the fields in docs/man/*.5. --write writes them anew.
# The program is $HEADGATE_BIN; without it, there is nothing to compare with: exit 77, skipped.
# shellcheck disable=SC2016 # the backquotes are those of Markdown
source "$(dirname "$0")/lib.sh"

binary=${HEADGATE_BIN:-$house_root/build/debug/agent/headgate}
NOTE="<!-- Written by tests/house/docs-fresh.sh --write; change the tables in the program, not this file. -->"
GENERATED=(docs/states.md docs/errors.md docs/reference.md docs/man/headgate.yaml.5 docs/man/headgate-policy.5)

explain() {
	env -u HEADGATE_CONFIG -u HEADGATE_LOG_LEVEL "$binary" explain "$@"
}

generate() { # FOLDER: the generated documents of the tree that we are in
	mkdir -p "$1/docs/man"
	states >"$1/docs/states.md"
	errors >"$1/docs/errors.md"
	reference >"$1/docs/reference.md"
	manual docs/man/headgate.yaml.5 >"$1/docs/man/headgate.yaml.5"
	manual docs/man/headgate-policy.5 >"$1/docs/man/headgate-policy.5"
}

# --- Markdown -----------------------------------------------------------------------------------------------------

states() {
	printf '# States\n\n%s\n\nThe stages of a run, as the engine performs them. Printed by `headgate explain pipeline --mermaid`.\n\n' "$NOTE"
	explain pipeline --mermaid | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}'
}

errors() { # the rows of errors.def, and the words that messages.pl collects
	cat <<-END
		# Errors

		$NOTE

		Every error has a code that never changes: it stands in statuses, in logs and in \`headgate explain CODE\`. What the agent does:

		| | |
		|---|---|
		| retry | something broke that may heal: the agent tries again by itself, with growing pauses |
		| wait | the world is not ready: the next pass looks again |
		| refuse | the decision is no; it is made anew when what it rests on changes, or after \`headgate retry\` |
		| halt | nobody but a person may go on; the message names the command |

		Exit statuses: 0 done, 1 failed, 2 there is a difference, 3 the policy refuses, 4 a signature is refused, 5 not now,
		6 a person is needed, 64 usage. The rows are those of \`headgate explain errors\`; below them stands every message that the program
		can print, as tests/house/messages.pl finds it in the sources: what failed, why, and what to do. Words in capitals and … stand for
		what is filled in, \`|\` stands between what it may be, brackets around what may be absent.
	END
	perl "$(dirname "$house_script")/messages.pl" --markdown .
}

reference() {
	cat <<-END
		# Reference

		$NOTE

		A name with a dot is a key in a section: \`repository.url\` is written \`repository: {url: …}\`. Durations have a unit: ms, s,
		m, h or d. Paths are relative to the file. Unknown keys are refused, with the line and the nearest known name.

		## The configuration

		\`headgate.yaml\`, as \`headgate explain config\` prints it.

	END
	fields config headgate.yaml | markdown_fields
	printf '\nEach of `targets`:\n\n'
	fields config "each of targets" | markdown_fields
	printf '\nEnvironment variables override what is neither trust, policy nor a target'"'"'s identity:\n\n| variable | overrides |\n|---|---|\n'
	variables | sed 's/^\([^ ]*\) \(.*\)$/| `\1` | `\2` |/'
	printf '\n## The database URL\n\nIts parameters, as `headgate explain database-url` prints them. Any other is refused.\n\n'
	parameters
	printf '\n## A policy\n\nOne file per environment, as `headgate explain policy` prints it; three are in `policies/`.\n\n'
	fields policy policy | markdown_fields
}

parameters() { # a row is a line "  NAME  TREATMENT[: VALUES]" and an indented sentence
	printf '| parameter | | values | meaning |\n|---|---|---|---|\n'
	explain database-url | sed -e 's/</\&lt;/g' -e 's/|/\\|/g' | awk '
		/^  [a-z_]/ { name = $1; treatment = $2; sub(/:$/, "", treatment); values = ""
			if (sub(/^  [a-z_]+  [a-z]+: /, "")) values = $0; next }
		{ sub(/^ +/, ""); printf "| `%s` | %s | %s | %s |\n", name, treatment, values, $0 }'
}

markdown_fields() {
	printf '| field | value | meaning |\n|---|---|---|\n'
	sed -e 's/&/\&amp;/g' -e 's/</\&lt;/g' -e 's/|/\\|/g' | awk '
		sub(/^\.It Cm /, "") { name = $0; getline; sub(/\.$/, ""); value = $0; getline; printf "| `%s` | %s | %s |\n", name, value, $0 }'
}

# --- the manual ---------------------------------------------------------------------------------------------------

manual() { # PAGE: what stands between `.\" headgate explain TOPIC: TITLE` and `.\" end` is put in anew
	local line topic title inside=no
	while IFS= read -r line; do
		if [[ $line == '.\" end' ]]; then
			inside=no
		fi
		if [[ $inside == no ]]; then
			printf '%s\n' "$line"
		fi
		if [[ $line =~ ^\.\\\"\ headgate\ explain\ ([a-z]+):\ (.*)$ ]]; then
			topic=${BASH_REMATCH[1]} title=${BASH_REMATCH[2]} inside=yes
			if [[ $title == environment ]]; then
				variables | sed 's/^\([^ ]*\) \(.*\)$/.It Ev \1\noverrides\n.Cm \2 ./'
			else
				fields "$topic" "$title" | manual_fields
			fi
		fi
	done <"$1"
}

manual_fields() { # each sentence begins a line, as mandoc wants it
	grep -v '^\.\\"' | awk '{ print row ? toupper(substr($0, 1, 1)) substr($0, 2) : $0; row = /^\.It/ }' |
		sed '/^\./!s/\([a-z)]\)\. \([A-Za-z]\)/\1.\n\2/g'
}

fields() { # TOPIC TITLE: the rows of one of the topic's tables
	explain "$1" --mdoc | awk -v title=".\\\\\" $2" '/^\.\\"/ { on = $0 == title } on'
}

variables() { # "NAME field"
	explain config | awk '$2 == "overrides" { print $1, $3 }'
}

# --- comparing ----------------------------------------------------------------------------------------------------

need_binary() {
	if [[ ! -x $binary ]]; then
		printf 'there is no program to ask; build it, or name it by HEADGATE_BIN\n'
		exit 77
	fi
}

check_tree() { # TREE
	local document
	need_binary
	fresh=$(mktemp -d "${TMPDIR:-/tmp}/headgate-docs-XXXXXX")
	trap 'rm -rf "$fresh"' EXIT
	cd "$1"
	generate "$fresh"
	for document in "${GENERATED[@]}"; do
		if ! cmp -s "$document" "$fresh/$document"; then
			violation "$document" "is not what the program prints; type: HEADGATE_BIN=… tests/house/docs-fresh.sh --write"
			diff -u "$document" "$fresh/$document" | sed -n '3,12p' || true
		fi
	done
	house_end
}

write_tree() { # TREE
	local document
	need_binary
	fresh=$(mktemp -d "${TMPDIR:-/tmp}/headgate-docs-XXXXXX")
	trap 'rm -rf "$fresh"' EXIT
	cd "$1"
	generate "$fresh"
	for document in "${GENERATED[@]}"; do
		cp "$fresh/$document" "$document"
	done
}

self_test() {
	need_binary
	self_test_begin
	mkdir -p "$house_scratch/docs/man" "$house_scratch/include/base"
	cp "$house_root/include/base/errors.def" "$house_scratch/include/base/"
	write_file agent/late.c <<<'struct error *f(struct arena *a) { return FAIL(a, LATE, .what = "it is late", .hint = "Wait."); }'
	cp "$house_root"/docs/man/*.5 "$house_scratch/docs/man/"
	(write_tree "$house_scratch")
	must_pass "everything was just written"
	must_find docs/states.md "a line more" "docs/states.md: is not what the program prints"
	must_find docs/errors.md "| X001 | by hand |" "docs/errors.md: is not"
	must_find agent/late.c 'struct error *g(struct arena *a) { return FAIL(a, LATE, .what = "too late", .hint = "Go."); }' "docs/errors.md: is not"
	must_find docs/reference.md "a line more" "docs/reference.md: is not"
	write_file docs/man/headgate-policy.5 < <(sed 's/^\.It Cm late$/.It Cm tardy/' "$house_root/docs/man/headgate-policy.5")
	must_find docs/man/more.5 "" "docs/man/headgate-policy.5: is not"
	self_test_end
}

case ${1:-} in
--self-test) self_test ;;
--write) write_tree "$house_root" ;;
*) check_tree "${1:-$house_root}" ;;
esac
