#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "the default branch is followed, a missing branch is named with those there are, and an empty repository is waited for"

given_repository empty
given_database
given_config branch=
headgate baseline HEAD
expect_exit 5
expect_output "G004"
expect_output "it has no commits yet"

git -C "$work" switch -q -c trunk
git -C "$bare" symbolic-ref HEAD refs/heads/trunk
mkdir -p "$work/prisma/migrations"
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Start on trunk"
push
baseline
reconcile
expect_exit 0
expect_table users

given_config branch=main
reconcile
expect_exit 6
expect_output "G003" # way out: G003
expect_output "'trunk'"
headgate status
expect_exit 6
expect_output "G003"

given_config branch=trunk
reconcile
expect_exit 0
