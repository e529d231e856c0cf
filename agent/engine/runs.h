/* The records of a run: begun, its stages, ended; and what was done for which commit. Private to the engine. */
#pragma once

#include "engine/work.h"

/* RUN_BEGUN with the plan, and what the looking stages found (ADR 0005). */
void runs_add_begun(struct work *work, const char *direction);
/* The override tags that this run uses, once each, also when it is gone on with. */
void runs_add_overrides(struct work *work);
/* An open run whose plan is no longer asked for ends: as done when it was confirmed, else as superseded. */
void runs_end_open(struct work *work);
void runs_add_stage_done(struct work *work, const char *stage, uint64_t took_ms,
                         const struct node *evidence);
void runs_add_stage_stopped(struct work *work, const char *stage, const struct error *error,
                            uint64_t took_ms);
void runs_add_ended(struct work *work, const char *outcome);
/* Has the open run carried this item of it out? */
bool runs_did(const struct run *run, const struct run_memory *open, const struct node *item);
/* What the open run did before it was interrupted belongs to the words of its commits, too. */
void runs_count_earlier(struct work *work);
/* Adds what was carried out so far to the pass's tallies. */
void runs_count_items(struct work *work);
