/*
 * Statements of one file out of PostgreSQL's raw parse tree. Runs in the bounded child only: the parser may crash.
 * Private to parser_pgquery.
 */
#pragma once

#include "model/script.h"

#define TREE_GRAMMAR "PostgreSQL 15"

struct tree_refusal {
	const char *message; /* as the parser gave it */
	int position;        /* 1-based, in characters (code points), not bytes; 0: not known */
};

/*
 * Calls `found` once for each statement, in file order; all its texts live in the arena. Returns false, and fills
 * ret_refusal, when the file cannot be parsed; then nothing was found.
 */
bool tree_parse(struct arena *arena, struct bytes sql,
                void (*found)(void *context, const struct statement *statement), void *context,
                struct tree_refusal *ret_refusal);
