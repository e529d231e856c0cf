#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/http.sh"
source "$(dirname "$0")/hostile.sh"
scenario "a hundred thousand refs on the remote hinder nothing and take little memory"

given_repository
given_database
given_http_repository
given_strict_policy
given_config policy=policies/strict.yaml
given_setting_in repository "allow_http: true"
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push
{
	printf '# pack-refs with: peeled fully-peeled sorted \n'
	awk -v id="$commit" -v count="${HEADGATE_TEST_REFS:-100000}" \
		'BEGIN { for (i = 0; i < count; i++) printf "%s refs/tags/junk/%07d\n", id, i }'
} >"$bare/packed-refs"
expect "refs of the remote" "$((${HEADGATE_TEST_REFS:-100000} + 1))" "$(git -C "$bare" for-each-ref refs/heads/main refs/tags | wc -l)"

bounded reconcile
expect_exit 0
expect_table users
expect_memory_below 100
bounded reconcile
expect_exit 0
expect_memory_below 100
