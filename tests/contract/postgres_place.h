/*
 * A database of this test's own on the cluster that tests/with-postgres announces, and an
 * administrator's session beside the agent's. Every statement here must succeed: a failure fails
 * the test.
 */
#pragma once

#include "adapters/database_postgres.h"

struct postgres_place {
	struct arena *arena;
	const char *database; /* its name, made of the process's id */
	const char *role; /* a role that may log in, owns the database, and has no other right */
};

struct postgres_place *postgres_place_new(struct arena *arena);
void postgres_place_reset(struct postgres_place *place);  /* drops the database, makes it again */
void postgres_place_remove(struct postgres_place *place); /* database and role */

/* As the superuser, in the database; may be many statements. */
void place_run(const struct postgres_place *place, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The first cell of the last row, in the arena; NULL for NULL or no row. */
const char *place_value(const struct postgres_place *place, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Sends and does not wait: the session stays open until place_end. */
struct pg *place_send(const struct postgres_place *place, const char *sql);
void place_end(struct pg *pg);

/*
 * "postgresql://role@127.0.0.1:port/database?parameters"; the socket's folder instead of the
 * address with by_socket.
 */
const char *place_url(const struct postgres_place *place, struct arena *arena, const char *role,
                      const char *parameters);
struct database *place_open(const struct postgres_place *place, struct arena *arena,
                            const char *role, const char *parameters);
