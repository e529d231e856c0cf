/* What targets say of each other, once each of them is read. Private to policy. */
#pragma once

#include "base/node.h"
#include "model/target.h"

/* ERR_CONFIG: two targets on one ledger or one schema; `after` that can never be met. `targets` is for the lines. */
FALLIBLE config_check_together(struct arena *arena, const struct config *config,
                               const struct node *targets);
