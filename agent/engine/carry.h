/* Carrying a plan out: from backup to report, each stage recorded before and after. Private to the engine. */
#pragma once

#include "engine/work.h"

/* *ret_again: the plan held more than this run carried out; look again. */
FALLIBLE carry_out(struct work *work, bool *ret_again);
/* Did the open run carry all of its items out, and was interrupted or halted before they were confirmed? */
bool carry_is_unconfirmed(const struct work *work);
/* Confirms them and ends that run, before anything else is begun. */
FALLIBLE carry_confirm(struct work *work, bool *ret_again);
/* Down scripts that passed steps brought or changed for deployed migrations are archived anew. */
void carry_archive_downs(struct work *work);
