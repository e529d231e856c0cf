#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "files with CONCURRENTLY go statement by statement, forward and back, and the plan says so"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY, email text, name text);'
migration 20260102000000_email $'-- CONCURRENTLY stands in this comment, too\nCREATE INDEX CONCURRENTLY users_email ON users (email);' \
	'DROP INDEX CONCURRENTLY users_email;'
migration 20260103000000_name $'SET statement_timeout = \'1h\';\nCREATE INDEX CONCURRENTLY "users Name" ON users (name);\nREINDEX INDEX CONCURRENTLY users_email;\nALTER TABLE users ADD COLUMN age int;' \
	$'ALTER TABLE users DROP COLUMN age;\nDROP INDEX CONCURRENTLY IF EXISTS "users Name";\nDROP INDEX CONCURRENTLY IF EXISTS nowhere;'
commit_as alice "Users and their indexes"
push
headgate plan
expect_exit 2
expect_output "statement by statement"
reconcile
expect_exit 0
expect_sql "SELECT count(*) FROM pg_index WHERE indrelid = 'users'::regclass AND indisvalid" 3
expect_ledger_rows 20260102000000_email 1
expect_ledger 20260103000000_name applied
expect_sql "SELECT applied_steps_count, logs IS NULL FROM _prisma_migrations WHERE migration_name LIKE '%name'" "1|t"
expect_status "$commit" success "applied 3 migrations"

git -C "$work" rm -rq prisma/migrations/20260102000000_email prisma/migrations/20260103000000_name
commit_as alice "No indexes"
push
reconcile
expect_exit 0
expect_sql "SELECT count(*) FROM pg_index WHERE indrelid = 'users'::regclass" 1
expect_ledger 20260102000000_email rolled_back
expect_ledger 20260103000000_name rolled_back
expect_sql "SELECT count(*) FROM _prisma_migrations WHERE finished_at IS NULL" 0
expect_status "$commit" success "rolled back 2 migrations"
