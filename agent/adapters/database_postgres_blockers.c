/*
 * The side session, and who is in the way while a statement of the main one waits for a lock (R11).
 * The server tells only as long as it lasts, so the side session looks meanwhile, and what it saw
 * last is kept until the answer is there. What a reader gets wrong: nothing here may fail the
 * statement or hold a lock, and the main session may have its locks already, so each look is short.
 */
#include "adapters/database_postgres_parts.h"
#include "base/clock.h"
#include "base/text.h"

#define LOOKS_PER_WAIT 3  /* within lock_timeout */
#define LOOK_EVERY_MS 500 /* at most; a server looks for deadlocks after a second */
#define LOOK_MS 1000      /* also the side session's statement_timeout */
#define CONNECT_MS 2000
#define CONNECT_LEAST_MS 200

struct watch {
	struct postgres *postgres;
	struct arena *arena;
	const struct pg_query *query; /* the caller's; its tick goes on at its own pace */
	uint64_t lock_timeout;        /* of the statement; 0: none */
	uint64_t next_tick;
	struct arena *seen_in; /* where `seen` lives; NULL: nobody was seen */
	struct blockers seen;
	uint64_t seen_ms;
	const char *blind; /* why no look can be had; NULL: it can */
};

static uint64_t pace_of(uint64_t lock_timeout);
static void tick(void *context);
static void look(struct watch *watch);
static struct error *ask(const struct watch *watch, struct arena *arena, struct blockers *ret_seen);
static struct blockers read_blockers(const struct pg_reply *reply, struct arena *arena);
static struct blockers result_of(const struct watch *watch);
static struct error *open_side(struct postgres *postgres, uint64_t budget_ms, struct arena *arena);
static struct error *exchange_side(struct postgres *postgres, const struct pg_query *query,
                                   struct arena *arena, struct pg_reply *ret_reply);

void postgres_exchange(struct postgres *postgres, const struct pg_query *query,
                       uint64_t lock_timeout, struct arena *arena, struct pg_reply *ret_reply,
                       struct blockers *ret_blockers)
{
	struct watch watch = {.postgres = postgres,
	                      .arena = arena,
	                      .query = query,
	                      .lock_timeout = lock_timeout,
	                      .next_tick = clock_monotonic_ms() + query->tick_ms};
	struct pg_query watched = *query;

	watched.tick = tick;
	watched.context = &watch;
	watched.tick_ms = pace_of(lock_timeout);
	pg_exchange(postgres->pg, &watched, arena, ret_reply);
	*ret_blockers = (struct blockers){0};
	if (ret_reply->failed && !ret_reply->lost && sqlstate_is_lock(ret_reply->error.sqlstate))
		*ret_blockers = result_of(&watch);
	arena_free(watch.seen_in);
}

/* Every wait that ends for its length, or as a deadlock, meets a look. */
static uint64_t pace_of(uint64_t lock_timeout)
{
	const uint64_t part = lock_timeout / LOOKS_PER_WAIT;

	if (!lock_timeout || part > LOOK_EVERY_MS)
		return LOOK_EVERY_MS;
	return part ? part : 1;
}

static void tick(void *context)
{
	struct watch *watch = context;
	const struct pg_query *query = watch->query;

	if (query->tick && clock_monotonic_ms() >= watch->next_tick) {
		query->tick(query->context);
		watch->next_tick = clock_monotonic_ms() + query->tick_ms;
	}
	if (!watch->blind)
		look(watch);
}

/* Of all looks only the last that saw somebody keeps its memory: a build may take hours. */
static void look(struct watch *watch)
{
	struct arena *arena = arena_new();
	struct blockers seen = {0};
	struct error *error = ask(watch, arena, &seen);

	if (error)
		watch->blind = arena_text(watch->arena, error->why ? error->why : error->what);
	if (!seen.count) {
		arena_free(arena);
		return;
	}
	arena_free(watch->seen_in);
	watch->seen_in = arena;
	watch->seen = seen;
	watch->seen_ms = clock_monotonic_ms();
}

/*
 * pg_blocking_pids stops all locking for a moment, so it is only called when our session waits. The
 * database and the user say that it is ours, and not one of another server behind the same address.
 */
static struct error *ask(const struct watch *watch, struct arena *arena, struct blockers *ret_seen)
{
	static const char question[] =
		"SELECT w.relname, b.pid, a.usename, a.state,"
		" CASE WHEN a.backend_type <> 'client backend' THEN a.backend_type"
		" ELSE a.application_name END,"
		" (1000 * extract(epoch FROM pg_catalog.clock_timestamp() - a.xact_start))::int8,"
		" pg_catalog.count(*) OVER () FROM pg_catalog.pg_stat_activity me"
		" CROSS JOIN LATERAL (SELECT DISTINCT u.pid"
		" FROM pg_catalog.unnest(pg_catalog.pg_blocking_pids(me.pid)) AS u (pid)) b"
		" LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = b.pid"
		" LEFT JOIN LATERAL (SELECT c.relname FROM pg_catalog.pg_locks l"
		" JOIN pg_catalog.pg_class c ON c.oid = l.relation"
		" WHERE l.pid = me.pid AND NOT l.granted LIMIT 1) w ON true"
		" WHERE me.pid = $1::pg_catalog.int4 AND me.wait_event_type = 'Lock'"
		" AND me.datname = pg_catalog.current_database() AND me.usename = session_user"
		" ORDER BY a.xact_start, b.pid LIMIT $2::pg_catalog.int4";
	const char *values[] = {arena_printf(arena, "%d", pg_backend(watch->postgres->pg)),
	                        arena_printf(arena, "%d", BLOCKERS_MAXIMUM)};
	const uint64_t budget = watch->lock_timeout ? watch->lock_timeout : CONNECT_MS;
	struct pg_reply reply;

	TRY(postgres_side_look(watch->postgres, budget, arena, question, values, 2, &reply));
	*ret_seen = read_blockers(&reply, arena);
	return NULL;
}

static struct blockers read_blockers(const struct pg_reply *reply, struct arena *arena)
{
	struct blockers blockers = {.relation = pg_cell(reply, 0, 0, 0)};
	const size_t count = pg_row_count(reply, 0);

	for (size_t i = 0; i < count; i++) {
		const int64_t age = postgres_number(pg_cell(reply, 0, i, 5));

		*LIST_ADD(arena, &blockers) = (struct blocker){
			.pid = (int)postgres_number(pg_cell(reply, 0, i, 1)),
			.user = pg_cell(reply, 0, i, 2),
			.state = pg_cell(reply, 0, i, 3),
			.application = pg_cell(reply, 0, i, 4),
			.age_ms = age > 0 ? (uint64_t)age : 0,
		};
	}
	if (count)
		blockers.more = (size_t)postgres_number(pg_cell(reply, 0, 0, 6)) - count;
	return blockers;
}

/* Whoever was seen before the wait that failed was in the way of an earlier statement. */
static struct blockers result_of(const struct watch *watch)
{
	const uint64_t since = clock_monotonic_ms() - watch->seen_ms;

	if (watch->seen.count && (!watch->lock_timeout || since <= watch->lock_timeout + LOOK_MS))
		return blockers_copy(watch->arena, &watch->seen);
	return (struct blockers){.unknown = watch->blind ? watch->blind : "none was seen in time"};
}

FALLIBLE postgres_side_look(struct postgres *postgres, uint64_t budget_ms, struct arena *arena,
                            const char *sql, const char *const *values, size_t count,
                            struct pg_reply *ret_reply)
{
	const struct pg_query query = {
		.sql = sql,
		.values = values,
		.count = count,
		.stop = PG_STOP_WAITS,
		.keep_rows = true,
		.deadline_ms = LOOK_MS,
	};
	const bool is_old = postgres->side;
	struct error *error = is_old ? NULL : open_side(postgres, budget_ms, arena);

	if (!error)
		error = exchange_side(postgres, &query, arena, ret_reply);
	if (!error || !is_old)
		return error;
	TRY(open_side(postgres, budget_ms, arena)); /* it may have died since its last look */
	return exchange_side(postgres, &query, arena, ret_reply);
}

static struct error *open_side(struct postgres *postgres, uint64_t budget_ms, struct arena *arena)
{
	/* A server that is slow keeps no look for longer than we wait for it. */
	static const struct pg_query limits = {
		.sql = "SET statement_timeout = 1000; SET lock_timeout = 500;"
		       " SET idle_session_timeout = 0",
		.stop = PG_STOP_WAITS,
		.deadline_ms = LOOK_MS,
	};
	struct pg_reply reply;

	if (budget_ms > CONNECT_MS)
		budget_ms = CONNECT_MS;
	if (budget_ms < CONNECT_LEAST_MS)
		budget_ms = CONNECT_LEAST_MS;
	TRY(postgres_connect_side(postgres, budget_ms, arena));
	return exchange_side(postgres, &limits, arena, &reply);
}

static struct error *exchange_side(struct postgres *postgres, const struct pg_query *query,
                                   struct arena *arena, struct pg_reply *ret_reply)
{
	struct pg_reply reply;

	pg_exchange(postgres->side, query, arena, &reply);
	if (!reply.failed) {
		*ret_reply = reply;
		return NULL;
	}
	pg_close(postgres->side);
	postgres->side = NULL;
	return FAIL(arena, DB_QUERY, .what = "cannot look from a second session",
	            .why = sql_error_public(arena, &reply.error, (struct bytes){0}, 1),
	            .hint = "Nothing has to be done: the first session goes on without it.");
}
