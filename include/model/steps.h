/*
 * Steps: the commits on the line from the deployed commit to head, each with what it changes in the migrations path
 * against its base, and whether it passes (R6). Pure: commits and listings come through callbacks.
 *
 *   steps_walk            the line, what each step changes, which commits it brings
 *   steps_judge           who vouches: each step passes or is refused
 *   steps_settle_undone   which refusals no longer stand in the way, and how far the plan may reach (the horizon);
 *                         again after each further refusal
 *
 * What must stay true, and is tested with random histories: every file of the horizon's tree is as the last passed
 * step set it, or as it was deployed, or in a folder that the ledger settles.
 */
#pragma once

#include <stdbool.h>

#include "model/commit.h"
#include "model/folder.h"
#include "model/history.h"
#include "model/target.h"
#include "model/verdict.h"

struct step_commit { /* a commit that a step brings and that touches the migrations path */
	const char *id;
	const struct commit *parsed; /* NULL until judged, or when it is malformed */
	struct verdict verdict;
	bool vouched;                        /* a person's good signature */
	const char *principal, *fingerprint; /* of the good signature; else NULL */
	int64_t seen; /* seconds: when the agent first saw it; 0: it was not asked */
	/* Set while judging: an approval tag stands for it, on the step or on the voucher that it led to. */
	bool tagged;
	/* Set while judging: why a good signature counts for nothing here ("is withdrawn", …); NULL: it counts. */
	const char *objection;
};

struct step_commits { /* oldest first, the step itself last */
	struct step_commit *items;
	size_t count, room;
};

struct step_file { /* a file of the migrations path that a step changed; a folder in a migration counts as one */
	const char *path; /* "20261124_add/migration.sql", "migration_lock.toml" */
	const struct folder_entry *before, *after; /* NULL: not there */
	bool settled; /* in a folder that the ledger has as it is here: it needs no voucher (steps_settle_folder) */
};

struct step_files { /* in the order of their paths' entries */
	struct step_file *items;
	size_t count, room;
};

struct step {
	const char *id;
	const char *base; /* NULL: a root commit, compared with the empty tree */
	size_t base_parent; /* which parent that is, counted from 1 (git revert -m); 0 for a root commit */
	struct text_list parents; /* as the history has them */
	struct changes changes;   /* in the migrations path, against the base; sql_same is set */
	struct step_files files;  /* the same, file by file */
	struct step_commits
		brought; /* reachable from the step and not from its base, differing from any parent in the
	                                migrations path; empty when the step changes nothing */
	struct step_commits
		aside; /* the same of the pull request's branch that vouches for it, as far as the step does not
	                  reach it: after a squash or a rebase. Set while judging */
	bool unreadable; /* its migrations path cannot be listed: see steps_walk */
	bool passed;     /* starts at "no" */
	bool verified;   /* passed because persons signed; false under trust: branch */
	bool settled; /* passed only because the ledger has all that it brings: vouches for nothing */
	const char *
		voucher; /* the commit of a merged branch or of a pull request that vouches for it; NULL: the step's
	                        own signature, tags, or nobody */
	struct text_list
		vouched_by; /* persons, distinct; of a passed step under trust signed and tag */
	struct error *
		refusal; /* why not, in the arena of whoever judged; NULL when it passed or was not judged yet */
	const char *refused_at; /* the stage that refused it: "watch", "verify", "check", "lint" */
	const char *
		undone_by; /* a refused step that no longer stands in the way: the step that undid it (itself, when
	                           it only took back what earlier refused steps had brought) */
};

struct steps { /* oldest first */
	struct step *items;
	size_t count, room;
	size_t horizon; /* how many of them the plan may hold: the tree is that of items[horizon - 1], or the deployed
	                   commit's when 0. Set by steps_settle_undone; steps_walk sets it to count */
};

/*
 * `listing`: the migrations path of a commit, called at most once per commit. `entries`: the entries of one
 * migration's folder by its tree's object id, with `tree` set. What they return outlives the steps; the same tree may
 * be answered by the same folder.
 */
typedef struct error *steps_listing(void *context, const char *id, struct arena *arena,
                                    const struct folder **ret_folder);

struct steps_reader {
	steps_listing *listing, *entries;
	void *context;
};

/*
 * The steps from `deployed` (exclusive) to the history's first commit (head). The history holds what is reachable
 * from head and not from `deployed`, and `deployed` is an ancestor; NULL: everything back to the root. ERR_NO_BASE.
 * About linear in the number of commits.
 *
 * A listing that is answered by a refusal (REACT_REFUSE: a file in the folder's place, a name that is not allowed)
 * does not end the walk, or any writer could stop the branch for good: the step is unreadable and refused with that
 * error, the next readable one is compared with the last readable one, and brings what the unreadable ones brought.
 */
FALLIBLE steps_walk(struct arena *arena, const struct history *history, const char *deployed,
                    const struct steps_reader *reader, struct steps *ret_steps);

/* Parses the raw bytes of a commit into commit->parsed, or makes commit->verdict VERDICT_MALFORMED. */
void step_commit_read(struct arena *arena, struct bytes raw, struct step_commit *commit);

/*
 * Another program applied the migration as the step at index `upto` has it: nothing of it will run, so no file of its
 * folder up to there needs a voucher. Before steps_judge. `settled` false takes it back.
 */
void steps_settle_folder(struct steps *steps, size_t upto, const char *name, bool settled);
/* The newest of the first `count` steps that changed this file, or NULL: it is as it was deployed. */
const struct step *steps_last_set(const struct steps *steps, size_t count, const char *path,
                                  const struct step_file **ret_file);
/* Does a step vouch for what it changed? Passed, and not only for what the ledger has. */
bool step_vouches(const struct step *step);

/*
 * Fills commit->verdict (and ->parsed), which start as unsigned. Called once per brought commit, and not at all under
 * trust: branch. An error means that no verdict could be reached and ends the judging.
 */
typedef struct error *steps_judging(void *context, struct arena *arena, struct step_commit *commit);

/*
 * Trust `all`: a step passes when every commit it brings is vouched for, or every file it changed is settled. Trust `branch`: everything passes,
 * unverified. A step that changes nothing passes. Steps that another stage refused keep that.
 */
FALLIBLE steps_judge(struct arena *arena, enum trust trust, struct steps *steps,
                     steps_judging *judging, void *context);

/*
 * A refused step is undone when each file it changed is as persons last left it: as the last passed step set it, or,
 * where none did, as it was deployed (R6.6; worded so that the outcome does not depend on whether a pass
 * looked in between: an unsigned removal of a signed migration that waits is refused like that of an applied one).
 * Files, not entries: who only ticks a folder's checklist has not taken over its SQL.
 *
 * The horizon is the longest line in whose own tree every refused step of it is undone; a step up to it is undone by
 * one of these, a later one by whatever undoes it at head, and then the first that nothing undoes stands refused.
 */
void steps_settle_undone(struct arena *arena, struct steps *steps);

/* Why nobody vouches for the step: what is wrong with this commit of it. `others`: how many more there are. */
struct error *steps_unvouched(struct arena *arena, const struct step *step,
                              const struct step_commit *commit, size_t others);
/*
 * ERR_FROM_FUTURE when the step, or what it brings, or `other` (NULL: none) is dated later than `latest` (seconds); NULL
 * otherwise. Only for a step that would pass.
 */
struct error *steps_wait_for_dates(struct arena *arena, const struct step *step,
                                   const struct step_commit *other, int64_t latest);
/* Is every file that it changed settled by the ledger? */
bool step_is_settled(const struct step *step);

/* The first step that stands refused (not undone), or NULL. */
struct step *steps_first_refused(struct steps *steps);
bool step_stands_refused(const struct step *step);
/* A step touches when it changes something in the migrations path, or cannot be read there. */
bool step_touches(const struct step *step);
/* ERR_BEHIND for a touching step beyond the horizon, naming the one that stands refused; NULL for any other. */
struct error *steps_behind(struct arena *arena, struct steps *steps, const struct step *step);
struct step *steps_find(const struct steps *steps, const char *id);
/* The newest passed step at or before index `upto` that changed the entry `name` in this way, or NULL. A CHANGED
 * folder counts only when its migration.sql differs. kinds: bit set of 1 << enum change_kind. */
const struct step *steps_last_change(const struct steps *steps, size_t upto, const char *name,
                                     unsigned kinds);
/* "git revert -S -m 1 1a2b3c4d5e": what a person types to undo the step. */
const char *step_undo_command(struct arena *arena, const struct step *step);
