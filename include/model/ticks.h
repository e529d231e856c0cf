/*
 * Where persons may have ticked for a migration, and whether that still counts (R6.9): in checklist.md as it stands, by
 * the commits that set it so, and in the messages of the commits that set something of the folder. A tick is about the
 * folder as that commit had it; when anything but checklist.md is different at the horizon, it is stale and counts for
 * nothing. Pure: listings come through model/steps.h.
 */
#pragma once

#include "model/steps.h"

struct ticks; /* what was listed is kept between the questions */

struct tick_place {
	const struct step_commit *message; /* in the message of this one; NULL: in checklist.md */
	const char *commit;                /* where it was ticked */
	const char *stale;    /* the file that is different now: "migration.sql"; NULL: it counts */
	const char *stale_in; /* the newest commit of a passed step that made it so; NULL: none */
	const char *stale_by; /* the step that brought that one */
};

struct tick_places { /* oldest first */
	struct tick_place *items;
	size_t count, room;
};

/*
 * `steps` were judged and settled, and may be judged and settled anew between the questions; `deployed` is where they
 * begin (NULL: nowhere): what stands since then was asked for its ticks when it came. Commits that nobody vouches for
 * count for nothing, save those of a step that passed without anybody being asked (trust: branch), as claims, and the
 * checklist.md that an approval tag vouches for, as the tagged commit has it.
 */
struct ticks *ticks_open(struct arena *arena, const struct steps *steps,
                         const struct steps_reader *reader, const char *deployed);
FALLIBLE ticks_find(struct ticks *ticks, const char *migration, struct tick_places *ret_places);

/*
 * Whose message counts for the removal of a migration by this step: commits that themselves took the folder away. What a
 * commit inherits is another's word.
 */
FALLIBLE ticks_find_removers(struct ticks *ticks, const struct step *step, const char *migration,
                             struct step_commits *ret_commits);
