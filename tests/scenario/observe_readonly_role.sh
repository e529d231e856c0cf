#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/prisma.sh"
source "$(dirname "$0")/servers.sh"
given_own_server
scenario "a role that may only read is enough to observe, on a standby, too, and the server refuses it any write"

written() { # what the server counts as written in the database: rows, and the ids of transactions that wrote
	superuser_sql "$database" "SELECT pg_stat_force_next_flush(); SELECT tup_inserted + tup_updated + tup_deleted
		FROM pg_stat_database WHERE datname = '$database'; SELECT txid_snapshot_xmax(txid_current_snapshot())" | tr '\n' ' '
}

given_repository
given_database
migration 20260101000000_users 'CREATE TABLE users (id bigserial PRIMARY KEY, name text);
CREATE VIEW names AS SELECT name FROM users;
CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql AS $$ SELECT n * 2 $$;' 'DROP TABLE users CASCADE;'
commit_as alice "Add users"
push
prisma_deploys 20260101000000_users
reader=reader_$scenario_id
superuser_sql "$database" "CREATE ROLE $reader LOGIN" >/dev/null
owner_of[reader]=$reader # dropped at the end
superuser_sql "$database" "GRANT CONNECT ON DATABASE $database TO $reader; GRANT USAGE ON SCHEMA public TO $reader" >/dev/null
reader_url="postgresql://$reader@127.0.0.1:$HEADGATE_TEST_PGPORT/$database?schema=public"
given_strict_policy
given_config policy=policies/strict.yaml mode=observe "database_url=\"$reader_url\""

# Not even the ledger may be read: a person is told what to grant, and no commit is red for it.
headgate baseline --target shop HEAD
expect_exit 3
expect_output "GRANT SELECT ON \"public\"._prisma_migrations TO \"$reader\""
sql "GRANT SELECT ON _prisma_migrations TO $reader"
before=$(written)
baseline
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);' 'DROP TABLE orders;'
commit_as alice "Add orders"
push
reconcile
expect_exit 0
expect_output "observes: would apply 1 migration"
headgate plan
expect_exit 2
headgate status
expect_exit 2
expect_output "apply 20260102000000_orders"
expect "rows written and transactions that wrote" "$before" "$(written)"

prisma_deploys 20260102000000_orders
expect "what Prisma wrote is seen" no "$([[ $before == "$(written)" ]] && echo yes || echo no)"
before=$(written)
reconcile
expect_exit 0
expect_output "observes: agrees"
expect_status "$commit" success "observe: applied by another"
expect "rows written and transactions that wrote" "$before" "$(written)"

# Even the owner's session cannot write while Headgate observes: what it reads runs read only.
superuser_sql postgres "ALTER SYSTEM SET log_statement = 'all'" >/dev/null
superuser_sql postgres "SELECT pg_reload_conf()" >/dev/null
given_config policy=policies/strict.yaml mode=observe
reconcile
expect_exit 0
expect_output "observes: agrees"
sessions=$(grep -cF "set_config('lock_timeout'" "$HEADGATE_TEST_PGLOG")
expect "there are sessions of the agent" yes "$( ((sessions > 0)) && echo yes || echo no)"
expect "all of them are read only" "$sessions" \
	"$(grep -F "set_config('lock_timeout'" "$HEADGATE_TEST_PGLOG" | grep -cF "set_config('default_transaction_read_only', 'on'")"

# A standby serves as well.
standby_starts
migration 20260103000000_items 'CREATE TABLE items (id bigint PRIMARY KEY);'
commit_as alice "Add items"
push
prisma_deploys 20260103000000_items
wait_until 20 "the standby to have what the primary has" standby_is_level
given_config policy=policies/strict.yaml mode=observe "database_url=\"$(at_second "$reader_url")\""
reconcile
expect_exit 0
expect_output "observes: agrees"
expect_output "the ledger is read from a standby"
expect_status "$commit" success "observe: applied by another"

# In the mode apply the same role is told what it lacks.
given_config policy=policies/strict.yaml "database_url=\"$reader_url\""
migration 20260104000000_parts 'CREATE TABLE parts (id bigint PRIMARY KEY);'
commit_as alice "Add parts"
push
reconcile
expect_exit 3
expect_output "D008"
expect_no_table parts
