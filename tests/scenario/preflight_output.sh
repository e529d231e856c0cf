#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "before the merge: the same findings as annotations of GitHub, a report of GitLab, and JSON"

given_repository
given_policy plain $'trust: branch\nbackup: {rule: none}\nchecklist: [tested]'
preflight() { # OUTPUT
	headgate preflight --repository "$work" --policy "$scratch/policies/plain.yaml" --output "$1" origin/main..HEAD
}

on_branch feature
migration 20260101000000_users $'CREATE TABLE users (id bigint);\n\nCREATE TABEL orders (id bigint);'
migration "2026,02:50%_odd" 'SELECT 1;'
commit_as alice $'Add users\n\n- [x] tested'

preflight text
expect_exit 3
expect_output "at prisma/migrations/20260101000000_users/migration.sql:3"

preflight github
expect_exit 3
expect "lines that are no command" "preflight: 1 finding, this would be refused" "$(grep -v '^::' "$scratch/out")"
expect "the annotation" 1 "$(grep -c '^::error file=prisma/migrations/20260101000000_users/migration.sql,line=3,title=headgate P002%3A [^:,]*::cannot read ' "$scratch/out")"
expect "the note" 1 "$(grep -c "^::notice title=headgate::the name '2026,02:50%25_odd' is not" "$scratch/out")"

preflight gitlab
expect_exit 3
expect_json 'length == 2 and (map(keys - ["description", "check_name", "fingerprint", "severity", "location"] == []) | all)'
expect_json '.[0] | .check_name == "headgate-P002" and .severity == "blocker" and .location.path == "prisma/migrations/20260101000000_users/migration.sql"
	and .location.lines.begin == 3 and (.fingerprint | test("^[0-9a-f]{64}$"))'
expect_json '.[1].severity == "info" and (map(.fingerprint) | unique | length) == 2'
expect "the verdict, beside the report" "preflight: 1 finding, this would be refused" "$(cat "$scratch/err")"
fingerprint=$(jq -r '.[0].fingerprint' "$scratch/out")

preflight json
expect_exit 3
expect_json '.verdict == "refused" and .signatures_verified == false and .commits == 1 and (.findings | length) == 1'
expect_json '.findings[0] | .code == "P002" and .stage == "lint" and .migration == "20260101000000_users" and .line == 3 and (.next | length) > 0'
expect_json '(.items | length) == 2 and (.notes | length) == 1'

# The same finding after the file grew above it; a name that is no annotation of its own.
sed -i '1i -- a comment' "$work/prisma/migrations/20260101000000_users/migration.sql"
rm -r "$work/prisma/migrations/2026,02:50%_odd"
migration $'20260102000000_a::error title=x' 'SELECT;;'
commit_as alice $'Add users\n\n- [x] tested'
preflight gitlab
expect_json '.[0].location.lines.begin == 4'
expect "the fingerprint" "$fingerprint" "$(jq -r '.[0].fingerprint' "$scratch/out")"
preflight github
expect "lines that are no command" 1 "$(grep -vc '^::' "$scratch/out")"
expect "commands" "error notice" "$(sed -n 's/^::\([a-z]*\) .*/\1/p' "$scratch/out" | xargs)"

preflight xml
expect_exit 64
expect_output "--output github or --output gitlab"
headgate plan --output github
expect_exit 64
