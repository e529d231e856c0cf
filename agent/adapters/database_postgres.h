/*
 * The database port on PostgreSQL 14 and later, by libpq (R11, R12). What it means to be called
 * while a file is half done is the port's business (ports/database.h); here are only the ways in.
 */
#pragma once

#include "model/database_url.h"
#include "ports/database.h"

struct database_postgres_options {
	const char *url;      /* or */
	const char *url_file; /* a secret's file, read again at each connect; wins over url */
	const char *target;   /* for application_name: "headgate/<target>" */
	struct text_list password_command; /* run again at each connect; empty: none */
	enum tls_default tls_default;
};

/*
 * Costs nothing: nothing is read or connected before database_connect. The texts are copied. Lives
 * in the arena, but needs database_close. Calls that need a connection and have none answer
 * ERR_DB_LOST.
 */
FALLIBLE database_postgres_open(struct arena *arena,
                                const struct database_postgres_options *options,
                                struct database **ret_database);

/*
 * The URL as it is now; no command is run for the password. `database` must come from database_postgres_open. Errors: ERR_DB_URL and those of
 * file_read_secret.
 */
FALLIBLE database_postgres_url(struct database *database, struct arena *arena,
                               struct database_url *ret_url);
