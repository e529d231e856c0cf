#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "a branch is judged before the merge, in its clone alone: what is signed, and by whom"

given_repository
given_strict_policy
preflight() { # [POLICY] [OPTION…]
	local policy=${1:-strict}
	shift || true
	headgate preflight --repository "$work" --policy "$scratch/policies/$policy.yaml" \
		--allowed-signers "$keys/allowed_signers" "$@" origin/main..HEAD
}

migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push

# Nothing is brought yet; then two migrations that pass.
preflight
expect_exit 0
expect_output "preflight: nothing to apply, nothing to roll back"
on_branch feature
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'
commit_as bob "Add orders"
migration 20260103000000_index 'CREATE INDEX CONCURRENTLY by_id ON orders (id);'
commit_as alice "Index orders"
printf 'More\n' >>"$work/README.md"
commit_unsigned "Write about orders"
before=$(git -C "$work" for-each-ref)
preflight
expect_exit 0
expect_output "preflight: would apply 2 migrations, roll back none"
expect_output "would apply 20260103000000_index (1 statement; statement by statement"
expect_output "3 commits since $(git -C "$work" rev-parse --short=10 origin/main), 2 with migrations"
expect "refs of the clone" "$before" "$(git -C "$work" for-each-ref)"
expect "folders left in the way" "" "$(find "${TMPDIR:-/tmp}" -maxdepth 1 -name 'headgate-preflight-*' -newer "$work/README.md")"

# Every commit that nobody vouches for is named, with the way to sign it.
migration 20260104000000_items 'CREATE TABLE items (id bigint PRIMARY KEY);'
commit_unsigned "Add items"
unsigned=$commit
migration 20260105000000_carts 'CREATE TABLE carts (id bigint PRIMARY KEY);'
commit_as mallory "Add carts"
unknown=$commit
preflight
expect_exit 4
expect_output "preflight: 2 findings, this would be refused"
expect_output "commit ${unsigned:0:10} Add items V002 commit '${unsigned:0:10}' is not signed"
expect_output "git rebase --exec 'git commit --amend --no-edit -S' $(git -C "$work" rev-parse --short=10 origin/main)"
expect_output "commit ${unknown:0:10} Add carts V004"
expect_output "mended would apply 20260105000000_carts"
allow_signer mallory
preflight
expect_exit 4
expect_output "preflight: 1 finding"
expect_no_output "V004"

# Under trust: branch nobody is asked, and that is said.
given_policy branch $'trust: branch\nbackup: {rule: none}'
preflight branch
expect_exit 0
expect_output "not verified"

# A revoked key.
revoke_signer bob
preflight strict --revoked "$keys/revoked"
expect_exit 4
expect_output "V006"

# The branch to be merged into went on: what it brought is not judged, but counts for the order.
git -C "$work" switch -q main
migration 20260106000000_prices 'CREATE TABLE prices (id bigint PRIMARY KEY);'
commit_unsigned "Add prices, by another way"
push
git -C "$work" switch -q feature
preflight branch
expect_exit 0
expect_output "would apply 4 migrations"
expect_output "20260105000000_carts (1 statement; late)"
expect_no_output "prices"
given_policy late $'trust: branch\nbackup: {rule: none}\nlate: refuse'
preflight late
expect_exit 3
expect_output "4 findings"
expect_output "W016"

# It was merged into the branch meanwhile: that merge is a commit like any other.
git_as alice merge -q -S -m "Merge main" main
preflight
expect_exit 4
expect_output "preflight: 1 finding"
expect_output "${unsigned:0:10}"

# A clone that everybody may write, as CI makes it, is no hindrance: this is advice.
chmod -R a+w "$scratch/policies" "$keys/allowed_signers"
preflight branch
expect_exit 0
