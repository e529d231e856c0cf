/* Owns what the tests of the journal's file share. SQLite is used directly here: as whoever spoils the file would. */
#include "unit/adapters/journal_place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <dirent.h>
#include <sqlite3.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/text.h"

int place_set_up(void **state)
{
	struct arena *arena = arena_new();
	struct place *place = ARENA_NEW(arena, struct place);
	char *folder = arena_text(arena, "/tmp/headgate-journal-XXXXXX");

	if (!mkdtemp(folder))
		return -1;
	*place = (struct place){arena, folder, arena_printf(arena, "%s/state/journal.db", folder)};
	*state = place;
	return 0;
}

int place_tear_down(void **state)
{
	struct place *place = *state;

	place_empty(place);
	(void)rmdir(path_folder(place->arena, place->path));
	(void)rmdir(place->folder);
	arena_free(place->arena);
	return 0;
}

void place_empty(struct place *place)
{
	const char *folder = path_folder(place->arena, place->path);
	DIR *entries = opendir(folder);

	for (struct dirent *entry; entries && (entry = readdir(entries));)
		(void)unlink(path_join(place->arena, folder, entry->d_name));
	if (entries)
		(void)closedir(entries);
}

struct journal *place_open(struct place *place, bool read_only)
{
	struct journal_sqlite_options options = {.path = place->path, .read_only = read_only};
	struct journal *journal = NULL;

	place_must(journal_sqlite_open(place->arena, &options, &journal));
	return journal;
}

struct error *place_try(struct place *place, bool read_only)
{
	struct journal_sqlite_options options = {.path = place->path, .read_only = read_only};
	struct journal *journal = NULL;
	struct error *error = journal_sqlite_open(place->arena, &options, &journal);

	journal_close(journal);
	return error;
}

void place_execute(struct place *place, const char *sql)
{
	const char *refusal = place_refusal(place, sql);

	if (refusal)
		fail_msg("%s: %s", sql, refusal);
}

const char *place_refusal(struct place *place, const char *sql)
{
	const char *refusal = NULL;
	sqlite3 *plain = NULL;

	if (sqlite3_open(place->path, &plain) != SQLITE_OK ||
	    sqlite3_exec(plain, sql, NULL, NULL, NULL) != SQLITE_OK)
		refusal = arena_text(place->arena, sqlite3_errmsg(plain));
	(void)sqlite3_close(plain);
	return refusal;
}

const char *place_digest(struct place *place)
{
	struct bytes bytes;

	place_must(file_read(place->arena, place->path, 64 * 1024 * 1024, &bytes));
	return sha256_text(place->arena, bytes.data, bytes.size);
}

struct error *place_see(struct journal *journal, struct arena *arena, size_t count)
{
	struct records records = {0};

	for (size_t i = 0; i < count; i++)
		*LIST_ADD(arena, &records) = (struct record){
			.kind = RECORD_SEEN,
			.commit = arena_printf(arena, "%040zu", i),
		};
	return journal_write(journal, &records, arena, NULL);
}

static const struct node *body(struct arena *arena, const char *json)
{
	const char *why = NULL;
	const struct node *node = node_from_json(arena, json, strlen(json), &why);

	if (!node)
		BUG("%s: %s", json, why);
	return node;
}

void place_fill(struct journal *journal, struct arena *arena)
{
	static const struct {
		enum record_kind kind;
		const char *migration, *body;
	} rows[] = {
		{RECORD_BASELINE, NULL, "{}"},
		{RECORD_RUN_BEGUN, NULL, "{\"items\":[]}"},
		{RECORD_STAGE_DONE, NULL, "{\"evidence\":{}}"},
		{RECORD_INTENT, "m1", "{\"action\":\"apply\"}"},
		{RECORD_DEPLOYED, "m1", "{\"checksum\":\"c\"}"},
		{RECORD_HELD, "m2", "{}"},
		{RECORD_REFUSAL, "m3", "{\"code\":\"C001\"}"},
		{RECORD_SEEN, NULL, "{}"},
		{RECORD_VERDICT, NULL, "{\"keys\":\"k\"}"},
		{RECORD_STATUS, NULL,
	         "{\"context\":\"c\",\"state\":\"pending\",\"description\":\"d\",\"forges\":[\"notes\"]}"},
		{RECORD_RUN_ENDED, NULL, "{\"outcome\":\"done\"}"},
	};
	struct records records = {0};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		*LIST_ADD(arena, &records) = (struct record){
			.kind = rows[i].kind,
			.target = "shop",
			.run = RUN_NEW,
			.stage = "apply",
			.migration = rows[i].migration,
			.commit = "1111111111111111111111111111111111111111",
			.body = body(arena, rows[i].body),
		};
	place_must(journal_write(journal, &records, arena, NULL));
}

void place_must(struct error *error)
{
	if (error)
		fail_msg("%s: %s: %s", error->row->code, error->what, error->why ? error->why : "");
}

void place_expect(struct error *error, enum error_code code, const char *words)
{
	if (!error)
		fail_msg("no error that says '%s'", words);
	if (error->row != &error_rows()[code] || !error->why || !strstr(error->why, words))
		fail_msg("'%s' is not in: %s: %s: %s", words, error->row->name, error->what,
		         error->why ? error->why : "");
}
