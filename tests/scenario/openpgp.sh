#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "a commit signed with gpg counts beside those signed with ssh, as long as its key is known and not revoked"

GNUPGHOME=$scratch/gnupg
export GNUPGHOME
mkdir -m 700 "$GNUPGHOME"

gpg_key() { # NAME: a new key of NAME@example.org
	gpg --batch --quiet --passphrase '' --quick-gen-key "$1@example.org" ed25519 sign never 2>/dev/null
}

fingerprint_of() { # NAME
	gpg --batch --with-colons --no-auto-check-trustdb --list-keys "$1@example.org" 2>/dev/null | awk -F: '$1 == "fpr" { print $10; exit }'
}

commit_with_gpg_as() { # NAME MESSAGE
	git_as "$1" add -A
	git_as "$1" -c gpg.format=openpgp -c "user.signingKey=$(fingerprint_of "$1")" commit -q -S -m "$2"
	remember_commit
}

publish() { # NAME: their public key, where the agent looks
	gpg --batch --armor --export "$1@example.org" >"$keys/openpgp/$1@example.org.asc"
}

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
given_setting_in keys "openpgp: keys/openpgp"
mkdir "$keys/openpgp"
gpg_key carol
gpg_key eve
publish carol
baseline
headgate doctor --output json
expect_exit 0
expect_json 'any(.[]; .check == "gpg" and .level == "pass")'
expect_json 'any(.[]; .check == "keyring" and .level == "pass" and (.what | contains("3 people may sign")))'

migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_with_gpg_as carol "Add users"
push
reconcile
expect_exit 0
expect_table users
expect_status "$commit" success "applied 1 migration"
headgate verify "$commit" --output json
expect_exit 0
expect_json '.principal == "carol@example.org"'
expect_output "$(fingerprint_of carol)"

# A person of another format beside it.
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'
commit_as alice "Add orders"
push
reconcile
expect_exit 0
expect_table orders

# What the agent's own user has of gpg takes no part: no key of that home, and no word of its configuration.
migration 20260103000000_items 'CREATE TABLE items (id bigint PRIMARY KEY);'
commit_with_gpg_as eve "Add items"
push
cp -r "$GNUPGHOME" "$HOME/.gnupg"
printf 'trust-model always\nno-such-word\n' >"$HOME/.gnupg/gpg.conf"
GNUPGHOME=$HOME/.gnupg reconcile
expect_exit 4
expect_output "V004" # way out: V004
expect_output "$(fingerprint_of eve)"
expect_no_table items
expect_status "$commit" failure "(V004)"
publish eve
GNUPGHOME=$HOME/.gnupg reconcile
expect_exit 0
expect_table items
rm -r "$HOME/.gnupg"

# A key that its owner revoked refuses what it signed, and the rest goes on.
migration 20260104000000_prices 'CREATE TABLE prices (id bigint PRIMARY KEY);'
commit_with_gpg_as eve "Add prices"
push
sed 's/^:-----BEGIN/-----BEGIN/' "$GNUPGHOME/openpgp-revocs.d/$(fingerprint_of eve).rev" | gpg --batch --quiet --import 2>/dev/null
publish eve
headgate doctor --output json
expect_exit 0
expect_json 'any(.[]; .check == "keyring" and (.what | contains("1 revoked")))'
reconcile
expect_exit 4
expect_output "V006"
expect_no_table prices
expect_status "$commit" failure "(V006)"
follow_undo alice
push
gets_out

# Before the merge, from a clone whose files others may write.
chmod -R a+w "$keys/openpgp"
(cd "$work" && git switch -q -c labels)
migration 20260105000000_labels 'CREATE TABLE labels (id bigint PRIMARY KEY);'
commit_with_gpg_as carol "Add labels"
headgate preflight --repository "$work" --policy "$scratch/policies/strict.yaml" --openpgp-keys "$keys/openpgp" main..HEAD
expect_exit 0
headgate preflight --repository "$work" --policy "$scratch/policies/strict.yaml" --allowed-signers "$keys/allowed_signers" main..HEAD
expect_exit 4
expect_output "git config gpg.format"
chmod -R go-w "$keys/openpgp"
git -C "$work" switch -q main

# A file that is not understood stops everything, and says which and what to do.
migration 20260105000000_tags 'CREATE TABLE tags (id bigint PRIMARY KEY);'
commit_as bob "Add tags"
push
chmod o+w "$keys/openpgp/carol@example.org.asc"
reconcile
expect_exit 6
expect_output "carol@example.org.asc"
expect_output "chmod go-w"
expect_no_table tags
chmod o-w "$keys/openpgp/carol@example.org.asc"
reconcile
expect_exit 0
expect_table tags

# OpenPGP alone: SSH signatures then do not count, and are told why.
config_top=("${config_top[@]/#  allowed_signers:*/}")
write_config
headgate verify "$commit"
expect_exit 4
expect_output "SSH signatures do not count here"
expect "what gpg's private homes left" "" "$(find "$scratch/state/scratch" -mindepth 1)"
gpgconf --kill all
