/*
 * Owns the proof that the journal is what was written: the chain is walked, the archive hashed, and all projections
 * are made a second time from the records and compared. Easily got wrong: all of it happens in one read transaction,
 * for another process may be writing.
 */
#include "adapters/journal_sqlite_check.h"

#include <inttypes.h>

#include "adapters/journal_sqlite_projection.h"
#include "adapters/journal_sqlite_schema.h"
#include "base/hash.h"
#include "base/text.h"

static const struct projected {
	const char *table, *sql;
} tables[] = {
	{"target", "SELECT * FROM target ORDER BY name"},
	{"run", "SELECT * FROM run ORDER BY id"},
	{"stage", "SELECT * FROM stage ORDER BY run, name"},
	{"intent", "SELECT * FROM intent ORDER BY run, migration, action, statement"},
	{"deployed", "SELECT * FROM deployed ORDER BY target, name"},
	{"held", "SELECT * FROM held ORDER BY target, name"},
	{"accepted", "SELECT * FROM accepted ORDER BY target, row_id"},
	{"asked", "SELECT * FROM asked ORDER BY target, name"},
	{"refusal", "SELECT * FROM refusal ORDER BY target, commit_id, migration"},
	{"seen", "SELECT * FROM seen ORDER BY commit_id"},
	{"verdict", "SELECT * FROM verdict ORDER BY commit_id, keys"},
	{"status", "SELECT * FROM status ORDER BY target, commit_id"},
	{"outbox", "SELECT * FROM outbox ORDER BY id"},
};

static struct error *walk_chain(struct sqlite *sqlite, struct sqlite *replay, struct arena *arena,
                                int64_t *ret_records);
static struct error *walk_archive(struct sqlite *sqlite, struct arena *arena);
static struct error *compare_tables(struct sqlite *sqlite, struct sqlite *replay,
                                    struct arena *arena);
static struct error *table_digest(struct sqlite *sqlite, const char *sql, struct arena *arena,
                                  char ret_digest[SHA256_HEX]);

struct error *check_journal(struct sqlite *sqlite, struct arena *arena, int64_t *ret_records)
{
	AUTO_SQLITE replay = NULL; /* closed after its transaction has ended */
	AUTO_TRANSACTION transaction = {0}, building = {0};
	int64_t records = 0;

	TRY(sqlite_open(arena, sqlite_path(sqlite), SQLITE_MODE_MEMORY, &replay));
	TRY(schema_install(replay, "replay", arena));
	TRY(transaction_begin_read(sqlite, arena, &transaction));
	TRY(transaction_begin_write(replay, arena, &building));
	TRY(walk_chain(sqlite, replay, arena, &records));
	TRY(walk_archive(sqlite, arena));
	TRY(compare_tables(sqlite, replay, arena));
	TRY(transaction_commit(&building, arena));
	*ret_records = records;
	return NULL;
}

static const char SQL_RECORDS[] = "SELECT " RECORD_COLUMNS " FROM record ORDER BY seq";

static struct error *walk_chain(struct sqlite *sqlite, struct sqlite *replay, struct arena *arena,
                                int64_t *ret_records)
{
	AUTO_QUERY query = NULL;
	AUTO_ARENA before = NULL;
	const char *identity, *previous, *fault;
	int64_t seq = 0;
	bool row;

	TRY(schema_identity(sqlite, arena, &identity));
	previous = record_chain_start(arena, identity);
	TRY(query_begin(sqlite, SQL_RECORDS, arena, &query));
	TRY(query_next(query, arena, &row));
	while (row) {
		AUTO_ARENA scratch = arena_new(); /* a journal may be larger than memory */
		struct kept_record record;
		struct error *error;

		record_read(query, scratch, &record);
		fault = record_fault(scratch, &record, ++seq, previous);
		if (fault)
			return sqlite_damaged(sqlite_path(sqlite), arena_text(arena, fault), arena);
		error = record_project(replay, &record, scratch);
		if (error)
			return error_copy(arena, error);
		previous = record.digest;
		arena_free(before);
		before = TAKE(scratch); /* `previous` lives there */
		TRY(query_next(query, arena, &row));
	}
	*ret_records = seq;
	return NULL;
}

static const char SQL_ARCHIVES[] = "SELECT digest, bytes FROM archive";

static struct error *walk_archive(struct sqlite *sqlite, struct arena *arena)
{
	AUTO_QUERY query = NULL;
	bool row;

	TRY(query_begin(sqlite, SQL_ARCHIVES, arena, &query));
	TRY(query_next(query, arena, &row));
	while (row) {
		AUTO_ARENA scratch = arena_new();
		struct bytes bytes = query_bytes(query, 1, scratch);
		const char *digest = query_text(query, 0, scratch);

		if (!text_equal(digest, sha256_text(scratch, bytes.data, bytes.size)))
			return sqlite_damaged(
				sqlite_path(sqlite),
				arena_printf(arena, "the archive was changed under %s", digest),
				arena);
		TRY(query_next(query, arena, &row));
	}
	return NULL;
}

static struct error *compare_tables(struct sqlite *sqlite, struct sqlite *replay,
                                    struct arena *arena)
{
	char kept[SHA256_HEX], made[SHA256_HEX];

	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
		TRY(table_digest(sqlite, tables[i].sql, arena, kept));
		TRY(table_digest(replay, tables[i].sql, arena, made));
		if (!text_equal(kept, made))
			return sqlite_damaged(
				sqlite_path(sqlite),
				arena_printf(arena, "the table '%s' is not what the records make",
			                     tables[i].table),
				arena);
	}
	return NULL;
}

static struct error *table_digest(struct sqlite *sqlite, const char *sql, struct arena *arena,
                                  char ret_digest[SHA256_HEX])
{
	AUTO_QUERY query = NULL;
	AUTO_ARENA scratch = arena_new();
	struct text form = TEXT_IN(scratch);
	char row_digest[SHA256_HEX], digest[SHA256_HEX] = "";
	bool row;

	TRY(query_begin(sqlite, sql, arena, &query));
	TRY(query_next(query, arena, &row));
	while (row) {
		form.size = 0;
		text_add(&form, digest);
		for (int column = 0; column < query_columns(query); column++) {
			AUTO_ARENA value = arena_new();
			const char *text = query_text(query, column, value);

			text_printf(&form, "|%zu|", text ? strlen(text) : SIZE_MAX);
			text_add(&form, text ? text : "");
		}
		sha256_hex(form.data, form.size, row_digest);
		memcpy(digest, row_digest, sizeof digest);
		TRY(query_next(query, arena, &row));
	}
	memcpy(ret_digest, digest, SHA256_HEX);
	return NULL;
}
