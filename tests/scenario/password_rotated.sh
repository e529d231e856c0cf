#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/sessions.sh"
given_own_server
scenario "a password that is rotated in the middle of a run: the pass fails, and the next one goes on with the new one"

# The cluster asks with_password, and nobody else, for its password.
given_repository
given_database
superuser_sql postgres "ALTER ROLE $owner RENAME TO with_password" >/dev/null
owner=with_password owner_of[shop]=with_password
sql() { superuser_sql "${database_of[${2:-$target}]}" "$1"; }
new_password() { superuser_sql postgres "ALTER ROLE with_password PASSWORD '$1'" >/dev/null; }
secret() { # FILE TEXT
	printf '%s\n' "$2" >"$scratch/$1"
	chmod 600 "$scratch/$1"
}
url() { # [:PASSWORD]
	printf 'postgresql://with_password%s@127.0.0.1:%s/%s?schema=public' "${1:-}" "$HEADGATE_TEST_PGPORT" "$database"
}
cut_off() {
	superuser_sql postgres "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'headgate/shop'" >/dev/null
}
given_strict_policy

rotates() { # N NEW COMMAND…: in the middle of the second of two migrations; COMMAND puts the new password where the agent finds it
	local first=2026010${1}000001_first second=2026010${1}000002_second
	migration "$first" "CREATE TABLE first_$1 (id int);"
	migration "$second" "CREATE TABLE second_$1 AS SELECT 1 AS it FROM pg_sleep(20) WHERE to_regclass('second_time') IS NULL;"
	commit_as alice "Two tables"
	push
	pass_starts
	wait_until 20 "the second migration to be at work" pass_is_in "second_$1"
	new_password "$2"
	cut_off
	pass_ends
	expect_exit 1
	expect_table "first_$1"
	expect_no_table "second_$1"
	expect_status "$commit" pending "trying again"
	sql "CREATE TABLE second_time (id int)"

	# Nobody has told the agent yet.
	reconcile
	expect_exit 1
	expect_output "D002"
	expect_output "28P01"
	expect_no_output "$2"
	expect_status "$commit" pending "trying again: cannot connect"

	"${@:3}"
	reconcile
	expect_exit 0
	expect_table "second_$1"
	expect_ledger_rows "$first" 1
	expect_ledger_rows "$second" 1
	expect_status "$commit" success "applied 2 migrations"
	sql "DROP TABLE second_time"
}

new_password ONE-old
secret shop.url "$(url :ONE-old)"
given_config policy=policies/strict.yaml database_url= database_url_file=shop.url
baseline
rotates 1 ONE-new secret shop.url "$(url :ONE-new)"

# The same with a command that asks a vault.
secret shop.url "$(url)"
secret vault.password "ONE-new"
printf '#!/bin/sh\ncat "%s/vault.password"\n' "$scratch" >"$scratch/vault"
chmod 700 "$scratch/vault"
given_config policy=policies/strict.yaml database_url= database_url_file=shop.url password_command="[$scratch/vault]"
rotates 2 TWO-new secret vault.password "TWO-new"

# A vault that is down is tried again; what it says is shown nowhere.
printf '#!/bin/sh\necho TWO-new; echo TWO-new >&2; exit 7\n' >"$scratch/vault"
migration 20260103000000_third "CREATE TABLE third (id int);"
commit_as alice "A third"
push
reconcile
expect_exit 1
expect_output "D012"
expect_output "exit status 7"
expect_output "$scratch/vault"
expect_no_output "TWO-new"
expect_status "$commit" pending "trying again: no password for the database"
chmod 702 "$scratch/vault"
reconcile
expect_exit 64
expect_output "password_command of target 'shop' cannot be used"
chmod 700 "$scratch/vault"
printf '#!/bin/sh\ncat "%s/vault.password"\n' "$scratch" >"$scratch/vault"

# Two passwords are one too many.
secret shop.url "$(url :TWO-new)"
reconcile
expect_exit 64
expect_output "two passwords"
secret shop.url "$(url)"
reconcile
expect_exit 0
expect_table third
expect "the password in no file of the agent's" "" "$(grep -rlE 'ONE-|TWO-' "$scratch/state" || true)"

# systemd's credentials: by their name.
mkdir -m 700 "$scratch/credentials"
secret credentials/shop.url "$(url :TWO-new)"
given_config policy=policies/strict.yaml database_url= database_url_file=credential:shop.url
headgate status
expect_exit 1
expect_output "/run/credentials/headgate.service/shop.url"
CREDENTIALS_DIRECTORY=$scratch/credentials headgate status
expect_exit 0
