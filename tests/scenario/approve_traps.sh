#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "a tag that is not a person's own word on this commit, for this target, under this name, counts for nothing and breaks nothing"

given_repository
given_database
given_policy buttons "$(printf '%s\n' "trust: signed" "backup: {rule: none}" "rollback: free")"
given_config policy=policies/buttons.yaml
baseline
before=$(git -C "$work" rev-parse HEAD)

migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_unsigned "Add users"
step=$commit
push

remote_ref() { # NAME OBJECT: a tag under a name of the pusher's choice
	git -C "$work" push -q -f origin "$2:refs/tags/$1"
}

refused() { # SENTENCE
	say "$1"
	reconcile
	expect_exit 4
	expect_no_table users
}

refused "nobody tagged it"

git_as mallory tag -a -m approved "approve/shop/$step/unsigned" "$step"
remote_ref "approve/shop/$step/unsigned" "refs/tags/approve/shop/$step/unsigned"
refused "an unsigned tag"

git_as mallory tag -s -m approved "approve/shop/$step/mallory" "$step"
remote_ref "approve/shop/$step/mallory" "refs/tags/approve/shop/$step/mallory"
refused "a stranger's tag"

remote_ref "approve/shop/$step/lightweight" "$step"
refused "a lightweight tag"

git_as bob tag -s -m approved v1.0 "$step"
remote_ref "approve/shop/$step/renamed" refs/tags/v1.0
refused "a tag that was signed under another name"

git_as bob tag -s -m approved "approve/test/$step/bob" "$step"
remote_ref "approve/shop/$step/bob" "refs/tags/approve/test/$step/bob"
refused "a tag for another target"

git_as bob tag -s -m approved "approve/shop/$before/bob" "$before"
remote_ref "approve/shop/$step/moved" "refs/tags/approve/shop/$before/bob"
refused "a tag that was moved here from another commit"

git_as bob tag -s -m approved "approve/shop/$step/other" "$before"
remote_ref "approve/shop/$step/other" "refs/tags/approve/shop/$step/other"
refused "a tag under this commit's name, on another"

git_as bob tag -s -m inner inner "$step"
git_as bob -c advice.nestedTag=false tag -s -m approved "approve/shop/$step/nested" inner
remote_ref "approve/shop/$step/nested" "refs/tags/approve/shop/$step/nested"
refused "a tag of a tag"

git_as bob tag -s -m approved "approve/shop/$step/appended" "$step"
tampered=$({ git -C "$work" cat-file tag "approve/shop/$step/appended" && echo "and more"; } | git -C "$work" hash-object -t tag -w --stdin --literally)
remote_ref "approve/shop/$step/appended" "$tampered"
refused "text behind the armor, which git takes"

blob=$(echo "no tag at all" | git -C "$work" hash-object -w --stdin)
remote_ref "approve/shop/$step/blob" "$blob"
refused "a name of a file"

# More of them than are read, in front of a good one: it stalls, and nothing breaks.
git_as bob tag -s -m approved "approve/shop/$step/zoe" "$step"
remote_ref "approve/shop/$step/zoe" "refs/tags/approve/shop/$step/zoe"
for number in {100..170}; do
	printf '%s:refs/tags/approve/shop/%s/%s\n' "$blob" "$step" "$number"
done | xargs git -C "$work" push -q origin
refused "behind 64 others it is not read"
git -C "$bare" for-each-ref --format='delete %(refname)' "refs/tags/approve/shop/$step/1*" | git -C "$bare" update-ref --stdin

reconcile
expect_exit 0
expect_table users

# A plain tag in the folder's place blocks the folder on that remote, and nothing else.
git -C "$bare" for-each-ref --format='delete %(refname)' refs/tags/approve | git -C "$bare" update-ref --stdin
remote_ref approve/shop "$step"
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'
commit_as alice "Add orders"
push
reconcile
expect_exit 0
expect_table orders
migration 20260103000000_bills 'CREATE TABLE bills (id bigint PRIMARY KEY);'
commit_unsigned "Add bills"
push
git_as bob tag -s -m approved "approve/shop/$commit/bob" "$commit" 2>/dev/null || true
reconcile
expect_exit 4
expect_no_table bills
