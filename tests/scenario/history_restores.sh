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
headgate history "$run"
expect_exit 0
expect_output "restore"
headgate history "$run" --output json
line=$(jq -r .backup.restore "$scratch/out")
say "$line"
file=$(jq -r .backup.file "$scratch/out")
expect "the backup's mode" 600 "$(stat -c %a "$file")"
expect "the backup's hash" "$(jq -r .backup.sha256 "$scratch/out")" "$(sha256sum "$file" | cut -d' ' -f1)"

superuser_sql postgres "CREATE DATABASE ${database}_back OWNER $owner"
closers+=(drop_restored)
drop_restored() {
	superuser_sql postgres "DROP DATABASE IF EXISTS ${database}_back WITH (FORCE)" >/dev/null
}
