/*
 * The one way in which the adapter's own queries are sent and judged. A query of ours that fails is
 * an error, unlike a migration's: a lost session is closed here, so that later calls answer
 * ERR_DB_LOST and do not meet half a connection.
 */
#include <inttypes.h>
#include <string.h>

#include "adapters/database_postgres_parts.h"
#include "base/clock.h"
#include "base/text.h"

FALLIBLE postgres_look(struct postgres *postgres, struct arena *arena, const char *aim,
                       const char *sql, const char *const *values, size_t count,
                       struct pg_reply *ret_reply)
{
	const struct own_query query = {
		.aim = aim,
		.sql = sql,
		.values = values,
		.count = count,
		.stop = PG_STOP_CANCELS,
		.deadline_ms = OWN_QUERY_MS,
	};

	return postgres_query(postgres, &query, arena, ret_reply);
}

FALLIBLE postgres_query(struct postgres *postgres, const struct own_query *query,
                        struct arena *arena, struct pg_reply *ret_reply)
{
	const struct pg_query sent = {
		.sql = query->sql,
		.values = query->values,
		.count = query->count,
		.stop = query->stop,
		.deadline_ms = query->deadline_ms,
		.keep_rows = true,
	};
	struct pg_reply reply;
	struct error *error;
	bool inside;

	TRY(postgres_connected(postgres, arena, query->aim));
	inside = pg_transaction(postgres->pg) != PG_IDLE;
	pg_exchange(postgres->pg, &sent, arena, &reply);
	error = postgres_judge(postgres, arena, query->aim, &reply);
	if (error && !inside)
		postgres_end_transaction(postgres, arena);
	if (error)
		return error;
	*ret_reply = reply;
	return NULL;
}

FALLIBLE postgres_judge(struct postgres *postgres, struct arena *arena, const char *aim,
                        const struct pg_reply *reply)
{
	const char *what = arena_printf(arena, "%s of '%s'", aim, postgres->where);
	const char *why;

	if (reply->left || reply->stopped) {
		if (reply->left)
			postgres_forget(postgres);
		return FAIL(arena, STOPPED, .what = what, .why = "the agent was asked to stop",
		            .hint = "Start it again to go on.");
	}
	if (!reply->failed)
		return NULL;
	why = reply->error.sqlstate ? sql_error_public(arena, &reply->error, (struct bytes){0}, 1)
	                            : text_clip(arena, reply->error.message, 200);
	if (reply->lost) {
		postgres_forget(postgres);
		return FAIL(
			arena, DB_LOST, .what = what, .why = why,
			.hint = "The agent connects again by itself and finds out what took effect.");
	}
	if (text_equal(reply->error.sqlstate, "42501"))
		return FAIL(
			arena, DB_RIGHTS, .what = what, .why = why,
			.hint = "Let the owner of the object grant the missing right to the agent's role.");
	return FAIL(
		arena, DB_QUERY, .what = what, .why = why,
		.hint = "The agent tries again by itself; if that does not help, look into the server's log.");
}

FALLIBLE postgres_connected(struct postgres *postgres, struct arena *arena, const char *aim)
{
	if (postgres->pg)
		return NULL;
	return FAIL(arena, DB_LOST, .what = arena_printf(arena, "%s of '%s'", aim, postgres->where),
	            .why = "there is no connection", .hint = "The agent connects again by itself.");
}

void postgres_forget(struct postgres *postgres)
{
	pg_close(postgres->pg);
	pg_close(postgres->side);
	postgres->pg = NULL;
	postgres->side = NULL;
	postgres->lock_held = false;
	postgres->longer = false;
}

void postgres_end_transaction(struct postgres *postgres, struct arena *arena)
{
	const struct pg_query query = {
		.sql = "ROLLBACK", .stop = PG_STOP_WAITS, .deadline_ms = OWN_QUERY_MS};
	struct pg_reply reply;

	if (!postgres->pg || pg_transaction(postgres->pg) == PG_IDLE)
		return;
	pg_exchange(postgres->pg, &query, arena, &reply);
	if (reply.failed || pg_transaction(postgres->pg) != PG_IDLE)
		postgres_forget(postgres); /* the server ends what we cannot */
}

const char *postgres_array(struct arena *arena, const struct text_list *list)
{
	struct text text = TEXT_IN(arena);

	text_add(&text, "{");
	for (size_t i = 0; i < list->count; i++) {
		text_add(&text, i ? ",\"" : "\"");
		for (const char *at = list->items[i]; *at; at++) {
			if (*at == '"' || *at == '\\')
				text_add(&text, "\\");
			text_add_bytes(&text, at, 1);
		}
		text_add(&text, "\"");
	}
	text_add(&text, "}");
	return text_get(&text);
}

bool postgres_true(const char *cell)
{
	return text_equal(cell, "t");
}

int64_t postgres_number(const char *cell)
{
	return cell ? strtoll(cell, NULL, 10) : 0;
}

/* ISO 8601 with an offset is read alike under every DateStyle and TimeZone. */
const char *postgres_timestamp(struct arena *arena, int64_t us)
{
	time_t seconds = us / 1000000;
	struct tm tm;
	char date[32];

	if (us < 0 || !gmtime_r(&seconds, &tm) ||
	    !strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S", &tm))
		BUG("%" PRId64 " is no time", us);
	return arena_printf(arena, "'%s.%06d+00'", date, (int)(us % 1000000));
}
