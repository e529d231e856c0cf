#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/servers.sh"
given_own_server
scenario "an application waits for the migrations that it brings, with no more than the right to read the ledger"

brought=$scratch/image/prisma/migrations

brings() { # NAME SQL: the application's image has this migration
	mkdir -p "$brought/$1"
	printf '%s\n' "$2" >"$brought/$1/migration.sql"
}

waits() { # [OPTION…]: with no configuration, as the application's own role
	(
		config="" DATABASE_URL=$application_url
		export DATABASE_URL
		headgate wait --migrations "$brought" "$@"
		printf '%s\n' "$exit_code" >"$scratch/exit"
	)
	exit_code=$(<"$scratch/exit") last_command="headgate wait --migrations … $*"
}

begins_to_wait() { # [OPTION…]: in the background; has_waited looks how it ended
	: >"$scratch/waiting"
	(
		trap - ERR EXIT INT TERM HUP
		DATABASE_URL=$application_url exec setpriv --pdeathsig KILL "$headgate_binary" \
			wait --migrations "$brought" "$@" >"$scratch/waited" 2>"$scratch/waiting" </dev/null
	) &
	agent=$!
}

says() { # FRAGMENT: the waiting one, wherever its lines are broken
	tr -s ' \n' '  ' <"$scratch/waiting" | grep -qF -- "$1"
}

has_waited() { # sets exit_code
	exit_code=0
	wait "$agent" || exit_code=$?
	agent="" last_command="headgate wait, in the background"
	cp "$scratch/waited" "$scratch/out"
	cp "$scratch/waiting" "$scratch/err"
	no_sanitizer_report "$scratch/err"
}

sum() { # NAME: of the file that the image brings
	sha256sum <"$brought/$1/migration.sql" | cut -d' ' -f1
}

row() { # NAME CHECKSUM FINISHED ROLLED_BACK
	sql "INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at, rolled_back_at)
		VALUES (gen_random_uuid(), '$2', '$1', clock_timestamp(), $3, $4)"
}

given_repository
given_database
reader=${owner}_app
superuser_sql postgres "CREATE ROLE $reader LOGIN; REVOKE ALL ON DATABASE $database FROM PUBLIC; GRANT CONNECT ON DATABASE $database TO $owner, $reader" >/dev/null
superuser_sql "$database" "REVOKE ALL ON SCHEMA public FROM PUBLIC" >/dev/null
database_of[app]=$database owner_of[app]=$reader
application_url="postgresql://$reader@127.0.0.1:$HEADGATE_TEST_PGPORT/$database"
given_strict_policy
given_config policy=policies/strict.yaml
brings 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
brings 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'

# The server is down, comes back without a ledger, the agent makes one that the role may not read yet, and fills it.
server_goes_down
begins_to_wait --timeout 60s
wait_until 10 "it says that the server is not there" says "D001"
server_comes_back
wait_until 10 "it says that there is no ledger" says "there is no _prisma_migrations in the database yet"
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push
reconcile
expect_exit 0
wait_until 10 "it prints the missing right" says "GRANT SELECT ON \"public\"._prisma_migrations TO"
sql "GRANT USAGE ON SCHEMA public TO $reader; GRANT SELECT ON _prisma_migrations TO $reader"
wait_until 10 "it names what lacks" says "for 1 of 2 migrations: 20260102000000_orders"
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);' 'DROP TABLE orders;'
commit_as alice "Add orders"
added=$commit
push
reconcile
expect_exit 0
has_waited
expect_exit 0
expect_output "database has all 2 migrations"
expect "lines about one and the same thing" 1 "$(grep -c 'there is no _prisma_migrations' "$scratch/err")"

# It reads the rows and nothing else: neither headgate.deployed nor a table of the application.
expect "rights on headgate.deployed" f "$(superuser_sql "$database" "SELECT has_schema_privilege('$reader', 'headgate', 'USAGE')")"
waits --timeout 0
expect_exit 0

# A standby has the rows, too, and yet it is waited for: until it is promoted.
primary_url=$application_url
standby_starts
wait_until 20 "the standby to have what the primary has" standby_is_level
application_url=$(at_second "$primary_url")
begins_to_wait --timeout 60s
wait_until 10 "it says what it has found" says "the server is a standby, or in recovery"
second_server promote
has_waited
expect_exit 0
application_url=$primary_url

# Line ends do not matter; another text does, and that at once.
sed -i 's/$/\r/' "$brought/20260102000000_orders/migration.sql"
waits --timeout 0
expect_exit 0
brings 20260102000000_orders 'CREATE TABLE orders (id int PRIMARY KEY);'
waits
expect_exit 6
expect_output "T003" # way out: T003
expect_output "20260102000000_orders"
waits --output json
expect_exit 6
expect_json '.differing[0].name == "20260102000000_orders" and (.arrived | length) == 1 and .code == "T003" and .exit_status == 6'
brings 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'

# An image that is newer than the database.
brings 20260103000000_items 'CREATE TABLE items (id bigint PRIMARY KEY);'
waits --timeout 1s
expect_exit 5
expect_output "T001"
expect_output "20260103000000_items"
waits --timeout 0 --output json
expect_json '.lacking == ["20260103000000_items"] and .held == [] and .open == [] and .ledger_read and .migrations == 3 and .exit_status == 5'
rm -r "$brought/20260103000000_items"

# A migration that was rolled back on purpose: held, and said so.
revert_as alice "$added"
push
reconcile
expect_exit 0
expect_no_table orders
begins_to_wait --timeout 2s
wait_until 10 "it says what is held" says "held 20260102000000_orders was rolled back on purpose"
has_waited
expect_exit 6
expect_output "T004" # way out: T004
expect "times it says so" 1 "$(grep -c 'rolled back on purpose' "$scratch/err")"
waits --timeout 0 --output json
expect_json '.held == ["20260102000000_orders"] and .code == "T004"'

# A failed try counts as never applied; an open row is a failure, once nobody is at work.
row 20260102000000_orders "$(sum 20260102000000_orders)" NULL "clock_timestamp()"
waits --timeout 0
expect_exit 5
row 20251231000000_stranger "$(sum 20260102000000_orders)" NULL NULL
waits --timeout 30s
expect_exit 1
expect_output "T002" # way out: T002
expect_output "20251231000000_stranger failed"

# While somebody holds Prisma's lock, an open row is a migration at work.
begins_to_wait --timeout 60s
lock_holder() {
	psql -XAtq -h "$HEADGATE_TEST_PGHOST" -p "$HEADGATE_TEST_PGPORT" -U "$owner" -d "$database" \
		-c "SELECT pg_advisory_lock(72707369)" -c "SELECT pg_sleep(7)" \
		-c "UPDATE _prisma_migrations SET finished_at = clock_timestamp() WHERE finished_at IS NULL AND rolled_back_at IS NULL" \
		-c "INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at) VALUES (gen_random_uuid(), '$(sum 20260102000000_orders)', '20260102000000_orders', now())"
}
lock_holder >/dev/null
has_waited
expect_exit 0
expect_output "applying 20251231000000_stranger has an open row in the ledger"

# The password of the application is not there yet, or is just being changed.
superuser_sql postgres "DO \$\$ BEGIN CREATE ROLE with_password LOGIN; EXCEPTION WHEN duplicate_object THEN END \$\$" >/dev/null
superuser_sql postgres "ALTER ROLE with_password PASSWORD 'old'; GRANT CONNECT ON DATABASE $database TO with_password" >/dev/null
sql "GRANT USAGE ON SCHEMA public TO with_password; GRANT SELECT ON _prisma_migrations TO with_password"
application_url="postgresql://with_password:new@127.0.0.1:$HEADGATE_TEST_PGPORT/$database"
begins_to_wait --timeout 60s
wait_until 10 "it says that the password is refused" says "D002"
superuser_sql postgres "ALTER ROLE with_password PASSWORD 'new'" >/dev/null
has_waited
expect_exit 0
expect_no_output "new@"
superuser_sql "$database" "DROP OWNED BY with_password" >/dev/null
superuser_sql postgres "DROP OWNED BY with_password; DROP ROLE with_password" >/dev/null

# TLS as Prisma has it: without sslmode a server without TLS will do, and with require it will not.
application_url="postgresql://$reader@127.0.0.1:$HEADGATE_TEST_PGPORT/$database?schema=public"
waits --timeout 0
expect_exit 0
application_url="$application_url&sslmode=require"
waits --timeout 0
expect_exit 6
expect_output "D011"

# Asked to stop.
application_url="postgresql://$reader@127.0.0.1:1/$database"
begins_to_wait
wait_until 10 "it waits" says "D001"
kill -TERM "$agent"
has_waited
expect_exit 5
expect_output "F007"

# What cannot become right by waiting.
application_url="mysql://root@127.0.0.1/shop"
waits
expect_exit 64
expect_output "D003"
application_url=""
waits
expect_exit 64
expect_output "DATABASE_URL is not set"
application_url="postgresql://$reader@127.0.0.1:$HEADGATE_TEST_PGPORT/$database"
brought=$scratch/image/none
waits
expect_exit 64
expect_output "there is no folder"
brought=$scratch/image/empty
mkdir -p "$brought"
waits
expect_exit 6
expect_output "W003"
mkdir -p "$brought/20260101000000_users"
waits
expect_exit 3
expect_output "W007" # way out: W007
rm -r "$brought/20260101000000_users"
ln -s "$scratch/image/prisma/migrations/20260101000000_users" "$brought/20260101000000_users"
waits
expect_exit 3
expect_output "W004" # way out: W004
rm "$brought/20260101000000_users"
printf 'provider = "sqlite"\n' >"$brought/migration_lock.toml"
waits
expect_exit 3
expect_output "W008"
printf 'provider = "postgresql"\n' >"$brought/migration_lock.toml"
waits --timeout 5s
expect_exit 0
expect_output "no migrations to wait for"
