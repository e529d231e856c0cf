#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "under trust: tag a merged change waits for the tags of two persons; what comes behind a tag waits for the next"

given_repository
given_database
given_policy strict "$(printf '%s\n' "trust: tag" "threshold: 2" "backup: {rule: none}" "rollback: free" "roles:" \
	"  - {name: releasers, persons: [alice@example.org, bob@example.org]}" \
	"  - {name: guests, persons: [carol@example.org], paths: ['guest_*']}")"
given_config policy=policies/strict.yaml
baseline

approve() { # NAME COMMIT
	git_as "$1" tag -s -m approved "approve/shop/$2/$1" "$2"
	git_as "$1" push -q origin "approve/shop/$2/$1"
}

migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_unsigned "Add users"
users=$commit
push
reconcile
expect_exit 5
expect_output "V013"
expect_output "git tag -s -m approved approve/shop/$users/"
expect_no_table users
expect_status "$users" pending "waiting: commit '${users:0:10}' is not approved yet"
headgate status
expect_output "waits"
headgate plan
expect_exit 5
headgate explain trust
expect_output "the tags of 2 persons"
expect_output "releasers: alice@example.org, bob@example.org may deploy, rollback"

approve alice "$users"
reconcile
expect_exit 5
expect_output "so far it has alice@example.org"

# The second tag stands on a later commit, and covers both; a third commit waits, and does not hold them up.
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'
commit_unsigned "Add orders"
orders=$commit
approve bob "$orders"
push
reconcile
expect_exit 5
expect_table users
expect_no_table orders
expect_status "$users" success "applied 1 migration"
expect_status "$orders" pending "waiting: commit '${orders:0:10}' is not approved yet"

approve alice "$orders"
migration 20260103000000_stock 'CREATE TABLE stock (id bigint PRIMARY KEY);'
commit_unsigned "Add stock"
push
reconcile
expect_exit 5
expect_table orders
expect_no_table stock

# Before the merge there is nothing to approve yet: the pull request's check does not ask for tags.
headgate preflight --repository "$work" --policy "$scratch/policies/strict.yaml" --allowed-signers "$keys/allowed_signers" HEAD~1..HEAD
expect_exit 0

# Nobody approved it, and it is taken back: it is in nobody's way.
git_as mallory revert --no-edit --no-gpg-sign HEAD >/dev/null
remember_commit
push
reconcile
expect_exit 0
expect_no_table stock
