/*
 * One connection to PostgreSQL, by libpq; pg.c alone includes it. What the server says to a query
 * is a reply and not an error, because only the caller knows what it means for its own work. A
 * connection depends on nothing but its parameters: neither PG… variables nor files of the home
 * folder (.pgpass, .postgresql/, .pg_service.conf) are looked at. Private to adapters.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/secret.h"
#include "model/sql_error.h"

#define PG_CONNECT_MS 10000                    /* when the parameters name no connect_timeout */
#define PG_REPLY_MAXIMUM (256UL * 1024 * 1024) /* bytes of the rows that one reply may hold */

struct pg; /* owned by whoever connected; pg_close */

struct pg_parameters { /* libpq's connection parameters, in pairs */
	struct text_list keywords, values;
	const struct secret *password; /* NULL: none */
	const char *where;             /* the database's name for messages; holds no password */
	uint64_t deadline_ms;
	bool tls_assumed; /* that TLS is checked was not asked for: messages say so */
};

enum pg_stop {
	PG_STOP_CANCELS, /* when asked to stop, the statement is cancelled and its end waited for */
	PG_STOP_LEAVES,  /* the statement stays with the server; the connection is useless */
	PG_STOP_WAITS,   /* short or decisive work: goes on */
};

struct pg_query {
	const char *sql;           /* one or more statements; one only with values */
	const char *const *values; /* for $1, $2, … as text; NULL in it: NULL */
	size_t count;              /* of values; 0: a simple query */
	enum pg_stop stop;
	bool keep_rows;       /* else they are read and forgotten, in constant memory */
	uint64_t deadline_ms; /* 0: none. After it the reply counts as lost */
	void (*tick)(
		void *context); /* called about every tick_ms while nothing comes; may be NULL */
	void *context;
	uint64_t tick_ms;
	bool (*meanwhile)(
		void *work); /* called once, with the query on its way; false: it is cancelled */
	void *work;
};

struct pg_result {          /* of one statement that ended well */
	const char *tag;    /* "INSERT 0 1" */
	size_t columns;     /* 0: no rows belong to it */
	const char **items; /* cells, row by row; NULL is NULL */
	size_t count, room; /* of cells */
};

struct pg_reply {
	struct pg_result *items; /* in order, up to the failure */
	size_t count, room;
	bool failed;
	struct sql_error error; /* the first one, when failed */
	bool lost;              /* the connection broke, or its deadline passed: pg_close it */
	bool stopped;           /* failed because we were asked to stop and cancelled it */
	bool left;       /* PG_STOP_LEAVES came true: nothing was read to its end, pg_close it */
	bool copy_ended; /* a COPY … FROM STDIN was met and ended with an error */
};

enum pg_transaction { PG_IDLE, PG_IN_TRANSACTION, PG_IN_FAILED, PG_BROKEN };

/* Adds what every connection has: keepalives, and nothing of libpq's files. pg_connect does so by itself. */
void pg_always(struct arena *arena, struct text_list *keywords, struct text_list *values);
/* Errors: ERR_DB_UNREACHABLE, ERR_DB_AUTH, ERR_DB_TLS, ERR_STOPPED. */
FALLIBLE pg_connect(struct arena *arena, const struct pg_parameters *parameters,
                    struct pg **ret_pg);
void pg_close(struct pg *pg); /* accepts NULL; does not wait for a running statement */
int pg_server_version(const struct pg *pg);
int pg_backend(
	const struct pg *pg); /* the process id that the server, or a pooler, told at the start */
bool pg_is_encrypted(const struct pg *pg); /* does TLS protect the way to whoever answers? */
enum pg_transaction pg_transaction(const struct pg *pg);

void pg_exchange(struct pg *pg, const struct pg_query *query, struct arena *arena,
                 struct pg_reply *ret_reply);

/* The cell of a reply's n-th result, NULL when it is not there. */
const char *pg_cell(const struct pg_reply *reply, size_t result, size_t row, size_t column);
size_t pg_row_count(const struct pg_reply *reply, size_t result);

const char *pg_literal(struct pg *pg, struct arena *arena,
                       const char *text); /* NULL becomes NULL */
const char *pg_identifier(struct pg *pg, struct arena *arena,
                          const char *name); /* with its quotes */
