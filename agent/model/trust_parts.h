/*
 * What the rule `signed` knows of the history: listings and verdicts, each asked for once, and the side of a step: what a
 * merged branch or a pull request's head reaches and the base does not. And one step under judgement. Private to model/trust*.c.
 */
#pragma once

#include "model/trust.h"

struct known { /* a commit or a tree, by its id */
	const char *id;
	const struct folder *folder;
	struct error *refusal; /* it cannot be listed */
	struct step_commit *judged;
};

struct known_map { /* open addressing, at most half full */
	struct known **slots;
	size_t slot_count, count;
};

struct lore {
	struct arena *arena;
	const struct trust_rule *rule;
	struct known_map commits, trees;
};

struct side {
	struct history history;
	size_t *by_id; /* indexes into the history, sorted by their ids */
	bool *reached; /* by the candidate: what lies between the base and it */
};

enum miss { /* why a commit of the side is not the one; the furthest that any got is what people are told */
	    MISS_NONE,
	    MISS_WHO,
	    MISS_WHOLE,
	    MISS_FRESH,
	    MISS_OWN,
	    MISS_THRESHOLD
};

struct flaw {
	enum miss miss;
	const char *candidate;
	const char *path;                 /* entry or file */
	const struct step_commit *commit; /* that nobody vouches for; NULL: none */
};

struct question { /* one step under judgement */
	struct lore *lore;
	const struct trust_rule *rule;
	const struct steps *steps;
	struct step *step;
	const struct step_commit *signer; /* the step's own verdict */
	bool after_unreadable;
	bool *open; /* by change: not vouched for by the step's signature or by tags on it */
	size_t open_count;
	struct text_list heads;   /* of its sides */
	struct text_list taggers; /* of the step */
	struct flaw flaw;
};

FALLIBLE lore_list(struct lore *lore, const char *commit, const struct known **ret_known);
FALLIBLE lore_judge(struct lore *lore, const char *commit, const struct step_commit **ret_commit);
/* The file's state in a commit, NULL: not there. *ret_readable false: it cannot be listed. */
FALLIBLE lore_state(struct lore *lore, const char *commit, const char *path,
                    const struct folder_entry **ret_entry, bool *ret_readable);
/*
 * Does the commit set the file to this state: differs from every parent? *ret_doubt: it cannot be listed, so it may have
 * set anything.
 */
FALLIBLE lore_sets(struct lore *lore, const char *commit, const struct text_list *parents,
                   const struct step_file *file, bool *ret_sets, bool *ret_doubt);
FALLIBLE lore_descends(struct lore *lore, const char *ancestor, const char *commit,
                       bool *ret_descends);

FALLIBLE side_open(struct lore *lore, const char *base, const char *head, struct side *ret_side);
/* Marks what the candidate reaches; *ret_bases: its merge bases with the step's base. */
FALLIBLE side_reach(struct lore *lore, struct side *side, size_t candidate,
                    struct text_list *ret_bases);

struct error *trust_refuse(struct question *question); /* what nobody vouches for, and why */

bool same_entry(const struct folder_entry *a, const struct folder_entry *b);
bool holds_text(const struct text_list *list, const char *text);
void add_distinct(struct arena *arena, struct text_list *list, const char *text);
