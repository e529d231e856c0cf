#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/forge.sh"
scenario "the doctor knows whether the token can post, posts nothing, and sees the required check that would lock everybody out"

said() { # LEVEL: what it says of GitHub on that level
	jq -r --arg level "$1" '.[] | select(.check == "github" and .level == $level) | .what + " " + (.mend // "")' "$scratch/out"
}
expect_said() { # LEVEL FRAGMENT
	expectations=$((expectations + 1))
	said "$1" | grep -qF -- "$2" || fail "the doctor to say '$2' ($1)" "$(cat "$scratch/out")"
}

given_repository
given_database
given_config "forges=[notes, github]"
given_forge
baseline

headgate doctor --output json
expect_exit 0
expect_said pass "statuses can be posted to acme/shop"
expect_said pass "'headgate/shop' is no required check"
expect "statuses that were stored" 0 "$(jq -s '[.[] | select(.answer == 201)] | length' "$forge_folder/log")"

forge_says required
headgate doctor --output json
expect_exit 6
expect_said fail "'headgate/shop' is a required check of 'main'"
forge_says protected
headgate doctor --output json
expect_exit 6
expect_said fail "Take 'headgate/shop' out of the required checks"

forge_says reader
headgate doctor --output json
expect_exit 6
expect_said fail "Commit statuses: write"
forge_says archived
headgate doctor --output json
expect_exit 6
expect_said fail "archived"
forge_says missing
headgate doctor --output json
expect_exit 6
expect_said fail "no such repository"
forge_says down
headgate doctor --output json
expect_exit 6
expect_said fail "503"

forge_says
printf 'wrong\n' >"$scratch/secrets/github"
headgate doctor --output json
expect_exit 6
expect_said fail "not valid"
rm "$scratch/secrets/github"
headgate doctor --output json
expect_exit 6
expect_said fail "secrets/github"
expect_json '[.[] | select(.area == "database" and .level == "pass")] | length > 5'
