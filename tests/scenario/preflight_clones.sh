#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "before the merge: every kind of clone is read as it lies, or refused with what to type"

given_repository
given_policy plain $'trust: branch\nbackup: {rule: none}'
preflight() { # FOLDER RANGE [OPTION…]
	local folder=$1 range=$2
	shift 2
	headgate preflight --repository "$folder" --policy "$scratch/policies/plain.yaml" "$@" "$range"
}

migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push
on_branch feature
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'
commit_as alice "Add orders"
push

# A folder in the work tree, the bare repository, a second work tree, ids and HEAD~1.
preflight "$work/prisma/migrations" origin/main..HEAD
expect_exit 0
expect_output "would apply 1 migration"
preflight "$bare" main..feature
expect_exit 0
expect_output "would apply 1 migration"
git -C "$work" worktree add -q "$scratch/second" feature~1
preflight "$scratch/second" "$(git -C "$work" rev-parse feature~1)...feature"
expect_exit 0
expect_output "would apply 1 migration"
preflight "$work" HEAD~1..
expect_exit 0
expect_output "would apply 1 migration"
(cd "$work/prisma" && "$headgate_binary" preflight --policy "$scratch/policies/plain.yaml" origin/main..HEAD) >"$scratch/out"
expect "the verdict in the current folder" "preflight: would apply 1 migration, roll back none" "$(head -n 1 "$scratch/out")"

# What CI makes: cut off, and without the branch to be merged into.
git clone -q --depth 1 --branch feature "file://$bare" "$scratch/shallow"
preflight "$scratch/shallow" origin/main..HEAD
expect_exit 1
expect_output "G011" # way out: G011
expect_output "git fetch --unshallow"
expect_output "fetch-depth: 0"
git -C "$scratch/shallow" fetch -q --depth 1 origin main:refs/remotes/origin/main
preflight "$scratch/shallow" origin/main..HEAD
expect_exit 1
expect_output "G011"
git -C "$scratch/shallow" fetch -q --unshallow
preflight "$scratch/shallow" origin/main..HEAD
expect_exit 0
expect_output "would apply 1 migration"

# A clone without its files: those that are asked for must be there.
git -C "$bare" config uploadpack.allowFilter true
git clone -q --no-checkout --filter blob:none --branch feature "file://$bare" "$scratch/partial"
printf 'leak:libpcre2-8\n' >"$scratch/leaks" # libgit2 1.5 leaves its regular expressions behind where git uses extensions
export LSAN_OPTIONS=suppressions=$scratch/leaks:print_suppressions=0
preflight "$scratch/partial" origin/main..HEAD
expect_exit 1
expect_output "G006"
expect_output "git fetch --refetch --no-filter"
git -C "$scratch/partial" fetch -q --refetch --no-filter
preflight "$scratch/partial" origin/main..HEAD
expect_exit 0
expect_output "would apply 1 migration"
unset LSAN_OPTIONS

# Ranges that are none.
preflight "$work" origin/trunk..HEAD
expect_exit 64
expect_output "cannot find commit 'origin/trunk'"
expect_output "git fetch origin main:refs/remotes/origin/main"
preflight "$work" HEAD
expect_exit 64
expect_output "origin/main..HEAD"
git -C "$work" switch -q --orphan other
git -C "$work" commit -q --allow-empty --no-gpg-sign -m "Another beginning" --author "A <a@example.org>" 2>/dev/null ||
	git_as alice commit -q --allow-empty --no-gpg-sign -m "Another beginning"
preflight "$work" main..HEAD
expect_exit 64
expect_output "have no commit in common"
git -C "$work" switch -q feature

# Words that are wrong.
preflight "$work" main..HEAD --migrations db/migrations
expect_exit 64
expect_output "there is no folder 'db/migrations'"
preflight "$work" main..HEAD --migrations ../elsewhere
expect_exit 64
headgate preflight --repository "$work" main..HEAD
expect_exit 64
expect_output "needs a policy"
headgate preflight --repository "$work" --policy "$scratch/gone.yaml" main..HEAD
expect_exit 64
expect_output "U003"
given_strict_policy
headgate preflight --repository "$work" --policy "$scratch/policies/strict.yaml" main..HEAD
expect_exit 64
expect_output "--allowed-signers FILE"
headgate preflight --repository "$work" --policy "$scratch/policies/strict.yaml" --allowed-signers "$keys/gone" main..HEAD
expect_exit 1
expect_output "F001"
mkdir "$scratch/empty"
preflight "$scratch/empty" main..HEAD
expect_exit 1
expect_output "G010" # way out: G010
expect_output "--repository DIR"

# A clone of another user, as in a container; git's own list of those that are trusted counts.
if ((EUID == 0)); then
	cp -r "$work" "$scratch/foreign"
	chown -R nobody "$scratch/foreign"
	preflight "$scratch/foreign" main..HEAD
	expect_exit 1
	expect_output "G010"
	expect_output "git config --global --add safe.directory '$scratch/foreign'"
	for safe in "$scratch/foreign" '*'; do
		git config --file "$HOME/.gitconfig" --replace-all safe.directory "$safe"
		preflight "$scratch/foreign" main..HEAD
		expect_exit 0
		expect_output "would apply 1 migration"
	done
fi
