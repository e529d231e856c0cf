/*
 * The plan: ordered items that turn the ledger into the branch. Made by set difference, never by a high-water mark
 * (R4); rollbacks first, newest first, then applies in Prisma's order. A pure function of what is given.
 */
#pragma once

#include "model/ledger.h"
#include "model/memory.h"
#include "model/migration.h"
#include "model/script.h"
#include "model/steps.h"
#include "model/target.h"

enum plan_action { PLAN_ROLL_BACK, PLAN_APPLY };

struct plan_item {
	enum plan_action action;
	const char *name;
	const char *checksum;
	const char *commit; /* the step that it is attributed to */
	struct bytes sql;   /* what will be sent: migration.sql, or the archived down script */
	bool has_sql;       /* false: a rollback without a down script */
	const struct migration *migration; /* PLAN_APPLY: as it stands in the tree */
	const char *
		row_id; /* PLAN_ROLL_BACK: the applied row; PLAN_APPLY: NULL until apply chose one */
	int64_t finished_us;     /* PLAN_ROLL_BACK: finished_at of that row */
	const char *down_digest; /* PLAN_ROLL_BACK: digest of the archived down script */
	bool late;               /* older than the newest applied one */
	const char *released_by; /* it was held; the step that brought it back */
	const struct asked_rollback
		*asked;        /* PLAN_ROLL_BACK: a person typed it; NULL: the branch asks for it */
	struct script script;  /* from lint on */
	uint64_t took_ms;      /* once it was carried out */
	char upto[SHA256_HEX]; /* digest of the plan up to and including this item */
};

struct plan {
	struct plan_item *items;
	size_t count, room;
	size_t rollbacks; /* how many of them roll back; they come first */
	bool by_hand; /* only what persons asked for, which goes first and alone: more may be left to do */
	struct { /* applied rows that another wrote and the branch agrees with: nothing runs */
		struct landing *items;
		size_t count, room;
	} adopted;
	struct text_list edited; /* on a disposable target: names of those that are only reported */
	char digest[SHA256_HEX];
	struct text_list
		notes; /* sentences worth telling: odd names, held migrations, reported rows */
	const char *culprit; /* while it is made: the entry that the refusal is about */
};

struct plan_input {
	const struct policy *policy;
	const struct memory *memory;
	const struct ledger *ledger;
	const struct migrations *tree; /* at the horizon */
	const struct migrations *head; /* at head; the same list when the horizon is head */
	bool tree_exists;              /* the migrations folder is there at the horizon */
	bool has_lock_file;            /* with its migration_lock.toml (ADR 0009) */
	bool disposable;               /* the target's: an edited migration is only reported */
	const char *migrations_path;   /* for messages */
	const struct steps *steps;     /* oldest first, up to the horizon */
	size_t steps_to_head; /* how many steps->items holds with those beyond the horizon; 0: no more */
	const char *horizon; /* commit id */
};

/*
 * Errors, each a row of R4: ERR_OPEN_FAILED_ROW, ERR_DATABASE_WENT_BACK, ERR_FOLDER_MISSING, ERR_EDITED,
 * ERR_ELSEWHERE, ERR_UNEXPLAINED, ERR_RENAMED, ERR_SQUASHED, ERR_MAX_ROLLBACK, ERR_REMOVED_UNVOUCHED, ERR_LATE,
 * ERR_FILE_MISSING. *ret_culprit is set on failure: the entry whose last change is at fault, so that the step that
 * changed it is refused and not the whole target; NULL when it concerns the target (a row, the folder, a HALT).
 */
FALLIBLE plan_make(struct arena *arena, const struct plan_input *input, struct plan *ret_plan,
                   const char **ret_culprit);
/*
 * Would this row be adopted if the branch agreed with it? Also true of one that was adopted. Not of one that Headgate
 * wrote, nor of a held migration, unless a person accepted the row.
 */
bool plan_adopts(const struct policy *policy, const struct memory *memory,
                 const struct ledger_row *row);
void plan_digest(
	struct plan *plan); /* after items changed: `upto` of each, and the digest of all */
const char *plan_action_name(enum plan_action action); /* "roll back", "apply" */
/* "'a' and 2 more were applied by another program and are adopted: nothing runs"; NULL: none are. */
const char *plan_adoptions(struct arena *arena, const struct plan *plan);
/* "apply 2 migrations", "roll back 1 migration, apply 1", "nothing to do" */
const char *plan_summary(struct arena *arena, const struct plan *plan);
