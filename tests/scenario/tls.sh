#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
given_own_server
scenario "over TLS: own CA, another CA, none, another name, a client's certificate; pg_dump goes the same way"

# The host 0.0.0.0 leads to this machine, and is no name of it: to the agent it is a remote one.
given_certificates() {
	local request
	mkdir "$scratch/tls"
	cd "$scratch/tls"
	for name in ca other_ca; do
		openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$name" -keyout "$name.key" -out "$name.pem" 2>/dev/null
	done
	for request in server:localhost client:"$owner"; do
		openssl req -newkey rsa:2048 -nodes -subj "/CN=${request#*:}" -keyout "${request%:*}.key" -out "${request%:*}.csr" 2>/dev/null
		openssl x509 -req -in "${request%:*}.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out "${request%:*}.pem" \
			-extfile <(if [[ $request == server:* ]]; then echo "subjectAltName=DNS:localhost,IP:0.0.0.0"; fi) 2>/dev/null
	done
	cd - >/dev/null
	chmod 600 "$scratch"/tls/*.key
}

given_tls() { # the server has the certificate, and lets the target's role in over TLS alone, by its password
	local data
	data=$(superuser_sql postgres "SHOW data_directory")
	for name in server.pem server.key ca.pem; do
		cat "$scratch/tls/$name" >"$data/$name"
		chown --reference="$data" "$data/$name"
		chmod 600 "$data/$name"
	done
	superuser_sql postgres "ALTER SYSTEM SET ssl_cert_file = 'server.pem'"
	superuser_sql postgres "ALTER SYSTEM SET ssl_ca_file = 'ca.pem'"
	superuser_sql postgres "ALTER SYSTEM SET ssl = on"
	let_in "hostssl all $owner 127.0.0.1/32 scram-sha-256"
	wait_until 10 "the server to speak TLS" speaks_tls
}

let_in() { # LINE of pg_hba.conf about the target's role, instead of what was there
	local hba
	hba=$(superuser_sql postgres "SHOW hba_file")
	sed -i "/ $owner /d" "$hba"
	sed -i "1i $1\nhostnossl all $owner 127.0.0.1/32 reject" "$hba"
	superuser_sql postgres "SELECT pg_reload_conf()" >/dev/null
}

speaks_tls() {
	[[ $(superuser_sql postgres "SHOW ssl") == on ]]
}

url() { # HOST PARAMETERS [PASSWORD]
	printf 'postgresql://%s%s@%s:%s/%s?schema=public%s\n' "$owner" "${3-:S3CRET}" "$1" "$HEADGATE_TEST_PGPORT" "$database" "$2" >"$scratch/shop.url"
	chmod 600 "$scratch/shop.url"
}

expect_refused() { # HOST PARAMETERS FRAGMENT…: a pass halts, and says so
	local fragment
	url "$1" "$2"
	reconcile
	expect_exit 6
	expect_output "D011" # way out: D011
	for fragment in "${@:3}"; do
		expect_output "$fragment"
	done
	expect_no_output "S3CRET"
	expect_no_table users
}

given_repository
given_database
superuser_sql postgres "ALTER ROLE $owner PASSWORD 'S3CRET'" >/dev/null
given_certificates
given_tls
sql() { # over the socket, which needs no TLS
	superuser_sql "${database_of[${2:-$target}]}" "$1"
}
given_policy backup "$(printf '%s\n' "trust: all" "backup: {rule: required}" "rollback: free")"
given_config policy=policies/backup.yaml database_url= database_url_file=shop.url
url 0.0.0.0 "&sslcert=$scratch/tls/ca.pem"
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push

expect_refused 0.0.0.0 "" "certificate verify failed" "says no sslmode, which means verify-full" "explain database-url"
expect_status "$commit" failure "D011"
expect_refused 0.0.0.0 "&sslrootcert=$scratch/tls/other_ca.pem" "certificate verify failed" "sslmode=verify-full, verify-ca, require"
expect_refused 0.0.0.0 "&sslmode=require&sslcert=$scratch/tls/other_ca.pem" "certificate verify failed"
expect_no_output "says no sslmode"
expect_refused 0.0.0.0 "&sslmode=require&sslcert=$scratch/tls/typing_error.pem" "does not exist"
expect_refused 127.0.0.1 "&sslmode=verify-full&sslcert=$scratch/tls/ca.pem" "does not match host name"
expect_refused 0.0.0.0 "&sslaccept=strict" "certificate verify failed"
url 0.0.0.0 "&sslmode=disable"
reconcile
expect_exit 1
expect_output "D002"
expect_output "no encryption"

# The right one. The role comes in over TLS alone, so the dump was made over TLS, too.
url 0.0.0.0 "&sslcert=$scratch/tls/ca.pem"
headgate retry
reconcile
expect_exit 0
expect_status "$commit" success "applied 1 migration"
expect_table users
expect "a backup" 1 "$(find "$scratch/backups" -name '*.dump' | wc -l)"

# Encrypted, by whomever: as the URL says, and what Prisma means by its own words.
for parameters in sslmode=require "sslmode=require&sslaccept=accept_invalid_certs" \
	"sslaccept=accept_invalid_certs&sslcert=$scratch/tls/other_ca.pem" sslmode=prefer; do
	url 0.0.0.0 "&$parameters"
	headgate status
	expect_exit 0
done

# A client's certificate beside the password, which a command prints.
let_in "hostssl all $owner 127.0.0.1/32 scram-sha-256 clientcert=verify-full"
given_config policy=policies/backup.yaml database_url= database_url_file=shop.url password_command="[$scratch/vault, shop]"
cat >"$scratch/vault" <<'END'
#!/bin/sh
[ "$1" = shop ] && echo S3CRET
END
chmod 700 "$scratch/vault"
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'
commit_as alice "Add orders"
push
url 0.0.0.0 "&sslcert=$scratch/tls/ca.pem" ""
reconcile
expect_exit 1
expect_output "D002"
expect_output "client certificate"
url 0.0.0.0 "&sslcert=$scratch/tls/client.pem&sslkey=$scratch/tls/client.key&sslrootcert=$scratch/tls/ca.pem" ""
chmod 644 "$scratch/tls/client.key"
reconcile
expect_exit 6
expect_output "D011"
expect_output "private key"
chmod 600 "$scratch/tls/client.key"
reconcile
expect_exit 0
expect_status "$commit" success "applied 1 migration"
expect "backups" 2 "$(find "$scratch/backups" -name '*.dump' | wc -l)"
expect "the password in no file of the agent's" "" "$(grep -rl S3CRET "$scratch/state" "$scratch/backups" || true)"
