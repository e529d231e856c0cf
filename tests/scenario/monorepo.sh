#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "two packages of one repository share a database: each its schema and its words, one dump for both, one after the other"

given_repository
given_database users
database_of[billing]=$database owner_of[billing]=$owner
database_of[shop]=$database owner_of[shop]=$owner
given_policy mono $'trust: all\nbackup: {rule: required, keep: 3}\nmax_backup_age: 1h\nrollback: free'
config=$scratch/headgate.yaml
config_top=("state: ./state" "interval: 1s" "repository:" "  url: $bare" "keys:" "  allowed_signers: keys/allowed_signers"
	"backups: ./backups" "notes:" "  push: true")
# Written the other way round: the order is that of `after`.
given_target billing policy=policies/mono.yaml migrations=packages/billing/prisma/migrations after="[users]" \
	database_url="\"${database_url%\?*}?schema=billing\""
given_target users policy=policies/mono.yaml migrations=packages/users/prisma/migrations \
	database_url="\"${database_url%\?*}?schema=users\""
baseline "$commit" users
baseline "$commit" billing

in_package() { # NAME MIGRATION SQL [DOWN]
	migrations_folder=packages/$1/prisma/migrations migration "${@:2}"
}
dumps() {
	find "$scratch/backups" -name '*.dump' | wc -l
}
record() { # NUMBER of a run: its backup, by headgate history
	headgate history "$1" --output json
	jq -r '.backup | "\(.file) \(.from_target) \(.from_run)"' "$scratch/out"
}

# One commit for both: users first, although it is written last; one dump serves both.
in_package users 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);' 'DROP TABLE users;'
in_package billing 20260101000000_bills 'CREATE TABLE bills (id bigint PRIMARY KEY, user_id bigint REFERENCES users.users);' \
	'DROP TABLE bills;'
commit_as alice "Add users and their bills"
push
headgate plan --target billing
expect_exit 2
expect_output "'billing' waits until 'users' is at ${commit:0:10}"
headgate reconcile
expect_exit 0
expect "who came first" "users billing" "$(grep -o '^[a-z]*' "$scratch/out" | grep -xE 'users|billing' | paste -sd' ')"
expect_table users.users users
expect_table billing.bills billing
expect "dumps" 1 "$(dumps)"
expect_status "$commit" success "applied 1 migration" users
expect_status "$commit" success "applied 1 migration" billing
expect_earlier_status "$commit" pending "backup of .* ago, .*, from run 1 of 'users', applying 1 migration" billing
dump=$(find "$scratch/backups" -name '*.dump')
expect "the backup of run 1" "$dump null null" "$(record 1 | tail -n 1)"
expect "the backup of run 2" "$dump users 1" "$(record 2 | tail -n 1)"
headgate history 2
expect_output "pg_restore"
expect_output "$dump"
expect_output "run 1 of 'users'"

# A commit that touches one package has words for that one alone, and the other follows in silence.
in_package users 20260102000000_names 'ALTER TABLE users ADD COLUMN name text;' 'ALTER TABLE users DROP COLUMN name;'
commit_as alice "Users have names"
push
headgate reconcile
expect_exit 0
expect_status "$commit" success "applied 1 migration" users
expect_no_status "$commit" billing
expect "dumps" 1 "$(dumps)"
headgate status --output json
expect_json "map(.deployed) == [\"$commit\", \"$commit\"]"

# Users is refused, so billing waits and says why; undone, both go on in one pass.
in_package users 20260103000000_mails 'ALTER TABLE users ADD COLUMN mail text;'
commit_unsigned "Users have mails"
unsigned=$commit
in_package billing 20260103000000_sums 'ALTER TABLE bills ADD COLUMN sum numeric;' 'ALTER TABLE bills DROP COLUMN sum;'
commit_as alice "Bills have sums"
sums=$commit
push
headgate reconcile
expect_exit 4
expect_output "V002"
expect_output "W029"
expect_output "'billing' waits until 'users' is at ${sums:0:10}"
expect_output "headgate status --target users"
expect_status "$unsigned" failure V002 users
expect_status "$sums" pending "waiting: 'billing' waits until 'users' is at ${sums:0:10}" billing
expect_status "$sums" pending "commit '${unsigned:0:10}' is not signed" billing
expect_no_status "$sums" users
expect_sql "SELECT count(*) FROM information_schema.columns WHERE table_schema = 'billing' AND column_name = 'sum'" 0 billing
reconcile billing
expect_exit 5
headgate status --target billing
expect_output "W029"

revert_as alice "$unsigned"
undone=$commit
push
headgate reconcile
expect_exit 0
expect_status "$sums" success "applied 1 migration" billing
expect_status "$unsigned" failure "undone by ${undone:0:10}" users
expect "dumps" 1 "$(dumps)"

# A hand in one schema is not the other's business: an invalid index, an odd table.
sql "CREATE TABLE users.odd (id int); INSERT INTO users.odd VALUES (1), (1)" users
sql "CREATE UNIQUE INDEX CONCURRENTLY odd_id ON users.odd (id)" users 2>/dev/null || true
expect_sql "SELECT count(*) FROM pg_index WHERE NOT indisvalid" 1 users
in_package billing 20260104000000_notes 'ALTER TABLE bills ADD COLUMN note text;' 'ALTER TABLE bills DROP COLUMN note;'
commit_as alice "Bills have notes"
push
headgate reconcile
expect_exit 0
expect_status "$commit" success "applied 1 migration" billing
headgate history --target billing --limit 1 --output json
last=$(jq -r '.[0].run' "$scratch/out")
headgate history "$last" --output json
expect_json '[.stages[] | select(.stage == "confirm") | .outcome] == ["done"]'
expect_json '[.stages[] | select(.stage == "backup") | .evidence.invalid_before] == [[]]'
fingerprint=$(jq -r '.stages[] | select(.stage == "confirm") | .evidence.fingerprint' "$scratch/out")
sqlite3 "$scratch/state/journal.db" "SELECT bytes FROM archive WHERE digest = '$fingerprint'" >"$scratch/description"
expect "what billing's fingerprint speaks of" bills "$(grep -owE 'bills|odd' "$scratch/description" | sort -u | paste -sd' ')"

# A backup that is too old, or of which nobody knows the database, serves nobody.
sed -i '/"identity"/d' "$scratch"/backups/*.json
in_package billing 20260105000000_dates 'ALTER TABLE bills ADD COLUMN at date;' 'ALTER TABLE bills DROP COLUMN at;'
commit_as alice "Bills have dates"
push
headgate reconcile
expect_exit 0
expect "dumps" 2 "$(dumps)"

# The same with the agent.
sql "DROP TABLE users.odd" users
agent_starts
says() { # COMMIT TARGET FRAGMENT
	[[ $(status_of "$1" "$2") == *"$3"* ]]
}
in_package users 20260106000000_phones 'ALTER TABLE users ADD COLUMN phone text;' 'ALTER TABLE users DROP COLUMN phone;'
in_package billing 20260106000000_phones 'ALTER TABLE bills ADD COLUMN phone text;' 'ALTER TABLE bills DROP COLUMN phone;'
commit_as alice "Phones"
push
wait_until 30 "billing to be applied after users" says "$commit" billing "success applied 1 migration"
expect_status "$commit" success "applied 1 migration" users

in_package users 20260107000000_faxes 'ALTER TABLE users ADD COLUMN fax text;'
commit_unsigned "Faxes"
unsigned=$commit
in_package billing 20260107000000_faxes 'ALTER TABLE bills ADD COLUMN fax text;' 'ALTER TABLE bills DROP COLUMN fax;'
commit_as alice "Bills by fax"
fax=$commit
push
wait_until 30 "users to be refused" says "$unsigned" users "failure refused"
wait_until 30 "billing to say that it waits" says "$fax" billing "'users' is at"
revert_as alice "$unsigned"
push
wait_until 30 "both to go on" says "$fax" billing "success applied 1 migration"
expect_status "$unsigned" failure "undone by" users
expect "dumps" 2 "$(dumps)"
agent_stops
expect_exit 0

# A dump of schemas holds those of its target alone.
given_policy mono $'trust: all\nbackup: {rule: required, scope: schema}\nrollback: free'
in_package billing 20260108000000_end 'ALTER TABLE bills ADD COLUMN done boolean;' 'ALTER TABLE bills DROP COLUMN done;'
commit_as alice "Bills end"
push
headgate reconcile
expect_exit 0
newest=$(find "$scratch/backups" -name 'billing.*.dump' | sort -V | tail -n 1)
expect "the tables in it" "billing _prisma_migrations,billing bills,headgate deployed" \
	"$(pg_restore -l "$newest" | sed -n 's/.* TABLE \([a-z]* [a-z_]*\) .*/\1/p' | grep -v '^DATA' | sort | paste -sd,)"
