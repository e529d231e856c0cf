#!/usr/bin/env bash
# With Prisma's own engine (folder `prisma-peer` of $HEADGATE_SHARED, by default ../shared beside the project). Without it
# or npm: exit 77, skipped.
shared=${HEADGATE_SHARED:-$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)/../shared}
if [[ ! -d $shared/prisma-peer ]] || ! command -v npm >/dev/null; then
	echo "skipped: Prisma's engine is not at hand"
	exit 77
fi
source "$(dirname "$0")/lib.sh"
scenario "headgate and the real prisma migrate deploy take turns, and each accepts what the other did"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
mkdir -p "$scratch/prisma"
cp -r "$shared/prisma-peer" "$scratch/prisma/peer"
(cd "$scratch/prisma/peer" && npm install --ignore-scripts --no-audit --no-fund >"$scratch/npm.log" 2>&1) || {
	echo "skipped: npm cannot install Prisma"
	expectations=1
	exit 77
}
engine() { # COMMAND… : one line of JSON
	DATABASE_URL=$database_url node "$scratch/prisma/peer/engine.mjs" "$work/prisma/migrations" "$@"
}

migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push
reconcile
expect_exit 0

migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);' 'DROP TABLE orders;'
commit_as alice "Add orders"
push
expect "what Prisma applies" '["20260102000000_orders"]' "$(engine deploy | jq -c .appliedMigrationNames)"
reconcile
expect_exit 0
expect_status "$commit" success "already applied by another, unverified"

# A person ran it by hand and told Prisma: npx prisma migrate resolve --applied.
migration 20260103000000_items 'CREATE TABLE items (id bigint PRIMARY KEY);'
commit_unsigned "Add items"
push
sql "CREATE TABLE items (id bigint PRIMARY KEY)"
engine applied 20260103000000_items >/dev/null
reconcile
expect_exit 0
expect_status "$commit" success "already applied by another, unverified"
expect_ledger_rows 20260103000000_items 1

# Back again, and Prisma applies it once more while it is held: that one a person must explain.
git -C "$work" rm -rq prisma/migrations/20260102000000_orders
commit_as alice "Orders go away"
removed=$commit
push
reconcile
expect_exit 0
expect_no_table orders
git -C "$work" checkout -q "$removed~1" -- prisma/migrations/20260102000000_orders
expect "what the old image applies" '["20260102000000_orders"]' "$(engine deploy | jq -c .appliedMigrationNames)"
git -C "$work" rm -rfq prisma/migrations/20260102000000_orders
reconcile
expect_exit 3
expect_output "W014"
expect_output "was applied by another program while it was held"
expect_output "headgate rollback --target shop 20260102000000_orders"
headgate rollback --target shop 20260102000000_orders
expect_exit 0
expect_no_table orders
reconcile
expect_exit 0
expect "what is left for Prisma" '[]' "$(engine deploy | jq -c .appliedMigrationNames)"
