/*
 * Ways two and three: unit after unit, each with its intent, between the opening and the closing of
 * the row (apply_rows.c). What a reader gets wrong: a unit that ended inside a transaction of the
 * file's own has not taken effect yet; `pending` is the first one of which that is true, and a
 * session that ends takes all of them back.
 *
 * An error is proven without effect (R9) when nothing before it took effect and the unit
 * itself left nothing: in way two, no COMMIT came before it; in way three, it cannot commit by
 * itself, or its probe shows nothing.
 */
#include "stages/apply.h"

#include <string.h>

#include "base/clock.h"
#include "base/fault.h"

struct sending {
	struct file *file;
	size_t unit;    /* under way, from 0 */
	size_t pending; /* first one that has not taken effect for certain */
	enum probe_result before;
	struct answer answer;
};

static const struct kind_row {
	enum trace failed, interrupted;
	const char *doing; /* for progress */
	bool is_concurrent;
} kinds[] = {
	[STATEMENT_PLAIN] = {TRACE_NONE, TRACE_UNKNOWN, NULL, false},
	[STATEMENT_TRANSACTION] = {TRACE_NONE, TRACE_NONE, NULL, false},
	[STATEMENT_CREATE_INDEX_CONCURRENTLY] = {TRACE_IN_CATALOG, TRACE_IN_CATALOG, "building",
                                                 true},
	[STATEMENT_DROP_INDEX_CONCURRENTLY] = {TRACE_IN_CATALOG, TRACE_IN_CATALOG, "dropping",
                                               true},
	[STATEMENT_REINDEX_CONCURRENTLY] = {TRACE_IN_CATALOG, TRACE_IN_CATALOG, "building anew",
                                            true},
	[STATEMENT_DETACH_CONCURRENTLY] = {TRACE_IN_CATALOG, TRACE_IN_CATALOG, "detaching", true},
	[STATEMENT_VACUUM] = {TRACE_NONE, TRACE_NONE, "vacuuming", false}, /* may be repeated */
	[STATEMENT_ENUM_VALUE] = {TRACE_NONE, TRACE_IN_CATALOG, NULL, false},
	[STATEMENT_OUTSIDE] = {TRACE_UNKNOWN, TRACE_UNKNOWN, NULL, false},
	[STATEMENT_FORBIDDEN] = {TRACE_UNKNOWN, TRACE_UNKNOWN, NULL, false},
	[STATEMENT_COPY_STDIN] = {TRACE_NONE, TRACE_UNKNOWN, NULL, false},
};

static struct error *send_unit(struct sending *sending);
static struct error *exchange(struct sending *sending);
static struct error *unit_passed(struct sending *sending);
static bool tag_tells(const struct sending *sending);
static bool answered(const struct sending *sending, const struct statement *statement);
static struct error *unit_missing(struct sending *sending);
static void take_effect(struct sending *sending);
static struct error *unit_failed(struct sending *sending);
static struct error *left_nothing(struct sending *sending, bool *ret_nothing, bool *ret_done);
static bool whole_left_nothing(const struct answer *answer);
static struct error *try_again(struct sending *sending, bool *ret_again);
static struct error *let_waiters_go(struct file *file);
static struct error *give_up(struct sending *sending, const char *words);
static struct error *stop_partly(struct sending *sending, const char *words);
static void tell_committed(struct file *file, const struct text_list *tags);
static struct error *left_open(struct sending *sending);
static void close_units(struct sending *sending, const char *result);
static struct bytes unit_bytes(const struct file *file, size_t unit);
static bool commits_tag(const char *tag);
static const struct kind_row *kind_of(const struct statement *statement);

struct error *file_send_units(struct file *file)
{
	struct sending sending = {
		.file = file, .unit = file->next, .pending = file->next, .before = PROBE_UNKNOWN};

	TRY(file_replay_session(file));
	while (sending.unit < file_unit_count(file)) {
		if (sending.unit > 0 && sending.pending == sending.unit && stop_asked())
			return error_stopped(file);
		TRY(send_unit(&sending));
	}
	if (sending.answer.transaction != TRANSACTION_NONE)
		return left_open(&sending);
	/*
	 * That all was sent is durable before the row is closed, or seen in the catalog: a crash in
	 * between must not make it unknown again.
	 */
	if (sending.before != PROBE_NOTHING) /* of the last unit */
		TRY(apply_write(file->run));
	return file_close_row(file);
}

/* A session that was lost took its settings with it; those that nobody can make again need a person. */
struct error *file_replay_session(struct file *file)
{
	for (size_t i = 0; file->way == WAY_THREE && i < file->next; i++) {
		struct answer answer = {0};

		if (statement_may_move_session(file_statement(file, i)))
			return error_unknown(
				file,
				arena_printf(
					file->run->arena,
					"it was interrupted after %s, and what that did to the "
					"search path of its session is lost",
					file_place(file, i)),
				"what is still missing of it");
		if (!statement_sets_session(file_statement(file, i)))
			continue;
		TRY(database_send(file->run->ports.database, unit_bytes(file, i),
		                  &(struct send_options){0}, file->run->arena, &answer));
		if (answer.failed || answer.lost)
			return error_later(
				file, arena_printf(file->run->arena,
			                           "%s, sent again for a new session: %s",
			                           file_place(file, i),
			                           sql_error_public(file->run->arena, &answer.error,
			                                            (struct bytes){0}, 1)));
	}
	return NULL;
}

static struct error *send_unit(struct sending *sending)
{
	struct file *file = sending->file;
	const struct statement *statement = file_statement(file, sending->unit);

	sending->before = PROBE_UNKNOWN;
	if (file->is_announced) {
		sending->before = PROBE_NOTHING;
		file->is_announced = false; /* another try is another intent */
	} else {
		if (statement && statement_trace_failed(statement) == TRACE_IN_CATALOG)
			TRY(file_probe(file, statement, &sending->before));
		record_intent(file, sending->unit + 1, NULL);
		TRY(apply_write(file->run));
	}
	FAULT_POINT(apply_statement);
	TRY(exchange(sending));
	if (sending->answer.lost)
		return error_later(file,
		                   arena_printf(file->run->arena, "the connection was lost in %s",
		                                file_place(file, sending->unit)));
	if (sending->answer.failed || sending->answer.copy_ended)
		return unit_failed(sending);
	return unit_passed(sending);
}

static struct error *exchange(struct sending *sending)
{
	struct file *file = sending->file;
	const struct statement *statement = file_statement(file, sending->unit);
	const struct kind_row *kind = statement ? kind_of(statement) : &kinds[STATEMENT_PLAIN];
	struct send_options options = {
		.leave_running = kind->is_concurrent,
		.no_statement_timeout = kind->doing,
		.progress = file->run->progress,
	};

	if (kind->doing)
		options.what = arena_printf(file->run->arena, "%s %s", kind->doing,
		                            statement->name    ? statement->name
		                            : statement->table ? statement->table
		                                               : file->name);
	sending->answer = (struct answer){0};
	return database_send(file->run->ports.database, unit_bytes(file, sending->unit), &options,
	                     file->run->arena, &sending->answer);
}

static struct error *unit_passed(struct sending *sending)
{
	struct file *file = sending->file;
	const struct statement *statement = file_statement(file, sending->unit);
	enum probe_result after = PROBE_DONE;

	if (statement && statement_trace_failed(statement) == TRACE_IN_CATALOG &&
	    !tag_tells(sending))
		TRY(database_probe(file->run->ports.database, statement, file->run->schema,
		                   file->run->arena, &after));
	if (after != PROBE_DONE && after != PROBE_UNKNOWN)
		return unit_missing(sending);
	if (sending->answer.transaction == TRANSACTION_NONE)
		take_effect(sending);
	sending->unit++;
	return NULL;
}

/*
 * Said to be done, when nothing was there before, is done; but for IF NOT EXISTS, which is also
 * content with an index that is not valid, or with a table of that name.
 */
static bool tag_tells(const struct sending *sending)
{
	const struct statement *statement = file_statement(sending->file, sending->unit);
	const struct bytes text = unit_bytes(sending->file, sending->unit);

	switch (statement->kind) {
	case STATEMENT_CREATE_INDEX_CONCURRENTLY:
		return sending->before == PROBE_NOTHING && answered(sending, statement) &&
		       !strcasestr(arena_copy(sending->file->run->arena, text.data, text.size),
		                   "EXISTS");
	case STATEMENT_DROP_INDEX_CONCURRENTLY:
		return sending->before == PROBE_NOTHING && answered(sending, statement);
	case STATEMENT_PLAIN:
	case STATEMENT_TRANSACTION:
	case STATEMENT_REINDEX_CONCURRENTLY:
	case STATEMENT_DETACH_CONCURRENTLY:
	case STATEMENT_VACUUM:
	case STATEMENT_ENUM_VALUE:
	case STATEMENT_OUTSIDE:
	case STATEMENT_FORBIDDEN:
	case STATEMENT_COPY_STDIN:
		return false;
	}
	BUG("no such kind of statement");
}

static bool answered(const struct sending *sending, const struct statement *statement)
{
	const struct text_list *tags = &sending->answer.tags;

	return tags->count == 1 && text_equal(tags->items[0], statement->verb);
}

static struct error *unit_missing(struct sending *sending)
{
	return stop_partly(
		sending, arena_printf(sending->file->run->arena,
	                              "%s: the server said done, and the catalog does not show it",
	                              file_place(sending->file, sending->unit)));
}

/* Outside a transaction: all that was sent so far is decided. */
static void take_effect(struct sending *sending)
{
	struct file *file = sending->file;
	const struct statement *last = file_statement(file, sending->unit);
	const bool undone =
		last && last->kind == STATEMENT_TRANSACTION && text_starts(last->verb, "ROLLBACK");

	for (size_t i = sending->pending; i <= sending->unit; i++) {
		const struct statement *statement = file_statement(file, i);

		record_outcome(file, i + 1, "applied", NULL);
		if (statement && !undone)
			file_note_effect(file, statement);
	}
	sending->pending = file->next = sending->unit + 1;
}

void file_note_effect(struct file *file, const struct statement *statement)
{
	if (statement->kind != STATEMENT_TRANSACTION && !statement_sets_session(statement))
		*LIST_ADD(file->run->arena, &file->effects) = arena_printf(
			file->run->arena, "%s (line %d)", statement->verb, statement->line);
}

static struct error *unit_failed(struct sending *sending)
{
	struct file *file = sending->file;
	struct answer *answer = &sending->answer;
	const struct statement *statement = file_statement(file, sending->unit);
	const struct file_failure failure = {
		.error = &answer->error,
		.sent = unit_bytes(file, sending->unit),
		.first_line = statement ? script_line(file->sql, statement->start) : 1,
		.line = statement ? 0 : file_line_after(file, answer),
		.where = statement ? file_place(file, sending->unit) : NULL,
		.why = answer->copy_ended ? "COPY … FROM STDIN has no data to read in a migration"
	                                  : NULL,
	};
	const char *words = failure_words(file, &failure);
	bool nothing = false, done = false, again = false;

	if (!sqlstate_is_lock(answer->error.sqlstate))
		failure_log(file, &failure);
	if (answer->transaction != TRANSACTION_NONE)
		TRY(database_rollback(file->run->ports.database, file->run->arena));
	TRY(left_nothing(sending, &nothing, &done));
	if (done) { /* half dropped or half detached: cleaning up could only finish it */
		take_effect(sending);
		sending->unit++;
		answer->transaction = TRANSACTION_NONE;
		return NULL;
	}
	if (!nothing)
		return stop_partly(sending, words);
	if (!answer->copy_ended && sqlstate_is_lock(answer->error.sqlstate))
		TRY(try_again(sending, &again));
	return again ? NULL : give_up(sending, words);
}

/* Of the failed unit and of the pending ones before it, which the ROLLBACK took back. */
static struct error *left_nothing(struct sending *sending, bool *ret_nothing, bool *ret_done)
{
	struct file *file = sending->file;
	const struct statement *statement = file_statement(file, sending->unit);
	enum probe_result after = PROBE_UNKNOWN;

	*ret_nothing = true;
	if (!statement) {
		*ret_nothing = whole_left_nothing(&sending->answer);
		return NULL;
	}
	for (size_t i = sending->pending; i < sending->unit; i++)
		if (statement_commits(file_statement(file, i))) /* COMMIT AND CHAIN */
			*ret_nothing = false;
	if (sending->pending < sending->unit)
		return NULL;
	switch (statement_trace_failed(statement)) {
	case TRACE_NONE:
		return NULL;
	case TRACE_UNKNOWN:
		*ret_nothing = false;
		return NULL;
	case TRACE_IN_CATALOG:
		TRY(file_probe(file, statement, &after));
		*ret_nothing = after == PROBE_NOTHING ||
		               (after == sending->before && after != PROBE_UNKNOWN);
		*ret_done = after == PROBE_DONE && sending->before != PROBE_DONE;
		return NULL;
	}
	BUG("no such trace");
}

/* Results are read one by one, so a COMMIT that took effect has its tag before the failure. */
static bool whole_left_nothing(const struct answer *answer)
{
	for (size_t i = 0; i < answer->tags.count; i++)
		if (commits_tag(answer->tags.items[i]))
			return false;
	return true;
}

static struct error *try_again(struct sending *sending, bool *ret_again)
{
	struct file *file = sending->file;
	const struct statement *statement = file_statement(file, sending->unit);
	const bool waits_for_us = statement && kind_of(statement)->is_concurrent &&
	                          text_equal(sending->answer.error.sqlstate, "40P01");
	struct error *error;

	if (waits_for_us)
		TRY(let_waiters_go(file));
	error = file_pause(file, ret_again);
	if (!error && waits_for_us)
		error = apply_lock(file->run);
	if (!error && waits_for_us)
		error = apply_same_ledger(
			file->run, "while Prisma's lock was given to those who waited for it");
	if (error) {
		close_units(sending, "withdrawn");
		return error;
	}
	sending->unit = sending->pending;
	return NULL;
}

/*
 * A Prisma client that waits for the lock with a blocking query holds the snapshot that the build
 * waits for (R10). Our open row is there already, so it reads P3009 and goes away.
 */
static struct error *let_waiters_go(struct file *file)
{
	return database_unlock(file->run->ports.database, file->run->arena);
}

/* The unit left nothing. Whether the file may be forgotten depends on what came before it. */
static struct error *give_up(struct sending *sending, const char *words)
{
	struct file *file = sending->file;
	const struct sql_error *error = &sending->answer.error;
	const bool is_fault = sending->answer.copy_ended || !error->sqlstate;
	struct error *why_not;
	bool may_heal = true;

	if (!is_fault && sqlstate_is_lock(error->sqlstate)) {
		why_not = error_locks(file, words, &sending->answer.blockers);
	} else if (!is_fault && text_equal(error->sqlstate, "57014") && stop_asked()) {
		why_not = error_stopped(file);
	} else if (!is_fault && sqlstate_is_transient(error->sqlstate)) {
		why_not = error_later(file, words);
	} else {
		why_not = error_failed(file, words);
		may_heal = false;
	}
	if (file->effects.count && !may_heal)
		return stop_partly(sending, words);
	close_units(sending, "withdrawn");
	if (file->effects.count)
		return why_not; /* the row stays open; settle goes on from this unit */
	return file_withdraw(file, may_heal ? "withdrawn" : "failed", why_not);
}

static struct error *stop_partly(struct sending *sending, const char *words)
{
	struct file *file = sending->file;

	if (file->way == WAY_TWO)
		tell_committed(file, &sending->answer.tags);
	close_units(sending, "partly");
	record_outcome(file, 0, "partly", sending->answer.error.sqlstate);
	return file_leave_open(file, error_partly(file, words));
}

/* In way two: all up to the last COMMIT. */
static void tell_committed(struct file *file, const struct text_list *tags)
{
	size_t count = tags->count;

	while (count && !commits_tag(tags->items[count - 1]))
		count--;
	for (size_t i = 0; i < count; i++)
		*LIST_ADD(file->run->arena, &file->effects) = tags->items[i];
}

static struct error *left_open(struct sending *sending)
{
	struct file *file = sending->file;
	bool nothing = !file->effects.count;

	TRY(database_rollback(file->run->ports.database, file->run->arena));
	sending->unit = file_unit_count(file) - 1;
	if (file->way == WAY_TWO)
		nothing = whole_left_nothing(&sending->answer);
	for (size_t i = sending->pending; file->way == WAY_THREE && i <= sending->unit; i++)
		nothing = nothing && !statement_commits(file_statement(file, i));
	if (!nothing)
		return stop_partly(
			sending, "it ended inside its own transaction, a BEGIN without its COMMIT");
	close_units(sending, "failed");
	return file_withdraw(file, "failed", error_left_open(file));
}

static void close_units(struct sending *sending, const char *result)
{
	for (size_t i = sending->pending; i <= sending->unit; i++)
		record_outcome(sending->file, i + 1, result,
		               i == sending->unit ? sending->answer.error.sqlstate : NULL);
}

struct error *file_probe(struct file *file, const struct statement *statement,
                         enum probe_result *ret_result)
{
	struct run *run = file->run;

	TRY(database_probe(run->ports.database, statement, run->schema, run->arena, ret_result));
	if (*ret_result == PROBE_REMNANT) {
		TRY(database_clean_up(run->ports.database, statement, run->schema, run->arena));
		TRY(database_probe(run->ports.database, statement, run->schema, run->arena,
		                   ret_result));
	}
	if (*ret_result == PROBE_RUNNING)
		return error_locks(file,
		                   arena_printf(run->arena,
		                                "%s of '%s' is still being done by another session",
		                                statement->verb,
		                                statement->name ? statement->name : file->name),
		                   NULL);
	return NULL;
}

size_t file_unit_count(const struct file *file)
{
	return file->way == WAY_TWO ? 1 : file->script->count;
}

const struct statement *file_statement(const struct file *file, size_t unit)
{
	return file->way == WAY_TWO ? NULL : &file->script->items[unit];
}

int file_line_after(const struct file *file, const struct answer *answer)
{
	const struct script *script = file->script;

	return answer->tags.count < script->count ? script->items[answer->tags.count].line : 0;
}

enum trace statement_trace_failed(const struct statement *statement)
{
	if (statement->kind == STATEMENT_PLAIN &&
	    (text_equal(statement->verb, "DO") || text_equal(statement->verb, "CALL")))
		return TRACE_UNKNOWN; /* may have committed on its way */
	return kind_of(statement)->failed;
}

enum trace statement_trace_interrupted(const struct statement *statement)
{
	if (statement_sets_session(statement))
		return TRACE_NONE;
	if (statement_commits(statement))
		return TRACE_UNKNOWN;
	return kind_of(statement)->interrupted;
}

bool statement_sets_session(const struct statement *statement)
{
	return statement->kind == STATEMENT_PLAIN &&
	       (text_equal(statement->verb, "SET") || text_equal(statement->verb, "RESET"));
}

bool statement_commits(const struct statement *statement)
{
	return statement->kind == STATEMENT_TRANSACTION && commits_tag(statement->verb);
}

static struct bytes unit_bytes(const struct file *file, size_t unit)
{
	const struct statement *statement = file_statement(file, unit);

	if (!statement)
		return file->sql;
	return arena_bytes(file->run->arena, file->sql.data + statement->start, statement->size);
}

const char *file_place(const struct file *file, size_t unit)
{
	const struct statement *statement = file_statement(file, unit);

	if (!statement)
		return "the file";
	if (file->script->count == 1) /* a status has room for 140 characters */
		return arena_printf(file->run->arena, "%s (line %d)", statement->verb,
		                    statement->line);
	return arena_printf(file->run->arena, "statement %zu of %zu, %s (line %d)", unit + 1,
	                    file->script->count, statement->verb, statement->line);
}

static bool commits_tag(const char *tag)
{
	return text_starts(tag, "COMMIT") || text_starts(tag, "PREPARE TRANSACTION");
}

static const struct kind_row *kind_of(const struct statement *statement)
{
	return &kinds[statement->kind];
}
