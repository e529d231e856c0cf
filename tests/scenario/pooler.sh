#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "nothing is applied through pgbouncer, in either mode; with the server's own address the same commit goes on"

if [[ ! -x /usr/sbin/pgbouncer ]]; then
	echo "pgbouncer is not installed"
	exit 77
fi
pooler=""

pooler_starts() { # MODE
	local -a user=()
	if ((EUID == 0)); then
		user=(-u postgres)
	fi
	chmod 711 "$scratch"
	mkdir -p "$scratch/pooler"
	chmod 777 "$scratch/pooler"
	# With auth_type any the pooler logs in as the user of the first line.
	cat >"$scratch/pooler/ini" <<-END
		[databases]
		$database = host=127.0.0.1 port=$HEADGATE_TEST_PGPORT user=$owner
		[pgbouncer]
		auth_type = any
		listen_addr =
		listen_port = 6432
		unix_socket_dir = $scratch/pooler
		pool_mode = $1
	END
	setpriv --pdeathsig KILL /usr/sbin/pgbouncer "${user[@]}" "$scratch/pooler/ini" >"$scratch/pooler.log" 2>&1 </dev/null &
	pooler=$!
	wait_until 10 "the pooler to listen" test -S "$scratch/pooler/.s.PGSQL.6432"
}

pooler_ends() {
	if [[ -n $pooler ]]; then
		kill -KILL "$pooler" 2>/dev/null
		wait "$pooler" 2>/dev/null || true
		pooler=""
		rm -rf "$scratch/pooler"
	fi
}
closers+=(pooler_ends)

given_repository
given_database
given_strict_policy
direct=$database_url
pooled="postgresql://$owner@localhost:6432/$database?schema=public&host=$scratch/pooler"
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push

for mode in session transaction; do
	pooler_starts "$mode"
	given_config policy=policies/strict.yaml "database_url=\"$pooled\""
	reconcile
	expect_exit 6
	expect_output "D005" # way out: D005
	expect_output "a pooler stands between the agent and the server"
	expect_output "directUrl"
	expect_no_output "pgbouncer=true"
	expect_status "$commit" failure "D005"
	given_config policy=policies/strict.yaml "database_url=\"$pooled&pgbouncer=true&connection_limit=1\""
	reconcile
	expect_exit 6
	expect_output "as the URL's pgbouncer=true says"
	headgate status
	expect_exit 6
	expect_output "a pooler stands between"
	headgate plan
	expect_exit 6
	expect_output "D005"
	headgate doctor --output json
	expect_exit 6
	expect_json '[.[] | select(.level == "fail") | .check] == ["pooler"]'
	headgate baseline --target shop HEAD
	expect_exit 6
	expect_output "D005"
	expect_no_table users
	expect_ledger 20260101000000_users absent
	pooler_ends
done

# The parameter alone is no pooler: what the agent finds counts.
given_config policy=policies/strict.yaml "database_url=\"$direct&pgbouncer=true\""
reconcile
expect_exit 0
expect_table users
expect_status "$commit" success "applied 1 migration"
