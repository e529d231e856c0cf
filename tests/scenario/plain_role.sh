#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "a role that is no superuser and owns no more than its schema is told what it lacks, and then does all of it"

given_repository
given_database
superuser_sql postgres "CREATE ROLE ${owner}_app LOGIN" >/dev/null
superuser_sql "$database" "REVOKE CREATE ON SCHEMA public FROM PUBLIC; CREATE SCHEMA app AUTHORIZATION ${owner}_app" >/dev/null
database_of[app]=$database owner_of[app]=${owner}_app
given_config policy=policies/staging.yaml \
	database_url="\"postgresql://${owner}_app@127.0.0.1:$HEADGATE_TEST_PGPORT/$database?schema=app\""
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);' 'DROP TABLE users;'
migration 20260102000000_index 'CREATE INDEX CONCURRENTLY users_id ON users (id);' 'DROP INDEX CONCURRENTLY users_id;'
commit_as alice "Users and an index"
push

# It may not make the schema headgate; the lines for the owner of the database are printed.
reconcile
expect_exit 3
expect_output "D008" # way out: D008
expect_output "CREATE SCHEMA headgate"
expect_no_table app.users app
expect_status "$commit" failure "D008"
headgate status --output json
lines=$(jq -r '.. | .next? // empty' "$scratch/out" | grep -oE '(CREATE|GRANT|ALTER) [^;]*;' | sort -u)
say "$lines"
superuser_sql "$database" "$lines" >/dev/null
headgate retry
reconcile
expect_exit 0
expect_table app.users app
ledger_schema=app expect_ledger 20260102000000_index applied app
expect_status "$commit" success "applied 2 migrations"

git -C "$work" rm -rq prisma/migrations/20260102000000_index
commit_as alice "No index"
push
reconcile
expect_exit 0
ledger_schema=app expect_ledger 20260102000000_index rolled_back app
expect_status "$commit" success "rolled back 1 migration"
