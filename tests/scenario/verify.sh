#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "headgate verify says who vouches and why not, of a target offline, and of any clone with the keys alone"

given_repository
given_database
given_policy signed "$(printf '%s\n' "trust: signed" "backup: {rule: none}" "rollback: free")"
given_config policy=policies/signed.yaml
baseline
base=$(git -C "$work" rev-parse HEAD)

headgate verify
expect_exit 0
expect_output "nothing waits"

on_branch users
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as bob "Add users"
branch_commit=$commit
merge_branch users unsigned
merge=$commit
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'
commit_unsigned "Add orders"
unsigned=$commit
push
headgate suspend --target shop --reason "to look at leisure"
reconcile
origin=$(git -C "$work" remote get-url origin)
mv "$origin" "$origin.away" # from here on nobody can be asked

# ---- of the target: what waits, by the journal and the mirror ----
headgate verify
expect_exit 4
expect_output "pass"
expect_output "bob@example.org"
expect_output "commit '${unsigned:0:10}' is not signed"
expect_output "approve/shop/$unsigned/"
headgate verify --output json
expect_exit 4
expect "the steps" "$merge pass bob@example.org $branch_commit|$unsigned refuse  null" \
	"$(jq -r '[.step, .outcome, (.vouched_by | join(",")), (.by // "null")] | join(" ")' "$scratch/out" | paste -sd'|')"
headgate verify "$branch_commit" "$merge"
expect_exit 4
expect_output "good Add users"
expect_output "unsigned Merge"
headgate verify HEAD
expect_exit 4
headgate verify nowhere
expect_exit 64
mv "$origin.away" "$origin"

# Approvals that a pass brought are in the mirror, among others that count for nothing.
migration 20260103000000_stock 'CREATE TABLE stock (id bigint PRIMARY KEY);'
commit_unsigned "Add stock"
push
approvals=()
for step in "$unsigned" "$commit"; do
	approvals+=("approve/shop/$step/alice")
	git_as alice tag -s -m approved "approve/shop/$step/alice" "$step"
	for number in 1 2 3 4 5 6; do
		approvals+=("approve/shop/$step/unsigned-$number")
		git_as mallory tag -a --no-sign -m approved "approve/shop/$step/unsigned-$number" "$step"
	done
done
git -C "$work" push -q origin "${approvals[@]}"
reconcile
mv "$origin" "$origin.away"
headgate verify --output json
expect_exit 0
expect "who approved what" "$merge pass bob@example.org|$unsigned pass alice@example.org|$commit pass alice@example.org" \
	"$(jq -r '[.step, .outcome, (.vouched_by | join(","))] | join(" ")' "$scratch/out" | paste -sd'|')"
mv "$origin.away" "$origin"
git -C "$work" tag -d "${approvals[@]}" >/dev/null

# ---- of a clone, with the key files alone ----
standalone() { # ARGUMENTS…: with no configuration in reach
	config="" headgate verify --repository "$work" --allowed-signers "$keys/allowed_signers" "$@"
}

standalone --output json "$branch_commit" "$unsigned"
expect_exit 4
expect "one object a line" "good bob@example.org ssh|unsigned null none" \
	"$(jq -r '[.verdict, (.principal // "null"), .format] | join(" ")' "$scratch/out" | paste -sd'|')"
standalone "$branch_commit"
expect_exit 0
standalone --output json --steps "$base..$merge" --baseline "$base"
expect_exit 0
expect_json '.outcome == "pass" and .vouched_by == ["bob@example.org"] and .base == "'"$base"'"'
standalone --steps "$base..HEAD" --baseline "$base" --threshold 2
expect_exit 4
expect_output "too few persons"
standalone --steps "$merge..$base" --baseline "$base"
expect_exit 6
standalone --at 2020-01-01 "$branch_commit"
expect_exit 0 # this key has no beginning

# a tag in the clone, also one that git calls broken
git_as alice tag -s -m "a release" v1 "$merge"
standalone v1
expect_exit 0
expect_output "alice@example.org"
broken=$({
	git -C "$work" cat-file tag v1
	echo "a line behind the armor"
} | git -C "$work" hash-object -t tag -w --literally --stdin)
standalone --output json "$broken"
expect_exit 4
expect_json '.verdict == "malformed" and .object == "'"$broken"'"'

# an approval in the clone
git_as alice tag -s -m approved "approve/shop/$unsigned/alice" "$unsigned"
standalone --steps "$base..$unsigned" --baseline "$base" --target shop
expect_exit 0
expect_output "alice@example.org"
standalone --steps "$base..$unsigned" --baseline "$base" --target other
expect_exit 4

# ---- what keeps it from checking ----
standalone --revoked "$scratch/no-such-file" "$branch_commit"
expect_exit 1
expect_output "V014"
standalone --output json "$branch_commit" 1234567890123456789012345678901234567890 "$unsigned"
expect_exit 1
expect "those that could be checked" "good unsigned" "$(jq -r .verdict "$scratch/out" | paste -sd' ')"
expect_output "V014"
standalone --steps "$base..nowhere" --baseline "$base"
expect_exit 1
standalone --steps "$base" --baseline "$base"
expect_exit 64
standalone --steps "$base..HEAD"
expect_exit 64
expect_output "--baseline"
standalone
expect_exit 64
headgate verify --repository "$work" HEAD
expect_exit 64
expect_output "nobody said whose signatures count"
standalone --steps "$base..HEAD" --baseline "$base" --path prisma/migration
expect_exit 64
expect_output "there is no folder 'prisma/migration'"
if [[ -w /dev/full ]]; then
	status=0
	"$headgate_binary" verify --repository "$work" --allowed-signers "$keys/allowed_signers" "$branch_commit" \
		>/dev/full 2>"$scratch/full" || status=$?
	expect "the exit status where nothing can be written" 1 "$status"
fi
