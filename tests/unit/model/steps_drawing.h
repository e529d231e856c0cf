/*
 * Histories drawn as small tables, for the tests of model/steps.h. A commit is a row: its letter, the letters of its
 * parents, and the files of its migrations path as "a/migration.sql=1 a/down.sql=2 lock=3": groups of one folder
 * stand together, in a fixed order. NULL: the path is not there. "?": it cannot be listed.
 */
#pragma once

#include "model/steps.h"

#define DRAWN_MAXIMUM 24

struct drawn {
	const char *id;      /* one letter for tables, any text for generated ones */
	const char *parents; /* letters, first parent first; "" for a root */
	const char *files;
	enum verdict_kind verdict;
};

struct drawing {
	const struct drawn *items; /* oldest first: parents stand before their children */
	size_t count;
	size_t listed, entered, judged; /* calls of the callbacks */
	const char *fails_at;           /* listing this commit is trouble, not a refusal */
	struct text_list asked;         /* commits that were listed */
};

const struct drawn *drawing_find(const struct drawing *drawing, const char *id);
/* What is reachable from head and not from `deployed` (NULL: everything), newest first. */
struct history drawing_history(struct arena *arena, const struct drawing *drawing,
                               const char *deployed, const char *head);
struct steps_reader drawing_reader(struct drawing *drawing);
struct error *drawing_judge(void *context, struct arena *arena, struct step_commit *commit);

/*
 * What the steps came to, oldest first: "A" does not touch · "B(xB)+" touches, brings x and B, passed · "C(C)!UNSIGNED"
 * refused and stands · "C(C)!UNSIGNED~D" undone by D. "|" stands behind the last step that the plan may hold.
 */
const char *drawing_summary(struct arena *arena, const struct steps *steps);
