#!/usr/bin/env bash
# tests/scenario/buttons.sh [--write]: each merge button of each forge, on a repository of the shape that it leaves behind:
# parents, subjects, who signed (nobody, or the forge by a key that counts for nothing), and the refs of pull requests. `headgate
# verify --steps` is asked whether the step passes; where it does not, what the row says to do is done, and must help.
# docs/buttons.md and the short table of README.md are what was seen: --write writes them, without it the test fails when they
# are others.
# What a reader gets wrong: the forges are not asked. What they do is written here, from their manuals and from looking.
# shellcheck disable=SC2016 # the backquotes are those of Markdown
source "$(dirname "$0")/lib.sh"
scenario "what each merge button of each forge leaves behind passes or is refused as docs/buttons.md says"

document=$source_root/docs/buttons.md
readme=$source_root/README.md

sign_anew="git rebase --force-rebase --exec 'git commit --amend --no-edit -S' origin/main"
case_number=0 root="" base="" topic="" original="" pull=""
current_forge="" button="" shape=""
declare -A passing=() refused=() # forge -> its buttons, in the words of the rows
forges=()

main() {
	given_repository
	ssh-keygen -q -t ed25519 -N '' -C forge -f "$keys/forge"
	root=$commit
	: >"$scratch/tables"
	github
	gitlab
	gitea
	bitbucket
	azure
	by_hand
	if [[ ${1:-} == --write ]]; then
		with_tables >"$scratch/document"
		cp "$scratch/document" "$document"
		with_short_table >"$scratch/readme"
		cp "$scratch/readme" "$readme"
	fi
	expect "commands of docs/buttons.md" 2 \
		"$(grep -cxF -e "    $sign_anew" -e "    $(tag_command TARGET COMMIT)" "$document")"
	expect "docs/buttons.md is what was seen (type: tests/scenario/buttons.sh --write)" "" \
		"$(diff "$document" <(with_tables) || true)"
	expect "README.md's table is what was seen (type: tests/scenario/buttons.sh --write)" "" \
		"$(diff "$readme" <(with_short_table) || true)"
}

# --- the forges ---------------------------------------------------------------------------------------------------

github() {
	forge GitHub
	pull=refs/pull/7/head

	row "Create a merge commit" "a merge commit, signed by GitHub"
	signed_topic
	merge_by forge "Merge pull request #7 from acme/items"
	passes

	row "Squash and merge" "one commit on main, signed by GitHub; the branch's commits stay at \`$pull\`"
	signed_topic
	squash_by forge "Add items (#7)"
	passes

	row "Rebase and merge" "copies of the commits, unsigned, without a number; GitHub is asked which pull request they are of"
	signed_topic
	rebase_by nobody
	passes --pull "7=$original"

	row "Rebase and merge, where no \`github\` is configured for the target" "the same, and nobody who could be asked"
	signed_topic
	rebase_by nobody
	approved_by_tag

	row "Merge queue" "a merge commit for each pull request, signed by GitHub, on top of the one before"
	signed_topic
	merge_by forge "Merge pull request #7 from acme/items"
	beside
	merge_by forge "Merge pull request #8 from acme/parts"
	passes

	row "Merge queue, squashing" "one commit for each pull request"
	signed_topic
	squash_by forge "Add items (#7)"
	passes

	row "Update branch (merge), then any merge button" "a merge of main into the branch, signed by GitHub"
	signed_topic
	main_moves_on
	update_branch forge "Merge branch 'main' into items"
	merge_by forge "Merge pull request #7 from acme/items"
	passes

	row "Update branch (merge), then Squash and merge" "one commit on main"
	signed_topic
	main_moves_on
	update_branch forge "Merge branch 'main' into items"
	squash_by forge "Add items (#7)"
	passes

	row "Update branch (rebase)" "the branch's commits made anew by GitHub: no person signed these"
	signed_topic
	main_moves_on
	rebase_branch forge
	merge_by forge "Merge pull request #7 from acme/items"
	signed_anew forge "Merge pull request #7 from acme/items"

	row "Commit in the web editor, or an applied suggestion" "a commit on the branch, signed by GitHub (it shows \"Verified\")"
	topic_by forge
	merge_by forge "Merge pull request #7 from acme/items"
	approved_before_the_merge forge "Merge pull request #7 from acme/items"

	row "Commits of code that nobody signed, beside a signed one with the migration" "as any branch"
	topic_by nobody_but_the_migration
	merge_by forge "Merge pull request #7 from acme/items"
	passes

	row "Revert" "a branch with a commit signed by GitHub, merged by any button"
	deployed_items
	revert_by forge "Merge pull request #8 from acme/revert-7-items"
	approved_by_tag

	row "\`git revert -S\` pushed to a branch, then any merge button" "a signed commit on the branch"
	deployed_items
	revert_by alice "Merge pull request #8 from acme/revert-7-items"
	passes
}

gitlab() {
	forge GitLab
	pull=refs/merge-requests/7/head

	row "Merge, method *merge commit*" "a merge commit that nobody signed"
	signed_topic
	merge_by nobody "$(see_merge_request)"
	passes

	row "Merge, *squash* ticked" "a squashed commit and a merge commit, both unsigned; the branch's commits stay at \`$pull\`"
	signed_topic
	squash_and_merge_by nobody "Add items" "$(see_merge_request)"
	passes

	row "Merge, method *fast-forward*" "the branch's own commits"
	signed_topic
	fast_forward
	passes

	row "Merge, method *fast-forward*, squashed" "one unsigned commit, whose message names no merge request"
	signed_topic
	squash_by nobody "Add items"
	approved_by_tag

	row "Merge, method *fast-forward*, squashed, with the squash commit template \`%{title}\` and, below it, \`See merge request %{reference}\`" "one unsigned commit that names it"
	signed_topic
	squash_by nobody "$(printf 'Add items\n\nSee merge request acme/shop!7')"
	passes

	row "Rebase, then Merge by any method" "the branch's commits made anew by GitLab: no person signed these"
	signed_topic
	main_moves_on
	rebase_branch nobody
	merge_by nobody "$(see_merge_request)"
	signed_anew nobody "$(see_merge_request)"

	row "Merge, method *merge commit with semi-linear history*, without Rebase" "a merge commit that nobody signed"
	signed_topic
	merge_by nobody "$(see_merge_request)"
	passes

	row "Web editor, or an applied suggestion" "a commit that no person signed"
	topic_by nobody
	merge_by nobody "$(see_merge_request)"
	approved_before_the_merge nobody "$(see_merge_request)"

	row "Revert" "a commit that no person signed"
	deployed_items
	revert_by nobody "$(printf "Merge branch 'revert-1' into 'main'\n\nSee merge request acme/shop!8")"
	approved_by_tag
}

gitea() {
	local merged="Merge pull request 'Add items' (#7) from items into main"
	forge "Gitea, Forgejo"
	pull=refs/pull/7/head

	row "Create merge commit" "a merge commit, unsigned or signed by the instance"
	signed_topic
	merge_by forge "$merged"
	passes

	row "Rebase then fast-forward, the branch being up to date" "the branch's own commits"
	signed_topic
	fast_forward
	passes

	row "Rebase then fast-forward, main having moved on" "copies of the commits, unsigned, without a number"
	signed_topic
	main_moves_on
	rebase_by nobody
	approved_by_tag

	row "Rebase then create merge commit" "copies of the commits and a merge commit; the branch's own stay at \`$pull\`"
	signed_topic
	main_moves_on
	rebase_and_merge_by nobody "$merged"
	passes

	row "Create squash commit" "one commit on main, unsigned or signed by the instance"
	signed_topic
	squash_by forge "Add items (#7)"
	passes

	row "Fast-forward only" "the branch's own commits"
	signed_topic
	fast_forward
	passes

	row "Web editor" "a commit that no person signed"
	topic_by forge
	merge_by forge "$merged"
	approved_before_the_merge forge "$merged"
}

bitbucket() {
	local merged
	merged=$(printf 'Merged in items (pull request #7)\n\nAdd items')
	forge "Bitbucket Cloud"
	pull=

	row "Merge commit" "a merge commit that nobody signed"
	signed_topic
	merge_by nobody "$merged"
	passes

	row "Squash" "one unsigned commit; Bitbucket keeps no ref of the branch"
	signed_topic
	squash_by nobody "$merged"
	approved_by_tag

	row "Fast-forward" "the branch's own commits"
	signed_topic
	fast_forward
	passes

	row "Revert" "a branch with an unsigned commit"
	deployed_items
	revert_by nobody "Merged in revert-pr-7 (pull request #8)"
	approved_by_tag
}

azure() {
	local merged="Merged PR 7: Add items"
	forge "Azure Repos"
	pull=

	row "Merge (no fast-forward)" "a merge commit that nobody signed"
	signed_topic
	merge_by nobody "$merged"
	passes

	row "Squash commit" "one unsigned commit; Azure keeps no ref of the branch's head"
	signed_topic
	squash_by nobody "$merged"
	approved_by_tag

	row "Rebase and fast-forward" "copies of the commits, unsigned"
	signed_topic
	main_moves_on
	rebase_by nobody
	approved_by_tag

	row "Semi-linear merge" "copies of the commits, unsigned, and a merge commit"
	signed_topic
	main_moves_on
	rebase_and_merge_by nobody "$merged"
	approved_by_tag
}

by_hand() {
	forge "By hand, pushed to main"
	pull=

	row "Signed commits, fast-forward" "the commits"
	signed_topic
	fast_forward
	passes

	row "\`git merge -S\` of a signed branch" "a signed merge commit"
	signed_topic
	merge_by alice "Merge branch 'items'"
	passes

	row "\`git merge -S\` of an unsigned branch" "a signed merge commit, which says nothing of what it merges"
	topic_by nobody
	merge_by alice "Merge branch 'items'"
	approved_by_tag

	row "\`git merge --squash\`, then \`git commit -S\`, of an unsigned branch" "one signed commit"
	topic_by nobody
	squash_by alice "Add items"
	passes

	row "\`git pull\` on main, pushed" "a merge of the forge's main into one's own; the migration's commit is signed"
	signed_topic
	main_moves_on
	git -C "$work" switch -q "$topic"
	git_as mallory merge -q --no-ff --no-gpg-sign -m "Merge branch 'main' of example.org:acme/shop" "$main"
	git -C "$work" branch -q -f "$main" "$topic"
	passes
}

see_merge_request() {
	printf "Merge branch 'items' into 'main'\n\nAdd items\n\nSee merge request acme/shop!7"
}

# --- a row --------------------------------------------------------------------------------------------------------

forge() { # NAME
	current_forge=$1
	forges+=("$1")
	printf '\n### %s\n\n| button | what it leaves | passes | else |\n|---|---|---|---|\n' "$1" >>"$scratch/tables"
}

row() { # BUTTON SHAPE: main is where it was in the beginning
	button=$1 shape=$2
	case_number=$((case_number + 1))
	main=main-$case_number topic=items-$case_number base=$root original=""
	git -C "$work" switch -q -C "$main" "$root"
	git -C "$work" tag -l 'approve/*' | xargs -r git -C "$work" tag -d >/dev/null # commits of one second are the same
	git -C "$bare" tag -l 'approve/*' | xargs -r git -C "$bare" tag -d >/dev/null
	say "== $current_forge: $button"
}

passes() { # [verify's options]
	verify_steps "$@"
	expect "steps that are refused" "" "$(jq -r 'select(.outcome != "pass") | .step' "$scratch/out")"
	expect_exit 0
	expect "who vouches" "$(people)" "$(vouchers)"
	write_row "yes" ""
}

people() {
	printf 'alice@example.org'
}

vouchers() {
	jq -r '.vouched_by[]' "$scratch/out" | sort -u | tr '\n' ' ' | sed 's/ $//'
}

refused() { # sets next: what is printed
	verify_steps
	expect_exit 4
	next=$(jq -r 'select(.outcome == "refuse") | .next' "$scratch/out" | tail -n 1)
}

approved_by_tag() { # the command that is printed, typed by bob
	local command
	refused
	command=$(grep -oE -m 1 'git tag -s .*\$\(whoami\)' <<<"$next" | head -n 1) || fail "an approval tag to be printed" "$next"
	type_as bob "$command"
	verify_steps
	expect_exit 0
	expect "does bob vouch" yes "$([[ $(vouchers) == *bob@example.org* ]] && echo yes)"
	write_row "no" "[approve](#approve) STEP"
}

# A tag on the branch's head; the button is then pressed again, which makes another step.
approved_before_the_merge() { # WHO MESSAGE, of the merge
	refused
	git -C "$work" switch -q -C "$main" "$base"
	type_as bob "$(tag_command shop "$(git -C "$work" rev-parse "$topic")")"
	merge_by "$1" "$2"
	verify_steps
	expect_exit 0
	expect "does bob vouch" yes "$([[ $(vouchers) == *bob@example.org* ]] && echo yes)"
	write_row "no" "[approve](#approve) HEAD before the merge, or STEP after it"
}

signed_anew() { # WHO MESSAGE, of the merge
	refused
	git -C "$work" switch -q "$topic"
	git -C "$work" branch -q -f origin-main "$main^"
	(
		cd "$work"
		git config user.name Alice
		git config user.email alice@example.org
		git config user.signingKey "$keys/alice"
		eval "${sign_anew/origin\/main/origin-main}" >/dev/null 2>&1
	)
	git -C "$work" switch -q -C "$main" "$main^"
	merge_by "$1" "$2"
	verify_steps
	expect_exit 0
	expect "who vouches" alice@example.org "$(vouchers)"
	write_row "no" "[sign anew](#sign-anew) and push, before the merge; or [approve](#approve) STEP after it"
}

tag_command() { # TARGET COMMIT
	printf 'git tag -s -m approved approve/%s/%s/$(whoami) %s && git push origin approve/%s/%s/$(whoami)' "$1" "$2" "$2" "$1" "$2"
}

type_as() { # NAME COMMAND of git, as it was printed
	local command=$2
	say "$1 types: $command"
	command=${command//'$(whoami)'/$1}
	for command in "${command%% && *}" "${command#* && }"; do
		eval "git_as $1 ${command#git }" >/dev/null 2>"$scratch/err" || fail "git to take that" "$(cat "$scratch/err")"
	done
	expectations=$((expectations + 1))
}

verify_steps() { # [verify's options]
	local -a options=("$@")
	if [[ -n $pull && ${1:-} != --pull ]] && names_it; then
		options+=(--pull "7=$original")
	fi
	headgate verify --repository "$work" --allowed-signers "$keys/allowed_signers" --output json --path prisma/migrations \
		--target shop --baseline "$root" --steps "$base..$main" "${options[@]}"
}

# As the agent finds it: in the subject or in the body of a step.
names_it() {
	[[ "$(git -C "$work" log --format=%B "$base..$main")" == *[#!]7* ]]
}

write_row() { # PASSES WHERE_NOT
	printf '| %s | %s | %s | %s |\n' "$button" "$shape" "$1" "$2" >>"$scratch/tables"
	if [[ $1 == yes ]]; then
		passing[$current_forge]+="${passing[$current_forge]:+; }$button"
	else
		refused[$current_forge]+="${refused[$current_forge]:+; }$button"
	fi
}

with_short_table() {
	local name
	sed '/^<!-- buttons: begin -->$/q' "$readme"
	printf '\n| | passes, of signed commits | does not, until a person approves it by a tag or signs it anew |\n|---|---|---|\n'
	for name in "${forges[@]}"; do
		printf '| %s | %s | %s |\n' "$name" "${passing[$name]:-–}" "${refused[$name]:-–}"
	done
	printf '\n'
	sed -n '/^<!-- buttons: end -->$/,$p' "$readme"
}

with_tables() {
	sed '/^<!-- begin -->$/q' "$document"
	cat "$scratch/tables"
	printf '\n'
	sed -n '/^<!-- end -->$/,$p' "$document"
}

# --- what people and forges do ------------------------------------------------------------------------------------

signed_topic() {
	topic_by alice
}

topic_by() { # WHO: a branch of two commits, one of them the migration
	git -C "$work" switch -q -c "$topic" "$base"
	printf 'items\n' >>"$work/code"
	case $1 in
	nobody_but_the_migration)
		commit_by nobody "Prepare items"
		migration 20260101000000_items 'CREATE TABLE items (id bigint PRIMARY KEY);'
		commit_by alice "Add items"
		;;
	*)
		commit_by "$1" "Prepare items"
		migration 20260101000000_items 'CREATE TABLE items (id bigint PRIMARY KEY);'
		commit_by "$1" "Add items"
		;;
	esac
	original=$(git -C "$work" rev-parse HEAD)
	git -C "$work" switch -q "$main"
}

commit_by() { # WHO MESSAGE [git commit's options]
	local who=$1 message=$2
	shift 2
	git -C "$work" add -A
	signing "$who" commit -q -m "$message" "$@"
}

signing() { # WHO git's arguments…: a person, the forge (alice is the author), or nobody
	local who=$1 command=$2
	shift 2
	case $who in
	nobody) git_as alice "$command" --no-gpg-sign "$@" ;;
	forge)
		GIT_COMMITTER_NAME=Forge GIT_COMMITTER_EMAIL=noreply@example.org \
			git -C "$work" -c user.name=Alice -c user.email=alice@example.org -c "user.signingKey=$keys/forge" "$command" -S "$@"
		;;
	*) git_as "$who" "$command" -S "$@" ;;
	esac
}

merge_by() { # WHO MESSAGE
	git -C "$work" switch -q "$main"
	signing "$1" merge -q --no-ff -m "$2" "$topic"
}

squash_by() { # WHO MESSAGE
	git -C "$work" switch -q "$main"
	git -C "$work" merge -q --squash "$topic" >/dev/null
	commit_by "$1" "$2"
}

squash_and_merge_by() { # WHO MESSAGE MERGE_MESSAGE
	git -C "$work" switch -q -c "$topic-squashed" "$main"
	git -C "$work" merge -q --squash "$topic" >/dev/null
	commit_by "$1" "$2"
	git -C "$work" switch -q "$main"
	signing "$1" merge -q --no-ff -m "$3" "$topic-squashed"
}

rebase_by() { # WHO: copies of the branch's commits on main
	git -C "$work" switch -q "$main"
	GIT_COMMITTER_DATE='2026-01-02T00:00:00Z' signing "$1" cherry-pick "$base..$topic" >/dev/null
}

rebase_and_merge_by() { # WHO MESSAGE
	git -C "$work" switch -q -c "$topic-rebased" "$main"
	GIT_COMMITTER_DATE='2026-01-02T00:00:00Z' signing "$1" cherry-pick "$base..$topic" >/dev/null
	git -C "$work" switch -q "$main"
	signing "$1" merge -q --no-ff -m "$2" "$topic-rebased"
}

rebase_branch() { # WHO: the branch itself is made anew, and the forge's ref follows
	git -C "$work" switch -q -c "$topic-anew" "$main"
	GIT_COMMITTER_DATE='2026-01-02T00:00:00Z' signing "$1" cherry-pick "$base..$topic" >/dev/null
	git -C "$work" branch -q -f "$topic" "$topic-anew"
	original=$(git -C "$work" rev-parse "$topic")
	git -C "$work" switch -q "$main"
}

fast_forward() {
	git -C "$work" switch -q "$main"
	git -C "$work" merge -q --ff-only "$topic"
}

update_branch() { # WHO MESSAGE
	git -C "$work" switch -q "$topic"
	signing "$1" merge -q --no-ff -m "$2" "$main"
	original=$(git -C "$work" rev-parse "$topic")
	git -C "$work" switch -q "$main"
}

main_moves_on() { # by what touches no migration
	git -C "$work" switch -q "$main"
	printf 'more\n' >>"$work/README.md"
	commit_by nobody "Write more"
}

beside() { # another pull request, from before
	git -C "$work" switch -q -c "$topic-beside" "$root"
	migration 20260102000000_parts 'CREATE TABLE parts (id bigint PRIMARY KEY);'
	commit_by alice "Add parts"
	topic=$topic-beside
}

deployed_items() { # items are there, merged and deployed
	signed_topic
	merge_by forge "Merge pull request #7 from acme/items"
	base=$(git -C "$work" rev-parse "$main")
}

revert_by() { # WHO MESSAGE: on a branch, then merged by the forge's button
	topic=$topic-revert
	git -C "$work" switch -q -c "$topic" "$main"
	git -C "$work" revert --no-commit -m 1 "$main" >/dev/null
	commit_by "$1" "Revert \"Add items\""
	original=$(git -C "$work" rev-parse "$topic")
	merge_by nobody "$2"
}

main "$@"
