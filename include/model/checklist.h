/*
 * The pre-deployment checklist: five items with stable names (R7), ticked in `checklist.md` of the
 * migration's folder or in the task list of the signed message. Task items are GitHub-flavoured Markdown
 * (`- [x] backup …`), outside code fences, HTML comments and quotes; an item is named by its first word, by
 * `<!-- id:backup -->`, or by its long sentence ("Database backup created").
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

enum checklist_item {
	ITEM_TESTED,
	ITEM_BACKWARD_COMPATIBLE,
	ITEM_BACKUP,
	ITEM_ROLLBACK_PLAN,
	ITEM_TEAM_NOTIFIED,
	ITEM_COUNT
};

struct checklist {
	unsigned ticked;  /* bit set of enum checklist_item */
	unsigned present; /* items that stand there, ticked or not */
	const char *reasons
		[ITEM_COUNT]; /* what follows the name: "rollback-plan: restore takes 4 min" */
};

extern const char
	*const checklist_item_names[ITEM_COUNT + 1]; /* "tested", "backward-compatible", …, NULL */

/*
 * Adds what `text` ticks to `checklist`. ERR_CHECKLIST_ODD for an unknown item (in checklist.md only: `strict`), for
 * an item that stands twice with different marks in one text (two texts add up), and for a rollback-plan tick without
 * a reason. `where` names the place in the error ("checklist.md of '2026…_add'", "the message of 1a2b3c4d5e").
 */
FALLIBLE checklist_read(struct arena *arena, struct bytes text, const char *where, bool strict,
                        struct checklist *checklist);
const char *checklist_line_to_add(enum checklist_item item); /* "- [x] tested" */
