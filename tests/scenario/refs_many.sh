#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/http.sh"
source "$(dirname "$0")/hostile.sh"
scenario "a remote with a hundred thousand branches, tags and pull requests is asked for one, and answers with one"

refs=${HEADGATE_TEST_REFS:-100000}
given_repository
given_http_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push
reconcile
expect_exit 0
expect_table users
users=$commit
{
	printf '# pack-refs with: peeled fully-peeled sorted \n'
	awk -v id="$users" -v count="$((refs / 2))" 'BEGIN {
		for (i = 0; i < count; i++) printf "%s refs/heads/topic/%07d\n", id, i
		for (i = 0; i < count; i++) printf "%s refs/pull/%07d/head\n", id, i
	}'
} >"$bare/packed-refs"
expect "refs of the remote" "$((refs / 2 * 2 + 1))" "$(git -C "$bare" for-each-ref refs/heads refs/pull | wc -l)"

answered_bytes() { # since forget_requests: of all bodies that the server sent
	awk '{ bytes += $10 } END { print bytes + 0 }' "$http_folder/access.log"
}

forget_requests() {
	: >"$http_folder/access.log"
}

# Nothing is new: what the server can, and the one ref.
forget_requests
bounded reconcile
expect_exit 0
expect "questions" 1 "$(http_requests 'GET .*service=git-upload-pack')"
expect "answers" 1 "$(http_requests 'POST .*git-upload-pack')"
expect "less than 1000 bytes came" yes "$( (($(answered_bytes) > 50 && $(answered_bytes) < 1000)) && echo yes)"
expect_memory_below 40

# The default branch is found in the same way: HEAD alone is asked for.
given_config policy=policies/strict.yaml branch=
forget_requests
reconcile
expect_exit 0
expect "answers about HEAD" 1 "$(http_requests 'POST .*git-upload-pack')"
expect "less than 1000 bytes came about HEAD" yes "$( (($(answered_bytes) > 50 && $(answered_bytes) < 1000)) && echo yes)"

# A branch that is not there: the others are asked for, so that some can be named, but not without end.
given_config policy=policies/strict.yaml branch=mani
forget_requests
bounded reconcile
expect_exit 6
expect_output "G003"
expect_output "'main', 'topic/0000000'"
expect "no more than the maximum came" yes "$( (($(answered_bytes) < 6 * 1024 * 1024)) && echo yes)"
expect_memory_below 64
