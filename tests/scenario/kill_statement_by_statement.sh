#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/kills.sh"
source "$(dirname "$0")/prisma.sh"
scenario "killed between statements, the agent goes on at the one that is missing, and asks a person where the catalog cannot tell"

given_repository
given_database
superuser_sql "$database" "CREATE SCHEMA side AUTHORIZATION $owner" >/dev/null
given_strict_policy
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY, email text); CREATE TABLE side.users (id int);'
commit_as alice "Users"
push
reconcile
number=10
for point in apply_open_row apply_statement apply_statement:2 apply_statement:3 apply_statement:4 apply confirm; do
	number=$((number + 1))
	migration "202601${number}000000_t" "CREATE INDEX CONCURRENTLY i$number ON users (email);
SET search_path = side;
CREATE INDEX CONCURRENTLY i$number ON users (id);
DROP INDEX CONCURRENTLY public.i$number;" "DROP INDEX CONCURRENTLY side.i$number;
DROP INDEX CONCURRENTLY IF EXISTS i$number;"
	commit_as alice "Killed at $point"
	push
	dies_and_goes_on "$point"
	expect_sql "SELECT to_regclass('i$number') IS NULL, to_regclass('side.i$number') IS NOT NULL" "t|t"
	expect_ledger "202601${number}000000_t" applied
	expect_ledger_rows "202601${number}000000_t" 1
	expect_one_last_word "$commit"
	expect_status "$commit" success "applied 1 migration"
done

for point in apply_open_row apply_statement apply_statement:2 apply; do
	git -C "$work" rm -rq "prisma/migrations/202601${number}000000_t"
	commit_as alice "Back, killed at $point"
	push
	dies_and_goes_on "$point"
	expect_sql "SELECT to_regclass('side.i$number') IS NULL" t
	expect_ledger "202601${number}000000_t" rolled_back
	expect_one_last_word "$commit"
	number=$((number - 1))
done

migration 20260201000000_maybe $'CREATE INDEX CONCURRENTLY maybe ON users (email);\nINSERT INTO users VALUES (1);'
commit_as alice "Killed at an INSERT"
push
reconcile_dies_at apply_statement:2
reconcile
expect_exit 6
expect_output "A009"
expect_output "statement 2 of 2, INSERT"
expect_ledger 20260201000000_maybe failed
sql "INSERT INTO users VALUES (1)"
prisma_resolves 20260201000000_maybe applied
reconcile
expect_exit 0
expect_sql "SELECT count(*) FROM users" 1
expect_status "$commit" success "applied 1 migration"
expect_journal_intact
