/*
 * Wraps a port and lets one call fail, so that "what if this call fails" is a loop over n and not a list by hand.
 * Several ports may share one struct faulty: their calls are counted together. Calls that cannot fail (close,
 * identity, disconnect) are handed on and not counted.
 *
 *	for (faulty.fail_at = 1; run_scenario(…), faulty.calls >= faulty.fail_at; faulty.fail_at++, faulty.calls = 0)
 */
#pragma once

#include "ports/database.h"
#include "ports/journal.h"
#include "ports/source.h"

struct faulty {
	size_t fail_at; /* the call that fails, from 1; 0: none */
	size_t times;   /* so many calls in a row from there on fail; 0: one */
	bool after; /* the call is made, and its answer is lost. Not for journal_write, which promises otherwise */
	enum error_code code;
	const char *only;   /* "database.commit": count only these calls; NULL: all */
	size_t calls;       /* counted so far */
	const char *failed; /* the last call that was made to fail, or NULL */
};

/* Both live in the arena; closing the wrapper closes what it wraps. */
struct journal *faulty_journal(struct arena *arena, struct faulty *faulty, struct journal *inner);
struct source *faulty_source(struct arena *arena, struct faulty *faulty, struct source *inner);
struct database *faulty_database(struct arena *arena, struct faulty *faulty,
                                 struct database *inner);
