/*
 * What happens under the fence: begin, commit and write are one round trip each (R9). A condition
 * that must hold is a division by its count of rows, so that the server itself stops the query
 * before the COMMIT in it; which one failed is told by how many statements ended well. What a file
 * may have left (role, search_path) is undone first.
 */
#include <inttypes.h>

#include "adapters/database_postgres_parts.h"
#include "base/text.h"

enum step_kind {
	STEP_OPEN,
	STEP_SERVER, /* is it still the process that the session began with? A pooler may move us */
	STEP_FENCE,
	STEP_SAME_TRANSACTION,
	STEP_LEDGER,
	STEP_DEPLOYED,
	STEP_COMMIT,
	STEP_TIDY, /* before or after the work itself */
	STEP_LOCK  /* is Prisma's lock ours? */
};

struct script_text { /* the query under construction, with the meaning of each statement */
	struct text sql;
	enum step_kind steps[32];
	size_t count;
	size_t commit; /* the step that decides */
	bool lazy;     /* nobody waits until it is on the disk */
};

/*
 * What each kind of change does to a row. An update must meet its row as it was left, else the
 * fence counts as moved.
 */
enum value { KEEP, EMPTY, GIVEN };
static const struct change_row {
	bool inserts;
	enum value finished, rolled_back;
	bool counts_step; /* applied_steps_count + 1 */
	bool logs;
	const char *meets; /* updates: the state of the row before */
} change_rows[] = {
	[LEDGER_APPLIED] = {.inserts = true, .finished = GIVEN, .counts_step = true},
	[LEDGER_OPENED] = {.inserts = true},
	[LEDGER_FINISHED] = {.finished = GIVEN,
                             .counts_step = true,
                             .meets = "finished_at IS NULL AND rolled_back_at IS NULL"},
	[LEDGER_FAILED] = {.rolled_back = GIVEN,
                           .logs = true,
                           .meets = "finished_at IS NULL AND rolled_back_at IS NULL"},
	[LEDGER_FAILED_TRY] = {.inserts = true, .rolled_back = GIVEN, .logs = true},
	[LEDGER_ROLLED_BACK] = {.rolled_back = GIVEN,
                                .meets = "finished_at IS NOT NULL AND rolled_back_at IS NULL"},
	[LEDGER_REOPENED] = {.finished = EMPTY,
                             .meets = "finished_at IS NOT NULL AND rolled_back_at IS NULL"},
	[LEDGER_DOWN_FINISHED] = {.finished = GIVEN,
                                  .rolled_back = GIVEN,
                                  .meets = "finished_at IS NULL AND rolled_back_at IS NULL"},
	[LEDGER_DOWN_WITHDRAWN] = {.finished = GIVEN,
                                   .meets = "finished_at IS NULL AND rolled_back_at IS NULL"},
	[LEDGER_LOGGED] = {.logs = true, .meets = "finished_at IS NULL AND rolled_back_at IS NULL"},
	[LEDGER_RESOLVED_APPLIED] = {.inserts = true, .finished = GIVEN, .logs = true},
	[LEDGER_RESOLVED_ROLLED_BACK] = {.rolled_back = GIVEN,
                                         .meets = "finished_at IS NULL AND rolled_back_at IS NULL"},
};

static const char aim_write[] = "cannot write into the ledger";

static struct error *write_books(struct postgres *postgres, const struct fence *fence,
                                 const struct ledger_change *change,
                                 const struct deployed_change *deployed, struct script_text *script,
                                 struct arena *arena, bool *ret_lock_kept);
static const char *fence_condition(struct postgres *postgres, const struct fence *fence,
                                   struct arena *arena);
static struct error *fenced(struct postgres *postgres, const struct fence *fence,
                            struct arena *arena);
static void add_step(struct script_text *script, enum step_kind kind, const char *sql);
static void add_start(struct script_text *script, bool opens);
static void add_books(struct postgres *postgres, const struct fence *fence,
                      const struct ledger_change *change, const struct deployed_change *deployed,
                      struct arena *arena, struct script_text *script);
static void add_tidy(struct postgres *postgres, bool demands_lock, struct arena *arena,
                     struct script_text *script);
static const char *change_sql(struct postgres *postgres, const struct fence *fence,
                              const struct ledger_change *change, struct arena *arena);
static const char *time_value(struct arena *arena, enum value value, int64_t us);
static const char *deployed_sql(struct postgres *postgres, const struct fence *fence,
                                const struct deployed_change *deployed, struct arena *arena);
static struct error *exchange(struct postgres *postgres, const struct fence *fence,
                              struct script_text *script, const char *aim, bool after_file,
                              struct arena *arena, bool *ret_lock_kept);
static struct error *committed(struct postgres *postgres, const struct script_text *script,
                               const struct pg_reply *reply, const char *aim, struct arena *arena,
                               bool *ret_lock_kept);
static struct error *commit_error(struct postgres *postgres, enum step_kind step,
                                  const struct sql_error *failure, struct arena *arena);

FALLIBLE postgres_begin(struct database *database, const struct fence *fence, struct arena *arena,
                        const char **ret_xid)
{
	static const char aim[] = "cannot begin a transaction";
	struct postgres *postgres = postgres_of(database);
	struct pg_query query = {
		.stop = PG_STOP_CANCELS, .keep_rows = true, .deadline_ms = OWN_QUERY_MS};
	struct error *error;
	struct pg_reply reply;

	TRY(postgres_connected(postgres, arena, aim));
	/* The lock on the row is the fence: until we commit, nobody can raise the epoch. */
	query.sql = arena_printf(
		arena,
		"BEGIN; SELECT pg_catalog.pg_current_xact_id(), pg_catalog.pg_backend_pid()"
		" FROM headgate.deployed WHERE %s FOR NO KEY UPDATE",
		fence_condition(postgres, fence, arena));
	pg_exchange(postgres->pg, &query, arena, &reply);
	if (!reply.failed && pg_row_count(&reply, 1) == 1 &&
	    postgres_number(pg_cell(&reply, 1, 0, 1)) == pg_backend(postgres->pg)) {
		*ret_xid = pg_cell(&reply, 1, 0, 0);
		return NULL;
	}
	if (!reply.failed && pg_row_count(&reply, 1) == 1)
		error = postgres_pooler(postgres, arena, "cannot begin a transaction on");
	else if (!reply.failed || text_equal(reply.error.sqlstate, "42P01") ||
	         text_equal(reply.error.sqlstate, "3F000"))
		error = fenced(postgres, fence, arena);
	else
		error = postgres_judge(postgres, arena, aim, &reply);
	postgres_end_transaction(postgres, arena);
	return error;
}

FALLIBLE postgres_commit(struct database *database, const struct fence *fence, const char *xid,
                         const struct ledger_change *change, const struct deployed_change *deployed,
                         struct arena *arena, bool *ret_lock_kept)
{
	static const char aim[] = "cannot commit";
	struct postgres *postgres = postgres_of(database);
	struct script_text script = {.sql = TEXT_IN(arena)};

	TRY(postgres_connected(postgres, arena, aim));
	add_start(&script, false);
	add_step(&script, STEP_SAME_TRANSACTION,
	         arena_printf(
			 arena,
			 "SELECT 1 / (pg_current_xact_id_if_assigned()::pg_catalog.text = %s)::int",
			 pg_literal(postgres->pg, arena, xid)));
	add_books(postgres, fence, change, deployed, arena, &script);
	add_tidy(postgres, /* demands_lock= */ false, arena, &script);
	return exchange(postgres, fence, &script, aim, true, arena, ret_lock_kept);
}

FALLIBLE postgres_write(struct database *database, const struct fence *fence,
                        const struct ledger_change *change, const struct deployed_change *deployed,
                        struct arena *arena)
{
	struct script_text script = {.sql = TEXT_IN(arena)};
	bool ignored;

	return write_books(postgres_of(database), fence, change, deployed, &script, arena,
	                   &ignored);
}

/*
 * Nothing of headgate.deployed changes, so that the row need not be written twice; its lock is the
 * fence here, too. What the server's disk gets to see, it sees in the order of writing.
 */
FALLIBLE postgres_open_row(struct database *database, const struct fence *fence,
                           const struct ledger_change *change, struct arena *arena)
{
	struct script_text script = {.sql = TEXT_IN(arena)};
	bool ignored;

	script.lazy = true;
	return write_books(postgres_of(database), fence, change, NULL, &script, arena, &ignored);
}

/* In a transaction of its own: one that began before the tidying could still be read only. */
FALLIBLE postgres_tidy_and_write(struct database *database, const struct fence *fence,
                                 const struct ledger_change *change,
                                 const struct deployed_change *deployed, struct arena *arena,
                                 bool *ret_lock_kept)
{
	struct postgres *postgres = postgres_of(database);
	struct script_text script = {.sql = TEXT_IN(arena)};

	TRY(postgres_connected(postgres, arena, aim_write));
	add_step(&script, STEP_TIDY, "BEGIN");
	add_tidy(postgres, /* demands_lock= */ true, arena, &script);
	add_step(&script, STEP_TIDY, "COMMIT");
	return write_books(postgres, fence, change, deployed, &script, arena, ret_lock_kept);
}

static struct error *write_books(struct postgres *postgres, const struct fence *fence,
                                 const struct ledger_change *change,
                                 const struct deployed_change *deployed, struct script_text *script,
                                 struct arena *arena, bool *ret_lock_kept)
{
	TRY(postgres_connected(postgres, arena, aim_write));
	add_start(script, true);
	add_step(script, STEP_SERVER,
	         arena_printf(arena, "SELECT 1 / (pg_backend_pid() = %d)::int",
	                      pg_backend(postgres->pg)));
	add_step(script, STEP_FENCE,
	         arena_printf(
			 arena,
			 "SELECT 1 / count(*) FROM (SELECT FROM headgate.deployed WHERE %s FOR NO"
			 " KEY UPDATE) AS fence",
			 fence_condition(postgres, fence, arena)));
	add_books(postgres, fence, change, deployed, arena, script);
	return exchange(postgres, fence, script, aim_write, false, arena, ret_lock_kept);
}

FALLIBLE postgres_rollback(struct database *database, struct arena *arena)
{
	static const char aim[] = "cannot roll back";
	const struct own_query query = {
		.aim = aim, .sql = "ROLLBACK", .stop = PG_STOP_WAITS, .deadline_ms = OWN_QUERY_MS};
	struct postgres *postgres = postgres_of(database);
	struct pg_reply reply;

	TRY(postgres_connected(postgres, arena, aim));
	if (pg_transaction(postgres->pg) == PG_IDLE)
		return NULL;
	return postgres_query(postgres, &query, arena, &reply);
}

static const char *fence_condition(struct postgres *postgres, const struct fence *fence,
                                   struct arena *arena)
{
	const char *condition = arena_printf(
		arena, "ledger = %s AND target = %s AND journal = %s AND epoch = %" PRId64,
		pg_literal(postgres->pg, arena, fence->schema),
		pg_literal(postgres->pg, arena, fence->target),
		pg_literal(postgres->pg, arena, fence->journal), fence->epoch);

	if (!fence->last_row_id)
		return condition;
	return arena_printf(arena,
	                    "%s AND EXISTS (SELECT FROM %s._prisma_migrations WHERE id = %s)",
	                    condition, pg_identifier(postgres->pg, arena, fence->schema),
	                    pg_literal(postgres->pg, arena, fence->last_row_id));
}

static struct error *fenced(struct postgres *postgres, const struct fence *fence,
                            struct arena *arena)
{
	return FAIL(
		arena, FENCED,
		.what = arena_printf(arena, "cannot go on with '%s'", postgres->where),
		.why = arena_printf(
			arena,
			"headgate.deployed no longer has the target '%s' at epoch %" PRId64
			", or the ledger lost a row that was written in this run",
			fence->target, fence->epoch),
		.hint = "Another agent or a reset was there first; the agent reads everything again by itself.");
}

static void add_step(struct script_text *script, enum step_kind kind, const char *sql)
{
	if (script->count == sizeof script->steps / sizeof script->steps[0])
		BUG("more statements than the table has room for");
	script->steps[script->count++] = kind;
	text_printf(&script->sql, "%s%s", script->sql.size ? "; " : "", sql);
}

static void add_start(struct script_text *script, bool opens)
{
	if (opens)
		add_step(script, STEP_OPEN, "BEGIN");
	add_step(script, STEP_OPEN, "RESET SESSION AUTHORIZATION");
	add_step(script, STEP_OPEN, "RESET ROLE");
	/*
	 * pg_temp last: a file's temporary table must not stand in for one of the server's
	 * catalogs.
	 */
	add_step(script, STEP_OPEN, "SET LOCAL search_path = pg_catalog, pg_temp");
}

static void add_books(struct postgres *postgres, const struct fence *fence,
                      const struct ledger_change *change, const struct deployed_change *deployed,
                      struct arena *arena, struct script_text *script)
{
	if (change)
		add_step(script, STEP_LEDGER, change_sql(postgres, fence, change, arena));
	if (deployed)
		add_step(script, STEP_DEPLOYED, deployed_sql(postgres, fence, deployed, arena));
	if (script->lazy)
		add_step(script, STEP_OPEN, "SET LOCAL synchronous_commit = off");
	script->commit = script->count;
	add_step(script, STEP_COMMIT, "COMMIT");
}

static void add_tidy(struct postgres *postgres, bool demands_lock, struct arena *arena,
                     struct script_text *script)
{
	add_step(script, STEP_TIDY, POSTGRES_DISCARD);
	for (size_t i = 1; i < POSTGRES_DISCARDS; i++)
		script->steps[script->count++] = STEP_TIDY;
	add_step(script, STEP_LOCK, postgres_restore_sql(postgres, demands_lock, arena));
}

static const char *change_sql(struct postgres *postgres, const struct fence *fence,
                              const struct ledger_change *change, struct arena *arena)
{
	const struct change_row *row = &change_rows[change->kind];
	const char *schema = pg_identifier(postgres->pg, arena, fence->schema);
	const char *finished = time_value(arena, row->finished, change->finished_us);
	const char *rolled_back = time_value(arena, row->rolled_back, change->rolled_back_us);
	const char *logs = row->logs ? pg_literal(postgres->pg, arena, change->logs) : NULL;
	const char *id = pg_literal(postgres->pg, arena, change->row_id);
	struct text set = TEXT_IN(arena);

	if (row->inserts)
		return arena_printf(
			arena,
			"INSERT INTO %s._prisma_migrations (id, checksum, finished_at,"
			" migration_name, logs,"
			" rolled_back_at, started_at, applied_steps_count)"
			" VALUES (%s, %s, %s, %s, %s, %s, %s, %d)",
			schema, id, pg_literal(postgres->pg, arena, change->checksum),
			finished ? finished : "NULL", pg_literal(postgres->pg, arena, change->name),
			logs ? logs : "NULL", rolled_back ? rolled_back : "NULL",
			time_value(arena, GIVEN, change->started_us), row->counts_step ? 1 : 0);
	if (finished)
		text_printf(&set, ", finished_at = %s", finished);
	if (rolled_back)
		text_printf(&set, ", rolled_back_at = %s", rolled_back);
	if (logs)
		text_printf(&set, ", logs = %s", logs);
	if (row->counts_step)
		text_add(&set, ", applied_steps_count = applied_steps_count + 1");
	return arena_printf(
		arena,
		"WITH changed AS (UPDATE %s._prisma_migrations SET %s WHERE id = %s AND %s"
		" RETURNING 1)"
		" SELECT 1 / count(*) FROM changed",
		schema, text_get(&set) + 2, id, row->meets);
}

static const char *time_value(struct arena *arena, enum value value, int64_t us)
{
	switch (value) {
	case KEEP:
		return NULL;
	case EMPTY:
		return "NULL";
	case GIVEN:
		if (us <= 0)
			BUG("a change of the ledger lacks its time");
		return postgres_timestamp(arena, us);
	}
	return NULL;
}

/* Also the fence of way one: whatever the file did to the row, it must be as our begin found it. */
static const char *deployed_sql(struct postgres *postgres, const struct fence *fence,
                                const struct deployed_change *deployed, struct arena *arena)
{
	const struct {
		const char *column, *value;
	} rows[] = {
		{"commit", deployed->commit},
		{"tree", deployed->tree},
		{"chain", deployed->chain},
	};
	struct fence row = *fence;
	struct text set = TEXT_IN(arena);

	row.last_row_id =
		NULL; /* begin saw it; a file may well have reset the ledger it stands in */
	text_add(&set, "at = now()");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (rows[i].value)
			text_printf(&set, ", %s = %s", rows[i].column,
			            pg_literal(postgres->pg, arena, rows[i].value));
	}
	return arena_printf(arena,
	                    "WITH changed AS (UPDATE headgate.deployed SET %s WHERE %s RETURNING 1)"
	                    " SELECT 1 / count(*) FROM changed",
	                    text_get(&set), fence_condition(postgres, &row, arena));
}

static struct error *exchange(struct postgres *postgres, const struct fence *fence,
                              struct script_text *script, const char *aim, bool after_file,
                              struct arena *arena, bool *ret_lock_kept)
{
	/*
	 * No deadline: with synchronous replication a COMMIT takes as long as it takes, and
	 * keepalives see a dead peer.
	 */
	const struct pg_query query = {
		.sql = text_get(&script->sql), .stop = PG_STOP_WAITS, .keep_rows = true};
	enum step_kind step;
	struct error *error;
	struct pg_reply reply;

	pg_exchange(postgres->pg, &query, arena, &reply);
	if (reply.count > script->commit && text_equal(reply.items[script->commit].tag, "COMMIT"))
		return committed(postgres, script, &reply, aim, arena, ret_lock_kept);
	if (reply.lost || !reply.failed) {
		error = postgres_judge(postgres, arena, aim, &reply);
		postgres_end_transaction(postgres, arena);
		return error ? error
		             : FAIL(arena, DB_QUERY,
		                    .what = arena_printf(arena, "%s on '%s'", aim, postgres->where),
		                    .why = "the server answered COMMIT with ROLLBACK",
		                    .hint = "Nothing took effect; the agent tries again by itself.");
	}
	step = script->steps[reply.count < script->count ? reply.count : script->count - 1];
	if (step == STEP_LOCK && text_equal(reply.error.sqlstate, "22012")) {
		postgres_end_transaction(postgres, arena);
		postgres->lock_held = *ret_lock_kept = false;
		return NULL;
	}
	if (text_equal(reply.error.sqlstate, "22012") && step == STEP_SERVER)
		error = postgres_pooler(postgres, arena, arena_printf(arena, "%s on", aim));
	else if (text_equal(reply.error.sqlstate, "22012") && step != STEP_SAME_TRANSACTION &&
	         step != STEP_COMMIT)
		error = fenced(postgres, fence, arena);
	else if (step == STEP_FENCE && (text_equal(reply.error.sqlstate, "42P01") ||
	                                text_equal(reply.error.sqlstate, "3F000")))
		error = fenced(postgres, fence, arena);
	else if (after_file && step != STEP_OPEN && !sqlstate_is_transient(reply.error.sqlstate))
		error = commit_error(postgres, step, &reply.error, arena);
	else
		error = postgres_judge(postgres, arena, aim, &reply);
	postgres_end_transaction(postgres, arena);
	return error;
}

/* A session that cannot be tidied up is not used any more. */
static struct error *committed(struct postgres *postgres, const struct script_text *script,
                               const struct pg_reply *reply, const char *aim, struct arena *arena,
                               bool *ret_lock_kept)
{
	const char *why = reply->error.sqlstate
	                          ? sql_error_public(arena, &reply->error, (struct bytes){0}, 1)
	                          : "the connection was lost";

	for (size_t i = 0; !reply->failed && i < reply->count; i++)
		if (script->steps[i] == STEP_LOCK)
			*ret_lock_kept = postgres_restored(postgres, reply, i);
	if (!reply->failed)
		return NULL;
	postgres_forget(postgres);
	return FAIL(arena, DB_LOST, .what = arena_printf(arena, "%s on '%s'", aim, postgres->where),
	            .why = arena_printf(arena, "afterwards the session could not be tidied up: %s",
	                                why),
	            .hint = "The agent connects again by itself and finds out what took effect.");
}

/*
 * The file ended well, and yet its transaction cannot be committed: nothing of it took effect, save
 * in the first case.
 */
static struct error *commit_error(struct postgres *postgres, enum step_kind step,
                                  const struct sql_error *failure, struct arena *arena)
{
	const char *public = sql_error_public(arena, failure, (struct bytes){0}, 1);

	if (step == STEP_SAME_TRANSACTION)
		return FAIL(
			arena, OUTCOME_UNKNOWN,
			.what = arena_printf(arena, "cannot commit on '%s'", postgres->where),
			.why = "the file ended the agent's transaction and began one of its own",
			.hint = "Look how much of it took effect, then say so: headgate resolve --target NAME "
				"--applied MIGRATION (all of it) or --rolled-back MIGRATION (nothing).");
	return FAIL(
		arena, SQL_FAILED, .what = "its transaction cannot be committed",
		.why = step == STEP_COMMIT
	                       ? public
	                       : arena_printf(arena, "the file left the agent's books unusable: %s",
	                                      public),
		.hint = "Nothing took effect. Correct the file under the same name in a new commit.");
}
