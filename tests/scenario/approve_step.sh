#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "what a forge's button made unsigned is refused, and passes with one signed tag, which the refusal names"

given_repository
given_database
given_policy buttons "$(printf '%s\n' "trust: signed" "backup: {rule: none}" "rollback: free")"
given_config policy=policies/buttons.yaml
baseline

types_printed() { # NAME: the `git tag -s … && git push …` that was printed, in that person's clone
	local printed
	printed=$(printed_next | grep -oE -m 1 'git tag -s .* && git push origin [^ ]*') || fail "a git tag to be printed" "$(printed_next)"
	printed=${printed%.}
	say "types: $printed"
	(
		cd "$work"
		export GIT_COMMITTER_NAME=${1^} GIT_COMMITTER_EMAIL=$1@example.org
		git config user.signingKey "$keys/$1"
		eval "$printed"
	) >/dev/null 2>&1
}

# A squash of commits that nobody signed.
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);' 'DROP TABLE users;'
commit_unsigned "Add users (#7)"
squashed=$commit
push
reconcile
expect_exit 4
expect_output "git tag -s -m approved approve/shop/$squashed/"
expect_no_table users
types_printed bob
reconcile
expect_exit 0
expect_table users
expect_status "$squashed" success "applied 1 migration"

# The revert button.
git_as mallory revert --no-edit --no-gpg-sign "$squashed" >/dev/null
remember_commit
push
reconcile
expect_exit 4
expect_table users
types_printed alice
reconcile
expect_exit 0
expect_no_table users

# A pull request whose head a person tagged before the button was pressed.
on_branch orders
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'
commit_unsigned "Add orders"
tag=approve/shop/$commit/bob
git_as bob tag -s -m approved "$tag" "$commit"
git_as bob push -q origin "$tag"
merge_branch orders unsigned
push
reconcile
expect_exit 0
expect_table orders
