#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "a commit that was changed after it was signed is refused, and so is one that git itself would not write"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline

put_in_place() { # COMMIT'S BYTES: they become main, as they are
	commit=$(git -C "$work" hash-object -t commit -w --literally --stdin <<<"$1")
	git -C "$work" reset -q --hard "$commit"
	push --force
}

migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
good=$commit
put_in_place "$(git -C "$work" cat-file commit "$good" | sed 's/^Add users$/Add users, reviewed by all/')"
bad=$commit
reconcile
expect_exit 4
expect_output "V003"
expect_no_table users
expect_status "$bad" failure "(V003)" # way out: V003
follow_undo alice
git_as alice cherry-pick --no-commit "$good"
commit_as alice "Add users, as it was reviewed"
push
gets_out
expect_table users

migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'
commit_as alice "Add orders"
good=$commit
put_in_place "$(git -C "$work" cat-file commit "$good" | sed 's/^author \(.*\)$/author \1\nauthor \1/')"
reconcile
expect_exit 4
expect_output "V001" # way out: V001
expect_no_table orders
expect_status "$commit" failure "(V001)"
follow_undo alice
git_as alice cherry-pick --no-commit "$good"
commit_as alice "Add orders, made by git itself"
push
gets_out
expect_table orders
