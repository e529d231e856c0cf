#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "what reaches beyond the database, and what only psql understands, is refused before a backup is taken"

given_repository
given_database
given_config policy=policies/staging.yaml
baseline

refused() { # SQL FRAGMENT
	migration 20260101000000_it $'CREATE TABLE it (id int);\n'"$1"
	commit_as alice "Try: ${1:0:30}"
	push
	reconcile
	expect_exit 3
	expect_output "P002" # way out: P002
	expect_output "line 2: CREATE DATABASE" # the first one stands in the way until a later one passes
	expect_status "$commit" failure "$2"
}
refused "CREATE DATABASE other;" "line 2: CREATE DATABASE"
refused "COPY it FROM PROGRAM 'id';" "line 2: COPY FROM PROGRAM"
refused "ALTER SYSTEM SET work_mem = '1GB';" "line 2: ALTER SYSTEM"
refused $'COPY it FROM stdin;\n1\n\\.' "line 3"
refused $'\\connect other' "line 2"
refused "COPY it FROM STDIN;" "line 2: COPY … FROM STDIN"
refused "SELECT 1 +;" "line 2"
expect_no_table it
expect_no_table _prisma_migrations
expect "backups" "" "$(ls "$scratch/backups" 2>/dev/null)"

# The words alone do no harm.
migration 20260101000000_it $'CREATE TABLE it (id int); -- CREATE DATABASE\nCOMMENT ON TABLE it IS \'ALTER SYSTEM; COPY it FROM STDIN; \\\\connect\';'
commit_as alice "Only words"
push
reconcile
expect_exit 0
expect_table it

# A statement that the parser cannot see: the server takes its data from nobody, and the file fails.
migration 20260102000000_hidden $'CREATE TABLE hidden (id int);\nDO $$ BEGIN EXECUTE \'COPY hidden FROM STDIN\'; END $$;'
commit_as alice "A hidden COPY"
push
reconcile
expect_exit 1
expect_output "A003"
expect_no_table hidden
