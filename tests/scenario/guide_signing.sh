#!/usr/bin/env bash
# docs/guides/signing.md, typed as it stands. A command that is wrong in the guide fails here.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/guides.sh"
scenario "a team that signs nothing gets to signed migrations by the guide, and through a leaver and a lost key"
guide=$source_root/docs/guides/signing.md

given_repository
given_database
git clone -q "$bare" "$scratch/shop"
mkdir -p "$scratch/headgate/keys" "$scratch/headgate/policies" "$scratch/bin" "$HOME/.ssh"
cp "$source_root"/policies/*.yaml "$scratch/headgate/policies/"
: >"$scratch/headgate/keys/allowed_signers"
cat >"$scratch/headgate/headgate.yaml" <<END
state: ./state
repository:
  url: $bare
keys:
  allowed_signers: keys/allowed_signers
backups: ./backups
notes:
  push: true
targets:
  shop:
    database_url: "$database_url"
    branch: main
    migrations: prisma/migrations
    policy: policies/staging.yaml
    mode: observe
    forges: [notes]
END
cp "$keys/bob.pub" "$scratch/shop/bob.pub"
printf '*.pub\n*.json\n' >>"$scratch/shop/.git/info/exclude"
cp "$keys/alice" "$HOME/.ssh/id_ed25519"
cp "$keys/alice.pub" "$HOME/.ssh/id_ed25519.pub"
jq -n --arg key "$(cut -d' ' -f1,2 "$keys/alice.pub")" '[{id: 1, key: $key, title: "laptop", created_at: "2026-01-01T00:00:00.000Z"}]' \
	>"$scratch/published.json"
# The forge is not asked by a test: a curl that gives what it would answer.
cat >"$scratch/bin/curl" <<END
#!/bin/sh
[ "\$2" = https://api.github.com/users/alice/ssh_signing_keys ] && cp "$scratch/published.json" "\$4"
END
chmod +x "$scratch/bin/curl"
ln -s "$headgate_binary" "$scratch/bin/headgate"
PATH=$scratch/bin:$PATH
work=$scratch/shop
export HEADGATE_CONFIG=../headgate/headgate.yaml
git -C "$work" config user.name Alice
git -C "$work" config user.email alice@example.org

type_next_block # room for revoked keys
expect_typed
expect "the configuration" "  revoked: keys/revoked" "$(grep revoked: "$scratch/headgate/headgate.yaml")"
type_next_block # each person
expect_typed
type_next_block # what GitHub publishes, shown
expect_typed "would add ssh-ed25519" "(laptop)" "type the same command with --write"
expect "signers so far" "" "$(cat "$scratch/headgate/keys/allowed_signers")"
type_next_block # written
expect_typed "did add ssh-ed25519"
type_next_block # a .pub file
expect_typed "did add ssh-ed25519"
type_next_block # check, list, explain trust
expect_typed "2 keys" "alice@example.org" "people alice@example.org, bob@example.org" "so signing is releasing"

# A commit as the team made them, and what an observed target says of it.
config=$scratch/headgate/headgate.yaml
baseline
on_branch add-users
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
git -C "$work" add -A
git -C "$work" commit -q -m "Add users"
git -C "$work" switch -q main
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'
commit_unsigned "Add orders, as ever"
push
type_next_block # reconcile, status
expect_typed "would refuse" "is not signed (V002)"
expect_status "$commit" success "observe: would refuse"
git -C "$work" revert --no-edit HEAD >/dev/null
push

type_next_block # merge
expect_typed
remember_commit
type_next_block # preflight
expect_typed
sed -i 's/mode: observe/mode: apply/' "$config"
reconcile
expect_exit 0
expect_table users

# A leaver: what was seen before the end passes.
type_next_block
expect_typed "did end ssh-ed25519" "until 2026-12-31 00:00:00 UTC"
expect "the end" 1 "$(grep -c '^bob@example.org namespaces="git",valid-before="20261231000000Z" ' "$scratch/headgate/keys/allowed_signers")"

# A lost key: what is pending under it is refused.
migration 20260103000000_items 'CREATE TABLE items (id bigint PRIMARY KEY);'
commit_as alice "Add items"
push
type_next_block
expect_typed "did revoke"
reconcile
expect_exit 4
expect_output "V006"
expect_no_table items
expect_all_typed
