#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/prisma.sh"
scenario "a file that fails after a COMMIT of its own halts the target, names what took effect, and goes on once a person resolved it"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
text=$'BEGIN;\nCREATE TABLE users (id bigint PRIMARY KEY);\nCOMMIT;\nBEGIN;\nCREATE TABLE orders (id bigint REFERENCES customers);\nCOMMIT;'
migration 20260101000000_two "$text"
commit_as alice "Two in one"
push
reconcile
expect_exit 6
expect_output "A004"
expect_output "42P01 undefined_table"
expect_output "CREATE TABLE"
expect_output "headgate resolve --target shop"
expect_table users
expect_no_table orders
expect_ledger 20260101000000_two failed
expect_status "$commit" failure "A004"

# Nothing goes on by itself, however often it looks; also not what comes later.
migration 20260102000000_later 'CREATE TABLE later (id bigint);'
commit_as alice "Something later"
later=$commit
push
reconcile
expect_exit 6
reconcile
expect_exit 6
headgate status
expect_exit 6
expect_output "headgate resolve --target shop"
expect_no_table later
expect_ledger_rows 20260101000000_two 1
headgate retry
reconcile
expect_exit 6

sql "CREATE TABLE orders (id bigint)"
prisma_resolves 20260101000000_two applied
reconcile
expect_exit 0
expect_ledger 20260101000000_two applied
expect_table later
expect_status "$later" success "applied 1 migration"
headgate status
expect_exit 0

# The same again; this time the person takes back what took effect, and the file is corrected.
migration 20260103000000_third $'CREATE TABLE a (id int);\nCOMMIT;\nCREATE TABLE a (id int);'
commit_as alice "A table twice"
push
reconcile
expect_exit 6
expect_table a
expect_output "A004"
sql "DROP TABLE a"
prisma_resolves 20260103000000_third rolled-back
migration 20260103000000_third 'CREATE TABLE a (id int);'
commit_as alice "A table once"
push
reconcile
expect_exit 0
expect_table a
expect_ledger 20260103000000_third applied
expect_ledger_rows 20260103000000_third 2
expect_status "$commit" success "applied 1 migration"
