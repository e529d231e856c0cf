/*
 * Each call of an administrator is a connection of its own, so that nothing of it stands in the way
 * of a DROP DATABASE.
 */
#include "contract/postgres_place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#include "adapters/pg.h"
#include "base/text.h"

static struct pg *administrator(struct arena *arena, const char *database);
static const char *ask(struct arena *arena, const char *database, const char *sql);
static const char *need(const char *name);

struct postgres_place *postgres_place_new(struct arena *arena)
{
	struct postgres_place *place = ARENA_NEW(arena, struct postgres_place);

	place->arena = arena;
	place->database = arena_printf(arena, "contract_%d", (int)getpid());
	place->role = arena_printf(arena, "agent_%d", (int)getpid());
	(void)ask(arena, "postgres", arena_printf(arena, "CREATE ROLE %s LOGIN", place->role));
	return place;
}

void postgres_place_reset(struct postgres_place *place)
{
	AUTO_ARENA arena = arena_new();

	(void)ask(arena, "postgres",
	          arena_printf(arena, "DROP DATABASE IF EXISTS %s WITH (FORCE)", place->database));
	(void)ask(arena, "postgres",
	          arena_printf(arena, "CREATE DATABASE %s OWNER %s", place->database, place->role));
}

void postgres_place_remove(struct postgres_place *place)
{
	AUTO_ARENA arena = arena_new();

	(void)ask(arena, "postgres",
	          arena_printf(arena, "DROP DATABASE IF EXISTS %s WITH (FORCE)", place->database));
	(void)ask(arena, "postgres", arena_printf(arena, "DROP ROLE %s", place->role));
}

void place_run(const struct postgres_place *place, const char *format, ...)
{
	AUTO_ARENA arena = arena_new();
	const char *sql;
	va_list args;

	va_start(args, format);
	sql = arena_vprintf(arena, format, args);
	va_end(args);
	(void)ask(arena, place->database, sql);
}

const char *place_value(const struct postgres_place *place, const char *format, ...)
{
	AUTO_ARENA arena = arena_new();
	const char *sql;
	va_list args;

	va_start(args, format);
	sql = arena_vprintf(arena, format, args);
	va_end(args);
	return arena_text(place->arena, ask(arena, place->database, sql));
}

struct pg *place_send(const struct postgres_place *place, const char *sql)
{
	const struct pg_query query = {.sql = sql, .stop = PG_STOP_WAITS, .deadline_ms = 300};
	struct pg *pg = administrator(place->arena, place->database);
	struct pg_reply reply;

	pg_exchange(pg, &query, place->arena, &reply);
	return pg;
}

void place_end(struct pg *pg)
{
	pg_close(pg);
}

const char *place_url(const struct postgres_place *place, struct arena *arena, const char *role,
                      const char *parameters)
{
	return arena_printf(arena, "postgresql://%s@127.0.0.1:%s/%s%s%s", role,
	                    need("HEADGATE_TEST_PGPORT"), place->database, parameters ? "?" : "",
	                    parameters ? parameters : "");
}

struct database *place_open(const struct postgres_place *place, struct arena *arena,
                            const char *role, const char *parameters)
{
	struct database *database = NULL;
	const struct database_postgres_options options = {
		.url = place_url(place, arena, role, parameters),
		.target = "shop",
	};
	struct error *error = database_postgres_open(arena, &options, &database);

	assert_null(error);
	return database;
}

static struct pg *administrator(struct arena *arena, const char *database)
{
	struct pg_parameters parameters = {.where = database, .deadline_ms = 10000};
	const char *const pairs[][2] = {
		{"host", need("HEADGATE_TEST_PGHOST")},
		{"port", need("HEADGATE_TEST_PGPORT")},
		{"user", need("HEADGATE_TEST_PGUSER")},
		{"dbname", database},
	};
	struct pg *pg = NULL;
	struct error *error;

	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		*LIST_ADD(arena, &parameters.keywords) = pairs[i][0];
		*LIST_ADD(arena, &parameters.values) = pairs[i][1];
	}
	error = pg_connect(arena, &parameters, &pg);
	if (error)
		fail_msg("%s: %s", error->what, error->why);
	return pg;
}

static const char *ask(struct arena *arena, const char *database, const char *sql)
{
	const struct pg_query query = {
		.sql = sql, .stop = PG_STOP_WAITS, .keep_rows = true, .deadline_ms = 30000};
	struct pg *pg = administrator(arena, database);
	struct pg_reply reply;
	const char *cell = NULL;

	pg_exchange(pg, &query, arena, &reply);
	pg_close(pg);
	if (reply.failed)
		fail_msg("%s%s", sql_error_full(arena, &reply.error), sql);
	for (size_t i = 0; i < reply.count; i++) {
		if (pg_row_count(&reply, i))
			cell = pg_cell(&reply, i, pg_row_count(&reply, i) - 1, 0);
	}
	return cell;
}

static const char *need(const char *name)
{
	const char *value = getenv(name);

	if (!value)
		fail_msg("%s is not set: run this test under tests/with-postgres", name);
	return value;
}
