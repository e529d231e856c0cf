#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/kills.sh"
scenario "killed at any moment from apply on, a migration in one transaction is applied exactly once, and its commit has one last word"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
number=10
for point in stage_begun:2 apply_before_begin apply_before_commit apply_after_commit apply_before_begin:2 apply_after_commit:2 \
	apply confirm report status_posted; do
	number=$((number + 2))
	migration "202601${number}000000_a" "CREATE TABLE a$number (id bigint PRIMARY KEY);"
	migration "202601${number}000001_b" "CREATE TABLE b$number (id bigint PRIMARY KEY);"
	commit_as alice "Killed at $point"
	push
	dies_and_goes_on "$point"
	expect_sql "SELECT to_regclass('a$number') IS NOT NULL, to_regclass('b$number') IS NOT NULL,
		(SELECT count(*) FROM _prisma_migrations WHERE migration_name LIKE '202601${number}%'),
		(SELECT count(*) FROM _prisma_migrations WHERE finished_at IS NULL OR rolled_back_at IS NOT NULL),
		(SELECT commit FROM headgate.deployed)" "t|t|2|0|$commit"
	expect_one_last_word "$commit"
	expect_status "$commit" success "applied 2 migrations"
done
expect_journal_intact
