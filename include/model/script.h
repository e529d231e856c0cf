/*
 * A script: one SQL file as PostgreSQL's own parser sees it, and the way in which it is sent (R9).
 * Offsets are bytes in the original file; the original bytes are what is sent.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

enum way {
	WAY_ONE = 1, /* transactional: the original bytes as one query inside our transaction */
	WAY_TWO, /* the file has its own top-level transaction control: the original bytes as one query */
	WAY_THREE, /* statement by statement: CONCURRENTLY and its kin */
};

enum statement_kind {
	STATEMENT_PLAIN, /* runs in a transaction, commits with it */
	STATEMENT_TRANSACTION, /* BEGIN, COMMIT, ROLLBACK, SAVEPOINT, SET TRANSACTION, PREPARE TRANSACTION … */
	STATEMENT_CREATE_INDEX_CONCURRENTLY,
	STATEMENT_DROP_INDEX_CONCURRENTLY,
	STATEMENT_REINDEX_CONCURRENTLY,
	STATEMENT_DETACH_CONCURRENTLY,
	STATEMENT_VACUUM,     /* and CLUSTER without a table: may be repeated */
	STATEMENT_ENUM_VALUE, /* ALTER TYPE … ADD VALUE: transactional since PostgreSQL 12 */
	STATEMENT_OUTSIDE,    /* another one that must run outside a transaction; no probe exists */
	STATEMENT_FORBIDDEN, /* never sent: CREATE or DROP DATABASE, TABLESPACE, ALTER SYSTEM, COPY … PROGRAM, LOAD */
	STATEMENT_COPY_STDIN, /* COPY … FROM STDIN: has no data to read; fails the file */
};

struct statement {
	enum statement_kind kind;
	size_t start, size; /* without the semicolon; may begin with comments */
	int line;           /* 1-based, of its first token */
	const char *verb;   /* "CREATE INDEX CONCURRENTLY", "BEGIN": for messages */
	const char *schema,
		*name; /* what a probe looks for: the index, the partition, the type; schema NULL: search_path */
	const char *table;  /* of CREATE INDEX, DETACH */
	const char *detail; /* ENUM_VALUE: the label; FORBIDDEN: why */
	bool if_exists;     /* IF EXISTS or IF NOT EXISTS */
};

struct script {
	enum way way;
	const char
		*why; /* one clause for people: "holds its own BEGIN (line 3)"; NULL for way one */
	struct statement *items;
	size_t count, room;
};

/* Chooses the way from the statements' kinds; sets way and why. ERR_SQL_REFUSED for a forbidden statement. */
FALLIBLE script_choose_way(struct arena *arena, const char *file, struct script *script);
/* May it change, by a function or a rolled back block, where later statements look for names? SET
 * and RESET do not count: they can be sent again in a new session. */
bool statement_may_move_session(const struct statement *statement);
const char *way_name(
	enum way way); /* "one transaction", "its own transactions", "statement by statement" */
/* 1-based line of a byte offset. */
int script_line(struct bytes sql, size_t offset);
