/*
 * Owns what the journal answers. Easily got wrong: an answer that takes several statements needs one read
 * transaction around them, or another process writes between two of them.
 */
#include "adapters/journal_sqlite_read.h"

#include <inttypes.h>

#include "base/hash.h"
#include "base/text.h"

static struct error *read_target(struct sqlite *sqlite, struct arena *arena, struct memory *memory);
static struct error *read_deployed(struct sqlite *sqlite, struct arena *arena,
                                   struct memory *memory);
static struct error *read_held(struct sqlite *sqlite, struct arena *arena, struct memory *memory);
static struct error *read_downs(struct sqlite *sqlite, struct arena *arena, struct memory *memory);
static struct error *read_accepted(struct sqlite *sqlite, struct arena *arena,
                                   struct memory *memory);
static struct error *read_asked(struct sqlite *sqlite, struct arena *arena, struct memory *memory);
static struct error *read_overrides_used(struct sqlite *sqlite, struct arena *arena,
                                         struct memory *memory);
static struct error *read_withdrawn(struct sqlite *sqlite, struct arena *arena,
                                    struct memory *memory);
static struct error *read_refusals(struct sqlite *sqlite, struct arena *arena,
                                   struct memory *memory);
static struct error *read_open_run(struct sqlite *sqlite, struct arena *arena,
                                   struct memory *memory);
static struct error *read_undelivered(struct sqlite *sqlite, struct arena *arena,
                                      struct memory *memory);
static struct error *read_run_row(struct query *query, struct arena *arena,
                                  struct run_memory *ret_run);
static struct error *read_stages(struct sqlite *sqlite, struct arena *arena,
                                 struct run_memory *run);
static struct error *read_intents(struct sqlite *sqlite, struct arena *arena,
                                  struct run_memory *run);
static struct error *read_status(struct query *query, int column, struct arena *arena,
                                 struct status *ret_status);
static struct error *read_json(struct query *query, int column, struct arena *arena,
                               const struct node **ret_node);

struct error *read_memory(struct sqlite *sqlite, const char *target, struct arena *arena,
                          struct memory *ret_memory)
{
	AUTO_TRANSACTION transaction = {0};
	struct memory memory = {.target = arena_text(arena, target)};

	TRY(transaction_begin_read(sqlite, arena, &transaction));
	TRY(read_target(sqlite, arena, &memory));
	TRY(read_deployed(sqlite, arena, &memory));
	TRY(read_held(sqlite, arena, &memory));
	TRY(read_downs(sqlite, arena, &memory));
	TRY(read_accepted(sqlite, arena, &memory));
	TRY(read_asked(sqlite, arena, &memory));
	TRY(read_withdrawn(sqlite, arena, &memory));
	TRY(read_overrides_used(sqlite, arena, &memory));
	TRY(read_refusals(sqlite, arena, &memory));
	TRY(read_open_run(sqlite, arena, &memory));
	TRY(read_undelivered(sqlite, arena, &memory));
	*ret_memory = memory;
	return NULL;
}

static const char SQL_ARCHIVE[] = "SELECT bytes FROM archive WHERE digest = :digest";

struct error *read_archive(struct sqlite *sqlite, const char *digest, struct arena *arena,
                           struct bytes *ret_bytes)
{
	AUTO_QUERY query = NULL;
	char found[SHA256_HEX] = "";
	struct bytes bytes = {0};
	bool row;

	TRY(query_begin(sqlite, SQL_ARCHIVE, arena, &query));
	query_bind_text(query, ":digest", digest);
	TRY(query_next(query, arena, &row));
	if (row) {
		bytes = query_bytes(query, 0, arena);
		sha256_hex(bytes.data, bytes.size, found);
	}
	if (!text_equal(found, digest))
		return sqlite_damaged(sqlite_path(sqlite),
		                      arena_printf(arena, "the archive %s %s",
		                                   row ? "was changed under" : "has nothing under",
		                                   digest),
		                      arena);
	*ret_bytes = bytes;
	return NULL;
}

static const char SQL_SEEN[] = "SELECT at_us / 1000000 FROM seen WHERE commit_id = :commit";

struct error *read_first_seen(struct sqlite *sqlite, const char *commit, struct arena *arena,
                              int64_t *ret_seconds)
{
	AUTO_QUERY query = NULL;
	bool row;

	TRY(query_begin(sqlite, SQL_SEEN, arena, &query));
	query_bind_text(query, ":commit", commit);
	TRY(query_next(query, arena, &row));
	*ret_seconds = row ? query_number(query, 0) : 0;
	return NULL;
}

static const char SQL_VERDICT[] =
	"SELECT body FROM verdict WHERE commit_id = :commit AND keys = :keys";

struct error *read_verdict(struct sqlite *sqlite, const char *commit, const char *keys,
                           struct arena *arena, const struct node **ret_body)
{
	AUTO_QUERY query = NULL;
	const struct node *body = NULL;
	bool row;

	TRY(query_begin(sqlite, SQL_VERDICT, arena, &query));
	query_bind_text(query, ":commit", commit);
	query_bind_text(query, ":keys", keys);
	TRY(query_next(query, arena, &row));
	if (row)
		TRY(read_json(query, 0, arena, &body));
	*ret_body = body;
	return NULL;
}

#define RUN_COLUMNS                                                                                \
	"id, target, direction, head, horizon, plan, items, begun_us, coalesce(ended_us, 0), outcome, backup"

static const char SQL_RUNS[] =
	"SELECT " RUN_COLUMNS
	" FROM run WHERE target = coalesce(:target, target) ORDER BY id DESC LIMIT :limit";

struct error *read_runs(struct sqlite *sqlite, const char *target, size_t limit,
                        struct arena *arena, struct runs *ret_runs)
{
	AUTO_QUERY query = NULL;
	struct runs runs = {0};
	bool row;

	TRY(query_begin(sqlite, SQL_RUNS, arena, &query));
	query_bind_text(query, ":target", target);
	query_bind_number(query, ":limit", (int64_t)limit);
	TRY(query_next(query, arena, &row));
	while (row) {
		TRY(read_run_row(query, arena, LIST_ADD(arena, &runs)));
		TRY(query_next(query, arena, &row));
	}
	*ret_runs = runs;
	return NULL;
}

static const char SQL_RUN[] = "SELECT " RUN_COLUMNS " FROM run WHERE id = :run";

struct error *read_run(struct sqlite *sqlite, int64_t run, struct arena *arena,
                       struct run_memory *ret_run)
{
	AUTO_TRANSACTION transaction = {0};
	AUTO_QUERY query = NULL;
	struct run_memory found;
	bool row;

	TRY(transaction_begin_read(sqlite, arena, &transaction));
	TRY(query_begin(sqlite, SQL_RUN, arena, &query));
	query_bind_number(query, ":run", run);
	TRY(query_next(query, arena, &row));
	if (!row)
		return FAIL(arena, UNKNOWN_RUN,
		            .what = arena_printf(arena, "cannot show run %" PRId64, run),
		            .why = "the journal has no run of that number",
		            .hint = "Type `headgate history` for the runs that there are.");
	TRY(read_run_row(query, arena, &found));
	TRY(read_stages(sqlite, arena, &found));
	TRY(read_intents(sqlite, arena, &found));
	*ret_run = found;
	return NULL;
}

#define STATUS_COLUMNS "target, commit_id, context, state, description, url, run"

static const char SQL_STATUSES[] =
	"SELECT " STATUS_COLUMNS
	" FROM status WHERE target = :target ORDER BY seq DESC LIMIT :limit";

struct error *read_statuses(struct sqlite *sqlite, const char *target, size_t limit,
                            struct arena *arena, struct statuses *ret_statuses)
{
	AUTO_QUERY query = NULL;
	struct statuses statuses = {0};
	bool row;

	TRY(query_begin(sqlite, SQL_STATUSES, arena, &query));
	query_bind_text(query, ":target", target);
	query_bind_number(query, ":limit", (int64_t)limit);
	TRY(query_next(query, arena, &row));
	while (row) {
		TRY(read_status(query, 0, arena, LIST_ADD(arena, &statuses)));
		TRY(query_next(query, arena, &row));
	}
	*ret_statuses = statuses;
	return NULL;
}

#define OUTBOX_COLUMNS                                                                             \
	"id, forge, created_us, next_us, attempts, why, coalesce(closed = 'final', 0), " STATUS_COLUMNS

/* Only the first of those that wait for one forge, target and commit, and that only when it is due. */
static const char SQL_OUTBOX_DUE[] =
	"SELECT " OUTBOX_COLUMNS " FROM outbox AS item"
	" WHERE closed IS NULL AND next_us <= :now AND target = coalesce(:target, target)"
	" AND NOT EXISTS (SELECT 1 FROM outbox AS earlier WHERE earlier.closed IS NULL"
	" AND earlier.forge = item.forge AND earlier.target = item.target"
	" AND earlier.commit_id = item.commit_id AND earlier.id < item.id)"
	" ORDER BY id LIMIT :limit";

static const char SQL_OUTBOX_ALL[] =
	"SELECT * FROM ("
	"SELECT " OUTBOX_COLUMNS
	" FROM outbox WHERE closed IS NULL AND target = coalesce(:target, target)"
	" UNION ALL "
	"SELECT " OUTBOX_COLUMNS
	" FROM outbox WHERE closed = 'final' AND target = coalesce(:target, target)"
	") ORDER BY id LIMIT :limit";

struct error *read_outbox(struct sqlite *sqlite, const char *target, int64_t now_us, size_t limit,
                          bool all, struct arena *arena, struct outbox *ret_outbox)
{
	AUTO_QUERY query = NULL;
	struct outbox outbox = {0};
	bool row;

	TRY(query_begin(sqlite, all ? SQL_OUTBOX_ALL : SQL_OUTBOX_DUE, arena, &query));
	query_bind_text(query, ":target", target);
	query_bind_number(query, ":now", now_us);
	query_bind_number(query, ":limit", (int64_t)limit);
	TRY(query_next(query, arena, &row));
	while (row) {
		struct outbox_item *item = LIST_ADD(arena, &outbox);

		item->id = query_number(query, 0);
		item->forge = query_text(query, 1, arena);
		item->created_us = query_number(query, 2);
		item->next_us = query_number(query, 3);
		item->attempts = (int)query_number(query, 4);
		item->why = query_text(query, 5, arena);
		item->final = query_number(query, 6) != 0;
		TRY(read_status(query, 7, arena, &item->status));
		item->status.retried = item->attempts > 0;
		TRY(query_next(query, arena, &row));
	}
	*ret_outbox = outbox;
	return NULL;
}

static const char SQL_TARGET[] =
	"SELECT baseline, deployed_commit, system_identifier, fingerprint, coalesce(retried_us, 0),"
	" coalesce(epoch, 0), suspended, suspended_by, coalesce(suspended_us, 0) FROM target WHERE name = :target";

static struct error *read_target(struct sqlite *sqlite, struct arena *arena, struct memory *memory)
{
	AUTO_QUERY query = NULL;
	bool row;

	TRY(query_begin(sqlite, SQL_TARGET, arena, &query));
	query_bind_text(query, ":target", memory->target);
	TRY(query_next(query, arena, &row));
	if (!row)
		return NULL;
	memory->baseline = query_text(query, 0, arena);
	memory->has_baseline = memory->baseline != NULL;
	memory->deployed_commit = query_text(query, 1, arena);
	memory->system_identifier = query_text(query, 2, arena);
	memory->fingerprint = query_text(query, 3, arena);
	memory->retried_us = query_number(query, 4);
	memory->epoch = query_number(query, 5);
	if (query_number(query, 8)) {
		struct suspension *suspension = ARENA_NEW(arena, struct suspension);

		*suspension = (struct suspension){
			.reason = query_text(query, 6, arena),
			.by = query_text(query, 7, arena),
			.at_us = query_number(query, 8),
		};
		memory->suspended = suspension;
	}
	return NULL;
}

static const char SQL_DEPLOYED[] =
	"SELECT name, checksum, commit_id, row_id, down, adopted, at_us, run FROM deployed"
	" WHERE target = :target AND present ORDER BY seq";

static struct error *read_deployed(struct sqlite *sqlite, struct arena *arena,
                                   struct memory *memory)
{
	AUTO_QUERY query = NULL;
	bool row;

	TRY(query_begin(sqlite, SQL_DEPLOYED, arena, &query));
	query_bind_text(query, ":target", memory->target);
	TRY(query_next(query, arena, &row));
	while (row) {
		*LIST_ADD(arena, &memory->deployed) = (struct deployed_migration){
			.name = query_text(query, 0, arena),
			.checksum = query_text(query, 1, arena),
			.commit = query_text(query, 2, arena),
			.row_id = query_text(query, 3, arena),
			.down_digest = query_text(query, 4, arena),
			.adopted = query_number(query, 5) != 0,
			.at_us = query_number(query, 6),
			.run = query_number(query, 7),
		};
		TRY(query_next(query, arena, &row));
	}
	return NULL;
}

static const char SQL_HELD[] =
	"SELECT name, checksum, row_id, commit_id, at_us FROM held WHERE target = :target ORDER BY seq";

static struct error *read_held(struct sqlite *sqlite, struct arena *arena, struct memory *memory)
{
	AUTO_QUERY query = NULL;
	bool row;

	TRY(query_begin(sqlite, SQL_HELD, arena, &query));
	query_bind_text(query, ":target", memory->target);
	TRY(query_next(query, arena, &row));
	while (row) {
		*LIST_ADD(arena, &memory->held) = (struct held_migration){
			.name = query_text(query, 0, arena),
			.checksum = query_text(query, 1, arena),
			.row_id = query_text(query, 2, arena),
			.commit = query_text(query, 3, arena),
			.at_us = query_number(query, 4),
		};
		TRY(query_next(query, arena, &row));
	}
	return NULL;
}

static const char SQL_DOWNS[] = "SELECT name, checksum, down FROM deployed"
				" WHERE target = :target AND NOT present AND down IS NOT NULL ORDER BY seq";

static struct error *read_downs(struct sqlite *sqlite, struct arena *arena, struct memory *memory)
{
	AUTO_QUERY query = NULL;
	bool row;

	TRY(query_begin(sqlite, SQL_DOWNS, arena, &query));
	query_bind_text(query, ":target", memory->target);
	TRY(query_next(query, arena, &row));
	while (row) {
		*LIST_ADD(arena, &memory->downs) = (struct archived_down){
			.name = query_text(query, 0, arena),
			.checksum = query_text(query, 1, arena),
			.digest = query_text(query, 2, arena),
		};
		TRY(query_next(query, arena, &row));
	}
	return NULL;
}

static const char SQL_ACCEPTED[] =
	"SELECT name, row_id, checksum, at_us FROM accepted WHERE target = :target ORDER BY seq";

static struct error *read_accepted(struct sqlite *sqlite, struct arena *arena,
                                   struct memory *memory)
{
	AUTO_QUERY query = NULL;
	bool row;

	TRY(query_begin(sqlite, SQL_ACCEPTED, arena, &query));
	query_bind_text(query, ":target", memory->target);
	TRY(query_next(query, arena, &row));
	while (row) {
		*LIST_ADD(arena, &memory->accepted) = (struct accepted_row){
			.name = query_text(query, 0, arena),
			.row_id = query_text(query, 1, arena),
			.checksum = query_text(query, 2, arena),
			.at_us = query_number(query, 3),
		};
		TRY(query_next(query, arena, &row));
	}
	return NULL;
}

static const char SQL_ASKED[] =
	"SELECT name, row_id, by, reason, at_us FROM asked WHERE target = :target ORDER BY seq";

static struct error *read_asked(struct sqlite *sqlite, struct arena *arena, struct memory *memory)
{
	AUTO_QUERY query = NULL;
	bool row;

	TRY(query_begin(sqlite, SQL_ASKED, arena, &query));
	query_bind_text(query, ":target", memory->target);
	TRY(query_next(query, arena, &row));
	while (row) {
		*LIST_ADD(arena, &memory->asked) = (struct asked_rollback){
			.name = query_text(query, 0, arena),
			.row_id = query_text(query, 1, arena),
			.by = query_text(query, 2, arena),
			.reason = query_text(query, 3, arena),
			.at_us = query_number(query, 4),
		};
		TRY(query_next(query, arena, &row));
	}
	return NULL;
}

static const char SQL_WITHDRAWN[] =
	"SELECT commit_id, by, reason, at_us FROM withdrawn WHERE target = :target ORDER BY seq";

static struct error *read_withdrawn(struct sqlite *sqlite, struct arena *arena,
                                    struct memory *memory)
{
	AUTO_QUERY query = NULL;
	bool row;

	TRY(query_begin(sqlite, SQL_WITHDRAWN, arena, &query));
	query_bind_text(query, ":target", memory->target);
	TRY(query_next(query, arena, &row));
	while (row) {
		*LIST_ADD(arena, &memory->withdrawn) = (struct withdrawal){
			.commit = query_text(query, 0, arena),
			.by = query_text(query, 1, arena),
			.reason = query_text(query, 2, arena),
			.at_us = query_number(query, 3),
		};
		TRY(query_next(query, arena, &row));
	}
	return NULL;
}

static const char SQL_OVERRIDES_USED[] =
	"SELECT used.payload, used.tag, used.commit_id, used.lifts, used.by, used.run, run.outcome"
	" FROM override_used used LEFT JOIN run ON run.id = used.run"
	" WHERE used.target = :target ORDER BY used.seq";

static struct error *read_overrides_used(struct sqlite *sqlite, struct arena *arena,
                                         struct memory *memory)
{
	AUTO_QUERY query = NULL;
	bool row;

	TRY(query_begin(sqlite, SQL_OVERRIDES_USED, arena, &query));
	query_bind_text(query, ":target", memory->target);
	TRY(query_next(query, arena, &row));
	while (row) {
		*LIST_ADD(arena, &memory->overrides_used) = (struct override_used){
			.payload = query_text(query, 0, arena),
			.tag = query_text(query, 1, arena),
			.commit = query_text(query, 2, arena),
			.lifts = query_text(query, 3, arena),
			.by = query_text(query, 4, arena),
			.run = query_number(query, 5),
			.outcome = query_text(query, 6, arena),
		};
		TRY(query_next(query, arena, &row));
	}
	return NULL;
}

static const char SQL_REFUSALS[] =
	"SELECT nullif(commit_id, ''), nullif(migration, ''), stage, code, what, why, hint, rests_on, sticky, at_us, run"
	" FROM refusal WHERE target = :target ORDER BY seq";

static struct error *read_refusals(struct sqlite *sqlite, struct arena *arena,
                                   struct memory *memory)
{
	AUTO_QUERY query = NULL;
	bool row;

	TRY(query_begin(sqlite, SQL_REFUSALS, arena, &query));
	query_bind_text(query, ":target", memory->target);
	TRY(query_next(query, arena, &row));
	while (row) {
		*LIST_ADD(arena, &memory->refusals) = (struct refusal){
			.commit = query_text(query, 0, arena),
			.migration = query_text(query, 1, arena),
			.stage = query_text(query, 2, arena),
			.code = query_text(query, 3, arena),
			.what = query_text(query, 4, arena),
			.why = query_text(query, 5, arena),
			.hint = query_text(query, 6, arena),
			.rests_on = query_text(query, 7, arena),
			.sticky = query_number(query, 8) != 0,
			.at_us = query_number(query, 9),
			.run = query_number(query, 10),
		};
		TRY(query_next(query, arena, &row));
	}
	return NULL;
}

static const char SQL_NEWEST_RUN[] =
	"SELECT " RUN_COLUMNS " FROM run WHERE target = :target ORDER BY id DESC LIMIT 1";

/* Only the newest run can be open: the journal takes no second one beside an open one. */
static struct error *read_open_run(struct sqlite *sqlite, struct arena *arena,
                                   struct memory *memory)
{
	AUTO_QUERY query = NULL;
	struct run_memory *run;
	bool row;

	TRY(query_begin(sqlite, SQL_NEWEST_RUN, arena, &query));
	query_bind_text(query, ":target", memory->target);
	TRY(query_next(query, arena, &row));
	if (!row)
		return NULL;
	memory->last_run = query_number(query, 0);
	if (query_number(query, 8) != 0)
		return NULL;
	run = ARENA_NEW(arena, struct run_memory);
	TRY(read_run_row(query, arena, run));
	TRY(read_stages(sqlite, arena, run));
	TRY(read_intents(sqlite, arena, run));
	memory->open_run = run;
	return NULL;
}

static const char SQL_UNDELIVERED[] =
	"SELECT count(*) FROM outbox WHERE closed IS NULL AND target = :target";

static struct error *read_undelivered(struct sqlite *sqlite, struct arena *arena,
                                      struct memory *memory)
{
	AUTO_QUERY query = NULL;
	bool row;

	TRY(query_begin(sqlite, SQL_UNDELIVERED, arena, &query));
	query_bind_text(query, ":target", memory->target);
	TRY(query_next(query, arena, &row));
	memory->undelivered = (size_t)query_number(query, 0);
	return NULL;
}

static struct error *read_run_row(struct query *query, struct arena *arena,
                                  struct run_memory *ret_run)
{
	struct run_memory run = {
		.id = query_number(query, 0),
		.target = query_text(query, 1, arena),
		.direction = query_text(query, 2, arena),
		.head = query_text(query, 3, arena),
		.horizon = query_text(query, 4, arena),
		.plan = query_text(query, 5, arena),
		.begun_us = query_number(query, 7),
		.ended_us = query_number(query, 8),
		.outcome = query_text(query, 9, arena),
	};

	TRY(read_json(query, 6, arena, &run.items));
	TRY(read_json(query, 10, arena, &run.backup));
	if (!run.items)
		run.items = node_list(arena);
	*ret_run = run;
	return NULL;
}

static const char SQL_STAGES[] =
	"SELECT name, done, stopped, begun_us, took_ms, evidence, reaction, code, what, why, hint,"
	" coalesce(stopped_us, 0) FROM stage WHERE run = :run ORDER BY seq";

static struct error *read_stages(struct sqlite *sqlite, struct arena *arena, struct run_memory *run)
{
	AUTO_QUERY query = NULL;
	bool row;

	TRY(query_begin(sqlite, SQL_STAGES, arena, &query));
	query_bind_number(query, ":run", run->id);
	TRY(query_next(query, arena, &row));
	while (row) {
		struct stage_memory *stage = LIST_ADD(arena, &run->stages);

		*stage = (struct stage_memory){
			.name = query_text(query, 0, arena),
			.done = query_number(query, 1) != 0,
			.stopped = query_number(query, 2) != 0,
			.begun_us = query_number(query, 3),
			.took_ms = query_number(query, 4),
			.reaction = query_text(query, 6, arena),
			.code = query_text(query, 7, arena),
			.what = query_text(query, 8, arena),
			.why = query_text(query, 9, arena),
			.hint = query_text(query, 10, arena),
			.stopped_us = query_number(query, 11),
		};
		TRY(read_json(query, 5, arena, &stage->evidence));
		TRY(query_next(query, arena, &row));
	}
	return NULL;
}

static const char SQL_INTENTS[] =
	"SELECT migration, action, way, statement, statements, row_id, checksum, xid, result FROM intent"
	" WHERE run = :run ORDER BY seq";

static struct error *read_intents(struct sqlite *sqlite, struct arena *arena,
                                  struct run_memory *run)
{
	AUTO_QUERY query = NULL;
	bool row;

	TRY(query_begin(sqlite, SQL_INTENTS, arena, &query));
	query_bind_number(query, ":run", run->id);
	TRY(query_next(query, arena, &row));
	while (row) {
		*LIST_ADD(arena, &run->intents) = (struct intent){
			.migration = query_text(query, 0, arena),
			.action = query_text(query, 1, arena),
			.way = (int)query_number(query, 2),
			.statement = query_number(query, 3),
			.statements = query_number(query, 4),
			.row_id = query_text(query, 5, arena),
			.checksum = query_text(query, 6, arena),
			.xid = query_text(query, 7, arena),
			.result = query_text(query, 8, arena),
		};
		TRY(query_next(query, arena, &row));
	}
	return NULL;
}

/* The columns of STATUS_COLUMNS, from `column` on. */
static struct error *read_status(struct query *query, int column, struct arena *arena,
                                 struct status *ret_status)
{
	const char *state = query_text(query, column + 3, arena);
	struct status status = {
		.target = query_text(query, column, arena),
		.commit = query_text(query, column + 1, arena),
		.context = query_text(query, column + 2, arena),
		.description = query_text(query, column + 4, arena),
		.url = query_text(query, column + 5, arena),
		.run = query_number(query, column + 6),
	};

	if (!status_state_find(state, &status.state))
		return query_damaged(query,
		                     arena_printf(arena, "'%s' is no state of a status",
		                                  text_clip(arena, state, 40)),
		                     arena);
	*ret_status = status;
	return NULL;
}

static struct error *read_json(struct query *query, int column, struct arena *arena,
                               const struct node **ret_node)
{
	const char *json = query_text(query, column, arena), *why = NULL;
	struct node *node = json ? node_from_json(arena, json, strlen(json), &why) : NULL;

	if (json && !node)
		return query_damaged(query, why, arena);
	*ret_node = node;
	return NULL;
}
