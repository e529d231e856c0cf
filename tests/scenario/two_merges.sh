#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "two merges that land at once are applied in one run, and each commit gets its own word"

given_repository
given_database
given_config
baseline

on_branch users
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as bob "Add users"
merge_branch users as alice
first=$commit
on_branch orders
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'
migration 20260103000000_lines 'CREATE TABLE lines (order_id bigint REFERENCES orders);'
commit_as bob "Add orders and their lines"
merge_branch orders as alice
push

reconcile
expect_exit 0
expect_table users
expect_table lines
expect_status "$first" success "applied 1 migration in"
expect_status "$commit" success "applied 2 migrations in"

headgate history --output json
expect_json 'length == 1 and (.[0].items | length) == 3'
