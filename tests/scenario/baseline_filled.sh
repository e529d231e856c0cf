#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/prisma.sh"
scenario "a baseline on a database that others filled is refused by name"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml

sql "CREATE TABLE found (id int)"
headgate baseline HEAD
expect_exit 3
expect_output "W021"
expect_output "holds objects but no ledger"

sql "DROP TABLE found"
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push
prisma_deploys 20260101000000_users
headgate baseline HEAD
expect_exit 3
expect_output "W021"
expect_output "20260101000000_users"
reconcile
expect_exit 6
expect_output "W001"
expect_ledger_rows 20260101000000_users 1
