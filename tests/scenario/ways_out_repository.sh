#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "a mirror, an address, a branch or a folder that cannot be used: each message leads out"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push
gets_out

# The mirror is damaged: it is removed, and fetched anew.
mirror=$scratch/state/mirror.git
rm -r "$mirror/objects"
: >"$mirror/objects"
reconcile
expect_exit 1
expect_output "G005" # way out: G005
follow_shell rm
gets_out

# An address that is none.
sed -i "s|^  url: .*|  url: gopher://forge/shop.git|" "$config"
reconcile
expect_exit 64
expect_output "G009" # way out: G009
expect_output "Write an absolute path"
given_config policy=policies/strict.yaml
gets_out

# More in a folder than is read.
mkdir -p "$work/prisma/migrations/20260102000000_many"
for number in {1..300}; do
	: >"$work/prisma/migrations/20260102000000_many/$number.txt"
done
migration 20260102000000_many 'CREATE TABLE many (id bigint PRIMARY KEY);'
commit_as alice "Add many files"
push
reconcile
expect_exit 3
expect_output "G007" # way out: G007
expect_output "move the rest elsewhere"
rm "$work/prisma/migrations/20260102000000_many/"*.txt
commit_as alice "One file"
push
gets_out
expect_table many

# A repository that was cut off.
git clone -q --bare --depth 1 "file://$bare" "$scratch/cut.git"
whole=$bare
sed -i "s|^  url: .*|  url: file://$scratch/cut.git|" "$config"
rm -rf "$mirror"
reconcile
expect_exit 6
expect_output "G008" # way out: G008
expect_output "git fetch --unshallow"
git -C "$scratch/cut.git" fetch -q --unshallow "file://$whole" main
reconcile
expect_exit 0
given_config policy=policies/strict.yaml

# A merge whose first parent is another history, while two others go back to what is deployed.
on_branch aside
git_as alice commit -q -S --allow-empty -m "Aside"
git -C "$work" switch -q --orphan apart
git_as alice commit -q -S --allow-empty -m "Apart"
commit=$(git_as alice commit-tree -S -p apart -p main -p aside -m "Together" "main^{tree}")
git -C "$work" branch -f main "$commit"
git -C "$work" switch -q main
push
reconcile
expect_exit 6
expect_output "W023" # way out: W023
follow_hint "baseline --target"
gets_out
migration 20260103000000_items 'CREATE TABLE items (id bigint PRIMARY KEY);'
commit_as alice "Add items"
push
gets_out
expect_table items
