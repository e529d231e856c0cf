/*
 * The ledger: `_prisma_migrations` as Prisma keeps it (R15), and beside it our own row in
 * headgate.deployed. A name may have several rows; its state is its applied row's, else its newest row's.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum row_state {
	ROW_APPLIED,     /* finished_at, no rolled_back_at */
	ROW_OPEN,        /* neither: a failed or running try; blocks every Prisma deploy (P3009) */
	ROW_ROLLED_BACK, /* both: rolled back on purpose */
	ROW_FAILED_TRY,  /* rolled_back_at alone: counts as never applied */
};

struct ledger_row {
	const char *id; /* UUID */
	const char *checksum;
	const char *name;
	int64_t started_us;
	int64_t finished_us;    /* 0: NULL */
	int64_t rolled_back_us; /* 0: NULL */
	int64_t steps;
};

struct deployed_row {       /* headgate.deployed */
	const char *ledger; /* schema of the ledger */
	const char *target;
	int64_t epoch; /* the fence */
	const char *journal;
	const char *commit;
	const char *tree;  /* digest of the migrations tree */
	const char *chain; /* head of the journal's chain */
	int64_t at_us;
	const char *
		xid; /* of the transaction that wrote the row last, its low 32 bits; NULL: not known */
};

struct ledger {
	const char *schema;
	bool schema_exists;
	bool has_table;       /* _prisma_migrations is there */
	bool schema_is_empty; /* no table, view, type, function or sequence in it but the ledger */
	struct ledger_row *items; /* by started_at, then id */
	size_t count, room;
	bool has_deployed;
	struct deployed_row deployed;
};

enum row_state ledger_row_state(const struct ledger_row *row);
const struct ledger_row *ledger_applied(const struct ledger *ledger,
                                        const char *name); /* its applied row, or NULL */
const struct ledger_row *ledger_newest(const struct ledger *ledger,
                                       const char *name); /* NULL: none */
const struct ledger_row *ledger_find(const struct ledger *ledger, const char *row_id);
const struct ledger_row *ledger_open_row(
	const struct ledger *ledger); /* the first open one, or NULL */

/* Does headgate.deployed name another journal, or another target? */
bool ledger_is_foreign(const struct ledger *ledger, const char *target, const char *journal);

enum ledger_change_kind {
	LEDGER_APPLIED,        /* insert a finished row (way one) */
	LEDGER_OPENED,         /* insert an open row (ways two and three) */
	LEDGER_FINISHED,       /* the open row is finished */
	LEDGER_FAILED,         /* the open row becomes a failed try: rolled_back_at, logs */
	LEDGER_FAILED_TRY,     /* insert a failed try (way one) */
	LEDGER_ROLLED_BACK,    /* rolled_back_at on a finished row (way one of a down) */
	LEDGER_REOPENED,       /* finished_at emptied before a down in ways two and three */
	LEDGER_DOWN_FINISHED,  /* finished_at written back, rolled_back_at set */
	LEDGER_DOWN_WITHDRAWN, /* finished_at written back: the down had no effect */
	LEDGER_LOGGED,         /* logs of an open row that stays open: what went wrong */
	LEDGER_RESOLVED_APPLIED, /* insert as `prisma migrate resolve --applied` does: no step was run */
	LEDGER_RESOLVED_ROLLED_BACK, /* rolled_back_at on an open row, its logs stay */
};

struct ledger_change {
	enum ledger_change_kind kind;
	const char *row_id;
	const char *name, *checksum; /* inserts */
	int64_t started_us;          /* inserts */
	int64_t finished_us; /* APPLIED, FINISHED, DOWN_FINISHED, DOWN_WITHDRAWN, RESOLVED_APPLIED */
	int64_t rolled_back_us; /* FAILED, FAILED_TRY, ROLLED_BACK, DOWN_FINISHED, RESOLVED_ROLLED_BACK */
	const char *logs;       /* FAILED, FAILED_TRY, LOGGED: no row data; RESOLVED_APPLIED: "" */
};
