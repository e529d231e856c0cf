#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "a baseline executes nothing; what its tree holds is applied by the first pass, whoever signed it, and it may be repeated"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
headgate reconcile
expect_exit 6
expect_output "W001"
expect_output "headgate baseline --target shop COMMIT"

migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_unsigned "Add users, before anybody signed"
push
headgate baseline 0000000000000000000000000000000000000000
expect_exit 64
expect_output "U006"
headgate baseline "${commit:0:12}"
expect_exit 0
expect_output "1 migration of its tree"
expect_no_table users
expect_no_table _prisma_migrations
headgate baseline HEAD
expect_exit 0
expect_output "there was a baseline before"

reconcile
expect_exit 0
expect_table users
expect_ledger 20260101000000_users applied
expect_status "$commit" success "applied 1 migration"

headgate baseline HEAD
expect_exit 0
reconcile
expect_exit 0
expect_ledger_rows 20260101000000_users 1
headgate status
expect_exit 0
