#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "?schema= names the ledger's schema: it is made when it is missing, and two targets share a database by it"

given_repository
given_database shop
database_of[eu]=$database owner_of[eu]=$owner
given_strict_policy
given_config policy=policies/strict.yaml database_url="\"${database_url%\?*}?schema=shop\""
given_target eu policy=policies/strict.yaml database_url="\"${database_url%\?*}?schema=Shop%20EU\""
baseline "$commit" shop
baseline "$commit" eu

migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);' 'DROP TABLE users;'
commit_as alice "Add users"
migration 20260102000000_orders 'CREATE TABLE orders (user_id bigint REFERENCES users);' 'DROP TABLE orders;'
commit_as alice "Add orders"
push
headgate reconcile
expect_exit 0
expect_table shop.users
expect_table '"Shop EU".orders'
expect_no_table public.users
ledger_schema=shop expect_ledger 20260101000000_users applied
ledger_schema='"Shop EU"' expect_ledger 20260102000000_orders applied eu

revert_as alice "$commit"
push
headgate reconcile
expect_exit 0
expect_no_table shop.orders
expect_no_table '"Shop EU".orders'
ledger_schema=shop expect_ledger 20260102000000_orders rolled_back
