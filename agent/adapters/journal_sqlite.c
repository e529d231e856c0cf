/*
 * Owns the journal port over SQLite: opening, writing, and handing questions on. Write-ahead log, synchronous = FULL:
 * when journal_write returns, it is on disk. Easily got wrong: the head of the chain is read inside the transaction
 * that adds to it, since several processes write the same file.
 */
#include "adapters/journal_sqlite.h"

#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>

#include "adapters/journal_sqlite_check.h"
#include "adapters/journal_sqlite_library.h"
#include "adapters/journal_sqlite_projection.h"
#include "adapters/journal_sqlite_read.h"
#include "adapters/journal_sqlite_schema.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/text.h"

struct journal_sqlite {
	struct journal port;
	struct sqlite *sqlite;
	const char *identity;
	bool read_only;
};

static struct error *open_file(struct arena *arena, const struct journal_sqlite_options *options,
                               struct sqlite **ret_sqlite);
static struct error *open_nothing(struct arena *arena, const char *path,
                                  struct sqlite **ret_sqlite);
static struct error *check_owner(struct arena *arena, const char *path);
static struct error *check_writable(const struct journal_sqlite *self, struct arena *arena);
static struct error *find_run(struct sqlite *sqlite, const struct records *records,
                              struct arena *arena, int64_t *ret_run);
static struct error *append(struct journal_sqlite *self, const struct record *record, int64_t run,
                            int64_t at_us, struct kept_record *head, struct arena *arena);
static void check_archive(const struct record *record);

static const char *identity(struct journal *journal);
static struct error *chain(struct journal *journal, struct arena *arena, const char **ret_digest);
static struct error *write_records(struct journal *journal, const struct records *records,
                                   struct arena *arena, int64_t *ret_run);
static struct error *memory(struct journal *journal, const char *target, struct arena *arena,
                            struct memory *ret_memory);
static struct error *archive(struct journal *journal, const char *digest, struct arena *arena,
                             struct bytes *ret_bytes);
static struct error *first_seen(struct journal *journal, const char *commit, struct arena *arena,
                                int64_t *ret_seconds);
static struct error *verdict(struct journal *journal, const char *commit, const char *keys,
                             struct arena *arena, const struct node **ret_body);
static struct error *runs(struct journal *journal, const char *target, size_t limit,
                          struct arena *arena, struct runs *ret_runs);
static struct error *run(struct journal *journal, int64_t id, struct arena *arena,
                         struct run_memory *ret_run);
static struct error *statuses(struct journal *journal, const char *target, size_t limit,
                              struct arena *arena, struct statuses *ret_statuses);
static struct error *outbox(struct journal *journal, const char *target, int64_t now_us,
                            size_t limit, bool all, struct arena *arena, struct outbox *ret_outbox);
static struct error *check(struct journal *journal, struct arena *arena, int64_t *ret_records);
static void close_journal(struct journal *journal);

static const struct journal_ops ops = {
	.name = "sqlite",
	.identity = identity,
	.chain = chain,
	.write = write_records,
	.memory = memory,
	.archive = archive,
	.first_seen = first_seen,
	.verdict = verdict,
	.runs = runs,
	.run = run,
	.statuses = statuses,
	.outbox = outbox,
	.check = check,
	.close = close_journal,
};

struct error *journal_sqlite_open(struct arena *arena, const struct journal_sqlite_options *options,
                                  struct journal **ret_journal)
{
	struct journal_sqlite *self = ARENA_NEW(arena, struct journal_sqlite);
	AUTO_SQLITE sqlite = NULL;
	struct kept_record head;

	self->port.ops = &ops;
	self->read_only = options->read_only;
	if (options->read_only && !file_exists(options->path))
		TRY(open_nothing(arena, options->path, &sqlite));
	else
		TRY(open_file(arena, options, &sqlite));
	TRY(schema_identity(sqlite, arena, &self->identity));
	TRY(record_head(sqlite, arena, &head));
	self->sqlite = TAKE(sqlite);
	*ret_journal = &self->port;
	return NULL;
}

static struct error *open_file(struct arena *arena, const struct journal_sqlite_options *options,
                               struct sqlite **ret_sqlite)
{
	AUTO_SQLITE sqlite = NULL;

	if (!options->read_only) {
		TRY(folder_private(arena, path_folder(arena, options->path)));
		TRY(schema_create_file(arena, options->path));
	}
	TRY(check_owner(arena, options->path));
	TRY(sqlite_open(arena, options->path,
	                options->read_only ? SQLITE_MODE_READ : SQLITE_MODE_WRITE, &sqlite));
	TRY(schema_trust(sqlite, !options->read_only, arena));
	*ret_sqlite = TAKE(sqlite);
	return NULL;
}

/* A journal that is not there answers like one that has seen nothing. */
static struct error *open_nothing(struct arena *arena, const char *path, struct sqlite **ret_sqlite)
{
	AUTO_SQLITE sqlite = NULL;

	TRY(sqlite_open(arena, path, SQLITE_MODE_MEMORY, &sqlite));
	TRY(schema_install(sqlite, "", arena));
	*ret_sqlite = TAKE(sqlite);
	return NULL;
}

/* lstat, not open: see journal_sqlite_library.c. SQLite gives its two side files the rights of this one. */
static struct error *check_owner(struct arena *arena, const char *path)
{
	const char *what = arena_printf(arena, "cannot use the journal '%s'", path);
	const struct passwd *owner;
	struct stat found;

	if (lstat(path, &found))
		return FAIL(arena, FILE, .what = what, .why = strerror(errno),
		            .hint = "Look at the state folder: its path and its rights.");
	if (!S_ISREG(found.st_mode))
		return FAIL(arena, FILE, .what = what, .why = "it is not a file",
		            .hint = "Put the journal itself there; a link to it is not followed.");
	if (found.st_uid != geteuid()) {
		owner = getpwuid(found.st_uid);
		return FAIL(
			arena, FILE_RIGHTS, .what = what,
			.why = arena_printf(arena,
		                            "it belongs to %s (user %u), and this is user %u",
		                            owner ? owner->pw_name : "another user",
		                            (unsigned)found.st_uid, (unsigned)geteuid()),
			.hint = owner ? arena_printf(arena,
		                                     "Be that user: `runuser -u %s -- headgate …`.",
		                                     owner->pw_name)
		                      : "Run this command as the user that the agent runs as.");
	}
	if (found.st_mode & (S_IRWXG | S_IRWXO))
		return FAIL(arena, FILE_RIGHTS, .what = what,
		            .why = arena_printf(arena, "its mode is %04o: it is open to others",
		                                (unsigned)(found.st_mode & 07777)),
		            .hint = arena_printf(arena, "Type `chmod 600 %s`.", path));
	return NULL;
}

static const char *identity(struct journal *journal)
{
	return ((struct journal_sqlite *)journal)->identity;
}

static struct error *chain(struct journal *journal, struct arena *arena, const char **ret_digest)
{
	struct kept_record head;

	TRY(record_head(((struct journal_sqlite *)journal)->sqlite, arena, &head));
	*ret_digest = head.digest;
	return NULL;
}

static struct error *write_records(struct journal *journal, const struct records *records,
                                   struct arena *arena, int64_t *ret_run)
{
	struct journal_sqlite *self = (struct journal_sqlite *)journal;
	AUTO_TRANSACTION transaction = {0};
	struct kept_record head;
	int64_t new_run, at_us = clock_wall_us();

	TRY(check_writable(self, arena));
	TRY(transaction_begin_write(self->sqlite, arena, &transaction));
	TRY(schema_check_version(self->sqlite, arena));
	TRY(record_head(self->sqlite, arena, &head));
	TRY(find_run(self->sqlite, records, arena, &new_run));
	for (size_t i = 0; i < records->count; i++)
		TRY(append(self, &records->items[i], new_run, at_us, &head, arena));
	TRY(transaction_commit(&transaction, arena));
	if (ret_run)
		*ret_run = new_run;
	return NULL;
}

static struct error *check_writable(const struct journal_sqlite *self, struct arena *arena)
{
	if (!self->read_only)
		return NULL;
	return FAIL(arena, JOURNAL,
	            .what = arena_printf(arena, "cannot write the journal '%s'",
	                                 sqlite_path(self->sqlite)),
	            .why = "it is open for looking only",
	            .hint = "Type `headgate reconcile`: that is what writes.");
}

static const char SQL_NEXT_RUN[] = "SELECT coalesce(max(id), 0) + 1 FROM run";

/* The number of the call's run: the next one when it opens one, else that of its records. */
static struct error *find_run(struct sqlite *sqlite, const struct records *records,
                              struct arena *arena, int64_t *ret_run)
{
	AUTO_QUERY query = NULL;
	bool opens = false, wants = false, row;
	int64_t named = RUN_NONE;

	for (size_t i = 0; i < records->count; i++) {
		const struct record *record = &records->items[i];

		if (record->run == RUN_NEW) {
			wants = true;
			opens |= record->kind == RECORD_RUN_BEGUN;
		} else if (named == RUN_NONE) {
			named = record->run;
		}
	}
	if (!wants) {
		*ret_run = named;
		return NULL;
	}
	if (!opens)
		BUG("records belong to a new run that no record opens");
	TRY(query_begin(sqlite, SQL_NEXT_RUN, arena, &query));
	TRY(query_next(query, arena, &row));
	*ret_run = query_number(query, 0);
	return NULL;
}

/* `head` becomes the record that was added. */
static struct error *append(struct journal_sqlite *self, const struct record *record, int64_t run,
                            int64_t at_us, struct kept_record *head, struct arena *arena)
{
	struct kept_record kept = {
		.seq = head->seq + 1,
		.at_us = at_us,
		.kind = record_kind_name(record->kind),
		.target = record->target,
		.run = record->run == RUN_NEW ? run : record->run,
		.stage = record->stage,
		.migration = record->migration,
		.commit = record->commit,
		.body = record->body ? node_to_json(arena, record->body) : "{}",
		.previous = head->digest,
	};

	check_archive(record);
	kept.digest = record_digest(arena, &kept);
	TRY(record_append(self->sqlite, &kept, record->archive, arena));
	*head = kept;
	return NULL;
}

/* The chain covers the archive only because the body names its digest. */
static void check_archive(const struct record *record)
{
	char digest[SHA256_HEX];

	if (!record->archive.size)
		return;
	sha256_hex(record->archive.data, record->archive.size, digest);
	for (const struct node *child = record->body ? record->body->child : NULL; child;
	     child = child->next) {
		if (child->kind == NODE_TEXT && text_equal(child->text, digest))
			return;
	}
	BUG("a %s record does not name the digest of its archive", record_kind_name(record->kind));
}

static struct error *memory(struct journal *journal, const char *target, struct arena *arena,
                            struct memory *ret_memory)
{
	return read_memory(((struct journal_sqlite *)journal)->sqlite, target, arena, ret_memory);
}

static struct error *archive(struct journal *journal, const char *digest, struct arena *arena,
                             struct bytes *ret_bytes)
{
	return read_archive(((struct journal_sqlite *)journal)->sqlite, digest, arena, ret_bytes);
}

static struct error *first_seen(struct journal *journal, const char *commit, struct arena *arena,
                                int64_t *ret_seconds)
{
	return read_first_seen(((struct journal_sqlite *)journal)->sqlite, commit, arena,
	                       ret_seconds);
}

static struct error *verdict(struct journal *journal, const char *commit, const char *keys,
                             struct arena *arena, const struct node **ret_body)
{
	return read_verdict(((struct journal_sqlite *)journal)->sqlite, commit, keys, arena,
	                    ret_body);
}

static struct error *runs(struct journal *journal, const char *target, size_t limit,
                          struct arena *arena, struct runs *ret_runs)
{
	return read_runs(((struct journal_sqlite *)journal)->sqlite, target, limit, arena,
	                 ret_runs);
}

static struct error *run(struct journal *journal, int64_t id, struct arena *arena,
                         struct run_memory *ret_run)
{
	return read_run(((struct journal_sqlite *)journal)->sqlite, id, arena, ret_run);
}

static struct error *statuses(struct journal *journal, const char *target, size_t limit,
                              struct arena *arena, struct statuses *ret_statuses)
{
	return read_statuses(((struct journal_sqlite *)journal)->sqlite, target, limit, arena,
	                     ret_statuses);
}

static struct error *outbox(struct journal *journal, const char *target, int64_t now_us,
                            size_t limit, bool all, struct arena *arena, struct outbox *ret_outbox)
{
	return read_outbox(((struct journal_sqlite *)journal)->sqlite, target, now_us, limit, all,
	                   arena, ret_outbox);
}

static struct error *check(struct journal *journal, struct arena *arena, int64_t *ret_records)
{
	return check_journal(((struct journal_sqlite *)journal)->sqlite, arena, ret_records);
}

static void close_journal(struct journal *journal)
{
	sqlite_close(((struct journal_sqlite *)journal)->sqlite);
}
