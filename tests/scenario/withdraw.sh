#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "a commit that a person withdrew vouches for nothing until that is taken back; what is deployed stays"

given_repository
given_database
given_policy strict "$(printf '%s\n' "trust: signed" "backup: {rule: none}" "rollback: free")"
given_config policy=policies/strict.yaml
baseline

# A signed branch commit that waits for the freeze to end.
headgate suspend --target shop --reason "freeze"
on_branch users
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
signed=$commit
merge_branch users unsigned
push
reconcile
expect_exit 5
headgate withdraw "${signed:0:10}" --reason "signed by a stolen laptop"
expect_exit 0
expect_output "${signed:0:10} vouches for nothing any more"
expect_no_output "deployed"
headgate withdraw "$signed" --reason "signed by a stolen laptop"
expect_exit 0
expect_output "was withdrawn already"
headgate resume --target shop
reconcile
expect_exit 4
expect_output "stolen laptop"
expect_no_table users
expect_status "$commit" failure "refused: "

headgate withdraw --undo "${signed:0:10}"
expect_exit 0
expect_output "may vouch again"

# The forge's merge, which is what the status is on: the step itself then.
headgate withdraw "$commit" --reason "wrong day"
expect_exit 0
reconcile
expect_exit 4
expect_output "was withdrawn"
expect_output "wrong day"
expect_no_table users
headgate withdraw --undo --target shop "${commit:0:10}"
expect_exit 0
reconcile
expect_exit 0
expect_table users
expect_status "$commit" success "applied 1 migration"

# What is deployed stays, and the words say so.
headgate withdraw "$signed" --output json
expect_exit 0
expect_json '.[0] | .withdrawn and .changed and .deployed and .known'
headgate withdraw "$signed" --reason "late"
expect_output "it is deployed, and what it brought stays"
reconcile
expect_exit 0
expect_table users

# A commit that nobody has fetched; and what is no commit.
headgate withdraw 1111111111222222222233333333334444444444
expect_exit 0
expect_output "no such commit was fetched yet"
headgate withdraw --undo 1111111111
expect_exit 0
expect_output "may vouch again"
headgate withdraw 2222222222000000000000000000000000000000
headgate withdraw 2222222222111111111111111111111111111111
headgate withdraw --undo 2222222222
expect_exit 64 # which of the two?
headgate withdraw --undo 2222222222000
expect_exit 0
headgate withdraw nowhere
expect_exit 64
expect_output "cannot find commit 'nowhere'"
headgate withdraw "$signed" --reason "$(printf 'two\nlines')"
expect_exit 64
headgate log verify
expect_exit 0

# Where nobody vouches, the word is kept and changes nothing.
given_policy loose "$(printf '%s\n' "trust: branch" "backup: {rule: none}" "rollback: free")"
given_config policy=policies/loose.yaml
headgate withdraw "$signed" --reason "under trust: branch"
expect_exit 0
expect_output "under trust: branch nobody is asked to vouch"
