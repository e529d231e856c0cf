#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/prisma.sh"
scenario "a team on Prisma observes, switches to apply, and may switch back at any time"

given_repository
given_database
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);' 'DROP TABLE users;'
commit_unsigned "Add users, long ago"
push
prisma_deploys 20260101000000_users
given_strict_policy
given_config policy=policies/strict.yaml mode=observe
baseline
expect_sql "SELECT to_regnamespace('headgate') IS NULL" t

# A week of both: nobody signs yet, and Prisma deploys.
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);' 'DROP TABLE orders;'
commit_unsigned "Add orders"
push
orders=$commit
reconcile
expect_status "$orders" success "observe: would refuse: "
prisma_deploys 20260102000000_orders
reconcile
expect_status "$orders" success "observe: applied by another"
migration 20260103000000_items 'CREATE TABLE items (id bigint PRIMARY KEY);' 'DROP TABLE items;'
commit_as alice "Add items, signed"
push
items=$commit
reconcile
expect_output "observes: would apply 1 migration"
expect_status "$items" success "observe: would apply 1 migration"

# The switch: what is pending is applied, and now the database knows whose it is.
given_config policy=policies/strict.yaml
headgate wait --commit "$items" --timeout 0 # what was said while it was only observed is no outcome
expect_exit 5
reconcile
expect_exit 0
expect_status "$items" success "applied 1 migration"
expect_status "$orders" success "observe: applied by another"
expect_table items
expect_ledger_rows 20260102000000_orders 1
expect_sql "SELECT target, epoch FROM headgate.deployed" "shop|1"

# From here on steps are judged: an unsigned one is refused.
migration 20260104000000_parts 'CREATE TABLE parts (id bigint PRIMARY KEY);'
commit_unsigned "Add parts"
push
parts=$commit
reconcile
expect_exit 4
expect_status "$parts" failure "refused: "
expect_no_table parts

# And back: Prisma deploys once more, and Headgate leaves the database alone.
given_config policy=policies/strict.yaml mode=observe
prisma_deploys 20260104000000_parts
before=$(sql "SELECT epoch, commit, at FROM headgate.deployed")
reconcile
expect_exit 0
expect_output "observes: agrees"
expect_status "$parts" success "observe: applied by another"
headgate rollback --target shop 20260103000000_items
expect_exit 3
expect_output "W027"
expect "headgate.deployed" "$before" "$(sql "SELECT epoch, commit, at FROM headgate.deployed")"

# A revert is only said, and done once the mode is apply.
revert_as alice "$items"
push
reconcile
expect_status "$commit" success "observe: would roll back 1 migration"
expect_table items
given_config policy=policies/strict.yaml
reconcile
expect_exit 0
expect_status "$commit" success "rolled back 1 migration"
expect_no_table items
expect_table parts
expect_sql "SELECT target, epoch FROM headgate.deployed" "shop|2"
