#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/http.sh"
scenario "a repository over HTTP is read and its notes are pushed with the token, and not without it"

given_repository
given_http_repository s3cret
given_database
given_strict_policy
given_config policy=policies/strict.yaml
mkdir "$scratch/secrets"
printf 's3cret\n' >"$scratch/secrets/git"
printf 'wrong\n' >"$scratch/secrets/old"
chmod 600 "$scratch"/secrets/*
given_setting_in notes "token_file: secrets/git"
given_setting_in repository "username: git" "token_file: secrets/old"
headgate baseline HEAD
expect_exit 1
expect_output "G002"
expect_no_output wrong

printf 's3cret\n' >"$scratch/secrets/old"
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push
reconcile
expect_exit 0
expect_table users
expect_status "$commit" success "applied 1 migration"

# Nothing changed: the branch is looked at, not fetched. One question what the server can, asked again with the token that it
# wants, and one for the branch.
posts=$(http_requests 'POST .*git-upload-pack')
gets=$(http_requests 'GET .*service=git-upload-pack')
reconcile
expect_exit 0
expect "requests for refs" "$((posts + 1))" "$(http_requests 'POST .*git-upload-pack')"
expect "questions" "$((gets + 2))" "$(http_requests 'GET .*service=git-upload-pack')"
