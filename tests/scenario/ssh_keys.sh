#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ssh.sh"
scenario "a key for ssh that cannot work is named with the way out, and the right one goes on"

given_repository
given_ssh_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml

# Nothing is trusted at first sight, and no key of the user's is tried.
mkdir -p "$HOME/.ssh"
cp "$scratch/secrets/deploy" "$HOME/.ssh/id_ed25519"
headgate baseline HEAD
expect_exit 6
expect_output "G012" # way out: G012
expect_output "repository.known_hosts is not set"
expect_output "ssh-keyscan -p $ssh_port 127.0.0.1"
given_setting_in repository "known_hosts: known_hosts"
headgate baseline HEAD
expect_exit 64
expect_output "repository.ssh_key_file is not set"
expect_output "ssh-keygen -t ed25519 -N ''"

given_setting_in repository "ssh_key_file: secrets/key"
given_setting_in notes "ssh_key_file: secrets/notes"
cp "$scratch/secrets/other" "$scratch/secrets/notes"
use() { # FILE of the folder secrets
	cp "$scratch/secrets/$1" "$scratch/secrets/key"
	chmod 600 "$scratch/secrets/key"
}
expect_refused() { # WHY
	headgate baseline HEAD
	expect_exit 1
	expect_output "G002"
	expect_output "$1"
}

ssh-keygen -q -t ed25519 -N secret -f "$scratch/secrets/locked"
use locked
expect_refused "it has a passphrase"
expect_output "ssh-keygen -p -N ''"
ssh-keygen -q -t rsa -m PEM -N secret -f "$scratch/secrets/pem_locked"
use pem_locked
expect_refused "it has a passphrase"
use deploy.pub
expect_refused "the public half"
printf 'nothing\n' >"$scratch/secrets/none"
use none
expect_refused "it does not begin as a private key does"
use other
expect_refused "Permission denied"
expect_output "Give the public half of the key to the forge"
use deploy
chmod 644 "$scratch/secrets/key"
headgate baseline HEAD
expect_exit 1
expect_output "F003" # way out: F003
expect_output "chmod 600 '$scratch/secrets/key'"

# RSA in both formats, and ECDSA, may log in, too.
ssh-keygen -q -t rsa -m PEM -N '' -f "$scratch/secrets/pem"
ssh-keygen -q -t ecdsa -N '' -f "$scratch/secrets/ecdsa"
let_in pem
let_in ecdsa
for key in pem ecdsa; do
	use "$key"
	baseline
done
use deploy
baseline

# The key for notes may not log in: the migration is applied, and its status waits until the key may.
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push
reconcile
expect_table users
expect_no_status "$commit"
headgate status --output json
expect_json '.[0].undelivered > 0'
let_in other
arrived() {
	reconcile
	[[ $(status_of "$commit" shop) == "success applied 1 migration"* ]]
}
wait_until 30 "the status to arrive" arrived

# A path that is not there.
sed -i 's|^  url: .*|  url: '"ssh://$(id -un)@127.0.0.1:$ssh_port/nowhere.git"'|' "$config"
headgate plan
expect_exit 1
expect_output "G001"
expect_output "many servers hide what a key may not see"
