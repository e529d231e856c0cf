/*
 * Memory: all that the journal knows about one target, read in one go at the start of a pass. A snapshot; whoever
 * writes records reads it again when it matters.
 */
#pragma once

#include <stdbool.h>

#include "base/node.h"

struct deployed_migration { /* an applied row that the agent wrote or adopted */
	const char *name, *checksum;
	const char *commit; /* the step it is attributed to */
	const char *row_id; /* its row in the ledger */
	const char *
		down_digest; /* the archived down script; NULL: none. journal_archive gives the bytes */
	bool adopted;
	int64_t at_us;
	int64_t run;
};

/* How a migration came to be deployed, or held. Without a down the journal keeps the one that it has archived for the
 * same bytes. */
struct landing {
	const char *name, *checksum, *row_id;
	const char *commit; /* the step that it is attributed to, passed or not */
	int64_t applied_us; /* finished_at of a row that another wrote; 0: not to be told */
	struct bytes down;  /* vouched for; size 0: none */
	bool adopted;
};

struct held_migration {
	const char *name, *checksum, *row_id;
	const char *commit; /* the step that removed it */
	int64_t at_us;
};

struct archived_down { /* of a migration that is not deployed now: held, let go, or from before a baseline */
	const char *name, *checksum;
	const char *digest;
};

struct accepted_row { /* a row that a person accepted as it is */
	const char *name, *row_id;
	const char *
		checksum; /* of the file that counts as the row's from now on (edit); "": that there is no
		            * migration.sql counts; NULL: nothing was said of the file */
	int64_t at_us;
};

struct asked_rollback { /* a person typed `headgate rollback NAME` */
	const char *name, *row_id;
	const char *by, *reason; /* reason may be NULL */
	int64_t at_us;
};

struct override_used {       /* an override tag lifted something in a run */
	const char *payload; /* digest of what was signed, which is what may be used once */
	const char *tag, *commit, *lifts, *by;
	int64_t run;
	const char *outcome; /* of that run; NULL: it is open */
};

struct suspension { /* a person typed `headgate suspend` */
	const char *reason, *by;
	int64_t at_us;
};

struct withdrawal { /* a person typed `headgate withdraw COMMIT`: it and tags on it vouch for nothing that waits */
	const char *commit;
	const char *by, *reason; /* reason may be NULL */
	int64_t at_us;
};

struct refusal {
	const char *commit;    /* the step; NULL when it concerns the whole target */
	const char *migration; /* NULL when it concerns the step */
	const char *stage, *code, *what, *why, *hint;
	const char *rests_on; /* digest of what the decision rests on; another one decides anew */
	bool sticky; /* stands until rests_on changes or `retry`; else decided anew after ten minutes */
	int64_t at_us;
	int64_t run;
};

struct intent { /* of an open run: something may have been sent to the target */
	const char *migration, *action; /* "apply", "roll back" */
	int way;                        /* enum way + 0 */
	int64_t statement, statements;  /* 1-based; 0: the whole file */
	const char *row_id, *checksum, *xid;
	const char *result; /* NULL: no outcome was recorded */
};

struct stage_memory {
	const char *name;
	bool done, stopped;
	int64_t begun_us, took_ms;
	const struct node *evidence;                     /* when done */
	const char *reaction, *code, *what, *why, *hint; /* when stopped */
	int64_t stopped_us;
};

struct run_memory {
	int64_t id;
	const char *target;
	const char *direction; /* "deploy", "rollback" */
	const char *head, *horizon, *plan;
	const struct node *items;   /* list of {action, name, checksum, commit} */
	int64_t begun_us, ended_us; /* ended_us 0: open */
	const char *outcome;        /* NULL: open */
	struct {
		struct stage_memory *items;
		size_t count, room;
	} stages;
	struct {
		struct intent *items;
		size_t count, room;
	} intents;
	const struct node *backup; /* body of the last BACKUP record of the run, or NULL */
};

struct memory {
	const char *target;
	bool has_baseline;
	const char *baseline, *deployed_commit;
	const char *system_identifier; /* of the database at the baseline or the last run */
	struct {
		struct deployed_migration *items;
		size_t count, room;
	} deployed;
	struct {
		struct held_migration *items;
		size_t count, room;
	} held;
	struct {
		struct archived_down *items;
		size_t count, room;
	} downs;
	struct {
		struct refusal *items;
		size_t count, room;
	} refusals; /* those that stand */
	struct {
		struct accepted_row *items;
		size_t count, room;
	} accepted;
	struct {
		struct asked_rollback *items;
		size_t count, room;
	} asked; /* rollbacks by hand that were not carried out yet, oldest first */
	struct {
		struct withdrawal *items;
		size_t count, room;
	} withdrawn;
	struct {
		struct override_used *items;
		size_t count, room;
	} overrides_used;                   /* oldest first */
	const struct suspension *suspended; /* NULL: it is not */
	int64_t epoch;                      /* the fence that this journal took last; 0: none */
	struct run_memory *open_run;        /* NULL: none */
	int64_t last_run;                   /* number of the newest run, 0: none */
	int64_t retried_us;                 /* when a person last asked to try again */
	const char *fingerprint;            /* digest, or NULL */
	size_t undelivered;                 /* statuses that wait in the outbox */
};

const struct deployed_migration *memory_deployed(const struct memory *memory, const char *name);
const struct held_migration *memory_held(const struct memory *memory, const char *name);
/* The archived down script of these bytes, deployed or not; NULL: none. */
const char *memory_down(const struct memory *memory, const char *name, const char *checksum);
const struct accepted_row *memory_accepted(const struct memory *memory,
                                           const char *row_id); /* NULL: nobody did */
const struct asked_rollback *memory_asked(const struct memory *memory, const char *name);
const struct withdrawal *memory_withdrawn(const struct memory *memory,
                                          const char *commit); /* NULL: nobody withdrew it */
/* The run that spent this override: it ended otherwise than superseded. 0: none did. */
int64_t memory_spent(const struct memory *memory, const char *payload);
const struct refusal *memory_refusal(const struct memory *memory, const char *commit,
                                     const char *migration);
/* The first intent of a run whose fate nobody knows yet, or that waits for a person (NULL: all are settled, or no run). */
const struct intent *run_memory_unsettled(const struct run_memory *run);
const struct stage_memory *run_memory_stage(const struct run_memory *run, const char *stage);
