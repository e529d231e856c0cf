#!/usr/bin/env bash
# The scenario library is tested with a stand-in for the agent: some lines of shell that apply what is on the branch.
# Expectations that hold must pass, and each kind of wrong expectation must fail and say why.
# shellcheck disable=SC2016 # what stands in single quotes is expanded by the scenario that it is written into

stand_in() {
	cat <<-'END'
		#!/usr/bin/env bash
		set -euo pipefail
		config=$2 command=$3
		value() { sed -n "s/^ *$1: \"\{0,1\}\([^\"]*\)\"\{0,1\}$/\1/p" "$config"; }
		url=$(value database_url | sed 's/?.*//') bare=$(value url)
		run() { psql -XAtq -v ON_ERROR_STOP=1 "$url" -c "$1"; }
		case $command in
		baseline) exit 0 ;;
		reconcile) [[ ${HEADGATE_FAULT:-} != apply ]] || kill -KILL $$ ;;
		run) trap 'exit 0' TERM; echo event=agent_started; while :; do sleep 0.1; done ;;
		broken) echo "==1==ERROR: AddressSanitizer: heap-use-after-free" >&2; exit 1 ;;
		list) echo '[{"name": "shop"}]'; exit 0 ;;
		*) echo "no such command: $command" >&2; exit 64 ;;
		esac
		export GIT_AUTHOR_NAME=agent GIT_AUTHOR_EMAIL=agent@example.org
		export GIT_COMMITTER_NAME=agent GIT_COMMITTER_EMAIL=agent@example.org
		run "SET client_min_messages = error; CREATE TABLE IF NOT EXISTS _prisma_migrations (migration_name text,
			started_at timestamptz DEFAULT clock_timestamp(), finished_at timestamptz, rolled_back_at timestamptz)"
		git -C "$bare" ls-tree --name-only main prisma/migrations/ | grep -v toml | while read -r path; do
			name=${path##*/} state=success text="applied 1 migration"
			[[ $(run "SELECT count(*) FROM _prisma_migrations WHERE migration_name = '$name'") == 0 ]] || continue
			if run "$(git -C "$bare" show "main:$path/migration.sql")" 2>/dev/null; then
				run "INSERT INTO _prisma_migrations VALUES ('$name', DEFAULT, now())"
			else
				run "INSERT INTO _prisma_migrations VALUES ('$name')"
				state=failure text="$name: it failed"
			fi
			git -C "$bare" notes --ref=headgate/shop append -m "$state headgate/shop: $text" main
		done
		echo "all is done"
	END
}

must_fail() { # FRAGMENT COMMAND…: the command ends the scenario, and its report holds the fragment
	local fragment=$1 output status=0
	shift
	output=$( (
		trap - EXIT
		"$@"
	) 2>&1) || status=$?
	expect "'$*' fails with '$fragment'" "1 yes" "$status $([[ $output == *"$fragment"* ]] && echo yes || printf '%s' "$output")"
}

must_end_with() { # FRAGMENT LINE: the same for a scenario of its own, which holds one line and leaves no database behind
	local fragment=$1 output name status=0
	printf 'source "%s/lib.sh"\nscenario "one line"\ngiven_database\nsay "database $database"\n%s\n' \
		"$(dirname "$(readlink -f "$0")")" "$2" >"$scratch/line.sh"
	output=$(bash "$scratch/line.sh" 2>&1) || status=$?
	expect "'$2' ends with '$fragment'" "1 yes" "$status $([[ $output == *"$fragment"* ]] && echo yes || printf '%s' "$output")"
	name=$(sed -n 's/^database //p' <<<"$output")
	expect "databases left behind by '$2'" "${name:+0}" "$(superuser_sql postgres "SELECT count(*) FROM pg_database WHERE datname = '$name'")"
}

source "$(dirname "$0")/lib.sh"
scenario "scenarios can fail, and say why"
headgate_binary=$scratch/headgate
stand_in >"$headgate_binary"
chmod +x "$headgate_binary"

given_repository
given_database
given_config
baseline
first=$commit
on_branch users
migration 1_users 'CREATE TABLE users (id int);' 'DROP TABLE users;'
commit_as bob "Add users"
merge_branch users as alice
merged=$commit
push
reconcile
migration 2_broken 'CREATE TABLE;'
commit_as alice "Break it"
push
reconcile

expect_exit 0
must_fail "expected: exit code of 'headgate reconcile --target shop': 3" expect_exit 3
must_fail "words_test.sh:" expect_exit 3
must_fail "all is done" expect_exit 3
expect_output "all is done"
must_fail "to say: nothing like it" expect_output "nothing like it"
expect_no_output "nothing like it"
must_fail "not to say: all is done" expect_no_output "all is done"

expect_table users
expect_table public.users
must_fail "table 'orders' is there: t" expect_table orders
expect_no_table orders
must_fail "table 'users' is there: f" expect_no_table users
expect_sql "SELECT rolsuper FROM pg_roles WHERE rolname = current_user" f
must_fail "SELECT 1: 2" expect_sql "SELECT 1" 2

expect_ledger 1_users applied
expect_ledger 2_broken failed
expect_ledger 3_none absent
expect_ledger_rows 1_users 1
must_fail "the ledger about '1_users': rolled_back" expect_ledger 1_users rolled_back
must_fail "the ledger about '2_broken': absent" expect_ledger 2_broken absent
must_fail "expect_ledger 1_users done" expect_ledger 1_users "done"

expect_status "$merged" success "applied 1"
expect_status "$commit" failure "it failed"
expect_no_status "$first"
must_fail "actual:   failure 2_broken: it failed" expect_status "$commit" success "it failed"
must_fail "actual:   success applied 1 migration" expect_status "$merged" success "applied 2"
must_fail "actual:   none" expect_status "$first" success ""
must_fail "actual:   success applied 1 migration" expect_no_status "$merged"
git -C "$bare" -c user.name=Agent -c user.email=agent@example.org notes --ref=headgate/shop append -m "  2026-01-01 00:00:00 UTC  pending  planned: apply 1 migration" "$merged"
expect_earlier_status "$merged" pending "planned: apply"
must_fail "planned: apply 1 migration" expect_earlier_status "$merged" failure "planned"
must_fail "actual:   none" expect_earlier_status "$first" pending ""

headgate list
expect_json '.[0].name == "shop"'
must_fail '[{"name": "shop"}]' expect_json 'length == 2'
headgate frobnicate
expect_exit 64
must_fail "to print JSON" expect_json 'true'
must_fail "AddressSanitizer: heap-use-after-free" headgate broken
reconcile_dies_at apply
must_fail "to be killed at 'verify'" reconcile_dies_at verify
agent_starts
wait_until 5 "the agent runs" kill -0 "$agent"
agent_stops
expect_exit 0
agent_starts
agent_dies
must_fail "not within the time given" wait_until 0 "never" false

on_branch more
migration 3_more 'SELECT 1;'
commit_unsigned "More"
merge_branch more unsigned
push
signature() { # COMMIT -> git's letter and the signer
	git_as alice -c gpg.ssh.allowedSignersFile="$keys/allowed_signers" log -1 --format='%G? %GS' "$1"
}
expect "signature of an unsigned merge" "N " "$(signature "$commit")"
revert_as alice "$commit" "Headgate-Rollback: down"
expect "signature of the revert" "G alice@example.org" "$(signature "$commit")"
expect "trailer of the revert" "down" "$(git -C "$work" log -1 --format='%(trailers:key=Headgate-Rollback,valueonly)' | head -n 1)"
expect "folder after the revert" "gone" "$([[ -e $work/prisma/migrations/3_more ]] || echo gone)"
commit_as mallory "Nothing" --allow-empty
expect "signature of a stranger" "U" "$(signature "$commit" | cut -c1)"

must_end_with "it expects nothing" 'true'
must_end_with "ended with 3" 'psql -qX "${HEADGATE_TEST_URL_BASE}postgres" -v ON_ERROR_STOP=1 -f - <<<"SELECT 1 / 0"; expect a b b'
must_end_with "division by zero" 'sql "SELECT 1 / 0"; expect a b b'
must_end_with "every step to succeed" 'false; expect a b b'
