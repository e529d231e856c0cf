#!/usr/bin/env bash
# tests/interop/matrix.sh [--write]: one folder, brought into three databases: by Prisma's own engine sending whole files, by
# the same sending statement by statement, and by Headgate. Rows of the ledger and schema are compared, then each reads the
# other's ledger, and the command line of Prisma 7 and `headgate status` name what is pending. Where they differ on purpose,
# the case says so, and exactly that difference is expected. What was seen is the table in docs/interop.md: --write writes
# it, without it the test fails when the table is another. Without Prisma (peer.sh): exit 77, skipped.
# The cases are in matrix_cases.sh.
# shellcheck disable=SC2016 # the backquotes are those of Markdown
source "$(dirname "$0")/peer.sh"
peer_or_skip with-cli
source "$(dirname "$0")/../scenario/lib.sh"
source "$(dirname "$0")/matrix_cases.sh"

document=$source_root/docs/interop.md

case_name="" title="" owner_of_case="" adopted=""
declare -A prisma_url=()     # session, split, headgate -> URL of the case's database
declare -A answers=()        # session, split, headgate -> what they said to each step of the case, in order
brought_rows="" named_rows="" read_rows=""

main() {
	local one
	scenario "Prisma's engine and Headgate leave the same rows behind, and read each other's"
	given_repository
	given_database
	given_strict_policy
	given_config policy=policies/strict.yaml
	root=$commit
	for one in "${CASES[@]}"; do
		"case_$one"
	done
	collect_names
	write_tables >"$scratch/tables"
	if [[ ${1:-} == --write ]]; then
		with_tables >"$scratch/document"
		cp "$scratch/document" "$document"
	fi
	expect "docs/interop.md is what was seen (type: tests/interop/matrix.sh --write)" "" \
		"$(diff "$document" <(with_tables) || true)"
}

# --- a case -------------------------------------------------------------------------------------------------------

begins() { # NAME TITLE: a branch, three databases and their targets; $target is the one that Headgate brings
	local mode
	case_name=$1 title=$2 answers=()
	say "== $title"
	git -C "$work" switch -q -c "$case_name" "$root"
	rm -rf "${work:?}/prisma/migrations/"[0-9]*
	given_database "$case_name"
	owner_of_case=$owner
	prisma_url=([headgate]=$database_url)
	for mode in session split; do
		superuser_sql postgres "CREATE DATABASE ${database}_$mode TEMPLATE $database OWNER $owner"
		database_of[$case_name-$mode]=${database}_$mode owner_of[$case_name-$mode]=$owner
		prisma_url[$mode]=${database_url/$database?/${database}_$mode?}
		url_of[$case_name-$mode]=${prisma_url[$mode]}
	done
	target_names=()
	for mode in "" -session -split; do
		given_target "$case_name$mode" "branch=$case_name" policy=policies/strict.yaml
	done
	target=$case_name
	push
	baseline "$root" "$target" >/dev/null
}

target_in() { # session|split|headgate
	printf '%s' "$case_name${1/#headgate/}" | sed 's/\(session\|split\)$/-\1/'
}

brings() { # the head of the branch, by all three
	local session split
	push
	asks_prisma session deploy &
	session=$!
	asks_prisma split deploy &
	split=$!
	headgate reconcile --target "$target" --output json
	answers[headgate]+="${answers[headgate]:+; }$(said_by_headgate)"
	wait "$session" "$split"
	answers[session]+="${answers[session]:+; }$(said_by_prisma session)"
	answers[split]+="${answers[split]:+; }$(said_by_prisma split)"
}

asks_prisma() { # session|split|headgate COMMAND [NAME]: the answer is in $scratch/said.MODE
	local mode=$1 adapter=$1
	shift
	if [[ $mode == headgate ]]; then
		adapter=session
	fi
	PRISMA_PEER_ADAPTER=$adapter engine "${prisma_url[$mode]}" "$work/prisma/migrations" "$@" \
		>"$scratch/said.$mode" 2>"$scratch/said.$mode.err" || true
}

# The engine's WebAssembly build gives a failing script no code; it is P3018, as the native one says.
said_by_prisma() { # session|split|headgate
	jq -r 'if .ok then .appliedMigrationNames as $names | if $names == null then "done" elif $names == [] then "nothing to do"
			else "applied \($names | length)" end
		else .error.code // (if (.error.message | contains("apply_script")) then "P3018"
			else "“" + (.error.message | sub("^ERROR: "; "") | sub("[,\n].*"; ""; "m")) + "”" end) end' "$scratch/said.$1"
}

said_by_headgate() {
	jq -r '.[0] | .code // ([if .rolled_back > 0 then "rolled back \(.rolled_back)" else empty end,
		if .applied > 0 then "applied \(.applied)" else empty end] | join(", ") | if . == "" then "nothing to do" else . end)' \
		"$scratch/out"
}

resolves() { # ours|theirs applied|rolled-back MIGRATION [SQL that a person types before]: in all three databases
	local mode
	for mode in headgate session split; do
		if [[ -n ${4:-} ]]; then
			sql "$4" "$(target_in "$mode")"
		fi
		if [[ $1 == ours ]]; then
			headgate resolve --target "$(target_in "$mode")" "--$2" "$3"
			expect_exit 0
			answers[$mode]+="; \`headgate resolve --$2\`"
		else
			asks_prisma "$mode" "$2" "$3"
			expect "Prisma's resolve --$2" "done" "$(said_by_prisma "$mode")"
			answers[$mode]+="; \`prisma migrate resolve --$2\`"
		fi
	done
}

# --- what they left -----------------------------------------------------------------------------------------------

LEDGER="SELECT migration_name, checksum, applied_steps_count,
	CASE WHEN finished_at IS NULL AND rolled_back_at IS NULL THEN 'open' WHEN finished_at IS NULL THEN 'a failed try'
	WHEN rolled_back_at IS NULL THEN 'applied' ELSE 'rolled back' END AS state,
	CASE WHEN logs IS NULL THEN 'no log' WHEN logs = '' THEN 'an empty log' ELSE 'a log' END AS log
	FROM _prisma_migrations ORDER BY started_at, finished_at NULLS FIRST"

rows_in() { # TARGET: names, checksums, steps, states, logs; in the order in which they were written
	sql "$LEDGER" "$1"
}

words_for_rows() { # FILE of rows_in: what is as usual is not said (applied and rolled back: 1 step, no log)
	awk -F'|' '{
		name = $1; sub(/^[0-9]+_/, "", name); words = "`" name "` " $4
		whole = $4 == "applied" || $4 == "rolled back"
		if (whole ? $3 != 1 : $3 != 0) words = words ", " $3 " steps"
		if (whole ? $5 != "no log" : 1) words = words ", " $5
		line = line (NR > 1 ? "; " : "") words }
		END { print NR ? line : "no row" }' "$1"
}

schema_in() { # TARGET
	pg_dump -s -O -x -N headgate -h "$HEADGATE_TEST_PGHOST" -p "$HEADGATE_TEST_PGPORT" -U "$HEADGATE_TEST_PGUSER" \
		"${database_of[$1]}" | grep -vE '^(\\(un)?restrict |--)'
}

objects_in() { # TARGET: one a line
	sql "SELECT CASE relkind WHEN 'i' THEN 'index' ELSE 'table' END || ' \`' || relname || '\`' FROM pg_class
		WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i') AND relname <> '_prisma_migrations'
		AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = pg_class.oid)
		UNION SELECT 'type \`' || typname || '\`' FROM pg_type WHERE typtype = 'e' AND typnamespace = 'public'::regnamespace
		UNION SELECT 'default of \`' || attname || '\`' FROM pg_attrdef JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum
		WHERE adrelid <> '_prisma_migrations'::regclass AND attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
		ORDER BY 1" "$1"
}

difference() { # session|split: between Prisma's database and Headgate's, in words; "none" when there is none
	local more
	local -a words=()
	if ! cmp -s <(cut -d'|' -f1-4 "$scratch/rows.$1") <(cut -d'|' -f1-4 "$scratch/rows.headgate"); then
		words+=(rows)
	elif ! cmp -s "$scratch/rows.$1" "$scratch/rows.headgate"; then
		words+=(log)
	fi
	if ! cmp -s "$scratch/schema.$1" "$scratch/schema.headgate"; then
		objects_in "$(target_in "$1")" >"$scratch/objects.$1"
		objects_in "$target" >"$scratch/objects.headgate"
		more=$(comm -23 "$scratch/objects.$1" "$scratch/objects.headgate" | in_line)
		words+=(${more:+"only Prisma has $more"})
		more=$(comm -13 "$scratch/objects.$1" "$scratch/objects.headgate" | in_line)
		words+=(${more:+"only Headgate has $more"})
		if cmp -s "$scratch/objects.$1" "$scratch/objects.headgate"; then
			words+=("schema: $(diff "$scratch/schema.$1" "$scratch/schema.headgate" || true)")
		fi
	fi
	if ((${#words[@]} == 0)); then
		words=(none)
	fi
	printf '%s\n' "${words[@]}" | paste -sd';' | sed 's/;/; /g'
}

in_line() {
	paste -sd, | sed 's/,/, /g'
}

ends() { # SESSION SPLIT WHY: the differences that are expected; what each did becomes a row of the table
	local mode cells="" words last=""
	for mode in session split headgate; do
		schema_in "$(target_in "$mode")" >"$scratch/schema.$mode"
		rows_in "$(target_in "$mode")" >"$scratch/rows.$mode"
		say "$mode: ${answers[$mode]}; rows: $(paste -sd' ' "$scratch/rows.$mode")"
	done
	expect "case '$case_name', whole files, differs by" "$1" "$(difference session)"
	expect "case '$case_name', statement by statement, differs by" "$2" "$(difference split)"
	for mode in session split headgate; do
		words="${answers[$mode]} → $(words_for_rows "$scratch/rows.$mode")"
		if [[ $mode == split && $words == "$last" ]]; then
			words="as before"
		fi
		last=$words
		cells+=" $words |"
	done
	if [[ $1 == "$2" ]]; then
		words=$1
	else
		words="≤ 7.3: $1. ≥ 7.4: $2"
	fi
	brought_rows+="| $title |$cells $words${3:+. $3} |"$'\n'
}

# --- reading the other's ledger -----------------------------------------------------------------------------------

pending_for_prisma() { # session|split|headgate: by `status`, which was asked just now; one name a line
	jq -r '.history.unappliedMigrationNames // [] | .[]' "$scratch/said.$1" | sort
}

pending_for_headgate() { # by `headgate status`: what is held is named apart, and for Prisma it is pending
	jq -r '.[0] | .unapplied[]' "$scratch/out" | sort
}

held_for_headgate() { # in the tree
	jq -r '.[0] | .held[]' "$scratch/out" | while read -r name; do
		[[ ! -d $work/prisma/migrations/$name ]] || printf '%s\n' "$name"
	done | sort
}

in_words() { # names, one a line, on standard input
	sed '/^$/d; s/^[0-9]*_//; s/.*/`&`/' | in_line | sed 's/^$/none/'
}

reads() { # Headgate's ledger by Prisma, and Prisma's by Headgate: of both modes, where they left something else
	local session split="as before" prisma differ="" asked
	if ! cmp -s "$scratch/rows.session" "$scratch/rows.split" || ! cmp -s "$scratch/schema.session" "$scratch/schema.split"; then
		differ=1
		asks_prisma split status &
	fi
	asks_prisma session status &
	asks_prisma headgate status &
	wait
	status_agrees headgate
	prisma="pending: $(pending_for_prisma headgate | in_words)"
	if [[ -n $(held_for_headgate) ]]; then
		prisma+=" (for Headgate: held)"
	fi
	prisma+="$(jq -r 'if (.failedMigrationNames // []) == [] then "" else "; failed: "
		+ (.failedMigrationNames | map("`" + sub("^[0-9]+_"; "") + "`") | join(", ")) end' "$scratch/said.headgate")"
	asks_prisma headgate deploy &
	asked=$!
	adopts session
	session=$adopted
	if [[ -n $differ ]]; then
		adopts split
		split=$adopted
	fi
	wait "$asked"
	prisma+="; deploy: $(said_by_prisma headgate)"
	read_rows+="| $title | $prisma | $session | $split |"$'\n'
}

status_agrees() { # session|split|headgate: nothing is pending for one and not for the other
	headgate status --target "$(target_in "$1")" --output json
	expect "case '$case_name': what is pending in '$1', Prisma's names beside ours and held ones" \
		"$(pending_for_prisma "$1")" "$({
			pending_for_headgate
			held_for_headgate
		} | sort)"
}

adopts() { # session|split: a baseline on what Prisma left; $adopted is what Headgate says
	local its
	its=$(target_in "$1")
	adopted=baseline
	headgate baseline --target "$its" HEAD
	if [[ $(refusal) == W028 ]]; then
		adopted="baseline shows the difference (W028), \`--yes\`"
		headgate baseline --target "$its" --yes HEAD
	fi
	if [[ $(refusal) == W015 ]]; then # a failed row: a person says that its try was taken back
		adopted+=" refused (W015, P3009), \`headgate resolve --rolled-back\`, baseline"
		headgate resolve --target "$its" --rolled-back "$(sed -n 's/^\([^|]*\)|.*|open|.*/\1/p' "$scratch/rows.$1")"
		headgate baseline --target "$its" HEAD
		asks_prisma "$1" status
	fi
	expect_exit 0
	status_agrees "$1"
	adopted+="; pending: $(pending_for_headgate | in_words)"
	headgate reconcile --target "$its" --output json
	adopted+="; $(said_by_headgate)"
}

refusal() { # the code of what Headgate just refused, or nothing
	sed -n 's/^headgate: .*\[\([A-Z][0-9]*\)\]$/\1/p' "$scratch/err" | head -n 1
}

# --- pending by name: the command line of Prisma 7 ----------------------------------------------------------------

names=() waiting=()        # of the states; the processes of Prisma that are asked about them
declare -A named_ours=()   # state -> what headgate status says
declare -A named_sentence=()

names_state() { # STATE SENTENCE: asks Prisma in the background, of a copy of the database and of the folder
	local state=$1
	names+=("$state")
	named_sentence[$state]=$2
	superuser_sql postgres "CREATE DATABASE ${database_of[$target]}_$state TEMPLATE ${database_of[$target]} OWNER $owner_of_case" >/dev/null
	database_of[$case_name-$state]=${database_of[$target]}_$state
	cp -r "$work/prisma/migrations" "$scratch/names.$state"
	{ prisma7 "${prisma_url[headgate]/${database_of[$target]}?/${database_of[$target]}_$state?}" "$scratch/names.$state" \
		migrate status >"$scratch/named.$state" 2>&1 || true; } &
	waiting+=($!)
	headgate status --target "$target" --output json
	named_ours[$state]=$({
		pending_for_headgate
		held_for_headgate
	} | sort)
	held_for_headgate >"$scratch/held.$state"
	jq -r '.[0].code // ""' "$scratch/out" >"$scratch/code.$state"
}

collect_names() {
	local state theirs failed held code
	wait "${waiting[@]}"
	for state in "${names[@]}"; do
		theirs=$(named_after 'have not yet been applied:' "$state")
		failed=$(named_after 'have failed:' "$state")
		expect "in state '$state' Prisma's status knows a state" 1 \
			"$(grep -cE 'not yet been applied|have failed|up to date' "$scratch/named.$state")"
		expect "in state '$state' both name the same pending migrations" "$theirs" "${named_ours[$state]}"
		held=$(in_words <"$scratch/held.$state") code=$(<"$scratch/code.$state")
		named_rows+="| ${named_sentence[$state]} | $(in_words <<<"$theirs")${failed:+; failed: $(in_words <<<"$failed")} |"
		named_rows+=" $(comm -23 <(printf '%s\n' "${named_ours[$state]}") "$scratch/held.$state" | in_words)"
		if [[ $held != none ]]; then
			named_rows+="; held: $held"
		fi
		named_rows+="${code:+; $code} |"$'\n'
	done
}

named_after() { # WORDS STATE: the names below them, up to an empty line
	sed -n "/$1/,/^\$/p" "$scratch/named.$2" | sed -n 's/^\([0-9]\{14\}_.*\)$/\1/p' | sort
}

# --- the document -------------------------------------------------------------------------------------------------

write_tables() {
	printf '\n## The same folder, brought by each\n\n'
	printf '| the folder | Prisma ≤ 7.3 | Prisma ≥ 7.4 | Headgate | difference |\n|---|---|---|---|---|\n%s' "$brought_rows"
	printf '\n## Each on the ledger of the other\n\n'
	printf '| the folder | Prisma on what Headgate brought | Headgate on what Prisma ≤ 7.3 brought | … ≥ 7.4 |\n|---|---|---|---|\n%s' "$read_rows"
	printf '\n## What is pending, by name\n\n'
	printf '| state | `npx prisma migrate status` | `headgate status` |\n|---|---|---|\n%s' "$named_rows"
}

with_tables() { # the document, with what stands between the two markers put in anew
	sed -n '1,/^<!-- Written by /p' "$document"
	cat "$scratch/tables"
	printf '\n'
	sed -n '/^<!-- end -->$/,$p' "$document"
}

main "$@"
