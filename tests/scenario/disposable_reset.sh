#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/prisma.sh"
scenario "a disposable database that people reset is filled again, and what Prisma brought back is adopted"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml disposable=true
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);' 'DROP TABLE users;'
commit_as alice "Add users"
push
reconcile
expect_exit 0

# Everything is gone, Headgate's own schema, too.
sql "DROP SCHEMA headgate CASCADE; DROP TABLE users, _prisma_migrations"
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'
commit_as alice "Add orders"
push
reconcile
expect_exit 0
expect_output "since the target is disposable"
expect_table users
expect_table orders
expect_status "$commit" success "applied 1 migration"

# npx prisma migrate reset: the schema is dropped and made anew, and all migrations are applied by Prisma.
sql "DROP TABLE users, orders, _prisma_migrations"
prisma_deploys 20260101000000_users
prisma_deploys 20260102000000_orders
reconcile
expect_exit 0
expect_output "since the target is disposable"
expect_output "'20260101000000_users' and 1 more were applied by another program and are adopted"
expect_ledger_rows 20260101000000_users 1

# What it was edited to is only reported.
printf 'CREATE TABLE users (id bigint PRIMARY KEY, email text);\n' >"$work/prisma/migrations/20260101000000_users/migration.sql"
commit_as alice "Edit users"
push
reconcile
expect_exit 0
expect_output "'20260101000000_users' was edited after it was applied"
expect_status "$commit" success "was edited after it was applied"

# A copy of another target's database is not its own.
sql "DROP TABLE users, orders, _prisma_migrations; UPDATE headgate.deployed SET target = 'production', journal = 'another'"
reconcile
expect_exit 6
expect_output "J004"
expect_no_table users
