/*
 * The server is struct database_memory, a connection to it a struct session. All texts that outlive
 * a call are copied into the arena of the memory, since a caller's arena may end first.
 */
#include "fakes/database_memory.h"

#include <string.h>

#include "base/text.h"

struct session {
	struct database database;
	struct database_memory *memory;
	const char *target;
	bool connected;
	enum transaction_state state;
	size_t xid;               /* of our transaction; 0: none was begun by database_begin */
	struct text_list pending; /* things that the open transaction makes */
};

static struct error *memory_connect(struct database *database, const struct session_limits *limits,
                                    bool for_writing, struct arena *arena,
                                    struct server *ret_server);
static struct error *memory_ledger(struct database *database, const char *schema,
                                   struct arena *arena, struct ledger *ret_ledger);
static struct error *memory_rows(struct database *database, const char *schema, struct arena *arena,
                                 struct ledger *ret_ledger, bool *ret_locked);
static struct error *memory_lock(struct database *database, uint64_t budget_ms,
                                 struct arena *arena);
static struct error *memory_unlock(struct database *database, struct arena *arena);
static struct error *memory_take_fence(struct database *database, const char *schema,
                                       const char *target, const char *journal, bool take_over,
                                       struct arena *arena, int64_t *ret_epoch);
static struct error *memory_begin(struct database *database, const struct fence *fence,
                                  struct arena *arena, const char **ret_xid);
static struct error *memory_send(struct database *database, struct bytes sql,
                                 const struct send_options *options, struct arena *arena,
                                 struct answer *ret_answer);
static struct error *memory_commit(struct database *database, const struct fence *fence,
                                   const char *xid, const struct ledger_change *change,
                                   const struct deployed_change *deployed, struct arena *arena,
                                   bool *ret_lock_kept);
static struct error *memory_write(struct database *database, const struct fence *fence,
                                  const struct ledger_change *change,
                                  const struct deployed_change *deployed, struct arena *arena);
static struct error *memory_open_row(struct database *database, const struct fence *fence,
                                     const struct ledger_change *change, struct arena *arena);
static struct error *memory_tidy_and_write(struct database *database, const struct fence *fence,
                                           const struct ledger_change *change,
                                           const struct deployed_change *deployed,
                                           struct arena *arena, bool *ret_lock_kept);
static struct error *memory_rollback(struct database *database, struct arena *arena);
static struct error *memory_tidy(struct database *database, struct arena *arena,
                                 bool *ret_lock_kept);
static struct error *memory_probe(struct database *database, const struct statement *statement,
                                  const char *schema, struct arena *arena,
                                  enum probe_result *ret_result);
static struct error *memory_clean_up(struct database *database, const struct statement *statement,
                                     const char *schema, struct arena *arena);
static struct error *memory_outcome(struct database *database, const char *xid, struct arena *arena,
                                    enum transaction_outcome *ret_outcome);
static struct error *memory_fingerprint(struct database *database, const struct text_list *schemas,
                                        struct arena *arena, struct fingerprint *ret_fingerprint);
static struct error *memory_invalid_indexes(struct database *database,
                                            const struct text_list *schemas, struct arena *arena,
                                            struct text_list *ret_names);
static struct error *memory_unreadable(struct database *database, const struct text_list *schemas,
                                       struct arena *arena, struct text_list *ret_grants);
static struct error *memory_inspect(struct database *database, const char *schema,
                                    const struct text_list *schemas, struct arena *arena,
                                    struct inspection *ret_inspection);
static void memory_disconnect(struct database *database);

static const struct database_ops ops = {
	.name = "memory",
	.connect = memory_connect,
	.ledger = memory_ledger,
	.rows = memory_rows,
	.lock = memory_lock,
	.unlock = memory_unlock,
	.take_fence = memory_take_fence,
	.begin = memory_begin,
	.send = memory_send,
	.commit = memory_commit,
	.write = memory_write,
	.open_row = memory_open_row,
	.tidy_and_write = memory_tidy_and_write,
	.rollback = memory_rollback,
	.tidy = memory_tidy,
	.probe = memory_probe,
	.clean_up = memory_clean_up,
	.transaction_outcome = memory_outcome,
	.fingerprint = memory_fingerprint,
	.invalid_indexes = memory_invalid_indexes,
	.unreadable = memory_unreadable,
	.inspect = memory_inspect,
	.disconnect = memory_disconnect,
	.close = memory_disconnect,
};

static struct session *session_of(struct database *database, const char *call, const char *what);
static struct error *lost(const struct session *session, struct arena *arena);
static struct ledger *find_books(const struct database_memory *memory, const char *schema);
static bool fence_holds(const struct session *session, const struct fence *fence);
static struct error *fenced(struct arena *arena);
static void end_transaction(struct session *session, bool committed);
static const struct database_lesson *find_lesson(struct session *session, const char *sql);
static void take_effect(struct session *session, const struct database_lesson *lesson);
static bool change_row(struct session *session, struct ledger *ledger,
                       const struct ledger_change *change);
static void change_deployed(struct session *session, struct ledger *ledger,
                            const struct deployed_change *change);
static bool has_text(const struct text_list *list, const char *text);
static void add_text(struct arena *arena, struct text_list *list, const char *text);
static void remove_text(struct text_list *list, const char *text);
static int compare_texts(const void *a, const void *b);

struct database_memory *database_memory_new(struct arena *arena)
{
	struct database_memory *memory = ARENA_NEW(arena, struct database_memory);

	memory->arena = arena;
	memory->server = (struct server){
		.version_num = 150018,
		.version = "15.18",
		.system_identifier = "7000000000000000001",
		.database = "memory",
		.role = "agent",
		.current_schema = "public",
		.backend_pid = 1,
		.database_size = 8 * 1024 * 1024,
	};
	memory->inspection = (struct inspection){
		.tls = SESSION_LOCAL,
		.current_schema = "public",
		.connections = 1,
		.connections_maximum = 97,
	};
	return memory;
}

void database_memory_teach(struct database_memory *memory, const struct database_lesson *lesson)
{
	*LIST_ADD(memory->arena, &memory->lessons) = *lesson;
}

struct database *database_memory_session(struct database_memory *memory, const char *target)
{
	struct session *session = ARENA_NEW(memory->arena, struct session);

	session->database.ops = &ops;
	session->memory = memory;
	session->target = arena_text(memory->arena, target);
	return &session->database;
}

struct ledger *database_memory_books(struct database_memory *memory, const char *schema)
{
	struct ledger *books = find_books(memory, schema);

	if (!books) {
		books = LIST_ADD(memory->arena, &memory->books);
		books->schema = arena_text(memory->arena, schema);
		books->schema_exists = true;
		books->has_table = true;
	}
	return books;
}

bool database_memory_exists(const struct database_memory *memory, const char *thing)
{
	return has_text(&memory->things, thing);
}

static struct error *memory_connect(struct database *database, const struct session_limits *limits,
                                    bool for_writing, struct arena *arena,
                                    struct server *ret_server)
{
	struct session *session = session_of(database, "connect", NULL);

	(void)limits;
	memory_disconnect(database);
	if (session->memory->unreachable)
		return FAIL(arena, DB_UNREACHABLE, .what = "cannot connect to 'memory'",
		            .why = "nobody answers", .hint = "Is the server up?");
	if (session->memory->server.in_recovery && for_writing)
		return FAIL(arena, DB_STANDBY, .what = "cannot apply anything to 'memory'",
		            .why = "the server is a standby or in recovery",
		            .hint = "The agent waits.");
	session->connected = true;
	session->memory->server.backend_pid++;
	*ret_server = session->memory->server;
	return NULL;
}

static struct error *memory_ledger(struct database *database, const char *schema,
                                   struct arena *arena, struct ledger *ret_ledger)
{
	struct session *session = session_of(database, "ledger", schema);
	const struct ledger *books = find_books(session->memory, schema);
	struct ledger ledger = {.schema = arena_text(arena, schema),
	                        .schema_exists = text_equal(schema, "public")};

	if (!session->connected)
		return lost(session, arena);
	if (books) {
		ledger = *books;
		ledger.items = arena_copy(arena, books->items, books->count * sizeof *books->items);
		ledger.room = ledger.count;
	}
	ledger.schema_is_empty = !session->memory->things.count;
	*ret_ledger = ledger;
	return NULL;
}

static struct error *memory_rows(struct database *database, const char *schema, struct arena *arena,
                                 struct ledger *ret_ledger, bool *ret_locked)
{
	struct ledger ledger;

	TRY(memory_ledger(database, schema, arena, &ledger));
	ledger.has_deployed = false;
	ledger.deployed = (struct deployed_row){0};
	*ret_locked = ((struct session *)database)->memory->lock_holder;
	*ret_ledger = ledger;
	return NULL;
}

static struct error *memory_lock(struct database *database, uint64_t budget_ms, struct arena *arena)
{
	struct session *session = session_of(database, "lock", NULL);
	struct database_memory *memory = session->memory;

	(void)budget_ms;
	if (!session->connected)
		return lost(session, arena);
	if (memory->lock_holder && memory->lock_holder != session)
		return FAIL(arena, LEDGER_LOCK, .what = "cannot get Prisma's lock on 'memory'",
		            .why = arena_printf(arena,
		                                "held by process 1, application 'headgate/%s'",
		                                memory->lock_target),
		            .hint = "The agent looks again by itself.");
	memory->lock_holder = session;
	memory->lock_target = session->target;
	return NULL;
}

static struct error *memory_unlock(struct database *database, struct arena *arena)
{
	struct session *session = session_of(database, "unlock", NULL);

	if (!session->connected)
		return lost(session, arena);
	if (session->memory->lock_holder == session)
		session->memory->lock_holder = NULL;
	return NULL;
}

static struct error *memory_take_fence(struct database *database, const char *schema,
                                       const char *target, const char *journal, bool take_over,
                                       struct arena *arena, int64_t *ret_epoch)
{
	struct session *session = session_of(database, "take_fence", schema);
	struct arena *own = session->memory->arena;
	struct deployed_row *row;
	struct ledger *books;

	if (!session->connected)
		return lost(session, arena);
	books = database_memory_books(session->memory, schema);
	row = &books->deployed;
	if (books->has_deployed && !take_over &&
	    !(text_equal(row->target, target) && text_equal(row->journal, journal)))
		return FAIL(arena, JOURNAL_FOREIGN, .what = "cannot take 'memory'",
		            .why = arena_printf(
				    arena,
				    "its ledger belongs to the target '%s' of the journal '%s'",
				    row->target, row->journal),
		            .hint = "Take it over with: headgate baseline");
	books->has_deployed = true;
	row->ledger = books->schema;
	row->target = arena_text(own, target);
	row->journal = arena_text(own, journal);
	row->epoch++;
	row->at_us = 1;
	*ret_epoch = row->epoch;
	return NULL;
}

static struct error *memory_begin(struct database *database, const struct fence *fence,
                                  struct arena *arena, const char **ret_xid)
{
	struct session *session = session_of(database, "begin", NULL);
	struct database_memory *memory = session->memory;

	if (!session->connected)
		return lost(session, arena);
	if (!fence_holds(session, fence))
		return fenced(arena);
	*LIST_ADD(memory->arena, &memory->transactions) = OUTCOME_IN_PROGRESS;
	session->xid = memory->transactions.count;
	session->state = TRANSACTION_OPEN;
	*ret_xid = arena_printf(arena, "%zu", session->xid);
	return NULL;
}

static struct error *memory_send(struct database *database, struct bytes sql,
                                 const struct send_options *options, struct arena *arena,
                                 struct answer *ret_answer)
{
	static const char *const one[] = {"SELECT 1", NULL}, *const none[] = {NULL};
	const char *text = arena_copy(arena, sql.data, sql.size);
	struct session *session = session_of(database, "send", text);
	const struct database_lesson *lesson;
	static const struct database_lesson nothing;
	struct answer answer = {0};

	if (!session->connected)
		return lost(session, arena);
	if (options && options->meanwhile)
		TRY(options->meanwhile(options->work));
	lesson = find_lesson(session, text);
	if (!lesson)
		lesson = &nothing;
	answer.failed = lesson->sqlstate || lesson->lost || lesson->copy_ended;
	answer.copy_ended = lesson->copy_ended;
	answer.lost = lesson->lost;
	answer.error = (struct sql_error){
		.sqlstate = lesson->sqlstate, .severity = "ERROR", .message = lesson->message};
	answer.blockers = blockers_copy(arena, &lesson->blockers);
	for (const char *const *tag = lesson->tags    ? lesson->tags
	                              : answer.failed ? none
	                                              : one;
	     *tag; tag++)
		*LIST_ADD(arena, &answer.tags) = *tag;
	take_effect(session, lesson);
	if (lesson->drops_lock && session->memory->lock_holder == session)
		session->memory->lock_holder = NULL;
	if (lesson->lost)
		memory_disconnect(database);
	answer.transaction = session->state;
	*ret_answer = answer;
	return NULL;
}

static struct error *memory_commit(struct database *database, const struct fence *fence,
                                   const char *xid, const struct ledger_change *change,
                                   const struct deployed_change *deployed, struct arena *arena,
                                   bool *ret_lock_kept)
{
	struct session *session = session_of(database, "commit", change ? change->name : NULL);
	bool is_ours = session->state == TRANSACTION_OPEN &&
	               text_equal(xid, arena_printf(arena, "%zu", session->xid));
	struct fence deployed_row = *fence;
	struct ledger *books;

	if (!session->connected)
		return lost(session, arena);
	deployed_row.last_row_id = NULL;
	books = find_books(session->memory, fence->schema);
	if (is_ours && fence_holds(session, &deployed_row) &&
	    (!change || change_row(session, books, change))) {
		change_deployed(session, books, deployed);
		end_transaction(session, true);
		*ret_lock_kept = session->memory->lock_holder == session;
		return NULL;
	}
	end_transaction(session, false);
	return is_ours ? fenced(arena)
	               : FAIL(arena, OUTCOME_UNKNOWN, .what = "cannot commit on 'memory'",
	                      .why = "the file ended the agent's transaction",
	                      .hint = "Look what of it took effect.");
}

static struct error *memory_write(struct database *database, const struct fence *fence,
                                  const struct ledger_change *change,
                                  const struct deployed_change *deployed, struct arena *arena)
{
	struct session *session = session_of(database, "write", change ? change->row_id : NULL);
	struct ledger *books = find_books(session->memory, fence->schema);

	if (!session->connected)
		return lost(session, arena);
	if (!fence_holds(session, fence) || (change && !change_row(session, books, change)))
		return fenced(arena);
	change_deployed(session, books, deployed);
	return NULL;
}

static struct error *memory_open_row(struct database *database, const struct fence *fence,
                                     const struct ledger_change *change, struct arena *arena)
{
	return memory_write(database, fence, change, NULL, arena);
}

static struct error *memory_tidy_and_write(struct database *database, const struct fence *fence,
                                           const struct ledger_change *change,
                                           const struct deployed_change *deployed,
                                           struct arena *arena, bool *ret_lock_kept)
{
	TRY(memory_tidy(database, arena, ret_lock_kept));
	return *ret_lock_kept ? memory_write(database, fence, change, deployed, arena) : NULL;
}

static struct error *memory_rollback(struct database *database, struct arena *arena)
{
	struct session *session = session_of(database, "rollback", NULL);

	if (!session->connected)
		return lost(session, arena);
	end_transaction(session, false);
	return NULL;
}

static struct error *memory_tidy(struct database *database, struct arena *arena,
                                 bool *ret_lock_kept)
{
	struct session *session = session_of(database, "tidy", NULL);

	if (!session->connected)
		return lost(session, arena);
	end_transaction(session, false);
	*ret_lock_kept = session->memory->lock_holder == session;
	return NULL;
}

static struct error *memory_probe(struct database *database, const struct statement *statement,
                                  const char *schema, struct arena *arena,
                                  enum probe_result *ret_result)
{
	struct session *session = session_of(database, "probe", statement->name);
	bool is_drop = statement->kind == STATEMENT_DROP_INDEX_CONCURRENTLY;

	(void)schema;
	if (!session->connected)
		return lost(session, arena);
	if (statement->kind != STATEMENT_CREATE_INDEX_CONCURRENTLY && !is_drop)
		*ret_result = statement->kind == STATEMENT_VACUUM ? PROBE_NOTHING : PROBE_UNKNOWN;
	else if (has_text(&session->memory->remnants, statement->name))
		*ret_result = PROBE_REMNANT;
	else if (has_text(&session->memory->indexes, statement->name))
		*ret_result = is_drop ? PROBE_NOTHING : PROBE_DONE;
	else
		*ret_result = is_drop ? PROBE_DONE : PROBE_NOTHING;
	return NULL;
}

static struct error *memory_clean_up(struct database *database, const struct statement *statement,
                                     const char *schema, struct arena *arena)
{
	struct session *session = session_of(database, "clean_up", statement->name);

	(void)schema;
	if (!session->connected)
		return lost(session, arena);
	remove_text(&session->memory->remnants, statement->name);
	return NULL;
}

static struct error *memory_outcome(struct database *database, const char *xid, struct arena *arena,
                                    enum transaction_outcome *ret_outcome)
{
	struct session *session = session_of(database, "transaction_outcome", xid);
	uint64_t number;

	if (!session->connected)
		return lost(session, arena);
	if (parse_number(xid, session->memory->transactions.count, &number) && number)
		*ret_outcome = session->memory->transactions.items[number - 1];
	else
		*ret_outcome = OUTCOME_TOO_OLD;
	return NULL;
}

static struct error *memory_fingerprint(struct database *database, const struct text_list *schemas,
                                        struct arena *arena, struct fingerprint *ret_fingerprint)
{
	struct session *session = session_of(database, "fingerprint", NULL);
	struct text text = TEXT_IN(arena);
	struct text_list lines = {0};

	(void)schemas;
	if (!session->connected)
		return lost(session, arena);
	for (size_t i = 0; i < session->memory->things.count; i++)
		*LIST_ADD(arena, &lines) =
			arena_printf(arena, "table public.%s", session->memory->things.items[i]);
	for (size_t i = 0; i < session->memory->indexes.count; i++)
		*LIST_ADD(arena, &lines) =
			arena_printf(arena, "index public.%s", session->memory->indexes.items[i]);
	if (lines.count)
		qsort(lines.items, lines.count, sizeof *lines.items, compare_texts);
	for (size_t i = 0; i < lines.count; i++)
		text_printf(&text, "%s\n", lines.items[i]);
	ret_fingerprint->objects = lines.count;
	ret_fingerprint->description = text_bytes(&text);
	sha256_hex(text_get(&text), text.size, ret_fingerprint->digest);
	return NULL;
}

static struct error *memory_invalid_indexes(struct database *database,
                                            const struct text_list *schemas, struct arena *arena,
                                            struct text_list *ret_names)
{
	struct session *session = session_of(database, "invalid_indexes", NULL);
	struct text_list names = {0};

	(void)schemas;
	if (!session->connected)
		return lost(session, arena);
	for (size_t i = 0; i < session->memory->remnants.count; i++)
		*LIST_ADD(arena, &names) =
			arena_printf(arena, "public.%s", session->memory->remnants.items[i]);
	*ret_names = names;
	return NULL;
}

static struct error *memory_unreadable(struct database *database, const struct text_list *schemas,
                                       struct arena *arena, struct text_list *ret_grants)
{
	struct session *session = session_of(database, "unreadable", NULL);

	(void)schemas;
	if (!session->connected)
		return lost(session, arena);
	*ret_grants = session->memory->unreadable;
	return NULL;
}

static struct error *memory_inspect(struct database *database, const char *schema,
                                    const struct text_list *schemas, struct arena *arena,
                                    struct inspection *ret_inspection)
{
	struct session *session = session_of(database, "inspect", schema);

	(void)schemas;
	if (!session->connected)
		return lost(session, arena);
	*ret_inspection = session->memory->inspection;
	return NULL;
}

static void memory_disconnect(struct database *database)
{
	struct session *session = (struct session *)database;

	end_transaction(session, false);
	if (session->memory->lock_holder == session)
		session->memory->lock_holder = NULL;
	session->connected = false;
}

static struct session *session_of(struct database *database, const char *call, const char *what)
{
	struct session *session = (struct session *)database;
	struct arena *arena = session->memory->arena;

	*LIST_ADD(arena, &session->memory->calls) =
		what ? arena_printf(arena, "%s %s", call, what) : call;
	return session;
}

static struct error *lost(const struct session *session, struct arena *arena)
{
	return FAIL(arena, DB_LOST,
	            .what = arena_printf(arena, "cannot work for '%s'", session->target),
	            .why = "there is no connection", .hint = "The agent connects again by itself.");
}

static struct ledger *find_books(const struct database_memory *memory, const char *schema)
{
	for (size_t i = 0; i < memory->books.count; i++) {
		if (text_equal(memory->books.items[i].schema, schema))
			return &memory->books.items[i];
	}
	return NULL;
}

static bool fence_holds(const struct session *session, const struct fence *fence)
{
	const struct ledger *books = find_books(session->memory, fence->schema);

	if (!books || !books->has_deployed || books->deployed.epoch != fence->epoch ||
	    !text_equal(books->deployed.target, fence->target) ||
	    !text_equal(books->deployed.journal, fence->journal))
		return false;
	return !fence->last_row_id || ledger_find(books, fence->last_row_id);
}

static struct error *fenced(struct arena *arena)
{
	return FAIL(arena, FENCED, .what = "cannot go on with 'memory'", .why = "the fence moved",
	            .hint = "The agent reads everything again by itself.");
}

static void end_transaction(struct session *session, bool committed)
{
	struct database_memory *memory = session->memory;

	for (size_t i = 0; committed && i < session->pending.count; i++)
		add_text(memory->arena, &memory->things, session->pending.items[i]);
	if (session->xid)
		memory->transactions.items[session->xid - 1] =
			committed ? OUTCOME_COMMITTED : OUTCOME_ABORTED;
	session->pending = (struct text_list){0};
	session->xid = 0;
	session->state = TRANSACTION_NONE;
}

static const struct database_lesson *find_lesson(struct session *session, const char *sql)
{
	struct database_memory *memory = session->memory;

	for (size_t i = memory->lessons.count; i-- > 0;) {
		struct database_lesson *lesson = &memory->lessons.items[i];

		if (!lesson->contains || !strstr(sql, lesson->contains))
			continue;
		if (lesson->times && !--lesson->times) { /* its last time */
			struct database_lesson *last =
				ARENA_NEW(memory->arena, struct database_lesson);

			*last = *lesson;
			lesson->contains = NULL;
			return last;
		}
		return lesson;
	}
	return NULL;
}

static void take_effect(struct session *session, const struct database_lesson *lesson)
{
	struct database_memory *memory = session->memory;
	bool failed = lesson->sqlstate || lesson->lost || lesson->copy_ended;

	add_text(memory->arena, &memory->remnants, lesson->remnant);
	if (!failed)
		add_text(memory->arena, &memory->indexes, lesson->index);
	if (lesson->leaves_open && session->state == TRANSACTION_NONE)
		session->state = TRANSACTION_OPEN;
	if (failed && !lesson->took_effect) {
		if (session->state == TRANSACTION_OPEN)
			session->state = TRANSACTION_FAILED;
		return;
	}
	if (session->state == TRANSACTION_OPEN && !lesson->took_effect)
		add_text(memory->arena, &session->pending, lesson->makes);
	else
		add_text(memory->arena, &memory->things, lesson->makes);
}

/* false: an update does not meet its row in the state that it starts from. */
static bool change_row(struct session *session, struct ledger *ledger,
                       const struct ledger_change *change)
{
	static const struct {
		bool inserts;
		enum row_state before;
		bool steps, finished, empties, rolled_back;
	} rows[] = {
		[LEDGER_APPLIED] = {.inserts = true, .steps = true, .finished = true},
		[LEDGER_OPENED] = {.inserts = true},
		[LEDGER_FINISHED] = {.before = ROW_OPEN, .steps = true, .finished = true},
		[LEDGER_FAILED] = {.before = ROW_OPEN, .rolled_back = true},
		[LEDGER_FAILED_TRY] = {.inserts = true, .rolled_back = true},
		[LEDGER_ROLLED_BACK] = {.before = ROW_APPLIED, .rolled_back = true},
		[LEDGER_REOPENED] = {.before = ROW_APPLIED, .empties = true},
		[LEDGER_DOWN_FINISHED] = {.before = ROW_OPEN,
	                                  .finished = true,
	                                  .rolled_back = true},
		[LEDGER_DOWN_WITHDRAWN] = {.before = ROW_OPEN, .finished = true},
		[LEDGER_LOGGED] = {.before = ROW_OPEN},
		[LEDGER_RESOLVED_APPLIED] = {.inserts = true, .finished = true},
		[LEDGER_RESOLVED_ROLLED_BACK] = {.before = ROW_OPEN, .rolled_back = true},
	};
	struct arena *arena = session->memory->arena;
	struct ledger_row *row = NULL;

	for (size_t i = 0; i < ledger->count; i++) {
		if (text_equal(ledger->items[i].id, change->row_id))
			row = &ledger->items[i];
	}
	if (rows[change->kind].inserts == (row != NULL) ||
	    (row && ledger_row_state(row) != rows[change->kind].before))
		return false;
	if (!row) {
		row = LIST_ADD(arena, ledger);
		row->id = arena_text(arena, change->row_id);
		row->name = arena_text(arena, change->name);
		row->checksum = arena_text(arena, change->checksum);
		row->started_us = change->started_us;
	}
	if (rows[change->kind].steps)
		row->steps++;
	if (rows[change->kind].finished || rows[change->kind].empties)
		row->finished_us = rows[change->kind].empties ? 0 : change->finished_us;
	if (rows[change->kind].rolled_back)
		row->rolled_back_us = change->rolled_back_us;
	return true;
}

static void change_deployed(struct session *session, struct ledger *ledger,
                            const struct deployed_change *change)
{
	struct arena *arena = session->memory->arena;
	struct deployed_row *row = &ledger->deployed;

	if (!change)
		return;
	row->commit = change->commit ? arena_text(arena, change->commit) : row->commit;
	row->tree = change->tree ? arena_text(arena, change->tree) : row->tree;
	row->chain = change->chain ? arena_text(arena, change->chain) : row->chain;
	row->at_us++;
}

static bool has_text(const struct text_list *list, const char *text)
{
	for (size_t i = 0; text && i < list->count; i++) {
		if (text_equal(list->items[i], text))
			return true;
	}
	return false;
}

static void add_text(struct arena *arena, struct text_list *list, const char *text)
{
	if (text && !has_text(list, text))
		*LIST_ADD(arena, list) = arena_text(arena, text);
}

static void remove_text(struct text_list *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++) {
		if (text_equal(list->items[i], text))
			list->items[i] = list->items[--list->count];
	}
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}
