# What another program does to the same database, without Node: the statements that Prisma's own client sends (5 to 7).
# A reader might expect a mock: the rows are those that `prisma migrate deploy` and `prisma migrate resolve` leave behind.
# Call these after given_database; they take the migration from the work tree.
# shellcheck shell=bash
# shellcheck disable=SC2154 # work and target are lib.sh's

prisma_deploys() { # MIGRATION [TARGET]: an old image runs `prisma migrate deploy`
	prisma_ledger "${2:-$target}"
	sql "$(<"$(prisma_file "$1")")" "${2:-$target}"
	prisma_row "$1" "now(), NULL, 1" "${2:-$target}"
}

prisma_fails() { # MIGRATION [TARGET]: its try ended in an error, and the row is left open (P3018, and P3009 from then on)
	prisma_ledger "${2:-$target}"
	prisma_row "$1" "NULL, NULL, 0" "${2:-$target}"
}

prisma_resolves() { # MIGRATION applied|rolled-back [TARGET]: npx prisma migrate resolve --applied|--rolled-back MIGRATION
	sql "UPDATE _prisma_migrations SET rolled_back_at = now()
		WHERE migration_name = '$1' AND finished_at IS NULL AND rolled_back_at IS NULL" "${3:-$target}"
	if [[ $2 == applied ]]; then
		prisma_row "$1" "now(), NULL, 0" "${3:-$target}"
	fi
}

prisma_file() {
	printf '%s/%s/%s/migration.sql' "$work" "${migrations_folder:-prisma/migrations}" "$1"
}

prisma_row() { # MIGRATION VALUES TARGET: finished_at, rolled_back_at, applied_steps_count
	local checksum
	checksum=$(sha256sum "$(prisma_file "$1")" | cut -d' ' -f1)
	sql "INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at, rolled_back_at, applied_steps_count)
		VALUES (gen_random_uuid()::text, '$checksum', '$1', now(), $2)" "$3"
}

prisma_ledger() { # TARGET
	sql "CREATE TABLE IF NOT EXISTS _prisma_migrations (
		id VARCHAR(36) PRIMARY KEY NOT NULL, checksum VARCHAR(64) NOT NULL, finished_at TIMESTAMPTZ,
		migration_name VARCHAR(255) NOT NULL, logs TEXT, rolled_back_at TIMESTAMPTZ,
		started_at TIMESTAMPTZ NOT NULL DEFAULT now(), applied_steps_count INTEGER NOT NULL DEFAULT 0)" "$1"
}
