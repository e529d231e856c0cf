#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "a commit that waits is refused once the key that signed it is revoked"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
given_setting_in keys "revoked: keys/revoked"
: >"$keys/revoked"
baseline

migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push
reconcile
expect_exit 0

migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'
commit_as bob "Add orders"
push
headgate plan
expect_exit 2
revoke_signer bob
reconcile
expect_exit 4
expect_output "V006"
expect_no_table orders
expect_status "$commit" failure "(V006)"

# What it signed is undone and brought again by somebody else.
reconcile
expect_output "V006" # way out: V006
revoked=$commit
follow_undo alice
git_as alice cherry-pick --no-commit "$revoked"
commit_as alice "Add orders, signed by alice"
push
gets_out
expect_table orders
