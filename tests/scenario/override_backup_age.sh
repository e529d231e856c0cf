#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "where each run takes its own backup, a person with that right lets the last one serve for one step"

given_repository
given_database
given_policy dumped "$(printf '%s\n' "trust: signed" "backup: {rule: required, scope: schema, keep: 9}" "rollback: free" \
	"roles:" "  - {name: on-call, persons: [bob@example.org], may: [deploy, rollback, override]}")"
given_config policy=policies/dumped.yaml
baseline

dumps() {
	find "$scratch/backups" -name '*.dump' | wc -l
}

migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as bob "Add users"
push
reconcile
expect_exit 0
expect "dumps" 1 "$(dumps)"

migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'
commit_as bob "Add orders"
printf 'The disk is full\n\nHeadgate-Lift: backup-age=6h\nHeadgate-Expires: %s\n' "$(date -u -d +1hour +%Y-%m-%dT%H:%M:%SZ)" |
	git_as bob tag -s -F - "override/shop/$commit/bob" "$commit"
push
git_as bob push -q origin "override/shop/$commit/bob"
reconcile
expect_exit 0
expect_table orders
expect "dumps" 1 "$(dumps)"
expect_status "$commit" success "backup-age=6h lifted by bob@example.org (override tag)"
expect_earlier_status "$commit" pending "from run 1 of 'shop'"

migration 20260103000000_bills 'CREATE TABLE bills (id bigint PRIMARY KEY);'
commit_as bob "Add bills"
push
reconcile
expect_exit 0
expect "dumps" 2 "$(dumps)"
