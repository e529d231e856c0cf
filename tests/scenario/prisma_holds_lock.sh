#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/sessions.sh"
scenario "a Prisma client that holds the lock is named, and the run goes on when it gave it back"

given_repository
given_database
given_strict_policy "apply: {lock_budget: 1s}"
given_config policy=policies/strict.yaml
baseline
session_opens prisma-migrate
session_does prisma-migrate "SELECT pg_advisory_lock(72707369);"
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push
reconcile
expect_exit 5
expect_output "A001"
expect_output "application 'prisma-migrate', user '$owner'"
expect_output "pg_terminate_backend"
expect_status "$commit" pending "A001"
expect_no_table users

# It gives it back while a pass waits.
session_asks prisma-migrate "SELECT pg_sleep(0.7); SELECT pg_advisory_unlock(72707369);"
reconcile
expect_exit 0
expect_table users
expect_status "$commit" success "applied 1 migration"
# And ours is given back, too.
expect_sql "SELECT pg_try_advisory_lock(72707369)" t
