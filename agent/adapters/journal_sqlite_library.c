/*
 * Owns every call of SQLite. Easily got wrong: closing any descriptor of the journal's file elsewhere in this process
 * would drop SQLite's POSIX locks (sqlite.org/howtocorrupt.html, section 2.2), so nobody else opens that file.
 */
#include "adapters/journal_sqlite_library.h"

#include <sqlite3.h>

#include "base/text.h"

#define BUSY_TIMEOUT_MS 5000
#define STATEMENTS_MAXIMUM 128

struct query {
	struct sqlite *sqlite;
	const char *sql;
	sqlite3_stmt *statement;
	bool busy;
};

struct sqlite {
	sqlite3 *handle;
	char *path;
	struct query queries[STATEMENTS_MAXIMUM];
	size_t query_count;
};

static const int open_flags[] = {
	[SQLITE_MODE_READ] = SQLITE_OPEN_READONLY,
	[SQLITE_MODE_WRITE] = SQLITE_OPEN_READWRITE,
	[SQLITE_MODE_MEMORY] = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY,
};

/* What SQLite says -> what the agent does. Rows are primary result codes; all others are ERR_JOURNAL. */
static const struct failure {
	int result;
	enum error_code code;
	const char *hint;
} failures[] = {
	{SQLITE_CORRUPT, ERR_JOURNAL_DAMAGED, NULL},
	{SQLITE_NOTADB, ERR_JOURNAL_DAMAGED, NULL},
	{SQLITE_BUSY, ERR_JOURNAL, "Another process holds the journal; the next pass tries again."},
	{SQLITE_FULL, ERR_JOURNAL,
         "Free some space on the disk of the state folder; the next pass tries again."},
	{SQLITE_IOERR, ERR_JOURNAL,
         "Look at the disk of the state folder (space, health); the next pass tries again."},
	{SQLITE_READONLY, ERR_JOURNAL,
         "Make the state folder writable for the agent; the next pass tries again."},
};

static struct error *configure(struct sqlite *sqlite, struct arena *arena);
static struct query *find_query(struct sqlite *sqlite, const char *sql);
static struct error *begin(struct sqlite *sqlite, const char *sql, struct arena *arena,
                           struct transaction *ret_transaction);
static void check_bound(struct query *query, int result);

struct error *sqlite_open(struct arena *arena, const char *path, enum sqlite_mode mode,
                          struct sqlite **ret_sqlite)
{
	AUTO_SQLITE sqlite = calloc(1, sizeof *sqlite);
	const char *name = mode == SQLITE_MODE_MEMORY ? ":memory:" : path;
	int flags = open_flags[mode] | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW |
	            SQLITE_OPEN_EXRESCODE;

	if (!sqlite || !(sqlite->path = strdup(path)))
		BUG("no memory for a journal");
	if (sqlite3_open_v2(name, &sqlite->handle, flags, NULL) != SQLITE_OK)
		return sqlite_error(sqlite, arena);
	TRY(configure(sqlite, arena));
	*ret_sqlite = TAKE(sqlite);
	return NULL;
}

void sqlite_close(struct sqlite *sqlite)
{
	if (!sqlite)
		return;
	for (size_t i = 0; i < sqlite->query_count; i++)
		(void)sqlite3_finalize(sqlite->queries[i].statement);
	/* Committed work is on disk already; what close can fail at is tidying the write-ahead log. */
	(void)sqlite3_close(sqlite->handle);
	free(sqlite->path);
	free(sqlite);
}

const char *sqlite_path(const struct sqlite *sqlite)
{
	return sqlite->path;
}

struct error *sqlite_execute(struct sqlite *sqlite, const char *sql, struct arena *arena)
{
	if (sqlite3_exec(sqlite->handle, sql, NULL, NULL, NULL) != SQLITE_OK)
		return sqlite_error(sqlite, arena);
	return NULL;
}

struct error *sqlite_image(struct sqlite *sqlite, struct arena *arena, struct bytes *ret_image)
{
	sqlite3_int64 size = 0;
	unsigned char *image = sqlite3_serialize(sqlite->handle, "main", &size, 0);

	if (!image)
		return sqlite_error(sqlite, arena);
	*ret_image = arena_bytes(arena, image, (size_t)size);
	sqlite3_free(image);
	return NULL;
}

struct error *sqlite_error(struct sqlite *sqlite, struct arena *arena)
{
	int result = sqlite3_extended_errcode(sqlite->handle);
	const char *why =
		arena_printf(arena, "%s (SQLite %d)", sqlite3_errmsg(sqlite->handle), result);
	const char *hint = "The next pass tries again; if it stays so, look at the state folder.";

	for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
		if (failures[i].result != (result & 0xff))
			continue;
		if (failures[i].code == ERR_JOURNAL_DAMAGED)
			return sqlite_damaged(sqlite->path, why, arena);
		hint = failures[i].hint;
	}
	return FAIL(arena, JOURNAL,
	            .what = arena_printf(arena, "cannot use the journal '%s'", sqlite->path),
	            .why = why, .hint = hint);
}

struct error *sqlite_damaged(const char *path, const char *why, struct arena *arena)
{
	return FAIL(
		arena, JOURNAL_DAMAGED,
		.what = arena_printf(arena, "cannot trust the journal '%s'", path), .why = why,
		.hint = "Stop the agent, keep this file and put the last copy of it back. Without a copy, move it "
			"aside (never delete it) and type `headgate baseline --target NAME COMMIT` for each target.");
}

struct error *transaction_begin_read(struct sqlite *sqlite, struct arena *arena,
                                     struct transaction *ret_transaction)
{
	return begin(sqlite, "BEGIN", arena, ret_transaction);
}

struct error *transaction_begin_write(struct sqlite *sqlite, struct arena *arena,
                                      struct transaction *ret_transaction)
{
	return begin(sqlite, "BEGIN IMMEDIATE", arena, ret_transaction);
}

struct error *transaction_commit(struct transaction *transaction, struct arena *arena)
{
	TRY(sqlite_execute(transaction->sqlite, "COMMIT", arena));
	transaction->sqlite = NULL;
	return NULL;
}

void transaction_cleanup(struct transaction *transaction)
{
	/* A failed ROLLBACK means that SQLite has rolled back by itself (lang_transaction.html, section 3). */
	if (transaction->sqlite)
		(void)sqlite3_exec(transaction->sqlite->handle, "ROLLBACK", NULL, NULL, NULL);
}

struct error *query_begin(struct sqlite *sqlite, const char *sql, struct arena *arena,
                          struct query **ret_query)
{
	struct query *query = find_query(sqlite, sql);

	if (query->busy)
		BUG("a statement is used twice at once: %s", sql);
	if (!query->statement &&
	    sqlite3_prepare_v3(sqlite->handle, sql, -1, SQLITE_PREPARE_PERSISTENT,
	                       &query->statement, NULL) != SQLITE_OK)
		return sqlite_error(sqlite, arena);
	query->busy = true;
	*ret_query = query;
	return NULL;
}

void query_bind_text(struct query *query, const char *name, const char *text)
{
	int index = sqlite3_bind_parameter_index(query->statement, name);

	if (index)
		check_bound(query,
		            sqlite3_bind_text(query->statement, index, text, -1, SQLITE_STATIC));
}

void query_bind_number(struct query *query, const char *name, int64_t number)
{
	int index = sqlite3_bind_parameter_index(query->statement, name);

	if (index)
		check_bound(query, sqlite3_bind_int64(query->statement, index, number));
}

void query_bind_bytes(struct query *query, const char *name, struct bytes bytes)
{
	int index = sqlite3_bind_parameter_index(query->statement, name);

	if (index)
		check_bound(query, sqlite3_bind_blob64(query->statement, index, bytes.data,
		                                       bytes.size, SQLITE_STATIC));
}

struct error *query_next(struct query *query, struct arena *arena, bool *ret_row)
{
	int result = sqlite3_step(query->statement);

	if (result != SQLITE_ROW && result != SQLITE_DONE)
		return sqlite_error(query->sqlite, arena);
	*ret_row = result == SQLITE_ROW;
	return NULL;
}

struct error *query_run(struct query *query, struct arena *arena)
{
	bool row = false;

	TRY(query_next(query, arena, &row));
	if (row)
		BUG("a statement answers and nobody reads it: %s", query->sql);
	return NULL;
}

void query_end(struct query *query)
{
	if (!query)
		return;
	(void)sqlite3_reset(query->statement); /* repeats the error that query_next reported */
	(void)sqlite3_clear_bindings(query->statement);
	query->busy = false;
}

struct error *query_damaged(const struct query *query, const char *why, struct arena *arena)
{
	return sqlite_damaged(query->sqlite->path, why, arena);
}

int query_columns(struct query *query)
{
	return sqlite3_column_count(query->statement);
}

const char *query_text(struct query *query, int column, struct arena *arena)
{
	const void *text = sqlite3_column_text(query->statement, column);

	return text ? arena_copy(arena, text,
	                         (size_t)sqlite3_column_bytes(query->statement, column))
	            : NULL;
}

struct bytes query_bytes(struct query *query, int column, struct arena *arena)
{
	const void *data = sqlite3_column_blob(query->statement, column);

	return arena_bytes(arena, data, (size_t)sqlite3_column_bytes(query->statement, column));
}

int64_t query_number(struct query *query, int column)
{
	return sqlite3_column_int64(query->statement, column);
}

/* Nothing in the file may act by itself: no functions from its schema, no double-quoted words taken for texts. */
static struct error *configure(struct sqlite *sqlite, struct arena *arena)
{
	(void)sqlite3_busy_timeout(sqlite->handle, BUSY_TIMEOUT_MS);
	(void)sqlite3_limit(sqlite->handle, SQLITE_LIMIT_LENGTH, SQLITE_VALUE_MAXIMUM);
	(void)sqlite3_db_config(sqlite->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(sqlite->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	(void)sqlite3_db_config(sqlite->handle, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	(void)sqlite3_db_config(sqlite->handle, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	(void)sqlite3_db_config(sqlite->handle, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
	return sqlite_execute(sqlite, "PRAGMA synchronous = FULL; PRAGMA cell_size_check = ON",
	                      arena);
}

static struct query *find_query(struct sqlite *sqlite, const char *sql)
{
	struct query *query;

	for (size_t i = 0; i < sqlite->query_count; i++) {
		if (sqlite->queries[i].sql == sql)
			return &sqlite->queries[i];
	}
	if (sqlite->query_count == STATEMENTS_MAXIMUM)
		BUG("more than %d statements", STATEMENTS_MAXIMUM);
	query = &sqlite->queries[sqlite->query_count++];
	*query = (struct query){.sqlite = sqlite, .sql = sql};
	return query;
}

static struct error *begin(struct sqlite *sqlite, const char *sql, struct arena *arena,
                           struct transaction *ret_transaction)
{
	TRY(sqlite_execute(sqlite, sql, arena));
	ret_transaction->sqlite = sqlite;
	return NULL;
}

/* SQLITE_TOOBIG is caught before (journal_sqlite_projection.c); anything else is our own mistake. */
static void check_bound(struct query *query, int result)
{
	if (result != SQLITE_OK)
		BUG("a value cannot be bound (SQLite %d): %s", result, query->sql);
}
