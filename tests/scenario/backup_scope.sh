#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "what the role may not read is named as the grants that mend it, or the policy asks for the schema alone"

given_repository
given_database
superuser_sql "$database" "CREATE SCHEMA private; CREATE TABLE private.payroll (secret text); INSERT INTO private.payroll VALUES ('planted-4711')" >/dev/null
given_config policy=policies/staging.yaml
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push
reconcile
expect_exit 3
expect_output "B004" # way out: B004
expect_output "GRANT USAGE ON SCHEMA private TO $owner;"
expect_output "GRANT SELECT"
expect_output "scope: schema"
expect_no_table users
expect_status "$commit" failure "B004"
expect "backups" "" "$(ls "$scratch/backups" 2>/dev/null)"

# The grants, exactly as they were printed (a terminal breaks the line).
headgate status --output json
jq -r '.. | .next? // empty' "$scratch/out" | grep -o 'GRANT [^;]*;' | sort -u >"$scratch/grants.sql"
say "$(cat "$scratch/grants.sql")"
superuser_sql "$database" "$(cat "$scratch/grants.sql")" >/dev/null
headgate retry
reconcile
expect_exit 0
expect_table users
backup=$(find "$scratch/backups" -name '*.dump')
expect "payroll in the backup" 1 "$(pg_restore -f - "$backup" | grep -c planted-4711)"

# Without them, the policy may ask for less, and history says so.
superuser_sql "$database" "REVOKE ALL ON SCHEMA private FROM $owner; REVOKE ALL ON ALL TABLES IN SCHEMA private FROM $owner" >/dev/null
sed 's/scope: database/scope: schema/' "$source_root/policies/staging.yaml" >"$scratch/policies/staging.yaml"
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'
commit_as alice "Add orders"
push
reconcile
expect_exit 0
expect_table orders
headgate history --output json
headgate history "$(jq '.[0].run' "$scratch/out")" --output json
expect_json '.backup.scope == "schema"'
backup=$(jq -r .backup.file "$scratch/out")
expect "users in the backup" 1 "$(pg_restore -f - "$backup" | grep -c 'CREATE TABLE public.users')"
expect "payroll in the backup" 0 "$(pg_restore -f - "$backup" | grep -c payroll || true)"
