#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "two migration folders in one repository are two targets, and a commit has words only for those it touches"

given_repository
given_database shop
given_database billing
given_strict_policy
given_config policy=policies/strict.yaml migrations=apps/shop/prisma/migrations
given_target billing policy=policies/strict.yaml migrations=apps/billing/prisma/migrations
baseline "$commit" shop
baseline "$commit" billing

migrations_folder=apps/shop/prisma/migrations
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users to the shop"
shop=$commit
migrations_folder=apps/billing/prisma/migrations
migration 20260101000000_bills 'CREATE TABLE bills (id bigint PRIMARY KEY);'
commit_unsigned "Add bills to billing"
billing=$commit
push

headgate reconcile
expect_exit 4
expect_table users shop
expect_no_table bills billing
expect_status "$shop" success "applied 1 migration" shop
expect_no_status "$billing" shop
expect_no_status "$shop" billing
expect_status "$billing" failure "V002" billing
