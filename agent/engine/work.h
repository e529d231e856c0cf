/*
 * One pass at work: the ports that were opened so far, the run under way, and what was done. Private to the engine.
 */
#pragma once

#include "engine/engine.h"

struct tally { /* what this pass did for one commit */
	const char *commit;
	size_t applied, rolled_back;
	const char *lifted;  /* "checklist lifted by … (override tag)"; NULL: nothing was */
	const char *by_hand; /* who asked for a rollback, and why; NULL: the branch did */
	uint64_t took_ms;
	bool is_resumed; /* a part of it was done by an earlier pass, whose time is not known here */
};

struct looked { /* a looking stage that passed, to be recorded when the run begins */
	const char *name;
	uint64_t took_ms;
	struct node *evidence;
};

struct work {
	const struct engine *engine;
	const struct target *target;
	struct arena *arena;
	struct ports ports; /* all that were opened */
	const char *schema; /* of the ledger */
	struct run run;
	struct pass *pass;
	struct {
		struct tally *items;
		size_t count, room;
	} tallies;
	struct {
		struct looked *items;
		size_t count, room;
	} looked;
	size_t left;                /* items behind plan.count that the next round is for */
	const char *stopped_at;     /* the stage that gave the answer */
	bool settles;               /* an interrupted run is being settled */
	struct error *target_error; /* an answer that concerns the whole target, in this round */
	const struct refusal
		*standing;      /* a refusal from backup on that still stands, in this round */
	struct statuses posted; /* the newest status of each commit, as far as it was read */
	bool has_posted;
	struct text_list notes; /* of this pass, beside those of its last plan */
	bool began_anew; /* a disposable target: its database went back, and that is settled */
	bool looks;      /* for a person who looks: nothing is logged or written */
	bool speaks;     /* records hold a status: try the outbox */
};

/* One run per target: the lock file is held as long as *ret_fd is open. ERR_TARGET_BUSY names the holder. */
FALLIBLE work_lock(struct work *work, int *ret_fd);
/* Opens what is named and not yet open; PORT_KEYRING and PORT_BACKUP only where the policy needs them. */
FALLIBLE work_open(struct work *work, unsigned ports);
void work_close(struct work *work);
/* A fresh run for the same target, with the journal's memory read anew. */
FALLIBLE work_begin_run(struct work *work);
/* Full id of what a person typed, once the branch was fetched; HEAD is the branch's. */
FALLIBLE work_find_commit(struct work *work, const char *text, const char **ret_commit);
/* The migrations folder of a commit, with the ports that are open. */
FALLIBLE work_read_tree(struct work *work, const char *commit, struct tree *ret_tree);
/* A session for what a person says: it waits for locks no longer than any pass. */
FALLIBLE work_connect(struct work *work, bool for_writing, struct server *ret_server);
/*
 * Prisma's lock, which waits out an orphaned COMMIT, and under it the fence, which keeps a pass of another process from
 * writing beside us. After an error neither is held.
 */
FALLIBLE work_take_fence(struct work *work, bool take_over, struct fence *ret_fence);
void work_leave_fence(struct work *work); /* the lock; the fence stays ours */
/* Hands the stage its ports, performs it, takes them back. Logs. */
FALLIBLE work_perform(struct work *work, const struct stage *stage, uint64_t *ret_took_ms);
FALLIBLE work_settle(struct work *work, const struct stage *stage, bool *ret_done);
/* Writes run->records, if any, in one transaction, and then tries the outbox for a moment. */
FALLIBLE work_write(struct work *work);
/* watch, verify, check, lint. */
FALLIBLE work_look(struct work *work);

/* What an answer leaves in the journal and on the commits (answer.c). */
FALLIBLE answer_look(struct work *work, struct error *error);
FALLIBLE answer_stage(struct work *work, const struct stage *stage, struct error *error,
                      uint64_t took_ms);
/* A refusal from backup on that still stands: cuts the plan before it; *ret_refusal is set when it does. */
FALLIBLE answer_standing(struct work *work, struct error **ret_refusal);
/* Lifts the refusals that no longer hold. */
void answer_lift(struct work *work);
/* Does the same refusal stand already? */
bool answer_is_known(const struct work *work, const char *commit, const char *migration,
                     const struct error *error);

/* Statuses of the steps (statuses.c). */
enum moment {
	MOMENT_BEGUN,
	MOMENT_BACKED_UP,
	MOMENT_DONE,
	MOMENT_LOOKED,
	MOMENT_STOPPED,
	MOMENT_ADOPTED,
	MOMENT_OBSERVED,
	MOMENT_BLIND /* observing, but nothing could be seen */
};
FALLIBLE statuses_add(struct work *work, enum moment moment, struct error *error,
                      const char *at_fault);

/* Texts (words.c); all at most 140 code points. */
const char *words_begun(struct arena *arena, size_t applies, size_t rollbacks);
const char *words_backed_up(struct arena *arena, const struct backup_made *backup, size_t applies,
                            size_t rollbacks);
/* `adopted`: how many of the commit's migrations another program applied. */
const char *words_done(struct arena *arena, const struct policy *policy, const struct tally *tally,
                       size_t adopted);
const char *words_adopted(struct arena *arena, size_t adopted);
const char *words_stopped(struct arena *arena, const struct error *error, int64_t run);
/* Of a target that is only observed: "observe: " and one of these. The first two in any length. */
const char *words_would_do(struct arena *arena, size_t applies, size_t rollbacks);
const char *words_would_stop(struct arena *arena, const struct error *error);
const char *words_observed_stop(struct arena *arena, const struct error *error);
const char *words_cannot_look(struct arena *arena, const struct error *error);
const char *words_observed_adopted(struct arena *arena, size_t adopted);
const char *words_undone(struct arena *arena, const struct error *error, const char *by);
