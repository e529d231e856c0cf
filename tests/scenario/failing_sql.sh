#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "a migration that fails leaves nothing behind but a row that blocks nobody, and is applied once it is corrected under its name"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY, email text, code text);'
commit_as alice "Add users"
push
reconcile
expect_exit 0
secret=planted-4711@example.org
sql "INSERT INTO users VALUES (1, '$secret', '$secret'), (2, '$secret', '7')"

says_no_value() { # no status, message, log, journal or ledger holds what stands in a row
	expect_no_output "$secret"
	headgate history --log-level debug
	headgate status --log-level debug --output json
	expect_no_output "$secret"
	expect "notes that hold the value" 0 "$(git -C "$bare" log -p --all | grep -c "$secret" || true)"
	expect "parts of the journal that hold the value" "" "$(grep -rlF "$secret" "$scratch/state" | grep -v '/runs/' || true)"
	expect_sql "SELECT count(*) FROM _prisma_migrations WHERE logs LIKE '%$secret%'" 0
}

# The value stands in the server's message.
migration 20260102000000_codes $'CREATE TABLE codes (id bigint);\n\nALTER TABLE users\n  ALTER COLUMN code TYPE int USING code::int;'
commit_as alice "Codes are numbers"
push
headgate reconcile --log-level debug
expect_exit 1
expect_output "A003"
expect_output "22P02 invalid_text_representation"
says_no_value
expect_no_table codes
expect_status "$commit" failure "22P02"
expect_status "$commit" failure "headgate history"

# In its DETAIL; and here it can tell the line.
migration 20260102000000_codes $'CREATE TABLE codes (id bigint);\n\nCREATE UNIQUE INDEX users_email_key ON users (email);\nINSERT INTO nobody VALUES (1);'
commit_as alice "Addresses are unique"
push
reconcile
expect_exit 1
expect_output "23505 unique_violation on users_email_key"
says_no_value
expect_status "$commit" failure "20260102000000_codes"

# In what a function raises, under a code whose messages are public otherwise.
migration 20260102000000_codes $'CREATE TABLE codes (id bigint);\nDO $$ DECLARE v text; BEGIN SELECT email INTO v FROM users LIMIT 1; RAISE EXCEPTION \'bad %\', v USING ERRCODE = \'42704\'; END $$;'
commit_as alice "A check that shouts"
push
reconcile
expect_exit 1
expect_output "42704"
says_no_value

migration 20260102000000_codes $'CREATE TABLE codes (id bigint);\n-- a comment\nALTER TABLE missing ADD COLUMN x int;'
commit_as alice "The wrong table"
push
reconcile
expect_exit 1
expect_output "20260102000000_codes"
expect_output "42P01 undefined_table"
expect_output "line 3"
reconcile
expect_exit 1
reconcile
expect_exit 1
expect_no_table codes
expect_sql "SELECT count(*) FROM _prisma_migrations WHERE checksum = '$(sha256sum "$work/prisma/migrations/20260102000000_codes/migration.sql" | cut -d' ' -f1)'" 1
# As Prisma sees it: pending, nothing failed, nothing in the way.
expect_sql "SELECT count(*) FROM _prisma_migrations WHERE finished_at IS NULL AND rolled_back_at IS NULL" 0
expect_sql "SELECT count(*) FROM _prisma_migrations WHERE migration_name LIKE '%codes' AND applied_steps_count = 0 AND logs LIKE '%failed in%'" 4
failed=$commit

migration 20260102000000_codes 'CREATE TABLE codes (id bigint);'
commit_as alice "Codes, corrected"
push
reconcile
expect_exit 0
expect_table codes
expect_ledger 20260102000000_codes applied
expect_ledger_rows 20260102000000_codes 5
expect_status "$commit" success "applied 1 migration"
expect_status "$failed" failure "corrected by ${commit:0:8}"
