/* A pass of a target that is only observed: others deploy, Headgate says what it would do. Private to the engine. */
#pragma once

#include "engine/work.h"

/* Is nothing written to the target's database? */
bool observes(const struct work *work);
/*
 * After looking, whatever came of it: follows the ledger (look again then), or says on the commits what would be done.
 * A refusal or a halt is no error here. What is one: there is no baseline, or branch or ledger could not be seen.
 */
FALLIBLE observe(struct work *work, struct error *error, bool *ret_again);
