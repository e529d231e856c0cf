/*
 * A migration: one folder of the migrations folder, known by its name and the SHA-256 of its migration.sql.
 * Rules of Prisma: R14 and R15 (checksum over the raw bytes; LF and CRLF tolerated when comparing;
 * names ordered as JavaScript's localeCompare does since Prisma 6.6).
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/hash.h"

#define MIGRATION_FILE_MAXIMUM (16 * 1024 * 1024) /* bytes of one file */
#define MIGRATION_FILES_MAXIMUM 64                /* entries of one migration's folder */
#define MIGRATION_NAME_MAXIMUM 255                /* `migration_name VARCHAR(255)` */

struct migration {
	const char *name;
	const char *folder;        /* object id of its tree */
	char checksum[SHA256_HEX]; /* of migration.sql as it is */
	struct bytes sql;
	bool has_sql;
	struct bytes down; /* down.sql */
	bool has_down;
	struct bytes checklist; /* checklist.md */
	bool has_checklist;
};

struct migrations { /* in Prisma's order */
	struct migration *items;
	size_t count, room;
};

const struct migration *migration_find(const struct migrations *migrations, const char *name);
const struct migration *migration_find_checksum(const struct migrations *migrations,
                                                const char *checksum);

/* <0, 0, >0 by Prisma's collation for ASCII (a fixed table); other bytes order after it, by value. */
int migration_name_order(const char *a, const char *b);
void migrations_sort(struct migrations *migrations);
bool migration_name_is_ascii(const char *name);
bool migration_name_is_regular(const char *name); /* [0-9]{14}_[a-z0-9_]+ */

/* Does the checksum in the ledger belong to these bytes? As they are, with CRLF as LF, with LF as CRLF; and Prisma's
 * old form without leading zeros when `stored` is not 64 digits long. */
bool checksum_matches(struct arena *arena, const char *stored, struct bytes sql);

/* ERR_FILE_NOT_TEXT when the bytes hold NUL or are not UTF-8. `file` names the place in the message. */
FALLIBLE migration_check_text(struct arena *arena, const char *file, struct bytes bytes);

/* Prisma's check of migration_lock.toml (R15): the first line that starts with `provider` must name
 * postgresql. No file, no check: pass has_file = false. */
FALLIBLE migration_lock_check(struct arena *arena, bool has_file, struct bytes toml);
