#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "under trust: signed a merge from an old main that hides what vanished is refused, an innocent one is not"

given_repository
given_database
given_policy strict "$(printf '%s\n' "trust: signed" "backup: {rule: none}" "rollback: free")"
given_config policy=policies/strict.yaml
baseline
old=$(git -C "$work" rev-parse main)
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push
reconcile
expect_exit 0
expect_table users

# made on the old main, with its tree, and pushed as a fast-forward
deployed=$(git -C "$work" rev-parse main)
tree=$(git -C "$work" rev-parse "$old^{tree}")
commit=$(git_as mallory commit-tree "$tree" -p "$old" -p "$deployed" -m "Merge branch 'main'")
git -C "$work" reset -q --hard "$commit"
push
reconcile
expect_exit 4
expect_output "V010"
expect_output "git revert -S -m 2 ${commit:0:10}"
expect_table users
git_as mallory revert -m 2 --no-edit --no-gpg-sign "$commit" >/dev/null
push
reconcile
expect_exit 0
expect_table users

# a developer's git pull: local work first, main second
before=$(git -C "$work" rev-parse main)
git -C "$work" checkout -q -b elsewhere "$before"
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'
commit_as bob "Add orders"
theirs=$commit
git -C "$work" checkout -q main
git -C "$work" merge -q --ff-only "$theirs"
push
reconcile
expect_exit 0
expect_table orders
git -C "$work" checkout -q -b mine "$before"
migration 20260103000000_items 'CREATE TABLE items (id bigint PRIMARY KEY);'
commit_as alice "Add items"
git_as mallory merge -q --no-gpg-sign -m "Merge branch 'main'" main
commit=$(git -C "$work" rev-parse HEAD)
git -C "$work" checkout -q -B main "$commit"
push
reconcile
expect_exit 0
expect_table items
