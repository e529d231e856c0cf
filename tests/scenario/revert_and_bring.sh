#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "a commit that reverts one migration and brings another is carried out in one pass, back first"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);' 'DROP TABLE orders;'
commit_as alice "Add orders"
push
reconcile

git -C "$work" rm -rq prisma/migrations/20260102000000_orders
migration 20260103000000_orders 'CREATE TABLE orders (id uuid PRIMARY KEY);' 'DROP TABLE orders;'
commit_as alice "Orders have UUIDs"
push
reconcile
expect_exit 0
expect_ledger 20260102000000_orders rolled_back
expect_ledger 20260103000000_orders applied
expect_sql "SELECT data_type FROM information_schema.columns WHERE table_name = 'orders'" uuid
expect_status "$commit" success "rolled back 1 migration, applied 1"
expect_earlier_status "$commit" pending ""
