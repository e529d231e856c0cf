/*
 * Plans drawn as words, for the tests of model/plan.h. Lists are separated by spaces; `x=1` is migration x whose SQL
 * is the text 1.
 *
 *   tree, head   "a=1 b=2 c"     c: a folder without migration.sql. head NULL: as the tree. "-": the folder is not there
 *   ledger       "a=1"           applied, and ours    "a=1:other"  applied by another program
 *                "a=1:open", "a=1:rolled", "a=1:failed"; "a=1:lost" ours, and gone from
 *                              the ledger; "a=1:undone" ours, and another hand set rolled_back_at
 *   held         "c@R"           rolled back, removed by step R
 *   accepted     "a"             the last row of a; "a=2": the bytes 2 count as its
 *   asked        "a"             a person asked to roll the last row of a back
 *   downs        "a=1"           a down script is archived for these bytes, which are not deployed
 *   steps        "S:+a,-b,~c,=d" S added a, removed b, changed c's SQL, changed something else of d. "!S:…" S did not
 *                                pass. "+.x" is a loose file
 *
 *   ahead        steps beyond the horizon
 *
 * The outcome: "-b@S +a@S =c@S"; "=": adopted, "*": late, "^T": released by T.
 */
#pragma once

#include "model/plan.h"

struct drawn_plan {
	const char *sentence;
	const char *tree, *ledger, *held, *steps, *head, *ahead, *accepted, *asked, *downs;
	bool disposable;
	const char *outcome;  /* when it is made */
	enum error_code code; /* else; with the entry at fault, or NULL */
	const char *culprit;
	const char *says; /* what the error must hold */
};

struct plan_input *plan_draw(struct arena *arena, const struct policy *policy,
                             const struct drawn_plan *drawn);
const char *plan_words(struct arena *arena, const struct plan *plan);
/* Everything that the error says, in one text. */
const char *error_words(struct arena *arena, const struct error *error);
