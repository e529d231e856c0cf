/*
 * The engine: which stage next, when to retry, what to record. One pass looks at one target, carries out what is to be
 * done in one or more runs, and returns. Everything is in the journal before it is acted upon, so a pass may be killed
 * at any moment and the next one goes on.
 */
#pragma once

#include "ports/registry.h"
#include "stages/run.h"

struct engine {
	const struct config *config;
	const struct registry *registry;
	const struct progress *progress; /* NULL: nobody watches */
};

struct pass { /* what one pass did, for people */
	const char *target;
	const char *branch, *head, *deployed; /* deployed: as it is after the pass */
	size_t applied, rolled_back;
	uint64_t took_ms; /* of the apply stages */
	int64_t run;      /* the last run, 0: none */
	struct text_list notes;
	bool standing; /* the returned error is a refusal that stood before and was not decided anew */
};

/*
 * One pass. NULL: the target agrees with the branch. Otherwise the answer that the pass ended with: RETRY and WAIT look
 * again, REFUSE and HALT say why not; *ret_pass is filled as far as it came in every case.
 * ERR_TARGET_BUSY: another process is at work on this target.
 */
FALLIBLE engine_reconcile(const struct engine *engine, const struct target *target,
                          struct arena *arena, struct pass *ret_pass);

/* Looks only: watch, verify, check, lint, without writing anything but the mirror. *ret_run holds steps and plan also
 * when an error is returned (as far as it came). The ports are closed again. */
FALLIBLE engine_look(const struct engine *engine, const struct target *target, struct arena *arena,
                     struct run *ret_run);

/* Who vouches for a commit now. *ret_refusal: why it would be refused, NULL when it is good. Writes nothing. */
FALLIBLE engine_verify(const struct engine *engine, const struct target *target, const char *text,
                       struct arena *arena, struct step_commit *ret_commit,
                       struct error **ret_refusal);

struct baseline_made {
	const char *commit;
	size_t migrations; /* in its tree: trusted as they stand */
	bool again;        /* there was a baseline before */
	bool taken_over;   /* the ledger belonged to another journal */
};

/* A person says: trust this commit. Executes nothing. ERR_BASELINE_FILLED, ERR_BASELINE_UNSETTLED, ERR_UNKNOWN_COMMIT. */
FALLIBLE engine_baseline(const struct engine *engine, const struct target *target,
                         const char *commit, struct arena *arena, struct baseline_made *ret_made);

/* Lets the next pass decide anew what stands refused. */
FALLIBLE engine_retry(const struct engine *engine, const struct target *target,
                      struct arena *arena);

/* The supervisor: looks at ref and ledger, and starts `headgate reconcile` as a child per target when something
 * changed or is due. Returns when asked to stop. `program`: our own executable; `arguments`: what stands between its
 * name and `reconcile` (NULL-terminated). */
FALLIBLE engine_supervise(const struct engine *engine, const char *program,
                          const char *const *arguments);

/* The two stage tables; *ret_count rows. */
const struct stage *engine_deploy_stages(size_t *ret_count);
const struct stage *engine_rollback_stages(size_t *ret_count);

/* One line for a person or a status: what a step shows for an error. */
const char *words_refused(struct arena *arena, const struct error *error, int64_t run);
