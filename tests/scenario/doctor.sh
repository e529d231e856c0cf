#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "the doctor passes what is healthy, names what is not, and goes on past what is broken"

level_of() { # AREA CHECK
	jq -r --arg area "$1" --arg check "$2" '[.[] | select(.area == $area and (.check | split(", ") | index($check))) | .level] | join(" ")' "$scratch/out"
}
expect_level() { # AREA CHECK LEVEL…
	expect "what the doctor says about $1, $2" "${*:3}" "$(level_of "$1" "$2")"
}
says() {
	jq -r '.[] | .what + " " + (.mend // "") + " " + (.type | join(" ")) + " " + (.code // "")' "$scratch/out"
}
expect_says() { # FRAGMENT
	expectations=$((expectations + 1))
	says | grep -qF -- "$1" || fail "the doctor to say '$1'" "$(says)"
}

given_repository
given_database
given_config policy=policies/staging.yaml

# Before the baseline: one thing is missing, and what to type is printed.
headgate doctor --output json
expect_exit 0
expect_level ledger baseline warn
expect "a folder made by a look" "" "$(ls -d "$scratch/backups" 2>/dev/null || true)"
expect "the journal" "" "$(ls "$scratch/state/journal.db" 2>/dev/null || true)"
eval "$(jq -r '.[] | select(.check == "baseline") | .type[0]' "$scratch/out")"
expect_exit 0
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push
reconcile
expect_exit 0

# Healthy: nothing but passes, and one disk for both, which this machine has.
headgate doctor --output json
expect_exit 0
expect_json '[.[] | select(.level != "pass") | .check] - ["disks"] == []'
expect_level repository tags pass

# A tag in the place of the approvals' folder.
git -C "$work" tag approve/shop
git -C "$work" push -q origin approve/shop
headgate doctor --output json
expect_exit 0
expect_level repository tags warn
expect_says "git push origin :refs/tags/approve/shop"
git -C "$work" push -q origin :refs/tags/approve/shop
git -C "$work" tag -d approve/shop >/dev/null
expect_json '[.[] | .area] | index("database") != null'
expect_json 'all(.[]; .what != null and (.type | type) == "array")'
before=$(sql "SELECT count(*), max(xmin::text) FROM headgate.deployed")
headgate doctor
expect_exit 0
expect_output "✓ connection"
expect_output "database of shop"
expect_output "passes"
expect "the row of headgate.deployed" "$before" "$(sql "SELECT count(*), max(xmin::text) FROM headgate.deployed")"

# Clocks that differ.
HEADGATE_TEST_CLOCK=$(($(date +%s) - 30)) headgate doctor --output json
expect_exit 0
expect_level database clock warn
HEADGATE_TEST_CLOCK=$(($(date +%s) - 120)) headgate doctor --output json
expect_exit 6
expect_level database clock fail
expect_says "ahead of ours"

# An open row of another's failed try, with the two ways out.
sql "INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at) VALUES ('00000000-0000-4000-8000-000000000001', repeat('a', 64), '20260102000000_broken', now())"
headgate doctor --output json
expect_exit 6
expect_level ledger rows fail
expect_says "headgate resolve --target shop --rolled-back 20260102000000_broken"
expect_says "P3009"
# What it prints leads out.
eval "$(jq -r '.[] | select(.check == "rows") | .type[0]' "$scratch/out")"
expect_exit 0
headgate doctor --output json
expect_exit 0

# Names out of a database are typed by people: what a shell would run is quoted.
sql "INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at) VALUES ('00000000-0000-4000-8000-000000000002', repeat('a', 64), \$\$x'; touch \$HOME/pwned; '\$\$, now())"
headgate doctor --output json
expect_exit 6
eval "$(jq -r '.[] | select(.check == "rows") | .type[0]' "$scratch/out")"
expect "a file that a name made" "" "$(find "$HOME" -name pwned)"
sql "DELETE FROM _prisma_migrations WHERE id = '00000000-0000-4000-8000-000000000002'"

# Others that may write the ledger, with the SQL that ends it.
superuser_sql "$database" "GRANT INSERT ON _prisma_migrations TO PUBLIC; GRANT CREATE ON SCHEMA public TO PUBLIC" >/dev/null
headgate doctor --output json
expect_exit 0
expect_level database others warn warn
superuser_sql "$database" "$(jq -r '.[] | select(.check == "others") | .type[]' "$scratch/out")" >/dev/null
headgate doctor --output json
expect_level database others pass

# A keyring that is misspelt, and one that nobody's key is valid in.
cp "$keys/allowed_signers" "$scratch/good"
printf 'nonsense\n' >>"$keys/allowed_signers"
headgate doctor --output json
expect_exit 6
expect_level keys keyring fail
expect_level keys expiry "not looked at"
expect_level database connection pass
cp "$scratch/good" "$keys/allowed_signers"
allow_signer mallory "valid-before=\"$(date -u -d '+10 days' +%Y%m%d)\""
headgate doctor --output json
expect_exit 0
expect_level keys expiry warn
expect_says "mallory@example.org"
forget_signer mallory
chmod o+w "$keys/allowed_signers"
headgate doctor --output json
expect_exit 6
expect_level keys keyring fail
chmod o-w "$keys/allowed_signers"
chmod 777 "$keys"
headgate doctor --output json
expect_exit 0
expect_level keys files warn
chmod 700 "$keys"

# Persons of roles who are nobody, and fewer of them than the policy wants.
given_policy roles "$(printf '%s\n' "trust: signed" "threshold: 3" "roles:" "  - {name: lead, persons: [alice@example.org, eve@example.org]}")"
given_config policy=policies/roles.yaml
headgate doctor --output json
expect_exit 0
expect_level policy policy pass warn warn
expect_says "role lead names eve@example.org, of whom no key is in the keyring"
expect_says "the policy wants 3 persons for each change, and the keyring has"

# A branch, a folder and a repository that are not there.
given_config policy=policies/staging.yaml branch=nowhere
headgate doctor --output json
expect_exit 6
expect_level repository branch fail
expect_level repository migrations "not looked at"
given_config policy=policies/staging.yaml migrations=db/migrations
headgate doctor --output json
expect_exit 6
expect_level repository migrations fail

# No server: the rest is looked at all the same, and nothing fails obscurely.
given_config policy=policies/staging.yaml database_url="\"postgresql://nobody@127.0.0.1:1/none\""
headgate doctor --output json
expect_exit 6
expect_level database connection fail
expect_level database rights "not looked at"
expect_level repository branch pass
expect_json '[.[] | select(.level == "not looked at" and .area == "database")] | length == 1'
headgate doctor
expect_output "not looked at, since there is no connection to the database"
expect_no_output "nobody@"

# A broken configuration is a line, too.
given_config policy=policies/staging.yaml
printf 'targets: [\n' >>"$config"
headgate doctor --output json
expect_exit 6
expect_level configuration file fail
expect_level keys ssh-keygen pass
expect_json '[.[] | select(.level == "not looked at")] | length > 3'

given_config policy=policies/staging.yaml
headgate doctor --target none
expect_exit 64
expect_output "there is no target 'none'"

# Another journal's target.
mv "$scratch/state" "$scratch/state.old"
given_config policy=policies/staging.yaml
headgate doctor --output json
expect_exit 6
expect_level ledger owner fail
expect_says "headgate baseline --target shop"
