/*
 * The workbench of one run: what a stage is given and where it puts what it found. Everything lives in the pass's
 * arena. A stage sees only the ports that its row of the stage table names; the others are NULL.
 */
#pragma once

#include "base/map.h"
#include "model/checklist.h"
#include "model/fingerprint.h"
#include "model/plan.h"
#include "model/tag.h"
#include "model/target.h"
#include "ports/backup.h"
#include "ports/database.h"
#include "ports/forge.h"
#include "ports/journal.h"
#include "ports/keyring.h"
#include "ports/parser.h"
#include "ports/source.h"

enum port_flag {
	PORT_SOURCE = 1 << 0,
	PORT_KEYRING = 1 << 1,
	PORT_DATABASE = 1 << 2,
	PORT_PARSER = 1 << 3,
	PORT_BACKUP = 1 << 4,
	PORT_FORGE = 1 << 5,
	PORT_JOURNAL = 1 << 6,
	PORT_PULLS =
		1 << 7, /* the forges, as far as they can be opened: what they know is a hint */
};

#define FORGES_MAXIMUM 8

struct ports {
	struct source *source;
	struct keyring *keyring; /* NULL under trust: branch */
	struct database *database;
	struct parser *parser;
	struct backup *backup; /* NULL under backup: none */
	struct journal *journal;
	struct forge *forges[FORGES_MAXIMUM];
	size_t forge_count;
};

struct tree_problem {
	struct error *error;
	const char *culprit; /* NULL: the folder itself */
};

struct tree { /* the migrations folder at one commit, read */
	const char *commit;
	bool exists;
	bool has_lock_file; /* migration_lock.toml is there: the folder is still Prisma's, also without migrations */
	const char *id; /* object id of the folder; NULL when it is not there */
	struct migrations migrations;
	struct error *problem; /* why an entry cannot be read as a migration; NULL: all could */
	const char *culprit;   /* that entry */
	struct {
		struct tree_problem *items;
		size_t count, room;
	} problems; /* all of them; the first is `problem` */
};

struct given_pulls { /* heads of pull requests that a person names (headgate verify --pull) */
	struct {
		uint64_t number; /* 0: any */
		const char *commit;
	} * items;
	size_t count, room;
};

struct lifted {             /* by an override tag, in this run */
	const char *commit; /* the step */
	const char *lifts;  /* "checklist", "backup-age=6h" */
	const char *tag, *payload, *by;
	int64_t expires;
};

struct run {
	struct arena *arena;
	const struct config *config;
	const struct target *target;
	const struct policy *policy;
	struct ports ports;
	const struct progress *progress;

	int64_t id;           /* in the journal; 0 before it began */
	int64_t now;          /* seconds: of the whole run, for what may be too old or too early */
	struct memory memory; /* as of the start of the run */

	/* watch */
	const char *branch, *head;
	struct steps steps;       /* since the deployed commit, oldest first */
	struct map listings;      /* commit -> struct folder, read once (run_steps_reader) */
	struct map folders;       /* tree -> the same: most commits have another's */
	struct map left_out;      /* object that run_bring could not bring -> not NULL */
	const char *schema;       /* of the ledger */
	struct text_list schemas; /* owned */
	struct server server;
	struct ledger ledger;
	bool has_ledger; /* it was read */
	struct text_list
		notes;       /* what is told and not refused, since the target is only observed */
	const char *horizon; /* last step before the first that stands refused; head if none */
	struct tree head_tree, tree; /* at head, at the horizon */
	struct plan plan;            /* for the horizon */
	struct error *
		refusal; /* of the first step that stands refused, or NULL: the run goes on up to the horizon */
	struct step *refused_step;

	/* verify */
	const char *keys;                      /* digest of the keyring */
	struct verdicts *verdicts;             /* what stages/verdicts.c knows; NULL: nothing yet */
	const struct given_pulls *given_pulls; /* instead of what the remote has; NULL: ask it */

	struct approvals *approvals; /* what stages/approvals.c read so far; NULL: nothing yet */

	/* check */
	struct ticks *ticks; /* what it listed so far; NULL: nothing yet */

	struct {
		struct lifted *items;
		size_t count, room;
	} lifted; /* recorded when the run begins; of what is not in its plan then, not at all */

	/* backup */
	bool has_backup;
	struct backup_made backup;
	struct text_list invalid_before; /* indexes that were invalid before anything was applied */

	/* apply */
	struct fence fence;
	bool is_followed; /* by another run in the same pass: the target is not at the horizon yet */
	size_t carried_out; /* items of the plan that are done */
	uint64_t apply_ms;

	/* confirm */
	struct fingerprint fingerprint;

	/* what the engine writes with STAGE_DONE, in one transaction */
	struct node *evidence;
	struct records records;
};

/* A stage: one row of the table. It may be repeated, or it has a settle function; there is no third kind. */
struct stage {
	const char *name;
	unsigned ports; /* enum port_flag */
	struct error *(*perform)(struct run *run);
	/*
	 * What an interrupted perform left behind: NULL in the table means that performing again is harmless.
	 * *ret_done: the stage's work is complete and must not be performed again. Writes what it found as records.
	 */
	struct error *(*settle)(struct run *run, bool *ret_done);
	bool looks; /* touches nothing outside: recorded together when the run begins (ADR 0005) */
	const char *does; /* for people: `headgate explain pipeline` */
	const char *stops_when;
};

FALLIBLE watch_perform(struct run *run);
FALLIBLE verify_perform(struct run *run);
FALLIBLE check_perform(struct run *run);
FALLIBLE lint_perform(struct run *run);
FALLIBLE backup_perform(struct run *run);
FALLIBLE backup_settle(struct run *run, bool *ret_done);
FALLIBLE apply_perform(struct run *run);                /* the plan's PLAN_APPLY items */
FALLIBLE revert_perform(struct run *run);               /* the plan's PLAN_ROLL_BACK items */
FALLIBLE apply_settle(struct run *run, bool *ret_done); /* both */
FALLIBLE confirm_perform(struct run *run);
FALLIBLE report_perform(struct run *run);

/*
 * Delivers what is due in the outbox, for at most `budget_ms`; never with a transaction or Prisma's lock open. A forge
 * that cannot be reached is left alone until its items are due again; that is not an error here. *ret_failed (may be
 * NULL) is the last forge's error, for the log.
 */
FALLIBLE report_deliver(struct run *run, uint64_t budget_ms, size_t *ret_delivered,
                        struct error **ret_failed);

/*
 * What verify, check and lint do without planning anew, for whoever wants every refusal and not the first
 * (`headgate preflight`). A refusal of check_item and lint_item is returned as an error with REACT_REFUSE.
 */
FALLIBLE verify_steps(struct run *run); /* each step passes, or has its refusal */
FALLIBLE check_item(struct run *run, const struct plan_item *item);
FALLIBLE lint_parse(struct run *run, struct parser_file **ret_files); /* one per item of the plan */
FALLIBLE lint_item(struct run *run, struct plan_item *item, struct parser_file *file);

/*
 * One commit, as verify judges it: fills commit->verdict, parsed, seen and objection from commit->id. Needs PORT_SOURCE,
 * PORT_KEYRING, PORT_JOURNAL, and run->keys.
 */
FALLIBLE verify_commit(struct run *run, struct step_commit *commit);
/* The same for an annotated tag. *ret_seen: when it was first seen (seconds). */
FALLIBLE verify_tag(struct run *run, const struct tag *tag, int64_t *ret_seen,
                    struct verdict *ret_verdict);

/* Makes the plan anew for the tree of the last step before the first refused one; called by watch, verify, check,
 * lint after they refused a step. Sets horizon, tree, plan, refusal, refused_step. */
FALLIBLE run_replan(struct run *run);

/* Refuses a step at a stage and plans anew. `error` is returned when the commit is no step (it came with the
 * baseline, or was passed long ago). */
FALLIBLE run_refuse_step(struct run *run, const char *stage, const char *commit,
                         struct error *error);

/* The refusal itself when nothing is left to do before it; NULL when the run may go on. */
FALLIBLE run_stop_if_refused(const struct run *run);

/* ERR_NO_BASELINE: without one nothing is known of the steps. */
FALLIBLE run_need_baseline(const struct run *run);

/* Reads the migrations folder of a commit. */
FALLIBLE run_read_tree(struct run *run, const char *commit, struct tree *ret_tree);

/*
 * Brings what these refs name, whose names and objects somebody else chose: one that is more than the mirror takes is left
 * out, takes no other with it, and is not asked for again in this run. `notes`: gets a line for each such; NULL: nobody wants to know.
 */
FALLIBLE run_bring(struct run *run, const struct source_refs *refs, struct text_list *notes);
/* Is the error about that one object alone: it is not there any more, of another kind, too large? */
bool run_is_of_object(const struct error *error);

/* Listings for model/steps.h, read from the run's source. */
struct steps_reader run_steps_reader(struct run *run);

/* What plan_make is given for this tree and these steps: `head` is the tree itself, and no steps lie beyond. */
struct plan_input run_plan_input(struct run *run, const struct tree *tree,
                                 const struct steps *steps);

/* A new record of this run's target and number, at the end of run->records. */
struct record *run_record(struct run *run, enum record_kind kind);

struct record *run_record_deployed(struct run *run, const struct landing *landing);
struct record *run_record_held(struct run *run, const struct landing *landing);
/* That an override was used. */
void run_record_override(struct run *run, const struct lifted *lifted);
/* "checklist lifted by ada@example.org (override tag)" */
const char *run_say_lifted(struct arena *arena, const char *lifts, const char *by);
struct record *run_record_fence(struct run *run, int64_t epoch);
struct record *run_record_fingerprint(struct run *run, const struct fingerprint *fingerprint);
