#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/objects.sh"
source "$(dirname "$0")/http.sh"
source "$(dirname "$0")/hostile.sh"
scenario "a huge file, a huge folder and the folder above under the migrations folder are refused in little memory"

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
reconcile
expect_exit 0

refused() { # CODE FRAGMENT MiB: the commit that was just pushed; then it is taken back
	bounded reconcile
	expect_exit 3
	expect_output "$1"
	expect_output "$2"
	expect_status "$commit" failure "$1"
	expect_memory_below "$3"
	take_back
}

put_file 20260102000000_huge/migration.sql < <(head -c "${HEADGATE_TEST_HUGE:-134217728}" /dev/zero)
refused G007 "bytes, and 16777216 are allowed" 100

blob=$(git -C "$work" hash-object -w --stdin <<<'SELECT 1;')
tree=$(printf '100644 blob %s\tmigration.sql\n' "$blob" | git -C "$work" mktree)
many=$({
	git -C "$work" ls-tree HEAD:prisma/migrations
	awk -v tree="$tree" 'BEGIN { for (i = 0; i < 100000; i++) printf "040000 tree %s\t20270101%06d_many\n", tree, i }'
} | git -C "$work" mktree)
commit_tree "$(replace_entry . prisma "$(replace_entry prisma migrations "$many")")" "A hundred thousand folders"
refused G007 "more than 20000 entries" 100

# no tool of git's writes such a name, so the bytes of the tree are written by hand
put_raw_name() { # NAME
	local raw=$scratch/raw old
	old=$(git -C "$work" rev-parse HEAD:prisma/migrations)
	{
		printf '40000 %s\0' "$1"
		perl -e 'print pack "H*", shift' "$tree"
		git -C "$work" cat-file tree "$old"
	} >"$raw"
	commit_tree "$(replace_entry . prisma "$(replace_entry prisma migrations \
		"$(git -C "$work" hash-object --literally -w -t tree "$raw")")")" "Put $(printf '%q' "$1")"
}
for name in .. . .git $'\e[31m'; do
	put_raw_name "$name"
	if [[ $name == .git ]]; then
		take_back # a name like any other: nothing is ever checked out
	else
		refused W004 "must not" 100
	fi
done

# a commit of more than a mebibyte that touches no migration: nobody asks who made it
{
	printf 'Large\n\n'
	head -c 1200000 /dev/zero | tr '\0' x | fold -w 100
} >"$scratch/message"
git_as mallory commit -q --allow-empty --no-gpg-sign -F "$scratch/message"
remember_commit
push
reconcile
expect_exit 0
expect_ledger_rows 20260101000000_users 1
