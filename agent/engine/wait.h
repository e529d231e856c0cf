/*
 * Waiting: look, tell what is missing, look again, until it is there or the time is over. Private to the engine.
 */
#pragma once

#include "engine/engine.h"

struct awaited {                   /* what a look found */
	bool is_over;              /* there is nothing left to wait for */
	struct error *outcome;     /* of what is over: why it will not come; NULL: it is there */
	const char *label;         /* else one word for people: "waiting", "held", */
	const char *text;          /* what is waited for, */
	const char *next;          /* and what a person can do meanwhile; NULL: nothing but wait */
	struct error *at_time_out; /* NULL: ERR_WAIT_TIME, with the text as the reason */
};

/*
 * One look. An error says that it could not look: what may heal (RETRY, WAIT, a missing right) is waited for, all else
 * ends the wait. `arena` lives until the next look.
 */
typedef struct error *wait_look(void *context, struct arena *arena, struct awaited *ret_awaited);

/* NULL: it is there. `what` is for the time-out: "the database does not have all migrations". */
FALLIBLE wait_until(const struct wait_options *options, wait_look *look, void *context,
                    const char *what, struct arena *arena);

/* The migrations of a folder on this machine, as Prisma lists them (R14); bytes and checksums, no downs. */
FALLIBLE wait_read_folder(struct arena *arena, const char *path, struct migrations *ret_migrations);
