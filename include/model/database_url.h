/*
 * The database URL is Prisma's (`postgresql://user:password@host:port/db?schema=…&sslmode=…`), so that one secret
 * serves both. A table of rows says for each parameter whether it is used, ignored with a word, or refused
 * (R12). Without `sslmode` TLS_VERIFY means verify-full for a remote host, TLS_AS_PRISMA prefer.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/secret.h"
#include "model/target.h"

struct database_url {
	const char *host; /* name, address, or folder of a socket */
	const char *port, *database, *user;
	const struct secret *password; /* NULL: none in the URL */
	const char *schema;            /* of the ledger; "public" when the URL names none */
	bool schema_named; /* the URL has ?schema=: Prisma then sets search_path to it, else not */
	struct text_list keywords, values; /* further libpq connection parameters, in pairs */
	struct text_list ignored;          /* "pgbouncer: a setting of Prisma's client" */
	uint64_t connect_timeout_s;        /* 0: the URL names none */
	bool is_local;                     /* socket or loopback */
	bool says_pooler;                  /* pgbouncer=true */
	bool sslmode_assumed; /* verify-full is our doing: the URL says nothing of it */
};

/* ERR_DB_URL names the parameter and what to write instead; the message never holds the password. */
FALLIBLE database_url_parse(struct arena *arena, const char *url, enum tls_default tls_default,
                            struct database_url *ret_url);
const char *database_url_public(struct arena *arena,
                                const struct database_url *url); /* "shop on db.example:5432" */

enum parameter_treatment { PARAMETER_USED, PARAMETER_IGNORED, PARAMETER_REFUSED };

struct database_url_parameter { /* a row of the table, for `headgate explain database-url` */
	const char *name;
	enum parameter_treatment treatment;
	const char *values;   /* what is allowed; NULL: anything */
	const char *sentence; /* used: what it means. Ignored: why. Refused: what to do instead */
};

const struct database_url_parameter *database_url_parameter(size_t index); /* NULL: no more rows */
