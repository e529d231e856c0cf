#!/usr/bin/env bash
# tests/interop/real_project.sh: a real project's migrations (434 of them, folder `data/langfuse` of $HEADGATE_SHARED, by
# default ../shared beside the project), committed one by one and signed, reach an empty database by one pass. Names,
# checksums and states in the ledger, and the schema, are those that Prisma's own engine leaves behind
# (folder `prisma-peer`), which then finds nothing to do. Without these folders or npm: exit 77, skipped.
source "$(dirname "$0")/peer.sh"
peer_or_skip
langfuse=${HEADGATE_SHARED:-$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)/../shared}/data/langfuse
if [[ ! -d $langfuse ]]; then
	echo "skipped: there is no $langfuse"
	exit 77
fi
source "$(dirname "$0")/../scenario/lib.sh"
scenario "434 migrations of a real project reach the database exactly as Prisma would have brought them"

given_repository
given_database
given_config policy=policies/staging.yaml report=touched
baseline

count=0
for folder in "$langfuse"/*/; do
	name=$(basename "$folder")
	cp -r "$folder" "$work/prisma/migrations/"
	chmod -R u+w "$work/prisma/migrations/$name"
	git_as alice add -A
	git_as alice commit -q -S -m "Add $name"
	count=$((count + 1))
done
push
say "$count migrations, each in a signed commit"

reconcile
expect_exit 0
expect_sql "SELECT count(*) FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL" "$count"
commit=$(git -C "$work" rev-parse HEAD)
expect_status "$commit" success "applied 1 migration"

# The same folder by Prisma's own engine, in a database beside it.
superuser_sql postgres "CREATE DATABASE ${database}_prisma OWNER $owner" >/dev/null
superuser_sql "${database}_prisma" "ALTER SCHEMA public OWNER TO $owner"
database_of[prisma]=${database}_prisma owner_of[prisma]=$owner
prisma_deploys() { # DATABASE
	engine "postgresql://$owner@127.0.0.1:$HEADGATE_TEST_PGPORT/$1?schema=public" "$work/prisma/migrations" deploy
}
prisma_deploys "${database}_prisma" >"$scratch/deploy.json"

rows="SELECT migration_name, checksum, applied_steps_count, finished_at IS NOT NULL, rolled_back_at IS NOT NULL,
	logs IS NULL FROM _prisma_migrations ORDER BY started_at, migration_name COLLATE \"C\""
expect "rows as Prisma writes them" "$(sql "$rows" prisma | sort)" "$(sql "$rows" | sort)"
expect "the order in which they were applied" "$(sql "SELECT migration_name FROM _prisma_migrations ORDER BY started_at" prisma)" \
	"$(sql "SELECT migration_name FROM _prisma_migrations ORDER BY started_at")"

schema_of() { # DATABASE: without what pg_dump says about itself, and without our own schema
	pg_dump -s -N headgate -h "$HEADGATE_TEST_PGHOST" -p "$HEADGATE_TEST_PGPORT" -U "$HEADGATE_TEST_PGUSER" "$1" |
		grep -vE '^(\\(un)?restrict |--)'
}
expect "schema as Prisma leaves it" "$(schema_of "${database}_prisma" | sha256sum)" "$(schema_of "$database" | sha256sum)"

prisma_deploys "$database" >"$scratch/again.json"
expect "what Prisma's engine finds to do afterwards" '{"ok":true,"appliedMigrationNames":[]' \
	"$(cut -d, -f1-2 "$scratch/again.json")"

reconcile
expect_exit 0
expect_output "nothing to do"
