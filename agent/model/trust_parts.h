/*
 * What the rule `signed` knows of the history: listings and verdicts, each asked for once, and the side of a step: what a
 * merged branch or a pull request's head reaches and the base does not. And one step under judgement. Private to
 * model/trust*.c and model/ticks.c, which asks for listings only.
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

struct voucher { /* who vouches for a step; no persons: nobody yet */
	const char *
		commit; /* on the branch that was merged; NULL: the step's own signature, or tags */
	struct text_list persons; /* distinct */
	bool tagged;              /* tags stand for it, and for what led to it */
};

struct question { /* one step under judgement */
	struct lore *lore;
	const struct trust_rule *rule;
	const struct steps *steps;
	struct step *step;
	const struct step_commit *signer; /* the step's own verdict */
	bool after_unreadable;
	bool *open; /* by change: not vouched for by the step's own signature */
	size_t open_count;
	struct text_list heads;   /* of its sides */
	struct text_list taggers; /* of the step */
	struct flaw flaw;
};

/*
 * Who vouch, file by file: else whoever holds one key could hide a file of his own beside one that somebody else signed.
 */
struct persons {
	struct text_list *of_file; /* as many as the step has files */
	struct text_list all;
	struct text_list
		authors; /* who set one of the files, by signature or by the names in an unsigned commit */
};

struct last {               /* the newest passed step that changed an entry, or the baseline */
	const char *commit; /* NULL: neither */
	const char *
		through; /* what vouched for it, and has the entry as it has it; NULL: nothing else */
};

FALLIBLE lore_list(struct lore *lore, const char *commit, const struct known **ret_known);
FALLIBLE lore_list_tree(struct lore *lore, const char *tree, const struct known **ret_known);
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
/* Does the commit differ from every parent in the migrations path? One that cannot be listed may. */
FALLIBLE lore_touches(struct lore *lore, const char *commit, const struct text_list *parents,
                      bool *ret_touches);
FALLIBLE lore_descends(struct lore *lore, const char *ancestor, const char *commit,
                       bool *ret_descends);

FALLIBLE side_open(struct lore *lore, const char *base, const char *head, struct side *ret_side);
/* Marks what the candidate reaches; *ret_bases: its merge bases with the step's base. */
FALLIBLE side_reach(struct lore *lore, struct side *side, size_t candidate,
                    struct text_list *ret_bases);

/* Fills step->aside, for a step that a commit vouches for, and marks what led to that commit when it is tagged. */
FALLIBLE trust_find_aside(struct lore *lore, struct step *step, bool tagged);
struct error *trust_refuse(struct question *question); /* what nobody vouches for, and why */

bool same_entry(const struct folder_entry *a, const struct folder_entry *b);

/* May the person deploy these changes? `which` NULL: all of the step's. */
bool person_allowed(const struct question *question, const char *principal, const bool *which);
bool person_allowed_for(const struct question *question, const char *principal,
                        const struct change *change);
bool file_is_of(const struct step_file *file, const struct change *change);
const struct change *file_change(const struct question *question, const struct step_file *file);

struct persons persons_none(const struct question *question);
/* For the files of these entries; `which` NULL: for all. */
void persons_approve(const struct question *question, struct persons *persons, const char *person,
                     const bool *which);
/*
 * Those that set the file as the step has it: the step itself (side NULL), or what the candidate reaches. *ret_unvouched:
 * one that nobody vouches for, a bad or malformed one above all.
 */
FALLIBLE persons_note_setters(struct question *question, const struct side *side,
                              const struct step_file *file, struct persons *persons,
                              size_t *ret_setters, const struct step_commit **ret_unvouched);
bool persons_enough(const struct question *question, const struct persons *persons);

/* The step has the open entries as the candidate. */
FALLIBLE candidate_is_exactly(struct question *question, const struct folder *folder,
                              bool *ret_same);
/* The step has everything that the candidate changed; *ret_missing stays where it has. */
FALLIBLE candidate_is_whole(struct question *question, const struct folder *folder,
                            const struct text_list *bases, const char **ret_missing);
FALLIBLE candidate_is_whole_on_line(struct question *question, const struct folder *folder,
                                    const char *candidate, const char **ret_missing);
/* It knew the last passed state of each open entry. */
FALLIBLE candidate_is_fresh(struct question *question, const char *candidate,
                            const char **ret_stale);
FALLIBLE find_last_passed(struct question *question, const char *entry, struct last *ret_last);
FALLIBLE knows_last(struct question *question, const struct last *last, const char *commit,
                    bool *ret_knows);
