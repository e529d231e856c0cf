/*
 * Owns what each kind of record does to the tables that are read back: one row {kind, statement} each. Easily got
 * wrong: a statement may use nothing but the record's own columns and these tables (no clock, no chance), so that the
 * same records always make the same tables; journal_check makes them again and compares.
 */
#include "adapters/journal_sqlite_projection.h"

#include <inttypes.h>

#include "adapters/journal_sqlite_schema.h"
#include "base/hash.h"
#include "base/text.h"

/* clang-format off */
static const struct projection {
	enum record_kind kind;
	const char *sql;
} projections[] = {
	/* A person said what to trust: what was deployed and refused before counts no more; the downs stay. */
	{RECORD_BASELINE,
	 "INSERT INTO target (name, baseline, deployed_commit, system_identifier)"
	 " VALUES (:target, :commit, :commit, :body ->> 'system_identifier')"
	 " ON CONFLICT (name) DO UPDATE SET baseline = excluded.baseline, deployed_commit = excluded.deployed_commit,"
	 " epoch = NULL, system_identifier = coalesce(excluded.system_identifier, system_identifier)"},
	{RECORD_BASELINE, "UPDATE deployed SET present = 0 WHERE target = :target"},
	{RECORD_BASELINE, "DELETE FROM refusal WHERE target = :target"},

	{RECORD_RUN_BEGUN,
	 "INSERT INTO run (id, target, direction, head, horizon, plan, items, begun_us)"
	 " VALUES (:run, :target, :body ->> 'direction', :body ->> 'head', :body ->> 'horizon', :body ->> 'plan',"
	 " :body -> 'items', :at)"},
	{RECORD_RUN_BEGUN,
	 "INSERT INTO target (name, system_identifier) VALUES (:target, :body ->> 'system_identifier')"
	 " ON CONFLICT (name) DO UPDATE SET system_identifier = coalesce(excluded.system_identifier, system_identifier)"},
	{RECORD_STAGE_BEGUN,
	 "INSERT INTO stage (run, name, seq, begun_us, done, stopped) VALUES (:run, :stage, :seq, :at, 0, 0)"
	 " ON CONFLICT (run, name) DO UPDATE SET begun_us = excluded.begun_us, done = 0, stopped = 0, took_ms = NULL,"
	 " evidence = NULL, reaction = NULL, code = NULL, what = NULL, why = NULL, hint = NULL, stopped_us = NULL"},
	{RECORD_STAGE_DONE,
	 "INSERT INTO stage (run, name, seq, begun_us, done, stopped, took_ms, evidence)"
	 " VALUES (:run, :stage, :seq, :at, 1, 0, :body ->> 'took_ms', :body -> 'evidence')"
	 " ON CONFLICT (run, name) DO UPDATE SET done = 1, stopped = 0, took_ms = excluded.took_ms,"
	 " evidence = excluded.evidence, reaction = NULL, code = NULL, what = NULL, why = NULL, hint = NULL,"
	 " stopped_us = NULL"},
	{RECORD_STAGE_STOPPED,
	 "INSERT INTO stage (run, name, seq, begun_us, done, stopped, took_ms, reaction, code, what, why, hint, stopped_us)"
	 " VALUES (:run, :stage, :seq, :at, 0, 1, :body ->> 'took_ms', :body ->> 'reaction', :body ->> 'code',"
	 " :body ->> 'what', :body ->> 'why', :body ->> 'hint', :at)"
	 " ON CONFLICT (run, name) DO UPDATE SET done = 0, stopped = 1, took_ms = excluded.took_ms, evidence = NULL,"
	 " reaction = excluded.reaction, code = excluded.code, what = excluded.what, why = excluded.why,"
	 " hint = excluded.hint, stopped_us = excluded.stopped_us"},
	{RECORD_RUN_ENDED,
	 "UPDATE run SET ended_us = :at, outcome = :body ->> 'outcome' WHERE id = :run"},

	/* One row per statement: sent again, it is the newest try that counts. */
	{RECORD_INTENT,
	 "INSERT INTO intent (run, migration, action, statement, seq, latest, way, statements, row_id, checksum, xid)"
	 " VALUES (:run, :migration, :body ->> 'action', coalesce(:body ->> 'statement', 0), :seq, :seq, :body ->> 'way',"
	 " :body ->> 'statements', :body ->> 'row_id', :body ->> 'checksum', :body ->> 'xid')"
	 " ON CONFLICT (run, migration, action, statement) DO UPDATE SET latest = excluded.latest, way = excluded.way,"
	 " statements = excluded.statements, row_id = excluded.row_id, checksum = excluded.checksum, xid = excluded.xid,"
	 " result = NULL"},
	{RECORD_OUTCOME,
	 "UPDATE intent SET result = :body ->> 'result'"
	 " WHERE run = :run AND migration = :migration AND latest ="
	 " (SELECT max(latest) FROM intent WHERE run = :run AND migration = :migration"
	 " AND statement = coalesce(:body ->> 'statement', statement))"},

	/* A down that was archived for the same bytes stays when the record brings none. */
	{RECORD_DEPLOYED,
	 "INSERT INTO deployed (target, name, seq, present, checksum, commit_id, row_id, down, adopted, at_us, run)"
	 " VALUES (:target, :migration, :seq, 1, :body ->> 'checksum', :commit, :body ->> 'row_id', :body ->> 'down',"
	 " coalesce(:body ->> 'adopted', 0), :at, :run)"
	 " ON CONFLICT (target, name) DO UPDATE SET seq = excluded.seq, present = 1, commit_id = excluded.commit_id,"
	 " row_id = excluded.row_id, adopted = excluded.adopted, at_us = excluded.at_us, run = excluded.run,"
	 " down = coalesce(excluded.down, CASE WHEN checksum IS excluded.checksum THEN down END),"
	 " checksum = excluded.checksum"},
	{RECORD_DEPLOYED, "DELETE FROM held WHERE target = :target AND name = :migration"},
	{RECORD_ARCHIVED,
	 "UPDATE deployed SET down = :body ->> 'down' WHERE target = :target AND name = :migration"},
	{RECORD_HELD,
	 "INSERT INTO held (target, name, seq, checksum, row_id, commit_id, at_us)"
	 " VALUES (:target, :migration, :seq, :body ->> 'checksum', :body ->> 'row_id', :commit, :at)"
	 " ON CONFLICT (target, name) DO UPDATE SET seq = excluded.seq, checksum = excluded.checksum,"
	 " row_id = excluded.row_id, commit_id = excluded.commit_id, at_us = excluded.at_us"},
	{RECORD_HELD, "UPDATE deployed SET present = 0 WHERE target = :target AND name = :migration"},
	{RECORD_HELD, "DELETE FROM asked WHERE target = :target AND name = :migration"},
	{RECORD_ROLLBACK_ASKED,
	 "INSERT INTO asked (target, name, seq, row_id, by, reason, at_us)"
	 " VALUES (:target, :migration, :seq, :body ->> 'row_id', :body ->> 'by', :body ->> 'reason', :at)"
	 " ON CONFLICT (target, name) DO UPDATE SET seq = excluded.seq, row_id = excluded.row_id, by = excluded.by,"
	 " reason = excluded.reason, at_us = excluded.at_us"},
	{RECORD_ROLLBACK_WITHDRAWN, "DELETE FROM asked WHERE target = :target AND name = :migration"},
	{RECORD_WITHDRAWN,
	 "INSERT INTO withdrawn (target, commit_id, seq, by, reason, at_us)"
	 " VALUES (:target, :commit, :seq, :body ->> 'by', :body ->> 'reason', :at)"
	 " ON CONFLICT (target, commit_id) DO UPDATE SET seq = excluded.seq, by = excluded.by, reason = excluded.reason,"
	 " at_us = excluded.at_us"},
	{RECORD_REINSTATED, "DELETE FROM withdrawn WHERE target = :target AND commit_id = :commit"},
	{RECORD_OVERRIDE,
	 "INSERT INTO override_used (target, payload, run, lifts, seq, tag, commit_id, by)"
	 " VALUES (:target, coalesce(:body ->> 'payload', ''), coalesce(:run, 0), coalesce(:body ->> 'lifts', ''), :seq,"
	 " :body ->> 'tag', :commit, :body ->> 'by')"
	 " ON CONFLICT (target, payload, run, lifts) DO UPDATE SET tag = excluded.tag, commit_id = excluded.commit_id,"
	 " by = excluded.by"},
	{RECORD_ACCEPTED,
	 "INSERT INTO accepted (target, row_id, name, seq, checksum, at_us)"
	 " VALUES (:target, coalesce(:body ->> 'row_id', ''), :migration, :seq, :body ->> 'checksum', :at)"
	 " ON CONFLICT (target, row_id) DO UPDATE SET name = excluded.name, seq = excluded.seq,"
	 " checksum = excluded.checksum, at_us = excluded.at_us"},
	{RECORD_ACCEPTED,
	 "UPDATE deployed SET present = 0"
	 " WHERE target = :target AND name = :migration AND :body ->> 'what' = 'gone'"},
	{RECORD_FENCE,
	 "INSERT INTO target (name, epoch) VALUES (:target, :body ->> 'epoch')"
	 " ON CONFLICT (name) DO UPDATE SET epoch = excluded.epoch"},
	{RECORD_SUSPENDED,
	 "INSERT INTO target (name, suspended, suspended_by, suspended_us)"
	 " VALUES (:target, :body ->> 'reason', :body ->> 'by', :at)"
	 " ON CONFLICT (name) DO UPDATE SET suspended = excluded.suspended, suspended_by = excluded.suspended_by,"
	 " suspended_us = excluded.suspended_us"},
	{RECORD_MOVED, "UPDATE target SET system_identifier = :body ->> 'system_identifier' WHERE name = :target"},
	{RECORD_RESUMED, "UPDATE target SET suspended_us = NULL WHERE name = :target"},
	{RECORD_RELEASED, "DELETE FROM held WHERE target = :target AND name = :migration"},
	{RECORD_DEPLOYED_COMMIT,
	 "INSERT INTO target (name, deployed_commit) VALUES (:target, :commit)"
	 " ON CONFLICT (name) DO UPDATE SET deployed_commit = excluded.deployed_commit"},

	{RECORD_REFUSAL,
	 "INSERT INTO refusal"
	 " (target, commit_id, migration, seq, stage, code, what, why, hint, rests_on, sticky, at_us, run)"
	 " VALUES (:target, coalesce(:commit, ''), coalesce(:migration, ''), :seq, :stage, :body ->> 'code',"
	 " :body ->> 'what', :body ->> 'why', :body ->> 'hint', :body ->> 'rests_on',"
	 " coalesce(:body ->> 'sticky', 0), :at, :run)"
	 " ON CONFLICT (target, commit_id, migration) DO UPDATE SET seq = excluded.seq, stage = excluded.stage,"
	 " code = excluded.code, what = excluded.what, why = excluded.why, hint = excluded.hint,"
	 " rests_on = excluded.rests_on, sticky = excluded.sticky, at_us = excluded.at_us, run = excluded.run"},
	{RECORD_LIFTED,
	 "DELETE FROM refusal WHERE target = :target AND commit_id = coalesce(:commit, '')"
	 " AND migration = coalesce(:migration, '')"},
	{RECORD_RETRY,
	 "INSERT INTO target (name, retried_us) VALUES (:target, :at)"
	 " ON CONFLICT (name) DO UPDATE SET retried_us = excluded.retried_us"},

	{RECORD_SEEN,
	 "INSERT INTO seen (commit_id, at_us) VALUES (:commit, :at) ON CONFLICT (commit_id) DO NOTHING"},
	{RECORD_VERDICT,
	 "INSERT INTO verdict (commit_id, keys, body) VALUES (:commit, :body ->> 'keys', :body)"
	 " ON CONFLICT (commit_id, keys) DO UPDATE SET body = excluded.body"},
	{RECORD_FINGERPRINT,
	 "INSERT INTO target (name, fingerprint) VALUES (:target, :body ->> 'digest')"
	 " ON CONFLICT (name) DO UPDATE SET fingerprint = excluded.fingerprint"},
	{RECORD_BACKUP, "UPDATE run SET backup = :body WHERE id = :run"},

	/* A pending status that nobody has got says nothing any more once a later one of its context is written. */
	{RECORD_STATUS,
	 "INSERT INTO status (target, commit_id, seq, context, state, description, url, run)"
	 " VALUES (:target, :commit, :seq, :body ->> 'context', :body ->> 'state', :body ->> 'description',"
	 " :body ->> 'url', :run)"
	 " ON CONFLICT (target, commit_id) DO UPDATE SET seq = excluded.seq, context = excluded.context,"
	 " state = excluded.state, description = excluded.description, url = excluded.url, run = excluded.run"},
	{RECORD_STATUS,
	 "UPDATE outbox SET closed = 'superseded'"
	 " WHERE closed IS NULL AND forge IN (SELECT value FROM json_each(:body, '$.forges'))"
	 " AND target = :target AND commit_id = :commit AND context = :body ->> 'context' AND state = 'pending'"},
	{RECORD_STATUS,
	 "INSERT INTO outbox"
	 " (forge, target, commit_id, context, state, description, url, run, created_us, next_us, attempts)"
	 " SELECT forge.value, :target, :commit, :body ->> 'context', :body ->> 'state', :body ->> 'description',"
	 " :body ->> 'url', :run, :at, :at, 0 FROM json_each(:body, '$.forges') AS forge ORDER BY forge.key"},
	{RECORD_DELIVERED, "UPDATE outbox SET closed = 'delivered' WHERE id = :body ->> 'outbox'"},
	{RECORD_UNDELIVERED,
	 "UPDATE outbox SET attempts = attempts + 1, why = :body ->> 'why',"
	 " next_us = coalesce(:body ->> 'next_us', next_us),"
	 " closed = CASE WHEN coalesce(:body ->> 'final', 0) THEN 'final' END"
	 " WHERE id = :body ->> 'outbox' AND closed IS NULL"},
};
/* clang-format on */

#define PROJECTION_COUNT (sizeof projections / sizeof *projections)

static void bind_record(struct query *query, const struct kept_record *record);
static struct error *keep_archive(struct sqlite *sqlite, struct bytes archive, struct arena *arena);
static struct error *check_size(struct sqlite *sqlite, size_t size, struct arena *arena);

static const char SQL_HEAD[] = "SELECT " RECORD_COLUMNS " FROM record ORDER BY seq DESC LIMIT 1";

struct error *record_head(struct sqlite *sqlite, struct arena *arena,
                          struct kept_record *ret_record)
{
	AUTO_QUERY query = NULL;
	struct kept_record head;
	const char *identity, *fault;
	bool row;

	TRY(query_begin(sqlite, SQL_HEAD, arena, &query));
	TRY(query_next(query, arena, &row));
	if (!row) {
		TRY(schema_identity(sqlite, arena, &identity));
		*ret_record = (struct kept_record){.digest = record_chain_start(arena, identity)};
		return NULL;
	}
	record_read(query, arena, &head);
	fault = record_fault(arena, &head, head.seq, head.previous);
	if (fault)
		return sqlite_damaged(sqlite_path(sqlite), fault, arena);
	*ret_record = head;
	return NULL;
}

static const char SQL_APPEND[] =
	"INSERT INTO record (" RECORD_COLUMNS ") VALUES"
	" (:seq, :at, :kind, :target, :run, :stage, :migration, :commit, :body, :previous, :digest)";

struct error *record_append(struct sqlite *sqlite, const struct kept_record *record,
                            struct bytes archive, struct arena *arena)
{
	AUTO_QUERY query = NULL;

	TRY(check_size(sqlite, strlen(record->body), arena));
	if (archive.size)
		TRY(keep_archive(sqlite, archive, arena));
	TRY(query_begin(sqlite, SQL_APPEND, arena, &query));
	bind_record(query, record);
	TRY(query_run(query, arena));
	return record_project(sqlite, record, arena);
}

struct error *record_project(struct sqlite *sqlite, const struct kept_record *record,
                             struct arena *arena)
{
	enum record_kind kind;

	if (!record_kind_find(record->kind, &kind))
		return sqlite_damaged(sqlite_path(sqlite),
		                      arena_printf(arena,
		                                   "record %" PRId64 " is of the unknown kind '%s'",
		                                   record->seq, text_clip(arena, record->kind, 40)),
		                      arena);
	for (size_t i = 0; i < PROJECTION_COUNT; i++) {
		AUTO_QUERY query = NULL;

		if (projections[i].kind != kind)
			continue;
		TRY(query_begin(sqlite, projections[i].sql, arena, &query));
		bind_record(query, record);
		TRY(query_run(query, arena));
	}
	return NULL;
}

void record_read(struct query *query, struct arena *arena, struct kept_record *ret_record)
{
	*ret_record = (struct kept_record){
		.seq = query_number(query, 0),
		.at_us = query_number(query, 1),
		.kind = query_text(query, 2, arena),
		.target = query_text(query, 3, arena),
		.run = query_number(query, 4),
		.stage = query_text(query, 5, arena),
		.migration = query_text(query, 6, arena),
		.commit = query_text(query, 7, arena),
		.body = query_text(query, 8, arena),
		.previous = query_text(query, 9, arena),
		.digest = query_text(query, 10, arena),
	};
}

const char *record_fault(struct arena *arena, const struct kept_record *record, int64_t seq,
                         const char *previous)
{
	if (record->seq != seq)
		return arena_printf(arena, "record %" PRId64 " is missing", seq);
	if (!text_equal(record->previous, previous))
		return arena_printf(arena, "record %" PRId64 " does not follow the one before it",
		                    seq);
	if (!text_equal(record->digest, record_digest(arena, record)))
		return arena_printf(arena, "record %" PRId64 " was changed after it was written",
		                    seq);
	return NULL;
}

static void bind_record(struct query *query, const struct kept_record *record)
{
	query_bind_number(query, ":seq", record->seq);
	query_bind_number(query, ":at", record->at_us);
	query_bind_text(query, ":kind", record->kind);
	query_bind_text(query, ":target", record->target);
	if (record->run != RUN_NONE)
		query_bind_number(query, ":run", record->run);
	query_bind_text(query, ":stage", record->stage);
	query_bind_text(query, ":migration", record->migration);
	query_bind_text(query, ":commit", record->commit);
	query_bind_text(query, ":body", record->body);
	query_bind_text(query, ":previous", record->previous);
	query_bind_text(query, ":digest", record->digest);
}

static const char SQL_KEEP_ARCHIVE[] =
	"INSERT INTO archive (digest, bytes) VALUES (:digest, :bytes) ON CONFLICT (digest) DO NOTHING";

static struct error *keep_archive(struct sqlite *sqlite, struct bytes archive, struct arena *arena)
{
	AUTO_QUERY query = NULL;

	TRY(check_size(sqlite, archive.size, arena));
	TRY(query_begin(sqlite, SQL_KEEP_ARCHIVE, arena, &query));
	query_bind_text(query, ":digest", sha256_text(arena, archive.data, archive.size));
	query_bind_bytes(query, ":bytes", archive);
	return query_run(query, arena);
}

static struct error *check_size(struct sqlite *sqlite, size_t size, struct arena *arena)
{
	if (size < SQLITE_VALUE_MAXIMUM / 2)
		return NULL;
	return FAIL(
		arena, JOURNAL,
		.what = arena_printf(arena, "cannot write the journal '%s'", sqlite_path(sqlite)),
		.why = arena_printf(arena, "a record would be larger than %s",
	                            text_size(arena, SQLITE_VALUE_MAXIMUM / 2)),
		.hint = "Bring fewer or smaller migrations at once.");
}
