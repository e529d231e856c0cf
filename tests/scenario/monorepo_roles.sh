#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "two packages with a role each share a database: what one role has to allow the other is said, and then it goes"

given_repository
given_database users
users_url="${database_url%\?*}?schema=users"
owner_of[billing]=billing_owner_$scenario_id database_of[billing]=$database
superuser_sql postgres "CREATE ROLE ${owner_of[billing]} LOGIN" >/dev/null
superuser_sql postgres "GRANT CREATE ON DATABASE $database TO ${owner_of[billing]}" >/dev/null
given_policy mono $'trust: all\nbackup: {rule: required, keep: 3}\nmax_backup_age: 1h\nrollback: free'
config=$scratch/headgate.yaml
config_top=("state: ./state" "repository:" "  url: $bare" "keys:" "  allowed_signers: keys/allowed_signers" "backups: ./backups"
	"notes:" "  push: true")
given_target users policy=policies/mono.yaml migrations=packages/users/prisma/migrations database_url="\"$users_url\""
given_target billing policy=policies/mono.yaml migrations=packages/billing/prisma/migrations after="[users]" \
	database_url="\"postgresql://${owner_of[billing]}@127.0.0.1:$HEADGATE_TEST_PGPORT/$database?schema=billing\""
baseline "$commit" users
baseline "$commit" billing

migrations_folder=packages/users/prisma/migrations
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);' 'DROP TABLE users;'
migrations_folder=packages/billing/prisma/migrations
migration 20260101000000_bills 'CREATE TABLE bills (id bigint PRIMARY KEY);' 'DROP TABLE bills;'
commit_as alice "Add users and bills"
push
headgate reconcile
expect_exit 3
expect_table users.users users
expect_status "$commit" failure "D008" billing

# Whatever it asks for is typed as it stands, by the role that made the schema.
told() {
	unbroken | grep -oE 'GRANT [^;]*;' | sort -u | paste -sd' ' || true
}
for _ in 1 2 3; do
	grants=$(told)
	[[ -n $grants ]] || break
	say "typed: $grants"
	sql "$grants" users
	headgate retry --target billing
	headgate reconcile
done
expect_exit 0
expect_table billing.bills billing
expect_status "$commit" success "applied 1 migration" billing
# Its role may not read users' rows, and need not: the dump of users' run served.
expect "dumps" 1 "$(find "$scratch/backups" -name '*.dump' | wc -l)"
expect_earlier_status "$commit" pending "from run 1 of 'users'" billing
