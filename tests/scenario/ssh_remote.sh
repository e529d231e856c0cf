#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/ssh.sh"
scenario "a repository over ssh is read and its notes are pushed, from a host whose pinned key it shows, and from no other"

given_repository
given_ssh_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
given_setting_in repository "ssh_key_file: secrets/deploy" "known_hosts: known_hosts"
given_setting_in notes "ssh_key_file: secrets/deploy"

# What the user has must not matter: another key under the host's name, a configuration that leads elsewhere.
mkdir -p "$HOME/.ssh"
printf '%s %s\n' "$ssh_name" "$(cut -d' ' -f1,2 "$keys/mallory.pub")" >"$HOME/.ssh/known_hosts"
printf 'Host *\n  Port 1\n  ProxyCommand /bin/false\n' >"$HOME/.ssh/config"
export SSH_AUTH_SOCK=$scratch/no-agent SSH_ASKPASS=/bin/false SSH_ASKPASS_REQUIRE=force

baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push
reconcile
expect_exit 0
expect_table users
expect_status "$commit" success "applied 1 migration"

# The server has three keys. Whichever is pinned is the one that it is asked for.
for kind in ed25519 ecdsa rsa; do
	pin "$kind"
	headgate plan
	expect_exit 0
done

# Names may be hashed, and several may stand in a line; another port of the host is another host.
pin ed25519 ecdsa
ssh-keygen -q -H -f "$scratch/known_hosts" >/dev/null 2>&1
headgate plan
expect_exit 0
printf 'example.org,%s %s\n' "$ssh_name" "$(cut -d' ' -f1,2 "$ssh_folder/host_rsa.pub")" >"$scratch/known_hosts"
headgate plan
expect_exit 0
printf '127.0.0.1 %s\n' "$(cut -d' ' -f1,2 "$ssh_folder/host_ed25519.pub")" >"$scratch/known_hosts"
headgate plan
expect_exit 6
expect_output "G012"
expect_output "pins no key for '$ssh_name'"
expect_output "ssh-keyscan -p $ssh_port 127.0.0.1"
expect_output "fingerprints that the forge publishes"

# Another key of the kind that is pinned, another kind, a key that was revoked: the two are named.
printf '%s %s\n' "$ssh_name" "$(cut -d' ' -f1,2 "$keys/mallory.pub")" >"$scratch/known_hosts"
headgate plan
expect_exit 6
expect_output "G012"
expect_output "shows ssh-ed25519 $(fingerprint "$ssh_folder/host_ed25519.pub")"
expect_output "pinned is ssh-ed25519 $(fingerprint "$keys/mallory.pub")"
expect_output "Somebody may stand in between"
ssh_goes_down
ssh-keygen -q -t ecdsa -N '' -C '' -f "$scratch/new_ecdsa"
pin ed25519
ssh_comes_back "HostKey $scratch/new_ecdsa" "HostKeyAlgorithms ecdsa-sha2-nistp256"
headgate plan
expect_exit 6
expect_output "G012"
expect_output "shows ecdsa-sha2-nistp256 SHA256:"
expect_output "pinned is ssh-ed25519 $(fingerprint "$ssh_folder/host_ed25519.pub")"
ssh_goes_down
ssh_comes_back
pin ed25519
sed 's/^/@revoked /' "$scratch/known_hosts" >"$scratch/revoked"
cat "$scratch/revoked" >>"$scratch/known_hosts"
headgate plan
expect_exit 6
expect_output "which '$scratch/known_hosts' revokes"
printf '@cert-authority * %s\n' "$(cut -d' ' -f1,2 "$keys/mallory.pub")" >>"$scratch/known_hosts"
headgate plan
expect_exit 6
expect_output "line 3"
expect_output "'@cert-authority' is not supported"
pin ed25519
chmod 666 "$scratch/known_hosts"
headgate plan
expect_output "others than its owner may write it"
chmod 600 "$scratch/known_hosts"

# The host is pinned again, and the next pass goes on.
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'
commit_as bob "Add orders"
push
reconcile
expect_exit 0
expect_table orders
expect_status "$commit" success "applied 1 migration"

# A server that is gone, and then one that accepts and stays silent.
ssh_goes_down
headgate plan
expect_exit 1
expect_output "G001"
expect_output "Connection refused"
ssh_comes_back
kill -STOP "$ssh_server"
began=$SECONDS
headgate plan
expect_exit 1
expect_output "G001"
took=$((SECONDS - began))
expect "a silent server was left within 40 seconds ($took)" 1 "$((took < 40))"
