#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "whatever is wrong with a signature or with the keyring, the printed words lead out"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
printf 'old@example.org namespaces="git",valid-before="20200101Z" %s\n' "$(cut -d' ' -f1,2 "$keys/mallory.pub")" >>"$keys/allowed_signers"
baseline

brought_again() { # COMMIT: what a refused commit brought, undone as it was printed, and signed by a known person
	follow_undo alice
	git_as alice cherry-pick --no-commit "$1"
	commit_as alice "Brought again"
	push
	gets_out
}

# A key that was no longer valid.
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as mallory "Add users"
push
reconcile
expect_exit 4
expect_output "V005" # way out: V005
brought_again "$commit"
expect_table users

# A signature of another kind.
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'
commit_unsigned "Add orders"
commit=$(git -C "$work" cat-file commit HEAD |
	sed '/^committer /a gpgsig -----BEGIN PGP SIGNATURE-----\n \n iQEzBAABCAAdFiEE\n -----END PGP SIGNATURE-----' |
	git -C "$work" hash-object -t commit -w --stdin)
git -C "$work" reset -q --hard "$commit"
push
reconcile
expect_exit 4
expect_output "V007" # way out: V007
brought_again "$commit"
expect_table orders

# A keyring that others may write, and one that lets in whoever signs for anything.
migration 20260103000000_items 'CREATE TABLE items (id bigint PRIMARY KEY);'
commit_as bob "Add items"
push
chmod 666 "$keys/allowed_signers"
reconcile
expect_exit 6
expect_output "V008" # way out: V008
expect_no_table items
follow_shell chmod
gets_out
expect_table items
printf 'carol@example.org %s\n' "$(cut -d' ' -f1,2 "$keys/bob.pub")" >>"$keys/allowed_signers"
migration 20260104000000_parts 'CREATE TABLE parts (id bigint PRIMARY KEY);'
commit_as alice "Add parts"
push
reconcile
expect_exit 6
expect_output "V008"
expect_output 'Write: carol@example.org namespaces="git"'
sed -i '$d' "$keys/allowed_signers"
gets_out
expect_table parts
