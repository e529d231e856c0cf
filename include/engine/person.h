/*
 * What a person says about one target, on the agent's own host: which row counts and which does not, what is to go
 * back, and that the agent shall leave it alone for a while. Each is a record of the journal; `resolve --applied` and
 * `--rolled-back` also write rows, exactly as Prisma's `migrate resolve` does (R15), under its lock and our fence.
 * All may be repeated. Whoever may run the agent may say these things; the journal keeps who it was.
 */
#pragma once

#include "engine/engine.h"

#define REASON_MAXIMUM 200 /* code points */

enum resolution {
	RESOLVE_APPLIED,     /* the ledger shall say that it is applied; nothing runs */
	RESOLVE_ROLLED_BACK, /* the failed try is taken back by hand: the next pass may send it again */
	RESOLVE_ACCEPT,      /* the applied row may stand as it is, whatever the branch says */
	RESOLVE_ACCEPT_EDIT, /* the branch's file counts as the one that was applied */
};

struct resolved {
	const char *did; /* one clause for people: "the failed row is rolled back" */
	bool nothing;    /* it was so already; nothing was written */
};

/*
 * ERR_RESOLVE_UNFIT when ledger or branch are not as the words say (with Prisma's P-code where it has one), ERR_OBSERVES
 * when the target is only observed and a row would be written. ERR_TARGET_BUSY while a run is at work.
 */
FALLIBLE engine_resolve(const struct engine *engine, const struct target *target,
                        enum resolution resolution, const char *name, const char *reason,
                        struct arena *arena, struct resolved *ret_resolved);

/* A held migration may be applied again by the next pass. ERR_RESOLVE_UNFIT when it is not held. */
FALLIBLE engine_unhold(const struct engine *engine, const struct target *target, const char *name,
                       const char *reason, struct arena *arena);

/*
 * Asks for the rollback of one applied migration and makes a pass, which goes through the same gates as a revert. When
 * the pass ends with "no", the ask is withdrawn; when it was interrupted or waits, it stands and the next pass goes on.
 */
FALLIBLE engine_rollback(const struct engine *engine, const struct target *target, const char *name,
                         const char *reason, struct arena *arena, struct pass *ret_pass);

/* `reason` NULL: resume. *ret_changed: false when it was so already (with the same reason). */
FALLIBLE engine_suspend(const struct engine *engine, const struct target *target,
                        const char *reason, struct arena *arena, bool *ret_changed);

enum withdrawing {
	WITHDRAW,
	REINSTATE /* takes it back */
};

struct withdrawn {
	const char *commit; /* its full id */
	bool changed;       /* false: it was so already */
	bool is_deployed;   /* the deployed commit descends from it: what it brought stays */
	bool is_unknown;    /* no such commit was fetched: a pull request's, or one that will be pushed again */
};

/*
 * A signature of this commit, and tags on it, vouch for nothing that waits any more; or do so again. `text` is a full id,
 * or what names one commit of the branch's history. ERR_UNKNOWN_COMMIT for what is neither.
 */
FALLIBLE engine_withdraw(const struct engine *engine, const struct target *target,
                         enum withdrawing withdrawing, const char *text, const char *reason,
                         struct arena *arena, struct withdrawn *ret_withdrawn);
