#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "environments on different branches follow their own: production gets it when it is merged there"

given_repository
given_database staging
given_database production
given_strict_policy
given_config
target_names=()
given_target staging branch=staging policy=policies/strict.yaml
given_target production branch=main policy=policies/strict.yaml
on_branch staging
push
baseline "$commit" staging
baseline "$commit" production

migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as bob "Add users"
on_staging=$commit
push
headgate reconcile
expect_exit 0
expect_table users staging
expect_no_table users production
expect_status "$on_staging" success "applied 1 migration" staging

merge_branch staging as alice
push
headgate reconcile
expect_exit 0
expect_table users production
expect_status "$commit" success "applied 1 migration" production
expect_no_status "$on_staging" production
expect_no_status "$commit" staging
