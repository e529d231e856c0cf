/* What the two halves of the plan share: plan.c makes the items, plan_rows.c judges what the ledger holds. */
#pragma once

#include "model/plan.h"

struct name_index { /* for finding by name in large lists */
	struct named {
		const char *name;
		const void *item;
	} * items;
	size_t count;
};

struct name_index name_index_new(struct arena *arena, size_t room);
void name_index_add(struct name_index *index, const char *name, const void *item);
void name_index_sort(struct name_index *index);
const void *name_index_find(const struct name_index *index, const char *name); /* NULL: none */

/* The newest passed step up to the horizon that did this to the entry. */
const struct step *plan_last_change(const struct plan_input *input, const char *name,
                                    unsigned kinds);
/* The step that ended holding; NULL: it is held still. */
const struct step *plan_released_by(const struct plan_input *input,
                                    const struct held_migration *held);

/* plan_rows.c: whether this is the database that was left. A HALT, or NULL. */
FALLIBLE rows_refuse_changed(struct arena *arena, const struct plan_input *input);
/* What persons asked for becomes the whole plan, with plan->by_hand. */
void rows_add_asked(struct arena *arena, const struct plan_input *input, struct plan *plan);
/* Each applied row: fine, adopted, to be rolled back, reported, or refused. */
FALLIBLE rows_judge(struct arena *arena, const struct plan_input *input, struct plan *plan);
