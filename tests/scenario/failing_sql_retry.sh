#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "a migration that failed is not tried again by itself; after headgate retry it is"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_audit $'CREATE TABLE audit (id bigint PRIMARY KEY);\nALTER TABLE legacy ADD COLUMN audited boolean;'
commit_as alice "Audit the legacy table"
push
reconcile
expect_exit 1
expect_output "A003" # way out: A003
expect_output "42P01"
expect_no_table audit
expect_ledger_rows 20260101000000_audit 1
expect_status "$commit" failure "42P01"

# Somebody makes what was missing. The refusal stands, and no row is added.
sql "CREATE TABLE legacy (id bigint)"
reconcile
expect_exit 1
expect_output "as before"
expect_no_table audit
expect_ledger_rows 20260101000000_audit 1
headgate status
expect_exit 1
expect_output "A003"

follow_hint "retry"
reconcile
expect_exit 0
expect_table audit
expect_ledger 20260101000000_audit applied
expect_ledger_rows 20260101000000_audit 2
expect_status "$commit" success "applied 1 migration"
