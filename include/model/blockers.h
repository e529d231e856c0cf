/*
 * The sessions in whose way a statement stood still: who they are, and what everybody may read of them (R13). Names
 * only: never a query, since it may hold row data. What a reader gets wrong: an empty list is no proof that nobody was
 * there, for a server tells who blocks only while it lasts, and only to a second session.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"

#define BLOCKERS_MAXIMUM 4 /* named; the others are counted */

struct blocker {
	int pid;                        /* 0: a prepared transaction, which has no process */
	const char *application, *user; /* NULL: none, or not for us to see */
	const char *state;              /* "idle in transaction"; NULL: not for us to see */
	uint64_t age_ms;                /* of its transaction; 0: not known */
};

struct blockers { /* the oldest transaction first */
	struct blocker *items;
	size_t count, room;
	size_t more;          /* beside those */
	const char *relation; /* whose lock is waited for; NULL: another kind of lock */
	const char *unknown;  /* count 0: why nobody is named; NULL: nobody was looked for */
};

/* "blocked by pid 4711 (app 'psql', user 'ann', idle in transaction for 4 min) on 'users'"; NULL: nothing to say. */
const char *blockers_words(struct arena *arena, const struct blockers *blockers);
/* A sentence: what to type against the first of them, or where to look. */
const char *blockers_hint(struct arena *arena, const struct blockers *blockers);
struct blockers blockers_copy(struct arena *arena, const struct blockers *blockers);
