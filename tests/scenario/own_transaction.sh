#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "a file with its own BEGIN and COMMIT is sent as it is, and what fails before its first COMMIT is without effect"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_status $'BEGIN;\nCREATE TYPE status AS ENUM (\'new\');\nCREATE TABLE orders (id bigint, status status);\nCOMMIT;' \
	$'BEGIN;\nDROP TABLE orders;\nDROP TYPE status;\nCOMMIT;'
commit_as alice "Orders have a status"
push
headgate plan
expect_output "its own transactions"
reconcile
expect_exit 0
expect_table orders
expect_ledger 20260101000000_status applied
expect_ledger_rows 20260101000000_status 1
expect_status "$commit" success "applied 1 migration"

migration 20260102000000_swap $'BEGIN;\nCREATE TYPE status_new AS ENUM (\'new\', \'old\');\nALTER TABLE orders ADD COLUMN other missing_type;\nCOMMIT;'
commit_as alice "Swap the type"
push
reconcile
expect_exit 1
expect_output "A003"
expect_output "42704 undefined_object"
expect_output "line 3"
expect_sql "SELECT to_regtype('status_new') IS NULL" t
expect_ledger 20260102000000_swap rolled_back
expect_sql "SELECT finished_at IS NULL, logs LIKE '%42704%' FROM _prisma_migrations WHERE migration_name LIKE '%swap'" "t|t"
expect_status "$commit" failure "42704"
reconcile
expect_exit 1
expect_ledger_rows 20260102000000_swap 1

migration 20260102000000_swap $'BEGIN;\nCREATE TYPE status_new AS ENUM (\'new\', \'old\');\nCOMMIT;'
commit_as alice "Swap the type, corrected"
push
reconcile
expect_exit 0
expect_sql "SELECT to_regtype('status_new') IS NULL" f
expect_ledger 20260102000000_swap applied

# A down of the same kind.
git -C "$work" rm -rq prisma/migrations/20260102000000_swap prisma/migrations/20260101000000_status
migration 20260102000000_swap "$(git -C "$work" show HEAD:prisma/migrations/20260102000000_swap/migration.sql)"
commit_as alice "Orders have no status"
push
reconcile
expect_exit 0
expect_no_table orders
expect_ledger 20260101000000_status rolled_back
expect_sql "SELECT finished_at IS NOT NULL FROM _prisma_migrations WHERE migration_name LIKE '%status'" t
expect_status "$commit" success "rolled back 1 migration"
