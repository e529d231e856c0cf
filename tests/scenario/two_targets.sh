#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "two targets on one branch are reconciled each on its own, and the commit has a word for each"

given_repository
given_database shop
given_database shop-eu
given_strict_policy
given_config policy=policies/strict.yaml
given_target shop-eu policy=policies/strict.yaml
baseline "$commit" shop
baseline "$commit" shop-eu

migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push
reconcile shop
expect_exit 0
expect_table users shop
expect_no_table users shop-eu
expect_status "$commit" success "applied 1 migration" shop
expect_no_status "$commit" shop-eu

headgate status
expect_exit 2
headgate reconcile
expect_exit 0
expect_table users shop-eu
expect_status "$commit" success "applied 1 migration" shop-eu

# One that cannot go on does not hold up the other.
sql "CREATE TABLE orders (id bigint)" shop
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'
commit_as alice "Add orders"
push
headgate reconcile
expect_exit 1
expect_status "$commit" failure "A003" shop
expect_table orders shop-eu
expect_status "$commit" success "applied 1 migration" shop-eu
