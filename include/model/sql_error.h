/*
 * What the server said about a statement, and the part of it that may be shown in public (R13): SQLSTATE,
 * condition name, object, file and line; the primary message only for classes whose messages hold names and not
 * values, and only when no CONTEXT came with it. Never DETAIL, never a query. The full text goes to the run log.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

struct sql_error {
	const char *sqlstate; /* five characters; NULL: the connection was lost */
	const char *severity; /* not localized */
	const char *message;  /* primary */
	const char *detail, *hint, *context;
	const char *schema, *table, *column, *constraint,
		*type; /* names the server gave, or NULL */
	int position;  /* 1-based character position in what was sent; 0: none */
};

const char *sqlstate_condition(const char *sqlstate); /* "unique_violation"; "error" when unknown */
/* "23505 unique_violation on users_email_key, line 3" (+ ": message" where that is safe). */
const char *sql_error_public(struct arena *arena, const struct sql_error *error, struct bytes sent,
                             int first_line);
/* All of it, for the run log (mode 0600). */
const char *sql_error_full(struct arena *arena, const struct sql_error *error);
/* 1-based line of a 1-based character position in UTF-8 text; 0 when position is 0. */
int sql_position_line(struct bytes sent, int position);
bool sqlstate_is_lock(const char *sqlstate); /* 55P03, 40P01: the locks were not to be had */
bool sqlstate_is_transient(
	const char *sqlstate); /* 08…, 57P01, 57P02, 57P03, 53300: the server, not the file */
