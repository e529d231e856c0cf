#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/prisma.sh"
scenario "a file that was killed after a function moved its search path is not gone on with in the wrong schema"

given_repository
given_database
superuser_sql "$database" "CREATE SCHEMA side AUTHORIZATION $owner" >/dev/null
given_strict_policy
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_moved "SELECT set_config('search_path', 'side', false);
CREATE TABLE made (id int);
CREATE INDEX CONCURRENTLY made_id ON side.made (id);
CREATE INDEX CONCURRENTLY made_again ON side.made (id);"
commit_as alice "Moved"
push
reconcile_dies_at apply_statement:4
expect_table side.made
reconcile
expect_exit 6
expect_output "A009" # way out: A009
expect_output "search path of its session is lost"
expect_no_table made
expect_ledger 20260101000000_moved failed

sql "CREATE INDEX IF NOT EXISTS made_id ON side.made (id); CREATE INDEX IF NOT EXISTS made_again ON side.made (id)"
follow_hint "resolve --target shop --applied"
reconcile
expect_exit 0
expect_status "$commit" success "applied 1 migration"
