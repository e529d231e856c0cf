#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "every command speaks JSON when it is asked to"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
headgate baseline HEAD --output json
expect_exit 0
expect_json '.target == "shop" and (.commit | length) == 40 and .again == false'

migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'
commit_unsigned "Add orders"
refused=$commit
push
headgate plan --output json
expect_exit 4
expect_json '.[0].items[0].name == "20260101000000_users" and .[0].items[0].action == "apply" and .[0].code == "V002"'
headgate status --output json
expect_exit 4
expect_json '.[0].pending[0].name == "20260101000000_users" and .[0].refused[0].code == "V002"'

headgate reconcile --output json
expect_exit 4
expect_json '.[0].target == "shop" and .[0].applied == 1 and .[0].code == "V002" and (.[0].next | length) > 0'
headgate history --output json
expect_json 'length >= 1 and (map(.target == "shop") | all)'
headgate history 1 --output json
expect_exit 0
expect_json '.run == 1 and (.stages | map(.stage) | index("apply"))'
headgate verify "$refused" --output json
expect_exit 4
expect_json '.verdict == "unsigned"'
headgate verify "$(git -C "$work" rev-parse "$refused^")" --output json
expect_exit 0
expect_json '.verdict == "good" and .principal == "alice@example.org"'
headgate retry --output json
expect_exit 0
expect_json '.target == "shop"'
headgate version --output json
expect_json '.version | length > 0'
