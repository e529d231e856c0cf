#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/prisma.sh"
scenario "a DO that commits, and an enum value that is used at once, cannot run in one transaction: they are sent statement by statement"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_mood $'CREATE TYPE mood AS ENUM (\'sad\');\nCREATE TABLE people (id int, mood mood);'
migration 20260102000000_happy $'ALTER TYPE mood ADD VALUE \'happy\';\nINSERT INTO people VALUES (1, \'happy\');\nALTER TABLE people ALTER COLUMN mood SET DEFAULT \'happy\';'
migration 20260103000000_batches $'CREATE TABLE batches (id int);\nDO $$ BEGIN FOR i IN 1..3 LOOP INSERT INTO batches VALUES (i); COMMIT; END LOOP; END $$;\nCREATE TABLE after_batches (id int);'
commit_as alice "Moods and batches"
push
reconcile
expect_exit 0
expect_sql "SELECT mood FROM people" happy
expect_sql "SELECT count(*) FROM batches" 3
expect_table after_batches
expect_ledger 20260102000000_happy applied
expect_ledger_rows 20260102000000_happy 1
expect_ledger_rows 20260103000000_batches 1
expect_status "$commit" success "applied 3 migrations"
headgate history --output json
headgate history "$(jq '.[0].run' "$scratch/out")" --output json
expect_output "sent statement by statement"

# A DO that fails may have committed on its way: nobody but a person knows.
migration 20260104000000_loop $'DO $$ BEGIN FOR i IN 4..6 LOOP INSERT INTO batches VALUES (i); COMMIT; IF i = 5 THEN RAISE EXCEPTION \'stop\'; END IF; END LOOP; END $$;'
commit_as alice "A loop that stops"
push
reconcile
expect_exit 6
expect_output "A004"
expect_sql "SELECT count(*) FROM batches" 5
expect_ledger 20260104000000_loop failed
sql "DELETE FROM batches WHERE id > 3"
prisma_resolves 20260104000000_loop rolled-back
revert_as alice "$commit"
push
reconcile
expect_exit 0
expect_ledger_rows 20260104000000_loop 1
