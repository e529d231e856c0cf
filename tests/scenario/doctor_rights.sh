#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "the doctor prints the SQL for what a role lacks, and once the owner ran it everything passes"

level_of() { # CHECK
	jq -r --arg check "$1" '[.[] | select((.area == "database" or .area == "backup") and .check == $check) | .level] | unique | join(" ")' "$scratch/out"
}

given_repository
given_database
superuser_sql postgres "ALTER DATABASE $database OWNER TO postgres; CREATE ROLE ${owner}_app LOGIN; CREATE ROLE ${owner}_old" >/dev/null
database_of[app]=$database owner_of[app]=${owner}_app
database_of[old]=$database owner_of[old]=${owner}_old
superuser_sql "$database" "CREATE SCHEMA app AUTHORIZATION ${owner}_old; SET ROLE ${owner}_old;
	CREATE TABLE app._prisma_migrations (id varchar(36) PRIMARY KEY, checksum varchar(64) NOT NULL, finished_at timestamptz,
		migration_name varchar(255) NOT NULL, logs text, rolled_back_at timestamptz, started_at timestamptz NOT NULL DEFAULT now(),
		applied_steps_count integer NOT NULL DEFAULT 0);
	CREATE TABLE app.users (id serial PRIMARY KEY); CREATE TYPE app.mood AS ENUM ('sad');
	RESET ROLE; CREATE TABLE app.mine (); CREATE TABLE public.secret ()" >/dev/null
given_config policy=policies/staging.yaml "schemas=[app]" \
	database_url="\"postgresql://${owner}_app@127.0.0.1:$HEADGATE_TEST_PGPORT/$database?schema=app\""

headgate doctor --output json
expect_exit 6
expect "rights" fail "$(level_of rights)"
expect_output "CREATE SCHEMA headgate AUTHORIZATION"
expect_output "ALTER TABLE app.users OWNER TO"
expect_output "ALTER TYPE app.mood OWNER TO"
expect_output "ALTER TABLE app.mine OWNER TO"
expect_no_output "users_id_seq OWNER"
for _ in 1 2; do # what a new owner may is seen by asking again
	superuser_sql "$database" "$(jq -r '.[] | select(.area == "database" or .area == "backup") | .type[]' "$scratch/out")" >/dev/null
	headgate doctor --output json
done
expect_exit 0
expect "rights" pass "$(level_of rights)"
expect_sql "SELECT count(*) FROM pg_class WHERE relnamespace = 'app'::regnamespace AND relkind = 'r' AND pg_get_userbyid(relowner) = '${owner}_app'" 3 app
headgate baseline --target shop --applied-up-to none HEAD # objects that no migration made
expect_exit 0
migration 20260101000000_more 'ALTER TABLE users ADD COLUMN more int;'
commit_as alice "More"
push
reconcile
expect_exit 0

# In the mode observe nothing is written, so nothing of it is needed yet.
superuser_sql "$database" "CREATE TABLE app.theirs ()" >/dev/null
headgate doctor --output json
expect_exit 6
given_config policy=policies/development.yaml mode=observe "schemas=[app]" \
	database_url="\"postgresql://${owner}_app@127.0.0.1:$HEADGATE_TEST_PGPORT/$database?schema=app\""
headgate doctor --output json
expect_exit 0
expect "rights" warn "$(level_of rights)"
expect_output "mode observe"

# Where names lead, when the URL does not say it.
superuser_sql postgres "ALTER ROLE ${owner}_app SET search_path = app" >/dev/null
given_config policy=policies/development.yaml \
	database_url="\"postgresql://${owner}_app@127.0.0.1:$HEADGATE_TEST_PGPORT/$database\""
headgate doctor --output json
expect_exit 6
expect "schema" fail "$(level_of schema)"
expect_output "names without a schema mean 'app'"
superuser_sql postgres "ALTER ROLE ${owner}_app RESET search_path" >/dev/null

# A superuser is refused unless that is written out.
superuser_sql postgres "ALTER ROLE ${owner}_app SUPERUSER" >/dev/null
headgate doctor --output json
expect_exit 6
expect "role" fail "$(level_of role)"
given_config policy=policies/development.yaml superuser=allow \
	database_url="\"postgresql://${owner}_app@127.0.0.1:$HEADGATE_TEST_PGPORT/$database\""
headgate doctor --output json
expect_exit 0
expect "role" warn "$(level_of role)"
superuser_sql postgres "ALTER ROLE ${owner}_app NOSUPERUSER CREATEROLE BYPASSRLS" >/dev/null
headgate doctor --output json
expect "role" warn "$(level_of role)"
expect_output "NOCREATEROLE"
superuser_sql postgres "$(jq -r '.[] | select(.check == "role") | .type[]' "$scratch/out")" >/dev/null
headgate doctor --output json
expect "role" pass "$(level_of role)"
