#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/sessions.sh"
source "$(dirname "$0")/kills.sh"
scenario "SIGTERM and SIGKILL during CREATE INDEX CONCURRENTLY leave the build to the server, and the next pass settles it"

given_repository
given_database
given_strict_policy "apply: {lock_budget: 1s}"
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY, email text);'
commit_as alice "Add users"
push
reconcile
expect_exit 0
session_opens writer

builds() { # INDEX SIGNAL: the build waits for the writer when the signal comes
	session_does writer "BEGIN; INSERT INTO users VALUES ($RANDOM$RANDOM);"
	migration "$1" "CREATE INDEX CONCURRENTLY i_$1 ON users (email);"
	commit_as alice "Index $1"
	push
	pass_starts
	wait_until 10 "the build" pass_is_in "CREATE INDEX CONCURRENTLY i_$1"
	kill "-$2" "$pass"
}

builds 20260102000000 TERM
pass_ends
expect_exit 5
expect_ledger 20260102000000 failed
expect "the build goes on at the server" 1 "$(superuser_sql postgres "SELECT count(*) FROM pg_stat_activity WHERE datname = '$database' AND query LIKE 'CREATE INDEX%'")"
# While it does, nothing can be said. Its session still holds Prisma's lock.
reconcile
expect_exit 5
session_does writer "COMMIT;"
reconcile
expect_exit 0
expect_sql "SELECT indisvalid FROM pg_index WHERE indexrelid = 'i_20260102000000'::regclass" t
expect_ledger 20260102000000 applied
expect_ledger_rows 20260102000000 1
expect_status "$commit" success "applied 1 migration"

builds 20260103000000 KILL
wait "$pass" || true
session_does writer "COMMIT;"
reconcile
expect_exit 0
expect_sql "SELECT indisvalid FROM pg_index WHERE indexrelid = 'i_20260103000000'::regclass" t
expect_ledger_rows 20260103000000 1
expect_status "$commit" success "applied 1 migration"

# The server ends it, too, and leaves an invalid index: it is cleaned up and built anew.
builds 20260104000000 KILL
wait "$pass" || true
superuser_sql postgres "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '$database' AND query LIKE 'CREATE INDEX%'" >/dev/null
session_does writer "COMMIT;"
expect_sql "SELECT indisvalid FROM pg_index WHERE indexrelid = 'i_20260104000000'::regclass" f
reconcile
expect_exit 0
expect_sql "SELECT indisvalid FROM pg_index WHERE indexrelid = 'i_20260104000000'::regclass" t
expect_sql "SELECT count(*) FROM pg_index WHERE NOT indisvalid" 0
expect_ledger_rows 20260104000000 1
expect_one_last_word "$commit"
expect_status "$commit" success "applied 1 migration"
expect_journal_intact
