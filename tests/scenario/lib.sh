# The words scenarios are written in. A scenario reads like the bug report: given…, what people do, what is expected.
# Each has its own scratch folder, repository, database and role, and leaves nothing behind (HEADGATE_TEST_KEEP=1 keeps the folder).
# A reader might expect `set -e` alone to end a broken scenario: every failure passes through fail(), which says what stood where.
#
#   source "$(dirname "$0")/lib.sh"
#   scenario "a merged migration reaches the database"
#   given_repository; given_database; given_config; baseline
#   migration 20260101000000_users "CREATE TABLE users (id int);"
#   commit_as alice "Add users"; push
#   reconcile
#   expect_exit 0; expect_table users; expect_status "$commit" success "applied 1 migration"
#
# Variables that a scenario may read: scratch bare work keys config target database owner database_url commit exit_code.
# Run one by hand: HEADGATE_BIN=build/debug/agent/headgate tests/scenario/merge.sh
# shellcheck shell=bash

set -Eeuo pipefail
export LC_ALL=C.UTF-8

source_root=${HEADGATE_SOURCE_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
if [[ -z ${HEADGATE_TEST_PGPORT:-} ]]; then
	exec "$source_root/tests/with-postgres" bash "$0" "$@"
fi

sentence="(no sentence)"
scratch="" bare="" work="" keys="" config=""
target=shop database="" owner="" database_url=""
commit="" exit_code=0 last_command="" expectations=0
agent=""
declare -A database_of=() # target -> database
declare -A owner_of=()    # target -> role
declare -A url_of=()      # target -> URL
config_top=()             # lines of the configuration outside of the targets
target_names=()
declare -A target_lines=()
closers=()                # functions to call at the end, last one first (http.sh adds its own)

# --- a scenario ---------------------------------------------------------------------------------------------------

scenario() { # SENTENCE
	sentence=$1
	headgate_binary=${HEADGATE_BIN:-$source_root/build/debug/agent/headgate}
	scratch=$(mktemp -d /tmp/headgate-scenario-XXXXXX)
	scenario_id=${scratch##*-}
	scenario_id=${scenario_id,,}_$$
	trap scenario_ends EXIT
	trap 'fail_unexpected "$BASH_COMMAND" $?' ERR
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	mkdir "$scratch/home"
	export HOME=$scratch/home GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=$scratch/home/gitconfig GIT_TERMINAL_PROMPT=0
	unset GIT_DIR GIT_WORK_TREE XDG_CONFIG_HOME SSH_AUTH_SOCK
	git config --file "$GIT_CONFIG_GLOBAL" init.defaultBranch main
	git config --file "$GIT_CONFIG_GLOBAL" gpg.format ssh
	git config --file "$GIT_CONFIG_GLOBAL" advice.detachedHead false
	say "scenario: $sentence"
}

say() {
	printf '%s\n' "$*"
}

scenario_ends() { # at every exit
	local status=$? closer number
	trap - ERR
	set +e
	if ((status == 0 && expectations == 0)); then
		say "FAILED: $sentence: it expects nothing, so it cannot fail"
		status=1
	fi
	if [[ -n $agent ]]; then
		kill -KILL "$agent" 2>/dev/null
		wait "$agent" 2>/dev/null
	fi
	for ((number = ${#closers[@]} - 1; number >= 0; number--)); do
		closer=${closers[number]}
		"$closer"
	done
	if ((status != 0)) && [[ -n ${HEADGATE_TEST_KEEP:-} ]]; then
		say "kept: $scratch"
	else
		drop_databases
		rm -rf "$scratch"
	fi
	if ((status == 0)); then
		say "passed, with $expectations expectations"
	fi
	exit "$status"
}

fail() { # EXPECTED ACTUAL
	trap - ERR
	{
		printf '\nFAILED: %s\n' "$sentence"
		printf '  where:    %s\n' "$(caller_line)"
		printf '  expected: %s\n' "$1"
		printf '  actual:   %s\n' "$2"
		show_last_command
	} >&2
	exit 1
}

fail_unexpected() { # COMMAND STATUS
	fail "every step to succeed" "'$1' ended with $2"
}

caller_line() { # the first frame that is not in a library of ours
	local frame
	for ((frame = 1; frame < ${#BASH_SOURCE[@]}; frame++)); do
		case ${BASH_SOURCE[frame]} in
		*/lib.sh | */http.sh | */ssh.sh | */prisma.sh | */forge.sh | */objects.sh | */servers.sh | */sessions.sh | */kills.sh | */peer.sh | */guides.sh) ;;
		*)
			printf '%s:%s' "${BASH_SOURCE[frame]}" "${BASH_LINENO[frame - 1]}"
			return
			;;
		esac
	done
}

show_last_command() {
	if [[ -n $last_command ]]; then
		printf -- '--- last command: %s (exit %s)\n' "$last_command" "$exit_code"
		for stream in out err; do
			if [[ -s $scratch/$stream ]]; then
				printf -- '--- its std%s, last 40 lines\n' "$stream"
				tail -n 40 "$scratch/$stream"
			fi
		done
	fi
	if [[ -s $scratch/agent.log ]]; then
		printf -- '--- log of the running agent, last 40 lines\n'
		tail -n 40 "$scratch/agent.log"
	fi
	if [[ -n $database && -r ${HEADGATE_TEST_PGLOG:-} ]] && grep -q "@$database " "$HEADGATE_TEST_PGLOG"; then
		printf -- '--- log of the server about %s, last 10 lines\n' "$database"
		grep -F -A2 "@$database " "$HEADGATE_TEST_PGLOG" | tail -n 10
	fi
}

# --- given --------------------------------------------------------------------------------------------------------

given_repository() { # [empty]: a bare repository, a clone to work in, keys of alice, bob (allowed) and mallory (not)
	local name
	bare=$scratch/shop.git work=$scratch/work keys=$scratch/keys
	mkdir -p "$keys"
	for name in alice bob mallory; do
		ssh-keygen -q -t ed25519 -N '' -C "$name@example.org" -f "$keys/$name"
	done
	: >"$keys/allowed_signers"
	allow_signer alice
	allow_signer bob
	git init -q --bare "$bare"
	git clone -q "$bare" "$work" 2>/dev/null
	if [[ ${1:-} != empty ]]; then
		mkdir -p "$work/prisma/migrations"
		printf '# Shop\n' >"$work/README.md"
		printf '# Please do not edit this file manually\nprovider = "postgresql"\n' >"$work/prisma/migrations/migration_lock.toml"
		commit_as alice "Start the shop"
		push
	fi
}

allow_signer() { # NAME [OPTION of allowed_signers, such as valid-after="20260101"]
	printf '%s@example.org namespaces="git"%s %s\n' "$1" "${2:+,$2}" "$(cut -d' ' -f1,2 "$keys/$1.pub")" >>"$keys/allowed_signers"
}

forget_signer() { # NAME
	sed -i "/^$1@/d" "$keys/allowed_signers"
}

revoke_signer() { # NAME: the configuration must say given_setting_in keys "revoked: keys/revoked"
	cat "$keys/$1.pub" >>"$keys/revoked"
}

# The role is as on a managed server: no superuser, and owner of its schema alone. It may make schemas, since it makes
# `headgate` and what ?schema= names. The database is the administrator's.
given_database() { # [TARGET]: an empty database and the role of its migrations
	local name=${1:-shop}
	database=${name//-/_}_$scenario_id
	owner=${name//-/_}_owner_$scenario_id
	superuser_sql postgres "CREATE ROLE $owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE" >/dev/null
	superuser_sql postgres "CREATE DATABASE $database" >/dev/null
	superuser_sql postgres "GRANT CREATE ON DATABASE $database TO $owner" >/dev/null
	superuser_sql "$database" "ALTER SCHEMA public OWNER TO $owner" >/dev/null
	database_of[$name]=$database owner_of[$name]=$owner
	database_url="postgresql://$owner@127.0.0.1:$HEADGATE_TEST_PGPORT/$database?schema=public"
	url_of[$name]=$database_url
}

given_config() { # [KEY=VALUE…]: one target, shop; keys are those of a target, an empty value leaves a key out
	config=$scratch/headgate.yaml
	config_top=("state: ./state" "repository:" "  url: ${repository_url:-$bare}" "keys:" "  allowed_signers: keys/allowed_signers"
		"backups: ./backups" "notes:" "  push: true")
	if [[ -d $source_root/policies ]]; then
		cp -r "$source_root/policies" "$scratch/"
	fi
	target_names=()
	given_target shop "$@"
}

given_target() { # NAME [KEY=VALUE…]: one more target
	local name=$1 pair key lines=""
	local -A fields=([database_url]="\"${url_of[$1]:-}\"" [branch]=main [migrations]=prisma/migrations
		[policy]=policies/development.yaml [report]=touched [forges]="[notes]")
	shift
	for pair in "$@"; do
		fields[${pair%%=*}]=${pair#*=}
	done
	for key in "${!fields[@]}"; do
		if [[ -n ${fields[$key]} ]]; then
			lines+="    $key: ${fields[$key]}"$'\n'
		fi
	done
	target_names+=("$name")
	target_lines[$name]=$(sort <<<"${lines%$'\n'}")
	write_config
}

given_setting() { # LINE…: lines of the configuration outside of the targets
	config_top+=("$@")
	write_config
}

given_setting_in() { # SECTION LINE…: lines of a section that is there already, such as: repository "token_file: secrets/git"
	local section=$1 line entry
	local -a top=()
	shift
	for entry in "${config_top[@]}"; do
		top+=("$entry")
		if [[ $entry == "$section:" ]]; then
			for line in "$@"; do
				top+=("  $line")
			done
		fi
	done
	config_top=("${top[@]}")
	write_config
}

given_policy() { # NAME TEXT: a policy of its own; use it with given_config policy=policies/NAME.yaml
	mkdir -p "$scratch/policies"
	printf '%s\n' "$2" >"$scratch/policies/$1.yaml"
}

given_strict_policy() { # [LINE…]: policies/strict.yaml, by default: signatures count, no backup, a revert is enough to go back
	given_policy strict "$(printf '%s\n' "trust: all" "backup: {rule: none}" "rollback: free" "$@")"
}

write_config() {
	local name
	{
		printf '%s\n' "${config_top[@]}"
		printf 'targets:\n'
		for name in "${target_names[@]}"; do
			printf '  %s:\n%s\n' "$name" "${target_lines[$name]}"
		done
	} >"$config"
}

given_own_server() { # a cluster for this scenario alone, so that it may go down; the scenario's first line after `source`
	if [[ -z ${HEADGATE_OWN_SERVER:-} ]]; then
		HEADGATE_OWN_SERVER=1 exec "$source_root/tests/with-postgres" --own bash "$0"
	fi
}

server_goes_down() {
	"$HEADGATE_TEST_PGCTL" stop >/dev/null
}

server_comes_back() {
	"$HEADGATE_TEST_PGCTL" start >/dev/null
}

# --- what people do -----------------------------------------------------------------------------------------------

migration() { # NAME SQL [DOWN SQL]: writes the folder as `prisma migrate dev` does
	local folder=${migrations_folder:-prisma/migrations}
	mkdir -p "$work/$folder/$1"
	printf '%s\n' "$2" >"$work/$folder/$1/migration.sql"
	if [[ -n ${3:-} ]]; then
		printf '%s\n' "$3" >"$work/$folder/$1/down.sql"
	fi
}

commit_as() { # NAME MESSAGE [git commit's options]: everything in the work tree, signed
	local name=$1 message=$2
	shift 2
	git_as "$name" add -A
	git_as "$name" commit -q -S -m "$message" "$@"
	remember_commit
}

commit_unsigned() { # MESSAGE [git commit's options]
	local message=$1
	shift
	git_as mallory add -A
	git_as mallory commit -q --no-gpg-sign -m "$message" "$@"
	remember_commit
}

on_branch() { # NAME: goes there, from where we are when it is new
	git -C "$work" switch -q "$1" 2>/dev/null || git -C "$work" switch -q -c "$1"
}

merge_branch() { # BRANCH as NAME | BRANCH unsigned: into main, always with a merge commit
	git -C "$work" switch -q main
	case $2 in
	as) git_as "$3" merge -q --no-ff -S -m "Merge branch '$1'" "$1" ;;
	unsigned) git_as mallory merge -q --no-ff --no-gpg-sign -m "Merge branch '$1'" "$1" ;;
	*) fail "merge_branch BRANCH as NAME, or BRANCH unsigned" "$*" ;;
	esac
	remember_commit
}

revert_as() { # NAME COMMIT [TRAILER…]: such as "Headgate-Rollback: down"; of a merge, back to its first parent
	local name=$1 reverted=$2 trailer
	local -a mainline=() trailers=()
	shift 2
	if git -C "$work" rev-parse -q --verify "$reverted^2" >/dev/null; then
		mainline=(-m 1)
	fi
	git_as "$name" revert --no-edit -S "${mainline[@]}" "$reverted" >/dev/null
	for trailer in "$@"; do
		trailers+=(--trailer "$trailer")
	done
	if ((${#trailers[@]} > 0)); then
		git_as "$name" commit -q --amend --no-edit -S "${trailers[@]}"
	fi
	remember_commit
}

push() { # [git push's options]: the branch we are on
	git -C "$work" push -q "$@" origin "HEAD:refs/heads/$(git -C "$work" symbolic-ref --short HEAD)"
}

git_as() { # NAME git's arguments…
	local name=$1
	shift
	git -C "$work" -c "user.name=${name^}" -c "user.email=$name@example.org" -c "user.signingKey=$keys/$name" "$@"
}

remember_commit() {
	commit=$(git -C "$work" rev-parse HEAD)
	say "commit ${commit:0:8}: $(git -C "$work" log -1 --format=%s)"
}

# --- the agent ----------------------------------------------------------------------------------------------------

headgate() { # any command; sets exit_code
	local -a arguments=("$@")
	last_command="headgate $*"
	exit_code=0
	if [[ -n $config ]]; then
		arguments=(--config "$config" "$@")
	fi
	setpriv --pdeathsig KILL "$headgate_binary" "${arguments[@]}" >"$scratch/out" 2>"$scratch/err" </dev/null || exit_code=$?
	say "$last_command: exit $exit_code"
	no_sanitizer_report "$scratch/err"
}

no_sanitizer_report() { # FILE
	if grep -qE '(Address|Leak|UndefinedBehavior)Sanitizer|: runtime error: ' "$1"; then
		fail "no finding of a sanitizer" "$(grep -m1 -E '(Address|Leak|UndefinedBehavior)Sanitizer|: runtime error: ' "$1")"
	fi
}

baseline() { # [COMMIT [TARGET]]: by default the branch's head; must succeed
	headgate baseline --target "${2:-$target}" "${1:-$(git -C "$work" rev-parse HEAD)}"
	if ((exit_code != 0)); then
		fail "the baseline to be set" "exit $exit_code"
	fi
}

reconcile() { # [TARGET]
	headgate reconcile --target "${1:-$target}"
}

reconcile_dies_at() { # FAULT[:N] [TARGET]: a pass that is killed there; names are rows of include/base/fault_points.def
	HEADGATE_FAULT=$1 headgate reconcile --target "${2:-$target}"
	if ((exit_code != 137)); then
		fail "the pass to be killed at '$1' (exit 137)" "exit $exit_code"
	fi
}

agent_starts() { # [headgate run's options]: the daemon, in the background; ready when it has said so in its log
	local _
	: >"$scratch/agent.log"
	(
		trap - ERR EXIT INT TERM HUP
		exec setpriv --pdeathsig KILL "$headgate_binary" --config "$config" run "$@" >>"$scratch/agent.log" 2>&1 </dev/null
	) &
	agent=$! last_command="headgate run"
	for _ in {1..100}; do
		if grep -q agent_started "$scratch/agent.log"; then
			say "headgate run: process $agent"
			return
		fi
		kill -0 "$agent" 2>/dev/null || break
		sleep 0.1
	done
	fail "the agent to start" "its log does not say agent_started"
}

agent_stops() { # cleanly; sets exit_code
	kill -TERM "$agent"
	exit_code=0
	wait "$agent" || exit_code=$?
	agent="" last_command="headgate run, stopped"
	no_sanitizer_report "$scratch/agent.log"
}

agent_dies() { # as by kill -9
	kill -KILL "$agent"
	wait "$agent" 2>/dev/null || true
	agent=""
}

wait_until() { # SECONDS SENTENCE COMMAND…: the command succeeds within that time
	local deadline=$((SECONDS + $1)) what=$2
	shift 2
	until "$@" >/dev/null 2>&1; do
		if ((SECONDS > deadline)); then
			fail "$what" "not within the time given"
		fi
		sleep 0.1
	done
	expectations=$((expectations + 1))
}

# The way out that the last command printed, taken at its word: whoever types it must get out. A comment "way out", with the
# code, stands where a scenario provokes an error and then follows what it prints (tests/house/ways-out.sh).

follow_hint() { # WORDS [COMMIT]: runs the command "headgate WORDS…" as it was printed; COMMIT, if a person has to choose one
	local printed word given
	local -a words=()
	given="next: $(printed_next)"
	expectations=$((expectations + 1))
	printed=$(grep -oE -m 1 -- "headgate $1.*" <<<"$given" | head -n 1) ||
		fail "the next action to be: headgate $1…" "$given"
	for word in ${printed#headgate }; do
		case $word in
		or | then | and | \(*) break ;;
		esac
		given=${word%%[.,;:)?]*}
		case $given in
		COMMIT) given=${2:-HEAD} ;;
		NAME) given=$target ;;
		esac
		words+=("${given//\'/}")
		[[ $word != *[.,\;:\)?]* ]] || break
	done
	headgate "${words[@]}"
	expect_exit 0
}

follow_undo() { # NAME: the `git revert -S …` that was printed
	local printed
	local -a words
	printed=$(printed_next | grep -oE -m 1 'git revert -S( -m [0-9])? [0-9a-f]{10,}') || fail "a git revert to be printed" "$(printed_next)"
	read -ra words <<<"${printed#git revert -S }"
	git_as "$1" revert --no-edit -S "${words[@]}" >/dev/null
	remember_commit
	push
}

follow_shell() { # WORD: the command of the system that was printed, such as: chmod
	local printed
	printed=$(printed_next | grep -oE -m 1 "\\b$1 .*" | sed 's/`.*//; s/\. .*//; s/[.;]$//') || fail "a command '$1' to be printed" "$(printed_next)"
	say "types: $printed"
	eval "$printed"
}

printed_next() { # what stands behind "next", in one line
	awk '/^  next  / { sub(/^  next +/, ""); on = 1; printf "%s ", $0; next }
		on && /^            / { sub(/^ +/, ""); printf "%s ", $0; next }
		{ on = 0 }' "$scratch/out" "$scratch/err"
}

gets_out() { # the target is as it should be
	reconcile
	expect_exit 0
	headgate status
	expect_exit 0
}

# --- the database -------------------------------------------------------------------------------------------------

sql() { # STATEMENTS [TARGET]: as the target's role; prints bare rows
	PGOPTIONS='-c client_min_messages=warning' psql -XAtq -v ON_ERROR_STOP=1 -h "$HEADGATE_TEST_PGHOST" -p "$HEADGATE_TEST_PGPORT" \
		-U "${owner_of[${2:-$target}]}" -d "${database_of[${2:-$target}]}" -c "$1"
}

superuser_sql() { # DATABASE STATEMENT
	PGOPTIONS='-c client_min_messages=warning' psql -XAtq -v ON_ERROR_STOP=1 -h "$HEADGATE_TEST_PGHOST" -p "$HEADGATE_TEST_PGPORT" \
		-U "$HEADGATE_TEST_PGUSER" -d "$1" -c "$2"
}

drop_databases() {
	local name
	for name in "${database_of[@]}"; do
		superuser_sql postgres "DROP DATABASE IF EXISTS $name WITH (FORCE)" >/dev/null 2>&1
	done
	for name in "${owner_of[@]}"; do
		superuser_sql postgres "DROP ROLE IF EXISTS $name" >/dev/null 2>&1
	done
}

# --- expectations -------------------------------------------------------------------------------------------------

expect() { # WHAT EXPECTED ACTUAL: the two texts are equal
	expectations=$((expectations + 1))
	if [[ $2 != "$3" ]]; then
		fail "$1: $2" "$3"
	fi
}

expect_exit() { # NUMBER
	expect "exit code of '$last_command'" "$1" "$exit_code"
}

expect_output() { # FRAGMENT: of the last command's standard output or error, wherever its lines are broken
	expectations=$((expectations + 1))
	if ! unbroken | grep -qF -- "$1"; then
		fail "'$last_command' to say: $1" "it does not"
	fi
}

expect_no_output() { # FRAGMENT
	expectations=$((expectations + 1))
	if unbroken | grep -qF -- "$1"; then
		fail "'$last_command' not to say: $1" "it does"
	fi
}

unbroken() {
	cat "$scratch/out" "$scratch/err" | tr -s ' \n' '  '
}

expect_json() { # FILTER: the last command printed one JSON document, and jq's FILTER holds for it
	expectations=$((expectations + 1))
	if ! jq -es 'length == 1 and (.[0] | '"$1"')' "$scratch/out" >"$scratch/jq" 2>&1; then
		fail "'$last_command' to print JSON for which this holds: $1" "$(head -c 2000 "$scratch/out")"
	fi
}

expect_sql() { # STATEMENT ROWS [TARGET]
	expect "$1" "$2" "$(sql "$1" "${3:-$target}")"
}

expect_table() { # [SCHEMA.]NAME [TARGET]
	expect "table '$1' is there" t "$(sql "SELECT to_regclass('$(qualified "$1")') IS NOT NULL" "${2:-$target}")"
}

expect_no_table() { # [SCHEMA.]NAME [TARGET]
	expect "table '$1' is there" f "$(sql "SELECT to_regclass('$(qualified "$1")') IS NOT NULL" "${2:-$target}")"
}

qualified() {
	case $1 in
	*.*) printf '%s' "$1" ;;
	*) printf 'public.%s' "$1" ;;
	esac
}

expect_ledger() { # MIGRATION applied|rolled_back|failed|absent [TARGET]: by the newest row
	case $2 in
	applied | rolled_back | failed | absent) ;;
	*) fail "applied, rolled_back, failed or absent" "expect_ledger $*" ;;
	esac
	expect "the ledger about '$1'" "$2" "$(ledger_state "$1" "${3:-$target}")"
}

ledger_state() { # MIGRATION TARGET
	local state=""
	if [[ $(sql "SELECT to_regclass('${ledger_schema:-public}._prisma_migrations') IS NOT NULL" "$2") == t ]]; then
		state=$(sql "SELECT CASE WHEN rolled_back_at IS NOT NULL THEN 'rolled_back'
			WHEN finished_at IS NOT NULL THEN 'applied' ELSE 'failed' END
			FROM ${ledger_schema:-public}._prisma_migrations WHERE migration_name = '${1//\'/\'\'}'
			ORDER BY started_at DESC, rolled_back_at IS NOT NULL LIMIT 1" "$2")
	fi
	printf '%s' "${state:-absent}"
}

expect_ledger_rows() { # MIGRATION NUMBER [TARGET]
	expect_sql "SELECT count(*) FROM ${ledger_schema:-public}._prisma_migrations WHERE migration_name = '${1//\'/\'\'}'" "$2" "${3:-$target}"
}

expect_status() { # COMMIT pending|success|failure|error FRAGMENT [TARGET]
	local found
	found=$(status_of "$1" "${4:-$target}")
	expectations=$((expectations + 1))
	if [[ $found != "$2 "*"${3:-}"* ]]; then
		fail "status of ${1:0:8}: $2 …${3:-}…" "${found:-none}"
	fi
}

expect_earlier_status() { # COMMIT pending|success|failure|error FRAGMENT [TARGET]: it showed that before what it shows now
	expectations=$((expectations + 1))
	if ! git -C "$bare" notes --ref="headgate/${4:-$target}" show "$1" 2>/dev/null |
		grep -qE -- "^  [-0-9]+ [:0-9]+ UTC  $2  .*$3"; then
		fail "an earlier status of ${1:0:8}: $2 …$3…" \
			"$(git -C "$bare" notes --ref="headgate/${4:-$target}" show "$1" 2>/dev/null || echo none)"
	fi
}

expect_no_status() { # COMMIT [TARGET]
	expect "status of ${1:0:8}" "" "$(status_of "$1" "${2:-$target}")"
}

# The one place that knows how a status is written: the note's last line "<state> headgate/<target>: <description>".
status_of() { # COMMIT TARGET -> "state description", or nothing
	git -C "$bare" notes --ref="headgate/$2" show "$1" 2>/dev/null |
		sed -n "s|^\\([a-z]*\\) headgate/$2: \\(.*\\)\$|\\1 \\2|p" | tail -n 1 || true
}
