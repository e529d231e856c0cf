#!/usr/bin/env bash
# tests/interop/observe_week.sh: a week of both. The real Prisma deploys, Headgate observes; on every day
# `npx prisma migrate status` (7.10) and `headgate status` name the same pending migrations, those that are held apart.
# Then the mode becomes apply, and Prisma looks on.
source "$(dirname "$0")/peer.sh"
peer_or_skip with-cli
source "$(dirname "$0")/../scenario/lib.sh"
scenario "Prisma deploys for a week and Headgate observes, then Headgate applies, and both name the same at any time"

prisma_pending() { # as the command line prints them; it lists those of an open failed row apart
	prisma7 "$database_url" "$work/prisma/migrations" migrate status >"$scratch/prisma-status" 2>&1 || true
	sed -n '/have not yet been applied/,/^$/{/^[0-9]\{14\}_/p}' "$scratch/prisma-status" | sort
}

expect_same_pending() { # [HELD…]: what Prisma calls pending beside the rest
	headgate status --output json
	expect "pending by Prisma" "$(printf '%s\n' "$(jq -r '.[0].unapplied[]' "$scratch/out")" "$@" | sed '/^$/d' | sort)" \
		"$(prisma_pending)"
	expect "held by Headgate" "$(printf '%s\n' "$@" | sed '/^$/d')" "$(jq -r '.[0].held[]' "$scratch/out")"
}

prisma_deploys() {
	engine "$database_url" "$work/prisma/migrations" deploy >"$scratch/deploy.json" || true
}

expect_dump_unchanged() { # COMMAND…: it writes nothing
	local before
	before=$(dump)
	"$@"
	expect "the whole database after '$last_command'" "$before" "$(dump)"
}

dump() {
	pg_dump -h "$HEADGATE_TEST_PGHOST" -p "$HEADGATE_TEST_PGPORT" -U "$HEADGATE_TEST_PGUSER" "$database" |
		grep -vE '^\\(un)?restrict ' | sha256sum
}

given_repository
given_database
given_strict_policy
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);' 'DROP TABLE users;'
commit_unsigned "Add users"
push
prisma_deploys
given_config policy=policies/strict.yaml mode=observe
expect_dump_unchanged baseline
expect_same_pending

# Monday: a merge, before and after Prisma's deploy.
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);' 'DROP TABLE orders;'
commit_unsigned "Add orders"
push
orders=$commit
expect_dump_unchanged reconcile
expect_status "$orders" success "observe: would refuse: "
expect_same_pending
expect "pending by both" 20260102000000_orders "$(prisma_pending)"
prisma_deploys
expect_dump_unchanged reconcile
expect_status "$orders" success "observe: applied by another"
expect_same_pending

# Tuesday: a deploy fails, is resolved and corrected.
migration 20260103000000_items 'CREATE TABLE items (id bigint PRIMARY KEY); SELECT 1 / 0;'
commit_as alice "Add items"
push
items=$commit
prisma_deploys
expect_ledger 20260103000000_items failed
expect_dump_unchanged reconcile
expect_exit 0
expect_status "$items" success "observe: would halt: "
expect_same_pending
engine "$database_url" "$work/prisma/migrations" rolled-back 20260103000000_items >/dev/null
expect_dump_unchanged reconcile
expect_status "$items" success "observe: would apply 1 migration"
expect_same_pending
sql "DROP TABLE IF EXISTS items"
migration 20260103000000_items 'CREATE TABLE items (id bigint PRIMARY KEY);' 'DROP TABLE items;'
commit_as alice "Correct items"
push
prisma_deploys
expect_dump_unchanged reconcile
expect_status "$commit" success "observe: applied by another"
expect_same_pending

# Wednesday: somebody resolves by hand what the database has already.
migration 20260104000000_parts 'CREATE TABLE parts (id bigint PRIMARY KEY);' 'DROP TABLE parts;'
sql "CREATE TABLE parts (id bigint PRIMARY KEY)"
commit_as bob "Add parts"
push
expect_same_pending
engine "$database_url" "$work/prisma/migrations" applied 20260104000000_parts >/dev/null
expect_dump_unchanged reconcile
expect_output "observes: agrees"
expect_status "$commit" success "observe: applied by another"
expect_same_pending

# Thursday: the switch. What is pending is applied by Headgate, and Prisma finds nothing to do.
migration 20260105000000_places 'CREATE TABLE places (id bigint PRIMARY KEY);' 'DROP TABLE places;'
commit_as alice "Add places"
push
places=$commit
expect_dump_unchanged reconcile
expect_status "$places" success "observe: would apply 1 migration"
expect_same_pending
given_config policy=policies/strict.yaml
reconcile
expect_exit 0
expect_status "$places" success "applied 1 migration"
expect_same_pending
prisma_deploys
expect "what Prisma finds to do" "[]" "$(jq -c .appliedMigrationNames "$scratch/deploy.json")"

# Friday: a rollback, which Prisma calls pending and Headgate held.
revert_as alice "$places"
push
reconcile
expect_exit 0
expect_no_table places
mkdir -p "$work/prisma/migrations/20260105000000_places"
git -C "$work" checkout -q "$places" -- prisma/migrations/20260105000000_places
commit_unsigned "Bring places back, which nobody vouches for"
push
reconcile
expect_exit 4
expect_same_pending 20260105000000_places

# And back to observing: the same is said, nothing is written.
given_config policy=policies/strict.yaml mode=observe
expect_dump_unchanged reconcile
expect_exit 0
expect_same_pending 20260105000000_places
