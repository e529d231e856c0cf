#!/usr/bin/env bash
# Attacks on histories, numbered as those on one object in tests/contract/test_attacks.c. Each is pushed to main by force,
# looked at by a pass, and taken back; nothing of it may reach the database.
source "$(dirname "$0")/lib.sh"
scenario "no known attack on the history brings its SQL to the database"

given_repository
given_database
under() { # LINE…: the policy from here on
	given_policy strict "$(printf '%s\n' "$@" "backup: {rule: none}" "rollback: free")"
}
under "trust: signed"
given_config policy=policies/strict.yaml
baseline
git config --file "$GIT_CONFIG_GLOBAL" advice.graftFileDeprecated false
started=$(git -C "$work" rev-parse main)
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push
reconcile
expect_exit 0
safe=$commit
attacks=0

attack() { # NUMBER NAME: on main, where it was safe, under trust: signed
	say "attack: $*"
	git -C "$work" switch -q --discard-changes main
	git -C "$work" reset -q --hard "$safe"
	git -C "$work" clean -qfdx
	git -C "$work" for-each-ref --format='%(refname:short)' refs/heads | sed '/^main$/d' | xargs -r git -C "$work" branch -qD
	under "trust: signed"
	attacks=$((attacks + 1))
}

stolen() { # [NAME]: the migration that must never run
	migration "20260201000000_${1:-stolen}" "CREATE TABLE stolen_${1:-} (id bigint PRIMARY KEY);"
}

refused() { # EXIT FRAGMENT: a pass over what main is now; then main is put back
	git -C "$work" switch -q main
	push --force
	reconcile
	expect_exit "$1"
	expect_output "$2"
	nothing_was_stolen
	put_back
}

nothing_was_stolen() {
	expect_sql "SELECT count(*) FROM pg_class WHERE relname LIKE 'stolen%'" 0
	expect_table users
}

put_back() {
	git -C "$work" push -q --force origin "$safe:refs/heads/main"
	reconcile
	expect_exit 0
}

attack "01 unsigned tip"
stolen
commit_unsigned "Add stolen"
refused 4 "V002"

attack "26 one person with two keys is one person"
ssh-keygen -q -t ed25519 -N '' -f "$keys/alice2"
printf 'alice@example.org namespaces="git" %s\n' "$(cut -d' ' -f1,2 "$keys/alice2.pub")" >>"$keys/allowed_signers"
under "trust: signed" "threshold: 2"
on_branch feature
stolen
commit_as alice "Add stolen"
merge_branch feature as alice2
refused 4 "V011"

attack "30 rollback to an older signed commit"
git -C "$work" reset -q --hard "$started"
refused 6 "W002"

attack "31 force-push sideways"
git -C "$work" reset -q --hard "$started"
stolen
commit_as alice "Add stolen beside"
refused 6 "W002"

attack "32 branch swap: main becomes the tip of a signed feature that forked before"
git -C "$work" switch -q -c feature "$started"
stolen draft
commit_as bob "A draft that nobody released"
git -C "$work" branch -q -f main feature
refused 6 "W002"

attack "33 tags: moved, renamed, a tag of a tag, of another repository; none says anything about an unsigned commit"
stolen
commit_unsigned "Add stolen"
git_as alice tag -s -m "Approved" elsewhere main
git -C "$work" update-ref "refs/tags/approve/shop/$commit/renamed" refs/tags/elsewhere
git_as alice tag -s -m "Approved" "approve/shop/$commit/moved" "$safe"
git_as alice tag -s -m "A tag of a tag" "approve/shop/$commit/nested" elsewhere
git_as mallory tag -s -m "Approved" "approve/shop/$commit/mallory" main
git -C "$work" push -q --tags origin
refused 4 "V002"

attack "34 unsigned merge of signed parents, under trust: all"
under "trust: all"
on_branch feature
stolen
commit_as alice "Add stolen"
merge_branch feature unsigned
refused 4 "V002"

for trust in all signed; do
	attack "35 signed merge of unsigned parents, under trust: $trust"
	under "trust: $trust"
	on_branch feature
	stolen
	commit_unsigned "Add stolen"
	merge_branch feature as alice
	refused 4 "$([[ $trust == all ]] && printf V002 || printf V010)"
done

attack "36 evil merge: content that stands in neither parent"
on_branch feature
migration 20260201000000_honest 'CREATE TABLE honest (id bigint PRIMARY KEY);'
commit_as alice "Add something honest"
merge_branch feature unsigned
migration 20260201000000_honest 'CREATE TABLE stolen (id bigint PRIMARY KEY);'
git -C "$work" add -A
git_as mallory commit -q --amend --no-gpg-sign --no-edit
refused 4 "V010"

attack "37 octopus of two signed branches, by a button"
for name in one two; do
	git -C "$work" switch -q -c "$name" "$safe"
	stolen "$name"
	commit_as alice "Add $name"
done
git -C "$work" switch -q main
git_as mallory merge -q --no-ff --no-gpg-sign -m "Merge both" one two >/dev/null
refused 4 "V010"

attack "37 criss-cross, with a third content in the last merge"
for name in one two; do
	git -C "$work" switch -q -c "$name" "$safe"
	stolen "$name"
	commit_as alice "Add $name"
done
git_as mallory merge -q --no-ff --no-gpg-sign -m "Two takes one" one >/dev/null
git -C "$work" switch -q one
git_as mallory merge -q --no-ff --no-gpg-sign -m "One takes two" two^1 >/dev/null
git_as mallory merge -q --no-ff --no-gpg-sign -m "And again" two >/dev/null
stolen three
git -C "$work" add -A
git_as mallory commit -q --amend --no-gpg-sign --no-edit
merge_branch one unsigned
refused 4 "V010"

attack "38 squash signed by the forge's own key"
on_branch feature
stolen
commit_as alice "Add stolen"
git -C "$work" switch -q main
git -C "$work" merge -q --squash feature >/dev/null
commit_as mallory "Add stolen (#7)"
refused 4 "V004"

attack "39 self-approval: the author merges alone"
under "trust: signed" "threshold: 2"
on_branch feature
stolen
commit_as alice "Add stolen"
merge_branch feature as alice
refused 4 "V011"

attack "40 stale review: a push after the second person signed"
under "trust: signed" "threshold: 2"
on_branch feature
migration 20260201000000_honest 'CREATE TABLE honest (id bigint PRIMARY KEY);'
commit_as alice "Add something honest"
git_as bob commit -q -S --allow-empty -m "Reviewed"
migration 20260201000000_honest 'CREATE TABLE stolen (id bigint PRIMARY KEY);'
commit_as alice "And something else"
merge_branch feature unsigned
refused 4 "V011"

attack "41 policy and keys that come in the same push"
mkdir -p "$work/policies" "$work/keys"
printf 'trust: branch\nbackup: {rule: none}\n' >"$work/policies/strict.yaml"
printf 'mallory@example.org namespaces="git" %s\n' "$(cut -d' ' -f1,2 "$keys/mallory.pub")" >"$work/keys/allowed_signers"
cp "$scratch/headgate.yaml" "$work/headgate.yaml"
stolen
commit_as mallory "Trust me from now on"
refused 4 "V004"

attack "42 approval tag for another commit, and for another environment"
stolen
commit_unsigned "Add stolen"
git_as alice tag -s -m "Approved for another" "approve/staging/$commit/1" main
git_as alice tag -s -m "Another approved" "approve/shop/$safe/1" "$safe"
git -C "$work" push -q --tags origin
refused 4 "V002"

attack "43 grafts, replace refs and a shallow file in mirror and remote change nothing"
stolen
commit_unsigned "Add stolen"
twin=$(git_as alice commit-tree -S -p "$safe" -m "Add stolen" "main^{tree}")
mirror=$(dirname "$(find "$scratch/state" -name HEAD -not -path '*/logs/*' | head -n 1)")
for place in "$mirror" "$bare"; do
	git -C "$place" fetch -q "$work" "+main:refs/attack/unsigned" 2>/dev/null
	git -C "$work" push -q "$place" "+$twin:refs/attack/twin"
	git -C "$place" update-ref "refs/replace/$commit" "$twin"
	mkdir -p "$place/info"
	printf '%s %s\n' "$commit" "$twin" >"$place/info/grafts"
done
expect "what git itself shows there" "$(git -C "$work" rev-parse "$twin^{tree}") G" "$(
	git -C "$mirror" -c "gpg.ssh.allowedSignersFile=$keys/allowed_signers" log -1 --format='%T %G?' "$commit" 2>/dev/null)"
refused 4 "V002"
for place in "$mirror" "$bare"; do
	git -C "$place" update-ref -d "refs/replace/$commit" # of the mirror the agent has removed both by itself
	rm -f "$place/info/grafts"
done
git -C "$work" push -q --force origin "$commit:refs/heads/main"
printf '%s\n' "$commit" >"$mirror/shallow"
reconcile
if ((exit_code == 0)); then
	fail "a refusal" "exit 0"
fi
nothing_was_stolen
rm -f "$mirror/shallow"
put_back

attack "44 the deployed payload under a second commit id is no new deployment"
second=$(git -C "$work" cat-file commit "$safe" | sed '0,/^$/s//gpgsig-sha256 anything\n/' |
	git -C "$work" hash-object -t commit -w --literally --stdin)
git -C "$work" reset -q --hard "$second"
expect "the two ids have one tree" "$(git -C "$work" rev-parse "$safe^{tree}")" "$(git -C "$work" rev-parse "$second^{tree}")"
refused 6 "W002"
expect_ledger_rows 20260101000000_users 1

attack "45 the ref moves while its commit is applied"
migration 20260102000000_slow "SELECT pg_sleep(3); CREATE TABLE slow (id bigint PRIMARY KEY);"
commit_as alice "Add slow"
first=$commit
push
{
	headgate reconcile --target shop
	exit "$exit_code"
} &
pass=$!
sleep 1.5
stolen
git -C "$work" add -A
git_as mallory commit -q --amend --no-gpg-sign -m "Add slow, and more"
push --force
exit_code=0
wait "$pass" || exit_code=$?
expect_exit 0
expect_table slow
nothing_was_stolen
reconcile
expect_exit 6
expect_output "vanished from the branch: ${first:0:10}"
nothing_was_stolen
safe=$first
put_back

attack "47 many unsigned commits, in bounded time"
many=${HEADGATE_TEST_MANY:-500}
{
	printf 'reset refs/heads/main\nfrom %s\n\n' "$safe"
	for number in $(seq "$many"); do
		printf 'commit refs/heads/main\ncommitter Eve <eve@example.org> 1764000000 +0000\ndata 1\nx\n'
		printf 'M 100644 inline prisma/migrations/20260201000000_stolen/migration.sql\ndata <<END\nSELECT %s;\nEND\n\n' "$number"
	done
} | git -C "$work" fast-import --quiet --force
begun=$SECONDS
headgate preflight --repository "$work" --policy "$scratch/policies/strict.yaml" \
	--allowed-signers "$keys/allowed_signers" "$safe..main"
expect_exit 4
expect_output "V002"
say "$many commits judged in $((SECONDS - begun)) s"
expect "less than two minutes" yes "$( ((SECONDS - begun < 120)) && printf yes || printf "%s s" $((SECONDS - begun)))"

attack "48 the clock is set back after an expired key was seen"
ssh-keygen -q -t ed25519 -N '' -f "$keys/carol"
allow_signer carol 'valid-before="20260101Z"'
stolen
commit_as carol "Add stolen"
git -C "$work" push -q --force origin main
for day in 2026-06-01 2025-06-01; do
	HEADGATE_TEST_CLOCK=$(date -u -d "$day" +%s) headgate reconcile --target shop
	expect_exit 4
	expect_output "V005"
	nothing_was_stolen
done
put_back

say "$attacks attacks, none went through"
