/*
 * The baseline: a person says from which commit on the branch is to be trusted, and what a database that was there
 * before counts as. May be repeated; executes no migration, and leaves alone what is held or archived (R4).
 *
 *   an empty database        the commit's migrations are trusted as they stand, and applied by the first run
 *   objects, but no ledger   the person says up to which migration they count as applied; rows are written as
 *                            `prisma migrate resolve --applied` writes them
 *   a ledger that Prisma     each applied row that agrees with the commit's tree is adopted; differences are shown, and
 *   or another agent filled  accepted by row when the person says so; the ledger is not touched
 *   the same data elsewhere  the database was moved to another server: only that is taken note of
 */
#pragma once

#include "engine/engine.h"

struct baseline_wish {
	const char *commit; /* an id, a branch or HEAD; not looked at with same_data */
	const char *
		applied_up_to; /* objects but no ledger: the last migration of the tree that counts as applied, or "none" */
	bool accept; /* what ledger and tree differ in may stand */
	bool same_data;
};

struct baseline_made {
	const char *commit;
	size_t migrations; /* in its tree */
	size_t adopted;    /* rows that others wrote and that count as deployed from now on */
	size_t marked;     /* rows that were written since the person said so */
	size_t pending;    /* migrations of the tree that the ledger has not */
	struct text_list differences; /* sentences: what was accepted, or would have to be */
	bool again;                   /* there was a baseline before */
	bool taken_over;              /* the ledger belonged to another journal */
	bool moved;                   /* same_data */
};

/*
 * ERR_BASELINE_FILLED (objects without a ledger and no word about them; a migration that the tree has not),
 * ERR_BASELINE_DIFFERS (differences that were not accepted; *ret_made holds them), ERR_OPEN_FAILED_ROW,
 * ERR_BASELINE_UNSETTLED, ERR_UNKNOWN_COMMIT, ERR_OBSERVES (rows would be written), ERR_TARGET_BUSY;
 * with same_data ERR_DATABASE_WENT_BACK and ERR_JOURNAL_FOREIGN when it is not the same data.
 */
FALLIBLE engine_baseline(const struct engine *engine, const struct target *target,
                         const struct baseline_wish *wish, struct arena *arena,
                         struct baseline_made *ret_made);
