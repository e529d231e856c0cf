#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "what a file does to its session does not reach the next file, nor the ledger"

given_repository
given_database
superuser_sql postgres "CREATE ROLE ${owner}_other NOLOGIN; GRANT ${owner}_other TO $owner" >/dev/null
superuser_sql "$database" "CREATE SCHEMA elsewhere AUTHORIZATION $owner; CREATE SCHEMA hidden AUTHORIZATION ${owner}_other" >/dev/null
closers+=(drop_other)
drop_other() {
	superuser_sql "$database" "DROP OWNED BY ${owner}_other" >/dev/null
	superuser_sql postgres "DROP ROLE ${owner}_other" >/dev/null
}
given_strict_policy
given_config policy=policies/strict.yaml
baseline
# Each file leaves something behind, and each later one would fail, or end elsewhere, if it were still there.
migration 20260101000000_role $'SET ROLE '"${owner}_other"$';\nCREATE TABLE hidden.secret (id int);'
migration 20260102000000_path $'SELECT set_config(\'search_path\', \'\', false);\nCREATE TABLE public.named (id int);'
migration 20260103000000_schema $'CREATE TABLE plain (id int);\nSET search_path = elsewhere;\nCREATE TABLE of_elsewhere (id int);'
migration 20260104000000_time $'SET statement_timeout = 20;\nCREATE TABLE quick (id int);'
migration 20260105000000_slow $'SELECT pg_sleep(0.1);\nCREATE TABLE slow (id int);'
migration 20260106000000_prepared $'PREPARE it AS SELECT 1;\nDECLARE c CURSOR WITH HOLD FOR SELECT 1;\nCREATE TEMP TABLE plain (other text);\nLISTEN it;\nSET standard_conforming_strings = off;\nSET check_function_bodies = off;'
migration 20260107000000_again $'PREPARE it AS SELECT 2;\nDECLARE c CURSOR WITH HOLD FOR SELECT 1;\nINSERT INTO plain (id) VALUES (1);\nCREATE TABLE quoted AS SELECT \'a\\b\'::text AS t;'
# The same in ways two and three, where the ledger's row is open meanwhile.
migration 20260108000000_two $'BEGIN;\nSET ROLE '"${owner}_other"$';\nSET search_path = hidden;\nCREATE TABLE of_two (id int);\nCOMMIT;'
migration 20260109000000_three $'SET ROLE '"${owner}_other"$';\nSET search_path = hidden;\nCREATE INDEX CONCURRENTLY secret_id ON secret (id);'
migration 20260110000000_last 'CREATE TABLE last (id int);'
commit_as alice "Files that change their session"
push
reconcile
expect_exit 0
expect_sql "SELECT schemaname || '.' || tablename || ' ' || (tableowner = '$owner') FROM pg_tables
	WHERE schemaname IN ('public', 'elsewhere', 'hidden') AND tablename <> '_prisma_migrations' ORDER BY 1" \
	"elsewhere.of_elsewhere true
hidden.of_two false
hidden.secret false
public.last true
public.named true
public.plain true
public.quick true
public.quoted true
public.slow true"
expect_sql "SELECT t FROM quoted" 'a\b'
expect_sql "SELECT count(*) FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL" 10
expect_status "$commit" success "applied 10 migrations"
