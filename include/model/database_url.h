/*
 * The database URL is Prisma's (`postgresql://user:password@host:port/db?schema=…&sslmode=…`), so that one secret
 * serves both. A table of rows says for each parameter whether it is used, ignored with a word, or refused
 * (R12). Without `sslmode` the agent means verify-full for a remote host.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/secret.h"

struct database_url {
	const char *host; /* name, address, or folder of a socket */
	const char *port, *database, *user;
	const struct secret *password; /* NULL: none in the URL */
	const char *schema;            /* of the ledger; "public" when the URL names none */
	bool schema_named; /* the URL has ?schema=: Prisma then sets search_path to it, else not */
	struct text_list keywords, values; /* further libpq connection parameters, in pairs */
	struct text_list ignored;          /* "pgbouncer: a setting of Prisma's client" */
	bool is_local;                     /* socket or loopback */
};

/* ERR_DB_URL names the parameter and what to write instead; the message never holds the password. */
FALLIBLE database_url_parse(struct arena *arena, const char *url, struct database_url *ret_url);
const char *database_url_public(struct arena *arena,
                                const struct database_url *url); /* "shop on db.example:5432" */
