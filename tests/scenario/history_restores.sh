#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "the pg_restore line that history shows brings the backup back into a new database"

given_repository
given_database
given_config policy=policies/staging.yaml
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY, email text);' 'DROP TABLE users;'
commit_as alice "Add users"
push
reconcile
expect_exit 0
sql "INSERT INTO users VALUES (1, 'ann@example.org'), (2, 'bob@example.org')"

migration 20260102000000_no_email 'ALTER TABLE users DROP COLUMN email;'
commit_as alice "Nobody needs addresses"
push
reconcile
expect_exit 0
expect_earlier_status "$commit" pending "backup .* done, applying 1 migration"

headgate history --output json
run=$(jq '.[0].run' "$scratch/out")
headgate history "$run" --output json
file=$(jq -r .backup.file "$scratch/out")
expect "the backup's mode" 600 "$(stat -c %a "$file")"
expect "the backup's hash" "$(jq -r .backup.sha256 "$scratch/out")" "$(sha256sum "$file" | cut -d' ' -f1)"
headgate history "$run"
expect_exit 0
line=$(sed -n 's/^ *restore *//p' "$scratch/out")

# Typed as it stands, by a role that may create databases.
superuser_sql postgres "ALTER ROLE $owner CREATEDB"
database_of[restored]=${database}_restored owner_of[restored]=$owner
bash -c "$line"
expect_sql "SELECT string_agg(email, ' ' ORDER BY id) FROM users" "ann@example.org bob@example.org" restored
expect_ledger 20260101000000_users applied restored
expect_ledger 20260102000000_no_email absent restored
expect_sql "SELECT count(*) FROM information_schema.columns WHERE table_name = 'users'" 1
