#!/usr/bin/env bash
# tests/interop/guide.sh: docs/guides/existing-database.md, typed as it stands, on a real project (folder `data/langfuse` of
# $HEADGATE_SHARED) in a database that Prisma's own engine filled. A command that is wrong in the guide fails here.
source "$(dirname "$0")/peer.sh"
project=$(dirname "$peer_source")/data/langfuse
if [[ ! -d $project ]]; then
	peer_skip "there is no $project"
fi
peer_or_skip
source "$(dirname "$0")/../scenario/lib.sh"
source "$(dirname "$0")/../scenario/guides.sh"
scenario "a team with 434 migrations moves in by the guide, from the checkout to the first migration that Headgate applies"

guide=$source_root/docs/guides/existing-database.md

given_repository
given_database
git clone -q "$bare" "$scratch/shop"
mkdir -p "$scratch/shop/prisma"
cp -r "$project/." "$scratch/shop/prisma/migrations/"
chmod -R u+w "$scratch/shop/prisma"
printf 'provider = "postgresql"\n' >"$scratch/shop/prisma/migrations/migration_lock.toml"
printf 'datasource db {\n  provider = "postgresql"\n  url      = env("DATABASE_URL")\n}\n' >"$scratch/shop/prisma/schema.prisma"
work=$scratch/shop
commit_unsigned "A real project"
push
engine "$database_url" "$work/prisma/migrations" deploy >"$scratch/deploy.json"
ledger() { sql "SELECT * FROM _prisma_migrations ORDER BY id" | sha256sum; }
before=$(ledger)

cp "$keys/alice.pub" "$work/alice.pub"
printf 'alice.pub\n' >>"$work/.git/info/exclude"
mkdir "$scratch/bin"
ln -s "$headgate_binary" "$scratch/bin/headgate"
PATH=$scratch/bin:$PATH
export DATABASE_URL=$database_url

type_next_block # init
expect_typed "prisma/schema.prisma" "DATABASE_URL"
type_next_block # the secret, a key
expect_typed
type_next_block # doctor
expect_typed "baseline"
type_next_block # baseline HEAD
expect_typed "434 migrations that others applied"
type_next_block # reconcile, status
expect_typed "434 migrations deployed"
expect "the ledger, untouched" "$before" "$(ledger)"
expect "a schema of ours, while it observes" f "$(sql "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'headgate')")"

# A week later a colleague deploys with Prisma, and the commit says so.
config=$scratch/headgate/headgate.yaml
migration 20990101000000_week 'CREATE TABLE week (id bigint PRIMARY KEY);'
commit_as alice "A week later"
push
reconcile
expect_exit 0
engine "$database_url" "$work/prisma/migrations" deploy >"$scratch/deploy.json"
reconcile
expect_exit 0
headgate history
expect_exit 0
expect "still no schema of ours" f "$(sql "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'headgate')")"

type_next_block # mode: apply, doctor, plan, reconcile
expect_typed "nothing to do"
migration 20990102000000_first 'CREATE TABLE first (id bigint PRIMARY KEY);'
commit_as alice "The first that Headgate applies"
push
reconcile
expect_exit 0
expect_output "applied 1 migration"
expect_table first
engine "$database_url" "$work/prisma/migrations" deploy >"$scratch/again.json"
expect "what Prisma's engine finds to do afterwards" '{"ok":true,"appliedMigrationNames":[]' "$(cut -d, -f1-2 "$scratch/again.json")"

expect_all_typed
