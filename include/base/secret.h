/*
 * A secret has no string to print. secret_reveal is the only way in, and tests/house lists its callers.
 */
#pragma once

#include "base/arena.h"

struct secret; /* lives in the arena it was made in */

struct secret *secret_new(struct arena *arena, struct bytes bytes); /* copies */
const char *secret_reveal(const struct secret *secret);

/*
 * For main, before any secret is read: no core dump holds this process's memory, also not of the programs that it starts;
 * and no other process of its user looks into it. (With an address sanitizer the latter may, since its search for leaks does.)
 */
void secrets_guard(void);
