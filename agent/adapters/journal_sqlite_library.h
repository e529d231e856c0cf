/*
 * SQLite as this journal uses it; journal_sqlite_library.c alone knows sqlite3.h. Statements are prepared once per
 * connection and found again by the address of their text, so every text is a static constant.
 * Easily got wrong: a statement is in use until its query ends (AUTO_QUERY ends it), and is not used twice at once.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define SQLITE_VALUE_MAXIMUM (64 * 1024 * 1024) /* bytes of one text or blob */

struct sqlite;
struct query;

enum sqlite_mode { SQLITE_MODE_READ, SQLITE_MODE_WRITE, SQLITE_MODE_MEMORY };

/*
 * `path` must exist (SQLITE_MODE_MEMORY: it only names the journal in messages). ERR_JOURNAL_DAMAGED when SQLite says
 * so, at any time; ERR_JOURNAL for everything else. The handle lives until sqlite_close.
 */
FALLIBLE sqlite_open(struct arena *arena, const char *path, enum sqlite_mode mode,
                     struct sqlite **ret_sqlite);
void sqlite_close(struct sqlite *sqlite); /* accepts NULL */
const char *sqlite_path(const struct sqlite *sqlite);

static inline void sqlite_cleanup(struct sqlite **sqlite)
{
	sqlite_close(*sqlite);
}
#define AUTO_SQLITE CLEANUP(sqlite_cleanup) struct sqlite *

/* Statements without parameters or answers, one or many; not kept. */
FALLIBLE sqlite_execute(struct sqlite *sqlite, const char *sql, struct arena *arena);
/* The whole content as one file. */
FALLIBLE sqlite_image(struct sqlite *sqlite, struct arena *arena, struct bytes *ret_image);
/* What was wrong with the last call, by SQLite's own words and number. */
struct error *sqlite_error(struct sqlite *sqlite, struct arena *arena)
	__attribute__((warn_unused_result));
/* The error for a file that cannot be trusted; `why` is the reason. */
struct error *sqlite_damaged(const char *path, const char *why, struct arena *arena)
	__attribute__((warn_unused_result));

/*
 * A transaction that is rolled back at the end of the scope unless it was committed. Writers begin IMMEDIATE, so
 * what they read before they write cannot be stale.
 */
struct transaction {
	struct sqlite *sqlite; /* NULL: none is open */
};
FALLIBLE transaction_begin_read(struct sqlite *sqlite, struct arena *arena,
                                struct transaction *ret_transaction);
FALLIBLE transaction_begin_write(struct sqlite *sqlite, struct arena *arena,
                                 struct transaction *ret_transaction);
FALLIBLE transaction_commit(struct transaction *transaction, struct arena *arena);
void transaction_cleanup(struct transaction *transaction);
#define AUTO_TRANSACTION CLEANUP(transaction_cleanup) struct transaction

/* Binding a name that the statement does not use does nothing: projections share one set of names. Texts are
 * borrowed until the query ends. NULL is SQL's NULL. */
FALLIBLE query_begin(struct sqlite *sqlite, const char *sql, struct arena *arena,
                     struct query **ret_query);
void query_bind_text(struct query *query, const char *name, const char *text);
void query_bind_number(struct query *query, const char *name, int64_t number);
void query_bind_bytes(struct query *query, const char *name, struct bytes bytes);
FALLIBLE query_next(struct query *query, struct arena *arena, bool *ret_row);
/* For statements that answer nothing. */
FALLIBLE query_run(struct query *query, struct arena *arena);
void query_end(struct query *query); /* accepts NULL */

/* The error for an answer that cannot be what was written. */
struct error *query_damaged(const struct query *query, const char *why, struct arena *arena)
	__attribute__((warn_unused_result));

static inline void query_cleanup(struct query **query)
{
	query_end(*query);
}
#define AUTO_QUERY CLEANUP(query_cleanup) struct query *

/* Columns of the row, from 0. What is returned is a copy in the arena. */
int query_columns(struct query *query);
const char *query_text(struct query *query, int column,
                       struct arena *arena); /* NULL for SQL's NULL */
struct bytes query_bytes(struct query *query, int column, struct arena *arena);
int64_t query_number(struct query *query, int column); /* NULL is 0 */
