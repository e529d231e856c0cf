/*
 * Sending a migration's own SQL. Its bytes go as they are, as one simple query; what the server
 * says is the answer, also when it is no. A reader would get wrong: when we are asked to stop and
 * cancel, that is an answer too (57014), since only the caller can tell what took effect before.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "adapters/database_postgres_parts.h"
#include "base/text.h"

#define PROGRESS_EVERY_MS 2000
#define LONG_LOCK_MS (10 * 60 * 1000) /* lock_timeout of statements without a statement_timeout */

struct watch { /* over a long statement, from the side session */
	struct postgres *postgres;
	struct arena *arena; /* of this send; what each look needs stays small */
	const struct send_options *options;
	struct error *error; /* of what the caller did meanwhile */
	bool blind;          /* no look can be had: the work goes on unseen */
};

static struct error *swap_timeouts(struct postgres *postgres, bool longer, struct arena *arena);
static bool do_meanwhile(void *work);
static uint64_t lock_timeout(const struct postgres *postgres, bool longer);
static const char *number_literal(struct arena *arena, uint64_t number);
static void look_at_progress(void *context);
static void tell_progress(const struct watch *watch, const struct pg_reply *reply);
static struct answer make_answer(struct postgres *postgres, const struct pg_reply *reply,
                                 struct arena *arena);

FALLIBLE postgres_send(struct database *database, struct bytes sql,
                       const struct send_options *options, struct arena *arena,
                       struct answer *ret_answer)
{
	static const char aim[] = "cannot send a file";
	static const struct send_options defaults;
	struct postgres *postgres = postgres_of(database);
	struct watch watch = {
		.postgres = postgres, .arena = arena, .options = options ? options : &defaults};
	struct pg_query query = {.sql = arena_copy(arena, sql.data, sql.size),
	                         .tick_ms = PROGRESS_EVERY_MS};
	bool longer = watch.options->no_statement_timeout;
	struct blockers blockers;
	struct pg_reply reply;

	TRY(postgres_connected(postgres, arena, aim));
	if (memchr(sql.data, '\0', sql.size))
		return FAIL(arena, FILE_NOT_TEXT, .what = "a file cannot be sent",
		            .why = "it holds a NUL byte",
		            .hint = "The server would read no further; remove the NUL byte.");
	if (!longer)
		TRY(postgres_usual_timeouts(postgres, arena));
	else if (!postgres->longer && pg_transaction(postgres->pg) == PG_IDLE)
		TRY(swap_timeouts(postgres, true, arena));
	query.stop = watch.options->leave_running ? PG_STOP_LEAVES : PG_STOP_CANCELS;
	if (watch.options->what && watch.options->progress) {
		query.tick = look_at_progress;
		query.context = &watch;
	}
	if (watch.options->meanwhile) {
		query.meanwhile = do_meanwhile;
		query.work = &watch;
	}
	postgres_exchange(postgres, &query, lock_timeout(postgres, longer), arena, &reply,
	                  &blockers);
	if (reply.left)
		return postgres_judge(postgres, arena, aim, &reply);
	*ret_answer = make_answer(postgres, &reply, arena);
	ret_answer->blockers = blockers;
	if (reply.lost)
		postgres_forget(postgres);
	else if (reply.failed) /* the answer counts for more; tidy sets them, too */
		postgres_ignore(postgres_usual_timeouts(postgres, arena));
	return watch.error;
}

static bool do_meanwhile(void *work)
{
	struct watch *watch = work;

	watch->error = watch->options->meanwhile(watch->options->work);
	return !watch->error;
}

/* After a long statement that went well they are set back when it matters: tidy does it anyway. */
FALLIBLE postgres_usual_timeouts(struct postgres *postgres, struct arena *arena)
{
	if (!postgres->longer || !postgres->pg || pg_transaction(postgres->pg) != PG_IDLE)
		return NULL;
	return swap_timeouts(postgres, false, arena);
}

/*
 * A build waits for old transactions, and blocks no reader or writer meanwhile, so a lock_timeout
 * that is right for ALTER TABLE would end it again and again. What the file has set itself stays: a
 * setting is changed only from our value.
 */
static struct error *swap_timeouts(struct postgres *postgres, bool longer, struct arena *arena)
{
	/* not by pg_settings, which makes a row of each setting that there is: ten times as slow */
	static const char swap[] =
		"SELECT pg_catalog.set_config(v.name, v.after, false) FROM (VALUES"
		" ('statement_timeout', %s, %s),"
		" ('lock_timeout', %s, %s)) AS v (name, before, after)"
		" WHERE extract(epoch FROM pg_catalog.current_setting(v.name)::pg_catalog.interval)"
		" * 1000 = v.before::pg_catalog.numeric";
	const char *ours[] = {number_literal(arena, postgres->limits.statement_timeout),
	                      number_literal(arena, lock_timeout(postgres, false))};
	const char *theirs[] = {"'0'", number_literal(arena, lock_timeout(postgres, true))};
	const char *const *from = longer ? ours : theirs, *const *to = longer ? theirs : ours;
	const struct own_query query = {
		.aim = "cannot set the time limits",
		.sql = arena_printf(arena, swap, from[0], to[0], from[1], to[1]),
		.stop = PG_STOP_WAITS,
		.deadline_ms = OWN_QUERY_MS,
	};
	struct pg_reply reply;

	TRY(postgres_query(postgres, &query, arena, &reply));
	postgres->longer = longer;
	return NULL;
}

static uint64_t lock_timeout(const struct postgres *postgres, bool longer)
{
	const uint64_t ours = postgres->limits.lock_timeout;

	return longer && ours && ours < LONG_LOCK_MS ? LONG_LOCK_MS : ours;
}

static const char *number_literal(struct arena *arena, uint64_t number)
{
	return arena_printf(arena, "'%" PRIu64 "'", number);
}

static void look_at_progress(void *context)
{
	static const char look[] =
		"SELECT phase, blocks_done, blocks_total, tuples_done, tuples_total, lockers_done,"
		" lockers_total"
		" FROM pg_catalog.pg_stat_progress_create_index WHERE pid = $1::pg_catalog.int4";
	struct watch *watch = context;
	const char *values[] = {arena_printf(watch->arena, "%d", pg_backend(watch->postgres->pg))};
	struct pg_reply reply;

	if (watch->blind)
		return;
	watch->blind = postgres_side_look(watch->postgres, PROGRESS_EVERY_MS, watch->arena, look,
	                                  values, 1, &reply) != NULL;
	if (!watch->blind)
		tell_progress(watch, &reply);
}

/*
 * A phase counts blocks, else rows, else the sessions that it waits for; some phases count nothing.
 */
static void tell_progress(const struct watch *watch, const struct pg_reply *reply)
{
	const char *phase = pg_cell(reply, 0, 0, 0), *what;

	if (!phase)
		return;
	what = arena_printf(watch->arena, "%s (%s)", watch->options->what, phase);
	for (size_t column = 1; column < 7; column += 2) {
		int64_t done = postgres_number(pg_cell(reply, 0, 0, column));
		int64_t total = postgres_number(pg_cell(reply, 0, 0, column + 1));

		if (total <= 0)
			continue;
		progress_report(watch->options->progress, what,
		                column == 1 ? PROGRESS_BLOCKS : PROGRESS_ITEMS, (uint64_t)done,
		                (uint64_t)total);
		return;
	}
	progress_report(watch->options->progress, what, PROGRESS_ITEMS, 0, 0);
}

static struct answer make_answer(struct postgres *postgres, const struct pg_reply *reply,
                                 struct arena *arena)
{
	struct answer answer = {
		.failed = reply->failed,
		.error = reply->error,
		.lost = reply->lost,
		.copy_ended = reply->copy_ended,
	};

	for (size_t i = 0; i < reply->count; i++) {
		if (reply->items[i].tag)
			*LIST_ADD(arena, &answer.tags) = reply->items[i].tag;
	}
	switch (pg_transaction(postgres->pg)) {
	case PG_IDLE:
	case PG_BROKEN:
		answer.transaction = TRANSACTION_NONE;
		break;
	case PG_IN_TRANSACTION:
		answer.transaction = TRANSACTION_OPEN;
		break;
	case PG_IN_FAILED:
		answer.transaction = TRANSACTION_FAILED;
		break;
	}
	return answer;
}
