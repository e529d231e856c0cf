/*
 * Arrival: which migrations of an application's own folder the ledger has. It is a question of names and checksums
 * alone; who applied them, and what else the ledger has, does not matter to an application that waits. Pure.
 */
#pragma once

#include "model/ledger.h"
#include "model/migration.h"

struct arrival_difference { /* applied, but from other bytes */
	const char *name;
	const char *brought, *applied; /* checksums: of the folder's file, of the ledger's row */
};

/* Each migration of the folder is in exactly one of the first four, in the folder's order. */
struct arrival {
	struct text_list arrived; /* an applied row with its checksum (R15.6) */
	struct text_list lacking; /* no row, or none but failed tries and open ones */
	struct text_list held;    /* its newest row is rolled back on purpose (R5) */
	struct {
		struct arrival_difference *items;
		size_t count, room;
	} differing;
	struct text_list
		open; /* names of all open rows, also of migrations that the folder has not (R15.2) */
};

/* The texts are those of folder and ledger; the lists are the arena's. */
void arrival_compare(struct arena *arena, const struct migrations *folder,
                     const struct ledger *ledger, struct arrival *ret_arrival);
/* With texts of its own. */
struct arrival arrival_copy(struct arena *arena, const struct arrival *arrival);
bool arrival_is_complete(
	const struct arrival *arrival); /* nothing lacks, is held, differs or is open */
