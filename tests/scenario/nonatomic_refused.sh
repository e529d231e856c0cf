#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "where the policy says nonatomic: refuse, only files that fit into one transaction are applied"

given_repository
given_database
given_strict_policy "nonatomic: refuse"
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_users $'CREATE TABLE users (id bigint PRIMARY KEY, email text);\nCREATE TYPE mood AS ENUM (\'sad\');\nCREATE TABLE people (mood mood);'
commit_as alice "Add users"
push
reconcile
expect_exit 0

refused() { # SQL CODE EXIT
	migration 20260102000000_it "$1"
	commit_as alice "It: ${1:0:30}"
	push
	reconcile
	expect_exit "$3"
	expect_output "$2"
	expect_output "nonatomic: refuse"
	expect_status "$commit" failure "$2"
	expect_sql "SELECT count(*) FROM _prisma_migrations WHERE finished_at IS NULL AND rolled_back_at IS NULL" 0
	expect_sql "SELECT to_regclass('it') IS NULL" t
}
refused 'CREATE INDEX CONCURRENTLY it ON users (email);' P003 3 # way out: P003
refused $'BEGIN;\nCREATE TABLE it (id int);\nCOMMIT;' P003 3
# These are known only when they were tried; nothing of them stays.
refused $'CREATE TABLE it (id int);\nDO $$ BEGIN INSERT INTO it VALUES (1); COMMIT; END $$;' P003 3
refused $'ALTER TYPE mood ADD VALUE \'happy\';\nINSERT INTO people VALUES (\'happy\');\nCREATE TABLE it (id int);' P003 3
expect_sql "SELECT count(*) FROM pg_enum WHERE enumlabel = 'happy'" 0

migration 20260102000000_it 'CREATE TABLE it (id int);'
commit_as alice "It, at last"
push
reconcile
expect_exit 0
expect_table it
