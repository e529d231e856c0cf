#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "an authority's certificate makes a person, for as long as it lasts, and a KRL takes it back"

certified() { # NAME PRINCIPAL SERIAL [VALIDITY]: a key and its certificate
	ssh-keygen -q -t ed25519 -N '' -f "$keys/$1"
	ssh-keygen -q -s "$keys/authority" -I "$1" -n "$2" -z "$3" -V "${4:-always:forever}" "$keys/$1.pub"
}
commit_certified() { # NAME MESSAGE
	git_as "$1" -c "user.signingKey=$keys/$1-cert.pub" add -A
	git_as "$1" -c "user.signingKey=$keys/$1-cert.pub" commit -q -S -m "$2"
	remember_commit
}

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
given_setting_in keys "revoked: keys/revoked"
: >"$keys/revoked"
ssh-keygen -q -t ed25519 -N '' -f "$keys/authority"
printf '*@example.org,!root@* cert-authority,namespaces="git" %s\n' "$(cut -d' ' -f1,2 "$keys/authority.pub")" >>"$keys/allowed_signers"
baseline

# --- what people see of it ---
headgate keys check
expect_exit 0
expect_output "3 keys, 1 of an authority"
headgate keys list
expect_output "*@example.org,!root@* ssh-ed25519 $(ssh-keygen -lf "$keys/authority.pub" | cut -d' ' -f2)"
expect_output "certificates of persons who are called so"
headgate keys list --output json
expect_json '[.[].authority] == [false, false, true]'
headgate explain trust --output json
expect_json '.[0].people == ["alice@example.org", "bob@example.org"] and .[0].authorities == ["*@example.org,!root@*"]'
headgate doctor
expect_output "2 people may sign, with 2 keys, and who has a certificate"

# --- a certificate vouches, and the person is known by its principal ---
certified carol carol@example.org 7
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_certified carol "Add users"
push
reconcile
expect_exit 0
expect_table users
expect "git agrees" 0 "$(
	git -C "$work" -c "gpg.ssh.allowedSignersFile=$keys/allowed_signers" verify-commit HEAD >&2
	echo $?
)"
headgate verify HEAD
expect_output "carol@example.org"

# --- what does not count, each on a branch of its own that is never merged ---
refused() { # NAME PRINCIPAL VALIDITY VERDICT FRAGMENT
	git -C "$work" switch -q -C "try-$1" main
	certified "$1" "$2" 9 "$3"
	printf '%s\n' "$1" >"$work/note"
	commit_certified "$1" "A note by $1"
	headgate verify --repository "$work" --allowed-signers "$keys/allowed_signers" --output json HEAD
	expect_exit 4
	expect_json ".verdict == \"$4\" and (.reasons | join(\" \") | contains(\"$5\"))"
	git -C "$work" switch -q main
}
refused dave dave@elsewhere.org always:forever untrusted "may not certify"
refused root root@example.org always:forever untrusted "may not certify"
refused erin erin@example.org 20200101:20200201 expired "the certificate of erin@example.org was valid until"
refused both frank@example.org,grace@example.org always:forever untrusted "belongs to one person"

# --- a serial that is revoked ---
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'
commit_certified carol "Add orders"
push
headgate plan
expect_exit 2
printf 'serial: 7\n' >"$scratch/serials"
ssh-keygen -q -k -f "$keys/revoked" -s "$keys/authority.pub" "$scratch/serials"
reconcile
expect_exit 4
expect_output "V006"
expect_output "(serial 7)"
expect_no_table orders
