/*
 * Owns the journal's tables. `record` and `archive` are the journal; all other tables are projections, which
 * journal_sqlite_projection.c makes from records and which could be made again. Easily got wrong: an empty file is
 * not a new journal but a damaged one, since a new one appears complete or not at all.
 */
#include "adapters/journal_sqlite_schema.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

#define APPLICATION_ID 1212631628 /* "HGJL"; see `PRAGMA application_id` */

/* SQLite looks through the whole file up to this size at each open, 1.5 ms for each MiB; above it, only check does. */
#define LOOK_MAXIMUM INT64_C(1048576)

/* fileformat2.html, section 1.3: both bytes of the header say 2 for a file with a write-ahead log. */
#define HEADER_WRITE_VERSION 18
#define HEADER_READ_VERSION 19

#define STATES "CHECK (state IN ('pending', 'success', 'failure', 'error'))"

/* clang-format off */
/* What happened. Never changed, never removed; REPLACE would remove without asking the second trigger. */
static const char version_1_records[] =
	"PRAGMA application_id = 1212631628;"
	"CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;"

	"CREATE TABLE record ("
	"	seq INTEGER PRIMARY KEY,"
	"	at_us INTEGER NOT NULL,"
	"	kind TEXT NOT NULL,"
	"	target TEXT,"
	"	run INTEGER,"
	"	stage TEXT,"
	"	migration TEXT,"
	"	commit_id TEXT,"
	"	body TEXT NOT NULL,"
	"	previous TEXT NOT NULL,"
	"	digest TEXT NOT NULL"
	") STRICT;"
	"CREATE TABLE archive (digest TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT;"
	"CREATE TRIGGER record_is_not_changed BEFORE UPDATE ON record"
	" BEGIN SELECT raise(ABORT, 'a record is never changed'); END;"
	"CREATE TRIGGER record_is_not_removed BEFORE DELETE ON record"
	" BEGIN SELECT raise(ABORT, 'a record is never removed'); END;"
	"CREATE TRIGGER record_is_not_replaced BEFORE INSERT ON record"
	" WHEN EXISTS (SELECT 1 FROM record WHERE seq = new.seq)"
	" BEGIN SELECT raise(ABORT, 'a record is never replaced'); END;"
	"CREATE TRIGGER archive_is_not_changed BEFORE UPDATE ON archive"
	" BEGIN SELECT raise(ABORT, 'the archive is never changed'); END;"
	"CREATE TRIGGER archive_is_not_removed BEFORE DELETE ON archive"
	" BEGIN SELECT raise(ABORT, 'the archive is never emptied'); END;";

/* What it comes to. `seq` is the record that a row came from, and its order. */
static const char version_1_projections[] =
	"CREATE TABLE target ("
	"	name TEXT PRIMARY KEY,"
	"	baseline TEXT, deployed_commit TEXT, system_identifier TEXT, fingerprint TEXT, retried_us INTEGER"
	") STRICT;"
	"CREATE TABLE run ("
	"	id INTEGER PRIMARY KEY,"
	"	target TEXT NOT NULL,"
	"	direction TEXT, head TEXT, horizon TEXT, plan TEXT, items TEXT,"
	"	begun_us INTEGER NOT NULL, ended_us INTEGER, outcome TEXT, backup TEXT"
	") STRICT;"
	"CREATE INDEX run_of_target ON run (target, id);"
	"CREATE UNIQUE INDEX one_run_is_open ON run (target) WHERE ended_us IS NULL;"
	"CREATE TABLE stage ("
	"	run INTEGER NOT NULL REFERENCES run (id),"
	"	name TEXT NOT NULL,"
	"	seq INTEGER NOT NULL,"
	"	begun_us INTEGER NOT NULL,"
	"	done INTEGER NOT NULL, stopped INTEGER NOT NULL, took_ms INTEGER, evidence TEXT,"
	"	reaction TEXT, code TEXT, what TEXT, why TEXT, hint TEXT, stopped_us INTEGER,"
	"	PRIMARY KEY (run, name)"
	") STRICT;"
	"CREATE TABLE intent ("
	"	run INTEGER NOT NULL REFERENCES run (id),"
	"	migration TEXT NOT NULL, action TEXT NOT NULL, statement INTEGER NOT NULL,"
	"	seq INTEGER NOT NULL, latest INTEGER NOT NULL,"
	"	way INTEGER, statements INTEGER, row_id TEXT, checksum TEXT, xid TEXT, result TEXT,"
	"	PRIMARY KEY (run, migration, action, statement)"
	") STRICT;"
	"CREATE TABLE deployed ("
	"	target TEXT NOT NULL, name TEXT NOT NULL,"
	"	seq INTEGER NOT NULL, present INTEGER NOT NULL,"
	"	checksum TEXT, commit_id TEXT, row_id TEXT, down TEXT, adopted INTEGER NOT NULL,"
	"	at_us INTEGER NOT NULL, run INTEGER,"
	"	PRIMARY KEY (target, name)"
	") STRICT;"
	"CREATE TABLE held ("
	"	target TEXT NOT NULL, name TEXT NOT NULL,"
	"	seq INTEGER NOT NULL,"
	"	checksum TEXT, row_id TEXT, commit_id TEXT, at_us INTEGER NOT NULL,"
	"	PRIMARY KEY (target, name)"
	") STRICT;"
	"CREATE TABLE refusal (" /* '' where the record says nothing: NULL would not count as a key */
	"	target TEXT NOT NULL, commit_id TEXT NOT NULL, migration TEXT NOT NULL,"
	"	seq INTEGER NOT NULL,"
	"	stage TEXT, code TEXT, what TEXT, why TEXT, hint TEXT, rests_on TEXT, sticky INTEGER NOT NULL,"
	"	at_us INTEGER NOT NULL, run INTEGER,"
	"	PRIMARY KEY (target, commit_id, migration)"
	") STRICT;"
	"CREATE TABLE seen (commit_id TEXT PRIMARY KEY, at_us INTEGER NOT NULL) STRICT;"
	"CREATE TABLE verdict ("
	"	commit_id TEXT NOT NULL, keys TEXT NOT NULL, body TEXT NOT NULL,"
	"	PRIMARY KEY (commit_id, keys)"
	") STRICT;"
	"CREATE TABLE status ("
	"	target TEXT NOT NULL, commit_id TEXT NOT NULL,"
	"	seq INTEGER NOT NULL,"
	"	context TEXT NOT NULL, state TEXT NOT NULL " STATES ", description TEXT NOT NULL, url TEXT, run INTEGER,"
	"	PRIMARY KEY (target, commit_id)"
	") STRICT;"
	"CREATE INDEX status_by_age ON status (target, seq);"
	"CREATE TABLE outbox ("
	"	id INTEGER PRIMARY KEY,"
	"	forge TEXT NOT NULL, target TEXT NOT NULL, commit_id TEXT NOT NULL,"
	"	context TEXT NOT NULL, state TEXT NOT NULL " STATES ", description TEXT NOT NULL, url TEXT, run INTEGER,"
	"	created_us INTEGER NOT NULL, next_us INTEGER NOT NULL,"
	"	attempts INTEGER NOT NULL, why TEXT,"
	"	closed TEXT CHECK (closed IN ('delivered', 'superseded', 'final'))" /* NULL: it waits */
	") STRICT;"
	"CREATE INDEX outbox_waits ON outbox (forge, target, commit_id, id) WHERE closed IS NULL;"
	"CREATE INDEX outbox_final ON outbox (id) WHERE closed = 'final';";

/* What a person may say to the agent, and the fence. */
static const char version_2[] =
	"ALTER TABLE target ADD COLUMN epoch INTEGER;"
	"ALTER TABLE target ADD COLUMN suspended TEXT;"
	"ALTER TABLE target ADD COLUMN suspended_by TEXT;"
	"ALTER TABLE target ADD COLUMN suspended_us INTEGER;"
	"CREATE TABLE accepted ("
	"	target TEXT NOT NULL, row_id TEXT NOT NULL,"
	"	name TEXT NOT NULL, seq INTEGER NOT NULL, checksum TEXT, at_us INTEGER NOT NULL,"
	"	PRIMARY KEY (target, row_id)"
	") STRICT;"
	"CREATE TABLE asked ("
	"	target TEXT NOT NULL, name TEXT NOT NULL,"
	"	seq INTEGER NOT NULL, row_id TEXT, by TEXT, reason TEXT, at_us INTEGER NOT NULL,"
	"	PRIMARY KEY (target, name)"
	") STRICT;";

/* Which commits vouch for nothing any more. */
static const char version_3[] =
	"CREATE TABLE withdrawn ("
	"	target TEXT NOT NULL, commit_id TEXT NOT NULL,"
	"	seq INTEGER NOT NULL, by TEXT, reason TEXT, at_us INTEGER NOT NULL,"
	"	PRIMARY KEY (target, commit_id)"
	") STRICT;";
/* Which override tags were used, and by which run. */
static const char version_3_overrides[] =
	"CREATE TABLE override_used ("
	"	target TEXT NOT NULL, payload TEXT NOT NULL, run INTEGER NOT NULL, lifts TEXT NOT NULL,"
	"	seq INTEGER NOT NULL, tag TEXT, commit_id TEXT, by TEXT,"
	"	PRIMARY KEY (target, payload, run, lifts)"
	") STRICT;";
/* clang-format on */

/* From the version before it to this one: all rows of a version, in order, and its number last. */
static const struct schema_version {
	int64_t version;
	const char *sql;
} versions[] = {
	{1, version_1_records}, {1, version_1_projections},     {1, "PRAGMA user_version = 1"},
	{2, version_2},         {2, "PRAGMA user_version = 2"},
	{3, version_3},         {3, version_3_overrides},       {3, "PRAGMA user_version = 3"},
};

#define VERSION_ROWS (sizeof versions / sizeof *versions)

static struct error *publish(struct arena *arena, const char *from, const char *path);
static struct error *upgrade(struct sqlite *sqlite, struct arena *arena);
static struct error *get_number(struct sqlite *sqlite, const char *sql, struct arena *arena,
                                int64_t *ret_number);
static struct error *get_text(struct sqlite *sqlite, const char *sql, struct arena *arena,
                              const char **ret_text);

struct error *schema_create_file(struct arena *arena, const char *path)
{
	AUTO_SQLITE sqlite = NULL;
	const char *identity = random_uuid(arena);
	const char *draft = arena_printf(arena, "%s.new-%s", path, identity);
	struct bytes image;
	char *header;

	if (file_exists(path))
		return NULL;
	TRY(sqlite_open(arena, path, SQLITE_MODE_MEMORY, &sqlite));
	TRY(schema_install(sqlite, identity, arena));
	TRY(sqlite_image(sqlite, arena, &image));
	header = arena_copy(arena, image.data, image.size);
	header[HEADER_WRITE_VERSION] = header[HEADER_READ_VERSION] =
		2; /* so that no two openers race to switch */
	TRY(file_save(arena, draft, (struct bytes){header, image.size}, 0600));
	return publish(arena, draft, path);
}

static const char SQL_SET_IDENTITY[] =
	"INSERT INTO meta (name, value) VALUES ('identity', :identity)";

struct error *schema_install(struct sqlite *sqlite, const char *identity, struct arena *arena)
{
	AUTO_QUERY query = NULL;

	for (size_t i = 0; i < VERSION_ROWS; i++)
		TRY(sqlite_execute(sqlite, versions[i].sql, arena));
	TRY(query_begin(sqlite, SQL_SET_IDENTITY, arena, &query));
	query_bind_text(query, ":identity", identity);
	return query_run(query, arena);
}

static const char SQL_APPLICATION[] = "PRAGMA application_id";
static const char SQL_VERSION[] = "PRAGMA user_version";
static const char SQL_SIZE[] =
	"SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
static const char SQL_LOOK[] = "PRAGMA quick_check(1)";

struct error *schema_trust(struct sqlite *sqlite, bool may_write, struct arena *arena)
{
	int64_t application, version, size;
	const char *found;

	TRY(get_number(sqlite, SQL_APPLICATION, arena, &application));
	if (application != APPLICATION_ID)
		return sqlite_damaged(sqlite_path(sqlite), "it is not a journal of headgate",
		                      arena);
	TRY(schema_check_version(sqlite, arena));
	TRY(get_number(sqlite, SQL_SIZE, arena, &size));
	if (size <= LOOK_MAXIMUM) {
		TRY(get_text(sqlite, SQL_LOOK, arena, &found));
		if (!text_equal(found, "ok"))
			return sqlite_damaged(sqlite_path(sqlite), found, arena);
	}
	TRY(get_number(sqlite, SQL_VERSION, arena, &version));
	if (version == JOURNAL_VERSION)
		return NULL;
	if (!may_write)
		return FAIL(
			arena, JOURNAL,
			.what = arena_printf(arena, "cannot read the journal '%s'",
		                             sqlite_path(sqlite)),
			.why = arena_printf(arena,
		                            "it has version %" PRId64 ", this program reads %d",
		                            version, JOURNAL_VERSION),
			.hint = "Type `headgate reconcile` once: it brings the journal to the new version.");
	return upgrade(sqlite, arena);
}

struct error *schema_check_version(struct sqlite *sqlite, struct arena *arena)
{
	int64_t version;

	TRY(get_number(sqlite, SQL_VERSION, arena, &version));
	if (version <= JOURNAL_VERSION)
		return NULL;
	return FAIL(
		arena, JOURNAL_NEWER,
		.what = arena_printf(arena, "cannot use the journal '%s'", sqlite_path(sqlite)),
		.why = arena_printf(
			arena, "it has version %" PRId64 ", headgate %s knows versions up to %d",
			version, HEADGATE_VERSION, JOURNAL_VERSION),
		.hint = "Install the newer headgate again, or put back the copy of the journal that this one wrote "
			"(`headgate version` tells what is installed).");
}

static const char SQL_IDENTITY[] = "SELECT value FROM meta WHERE name = 'identity'";

struct error *schema_identity(struct sqlite *sqlite, struct arena *arena, const char **ret_identity)
{
	const char *identity;

	TRY(get_text(sqlite, SQL_IDENTITY, arena, &identity));
	if (!identity)
		return sqlite_damaged(sqlite_path(sqlite), "it does not say who it is", arena);
	*ret_identity = identity;
	return NULL;
}

/* link(2) never replaces: of two makers one wins, and the other uses the winner's file. */
static struct error *publish(struct arena *arena, const char *from, const char *path)
{
	int failure = link(from, path) ? errno : 0;

	(void)unlink(from); /* a name too many does no harm */
	if (failure && failure != EEXIST)
		return FAIL(arena, FILE,
		            .what = arena_printf(arena, "cannot make the journal '%s'", path),
		            .why = strerror(failure),
		            .hint = "Look at the state folder: its disk and its rights.");
	return folder_sync(arena, path_folder(arena, path));
}

static struct error *upgrade(struct sqlite *sqlite, struct arena *arena)
{
	AUTO_TRANSACTION transaction = {0};
	int64_t version;

	TRY(transaction_begin_write(sqlite, arena, &transaction));
	TRY(get_number(sqlite, SQL_VERSION, arena,
	               &version)); /* another process may have done it meanwhile */
	for (size_t i = 0; i < VERSION_ROWS; i++) {
		if (versions[i].version > version)
			TRY(sqlite_execute(sqlite, versions[i].sql, arena));
	}
	return transaction_commit(&transaction, arena);
}

static struct error *get_number(struct sqlite *sqlite, const char *sql, struct arena *arena,
                                int64_t *ret_number)
{
	AUTO_QUERY query = NULL;
	bool row;

	TRY(query_begin(sqlite, sql, arena, &query));
	TRY(query_next(query, arena, &row));
	*ret_number = row ? query_number(query, 0) : 0;
	return NULL;
}

static struct error *get_text(struct sqlite *sqlite, const char *sql, struct arena *arena,
                              const char **ret_text)
{
	AUTO_QUERY query = NULL;
	bool row;

	TRY(query_begin(sqlite, sql, arena, &query));
	TRY(query_next(query, arena, &row));
	*ret_text = row ? query_text(query, 0, arena) : NULL;
	return NULL;
}
