/* One baseline at work, and what its two files ask of each other. Private to the engine. */
#pragma once

#include "engine/baseline.h"
#include "engine/work.h"

struct baselining { /* one baseline at work */
	struct work *work;
	const struct baseline_wish *wish;
	struct baseline_made made;
	struct server server;
	struct ledger ledger;
	struct tree tree;
	int64_t epoch; /* of the fence as it is now; 0: the target has none */
};

/* Is the ledger another's? */
bool baseline_is_foreign(const struct baselining *baselining);
/* Every row judged, and what is missing counted. The errors of engine_baseline about ledger and tree. */
FALLIBLE baseline_judge(struct baselining *baselining);
/* Rows for what the person counts as applied; the ledger is read again after them. */
FALLIBLE baseline_mark_applied(struct baselining *baselining);
