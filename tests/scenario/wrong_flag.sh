#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "a command line that is not understood ends with 64, names the nearest word, and does nothing"

given_repository
given_database
given_config
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push

headgate reconcile --targt shop
expect_exit 64
expect_output "Did you mean --target?"
headgate reconsile
expect_exit 64
expect_output "Did you mean headgate reconcile?"
headgate reconcile --target shap
expect_exit 64
expect_output "Did you mean 'shop'?"
headgate reconcile --output yaml
expect_exit 64
headgate reconcile now
expect_exit 64
expect_output "headgate reconcile does not take 'now'"
headgate baseline
expect_exit 64
headgate history forty-one
expect_exit 64
headgate history 41
expect_exit 64
expect_output "U005"
headgate
expect_exit 64
expect_output "Commands"
headgate reconcile --help
expect_exit 0
expect_no_table users
