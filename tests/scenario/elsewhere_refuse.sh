#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/prisma.sh"
scenario "where the policy says elsewhere: refuse, a person accepts what another program applied"

given_repository
given_database
given_strict_policy "elsewhere: refuse"
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push
prisma_deploys 20260101000000_users
reconcile
expect_exit 3
expect_output "W018" # way out: W018
expect_output "'20260101000000_users' was applied by another program"
expect_output "headgate resolve --target shop --accept 20260101000000_users"
expect_status "$commit" failure "W018"
headgate status
expect_exit 3
expect_output "W018"

follow_hint "resolve --target shop --accept"
reconcile
expect_exit 0
expect_status "$commit" success "already applied by another, unverified"
