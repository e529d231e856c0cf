#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/sessions.sh"
scenario "while somebody holds the table, the application's queries wait no longer than lock_timeout, and the run goes on when he is done"

given_repository
given_database
given_policy locks $'trust: all\nbackup: {rule: required, keep: 9}\nrollback: free\napply: {lock_timeout: 100ms, lock_budget: 1s}'
given_config policy=policies/locks.yaml
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push
reconcile
expect_exit 0

session_opens report
session_does report "BEGIN; SELECT count(*) FROM users;"
reader=$(superuser_sql postgres "SELECT pid FROM pg_stat_activity WHERE application_name = 'report' AND datname = '${database_of[$target]}'")
migration 20260102000000_email 'ALTER TABLE users ADD COLUMN email text;'
commit_as alice "Users have an address"
push
pass_starts
# The application asks all the time. A query that came behind the waiting ALTER TABLE waits for it.
longest=0
while kill -0 "$pass" 2>/dev/null; do
	began=${EPOCHREALTIME//./}
	sql "SELECT count(*) FROM users" >/dev/null
	took=$((${EPOCHREALTIME//./} - began))
	longest=$((took > longest ? took : longest))
done
say "the longest query took $((longest / 1000)) ms"
pass_ends
expect_exit 5
expect_output "A005"
expect_output "55P03 lock_not_available"
expect_output "lock_timeout 100 ms"
expect_output "blocked by pid $reader (app 'report', user '${owner_of[$target]}', idle in transaction for "
expect_output "on 'users'"
expect_output "SELECT pg_terminate_backend($reader)"
expect "the longest query took less than 100 ms and its own connection's time" yes "$( ((longest < 600000)) && echo yes || echo "$longest µs")"
expect_status "$commit" pending "A005"
expect_status "$commit" pending "blocked by pid $reader (app 'report'"
expect_ledger 20260102000000_email absent
headgate status
expect_exit 5
expect_output "A005"
expect_output "blocked by pid $reader"
expect_no_output "SELECT count"
headgate history --output json
run=$(jq '.[0].run' "$scratch/out")
backups=$(find "$scratch/backups" -name '*.dump' | sort)

reconcile
expect_exit 5
session_does report "COMMIT;"
reconcile
expect_exit 0
expect_sql "SELECT count(*) FROM information_schema.columns WHERE column_name = 'email'" 1
expect_ledger_rows 20260102000000_email 1
expect_status "$commit" success "applied 1 migration"
headgate history --output json
expect "the run" "$run" "$(jq '.[0].run' "$scratch/out")"
expect "the backups" "$backups" "$(find "$scratch/backups" -name '*.dump' | sort)"
