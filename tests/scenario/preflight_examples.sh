#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "the examples for GitHub Actions and GitLab CI are valid, and their own commands judge a branch"

examples=$source_root/deploy/examples
given_repository
mkdir -p "$work/ops/headgate" "$scratch/bin"
ln -s "$headgate_binary" "$scratch/bin/headgate"
printf 'trust: all\nbackup: {rule: required}\nchecklist: [tested]\n' >"$work/ops/headgate/production.yaml"
cp "$keys/allowed_signers" "$work/ops/headgate/allowed_signers"
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push
on_branch feature
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'
printf 'trust: branch\nbackup: {rule: none}\n' >"$work/ops/headgate/production.yaml" # a pull request that would like to help itself
commit_unsigned "Add orders"
git -C "$work" push -q origin feature

run_script() { # FILE ENVIRONMENT…: as a CI runner does, in a clone of its own; its clone is cloned anew each time
	local script=$1
	shift
	rm -rf "$scratch/clone"
	git clone -q --branch feature "file://$bare" "$scratch/clone"
	last_command="the script of $script" exit_code=0
	(
		trap - ERR
		cd "$scratch/clone"
		env "$@" PATH="$scratch/bin:$PATH" bash -euo pipefail "$scratch/$script"
	) >"$scratch/out" 2>"$scratch/err" || exit_code=$?
	say "$last_command: exit $exit_code"
}

yq -r '.jobs.preflight.steps[] | select(.run).run' "$examples/github-actions-preflight.yaml" >"$scratch/github"
expect "history that GitHub clones" 0 "$(yq -r '.jobs.preflight.steps[0].with."fetch-depth"' "$examples/github-actions-preflight.yaml")"
expect "rights of the job" '{"contents":"read"}' "$(yq -c .permissions "$examples/github-actions-preflight.yaml")"
mkdir "$scratch/temp"
run_script github BASE=origin/main TRUSTED="$scratch/temp"
expect_exit 4
expect "annotations" 2 "$(grep -c '^::error file=prisma/migrations/20260102000000_orders/' "$scratch/out")"

yq -r '."headgate preflight".script[]' "$examples/gitlab-ci-preflight.yaml" >"$scratch/gitlab"
expect "history that GitLab clones" 0 "$(yq -r '."headgate preflight".variables.GIT_DEPTH' "$examples/gitlab-ci-preflight.yaml")"
report=$(yq -r '."headgate preflight".artifacts.reports.codequality' "$examples/gitlab-ci-preflight.yaml")
run_script gitlab CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main CI_COMMIT_SHA="$(git -C "$work" rev-parse feature)"
expect_exit 4
expect_output "preflight: 2 findings, this would be refused"
expect "codes of the report" '["headgate-C001","headgate-V002"]' "$(jq -c 'map(.check_name) | sort' "$scratch/clone/$report")"

git -C "$work" reset -q --hard main
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'
commit_as alice $'Add orders\n\n- [x] tested'
git -C "$work" push -qf origin feature
run_script github BASE=origin/main TRUSTED="$scratch/temp"
expect_exit 0
expect_output "would apply 1 migration"
run_script gitlab CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main CI_COMMIT_SHA="$(git -C "$work" rev-parse feature)"
expect_exit 0
expect "the report" '[]' "$(jq -c . "$scratch/clone/$report")"
