#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "when the second of three down scripts fails, the newest stays rolled back and the others applied, until its cause is gone"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_base 'CREATE TABLE base (id bigint PRIMARY KEY);'
commit_as alice "The base"
migration 20260102000000_one 'CREATE TABLE one (id bigint PRIMARY KEY);' 'DROP TABLE one;'
migration 20260103000000_two 'CREATE TABLE two (id bigint PRIMARY KEY);' 'DROP TABLE two;'
migration 20260104000000_three 'CREATE TABLE three (id bigint PRIMARY KEY);' 'DROP TABLE three;'
commit_as alice "One, two, three"
brought=$commit
push
reconcile
expect_exit 0
sql "CREATE VIEW seen AS SELECT * FROM two"

revert_as alice "$brought"
reverted=$commit
push
reconcile
expect_exit 1
expect_output "A007"
expect_output "2BP01 dependent_objects_still_exist"
expect_output "headgate retry"
expect_no_table three
expect_table two
expect_table one
expect_ledger 20260104000000_three rolled_back
expect_ledger 20260103000000_two applied
expect_ledger 20260102000000_one applied
expect_status "$reverted" failure "A007"
reconcile
expect_exit 1
expect_output "as before"
headgate status
expect_exit 1
expect_output "A007"

sql "DROP VIEW seen"
headgate retry
expect_exit 0
reconcile
expect_exit 0
expect_no_table two
expect_no_table one
expect_ledger 20260103000000_two rolled_back
expect_ledger 20260102000000_one rolled_back
expect_status "$reverted" success "rolled back"
headgate status
expect_exit 0
