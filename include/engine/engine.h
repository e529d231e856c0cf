/*
 * The engine: which stage next, when to retry, what to record. One pass looks at one target, carries out what is to be
 * done in one or more runs, and returns. Everything is in the journal before it is acted upon, so a pass may be killed
 * at any moment and the next one goes on.
 */
#pragma once

#include "model/arrival.h"
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
	size_t applied, rolled_back, adopted;
	uint64_t took_ms; /* of the apply stages */
	int64_t run;      /* the last run, 0: none */
	struct text_list notes;
	const char *observes; /* mode observe: "would apply 2 migrations", "agrees"; else NULL */
	const char *next;     /* mode observe: what a person does about that; NULL: nothing */
	bool standing; /* the returned error is a refusal that stood before and was not decided anew */
};

/*
 * One pass. NULL: the target agrees with the branch. Otherwise the answer that the pass ended with: RETRY and WAIT look
 * again, REFUSE and HALT say why not; *ret_pass is filled as far as it came in every case.
 * ERR_TARGET_BUSY: another process is at work on this target. A target that is only observed ends with NULL whatever
 * would be done; errors are that there is no baseline, or that it could not be looked at.
 */
FALLIBLE engine_reconcile(const struct engine *engine, const struct target *target,
                          struct arena *arena, struct pass *ret_pass);

/* Looks only: watch, verify, check, lint, without writing anything but the mirror. *ret_run holds steps and plan also
 * when an error is returned (as far as it came). The ports are closed again. */
FALLIBLE engine_look(const struct engine *engine, const struct target *target, struct arena *arena,
                     struct run *ret_run);

/* Lets the next pass decide anew what stands refused. */
FALLIBLE engine_retry(const struct engine *engine, const struct target *target,
                      struct arena *arena);

/* The configuration, read again into `arena`. An error leaves everything as it is. */
typedef struct error *config_again(void *context, struct arena *arena,
                                   const struct config **ret_config);

struct supervision {
	const char *program; /* our own executable */
	const char *const
		*arguments;   /* what stands between its name and `reconcile`, NULL-terminated */
	const char *only;     /* the one target that it is for; NULL: all */
	config_again *reload; /* on SIGHUP */
	void *context;
};

/* The supervisor: looks at ref and ledger, and starts `headgate reconcile` as a child per target when something changed
 * or is due. Returns when asked to stop. Tells a service manager that it is ready, reloading, alive and stopping.
 * ERR_TARGET_BUSY: another one with this state folder is at work. */
FALLIBLE engine_supervise(const struct engine *engine, const struct supervision *supervision,
                          struct arena *arena);

struct wait_options {
	uint64_t timeout_ms; /* 0: one look */
	/* What it waits for, once per change: one word, the rest, and what a person can do (NULL: nothing). The texts
	 * live as long as the call. NULL: nobody listens. */
	void (*tell)(void *context, const char *label, const char *text, const char *next);
	void *context;
};

struct migrations_awaited {
	struct arrival arrival; /* at the last look that could read the ledger */
	size_t brought;         /* migrations in the folder */
	bool was_read;          /* the ledger could be read at least once, and was there */
	uint64_t waited_ms;
};

/*
 * Waits until the ledger has every migration of a folder on this machine. Needs no configuration, and in the database
 * no more than SELECT on the ledger. NULL: it has them. ERR_DB_URL and what is wrong with the folder (ERR_FOLDER_…,
 * ERR_FILE…, ERR_LOCK_PROVIDER) at once; ERR_WAIT_OPEN_ROW, ERR_WAIT_DIFFERS as soon as it is seen; ERR_WAIT_HELD and
 * ERR_WAIT_TIME when the time is over; ERR_STOPPED. *ret_awaited is filled as far as it came in every case.
 */
FALLIBLE engine_wait_migrations(const struct registry *registry, const char *folder,
                                const char *database_url, const struct wait_options *options,
                                struct arena *arena, struct migrations_awaited *ret_awaited);

struct commit_awaited {
	const char *commit;      /* full id; NULL: not known yet */
	const char *state;       /* of its newest status; NULL: it has none */
	const char *description; /* of it */
	const char *deployed;    /* the deployed commit at the last look; NULL: no baseline */
	uint64_t waited_ms;
};

/*
 * Waits for the outcome of a commit (an id, at least four digits of one, or a branch), by the journal and the mirror
 * alone. NULL: it is on the target, or needs nothing there. What stands against it is returned under its own code,
 * when the journal has it, else as ERR_WAIT_FAILED; ERR_WAIT_UNDONE, ERR_WAIT_TIME, ERR_STOPPED. Writes nothing.
 */
FALLIBLE engine_wait_commit(const struct engine *engine, const struct target *target,
                            const char *text, const struct wait_options *options,
                            struct arena *arena, struct commit_awaited *ret_awaited);

/* The two stage tables; *ret_count rows. */
const struct stage *engine_deploy_stages(size_t *ret_count);
const struct stage *engine_rollback_stages(size_t *ret_count);

/* One line for a person or a status: what a step shows for an error. */
const char *words_refused(struct arena *arena, const struct error *error, int64_t run);
