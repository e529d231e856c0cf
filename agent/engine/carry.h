/* Carrying a plan out: from backup to report, each stage recorded before and after. Private to the engine. */
#pragma once

#include "engine/work.h"

/* *ret_again: the plan held more than this run carried out; look again. */
FALLIBLE carry_out(struct work *work, bool *ret_again);
/* An open run whose plan is no longer asked for is ended as superseded. */
void carry_end_open_run(struct work *work);
/* Down scripts that passed steps brought or changed for deployed migrations are archived anew. */
void carry_archive_downs(struct work *work);
/* RUN_BEGUN with what the looking stages found. */
void carry_add_run_begun(struct work *work, const char *direction);
/* Adds what was carried out so far to the pass's tallies. */
void carry_count_items(struct work *work);
