/*
 * The session that tests of the PostgreSQL adapter share: connected, fenced and locked, as a plain
 * role that owns its fresh database. Set `place` in main before the first test.
 */
#pragma once

#include "unit/base/check.h"

#include "contract/postgres_place.h"

static struct postgres_place *place;
static const struct session_limits limits = {
	.lock_timeout = 1500, .statement_timeout = 20000, .idle_in_transaction_timeout = 60000};

struct session { /* connected, fenced and locked, on a fresh database */
	struct arena *arena;
	struct database *database;
	struct server server;
	struct fence fence;
};

static inline int give_session(void **state)
{
	struct arena *arena = arena_new();
	struct session *session = ARENA_NEW(arena, struct session);

	postgres_place_reset(place);
	place_run(place, "ALTER SCHEMA public OWNER TO %s", place->role);
	session->arena = arena;
	session->fence = (struct fence){.schema = "public", .target = "shop", .journal = "j"};
	session->database = place_open(place, arena, place->role, NULL);
	assert_fine(database_connect(session->database, &limits, true, arena, &session->server));
	assert_fine(database_lock(session->database, 0, arena));
	assert_fine(database_take_fence(session->database, "public", "shop", "j", false, arena,
	                                &session->fence.epoch));
	*state = session;
	return 0;
}

static inline int take_session(void **state)
{
	struct session *session = *state;

	database_close(session->database);
	arena_free(session->arena);
	return 0;
}

#define SESSION_TEST(name) cmocka_unit_test_setup_teardown(name, give_session, take_session)

static inline struct answer send_sql(struct session *session, const char *sql)
{
	struct answer answer;

	assert_fine(database_send(session->database, (struct bytes){sql, strlen(sql)},
	                          &(struct send_options){0}, session->arena, &answer));
	return answer;
}

static inline void must_send(struct session *session, const char *sql)
{
	const struct answer answer = send_sql(session, sql);

	if (answer.failed)
		fail_msg("%s\n%s", sql, sql_error_full(session->arena, &answer.error));
}

static inline const char *setting(struct session *session,
                                  const char *name) /* of the agent's session, told by a table */
{
	must_send(
		session,
		arena_printf(session->arena,
	                     "DROP TABLE IF EXISTS public.told; CREATE TABLE public.told AS SELECT"
	                     " pg_catalog.current_setting('%s') AS setting",
	                     name));
	return place_value(place, "SELECT setting FROM public.told");
}
