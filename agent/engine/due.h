/*
 * Is a pass worth a process? A cheap look at what a pass rests on: where the branch is, the ledger's rows, keys and
 * policy, and what the journal says is due. Private to the engine.
 */
#pragma once

#include "engine/engine.h"

struct due {
	char digest
		[SHA256_HEX]; /* of everything that was seen; another one means that something changed */
	bool is_due;          /* the journal wants another pass now */
	bool refused;         /* a refusal stands that is decided anew after ten minutes */
	bool stands;          /* a refusal stands until what it rests on changes */
	const char *why;      /* a constant text */
};

FALLIBLE due_look(const struct engine *engine, const struct target *target, struct arena *arena,
                  struct due *ret_due);
