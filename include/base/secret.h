/*
 * A secret has no string to print. secret_reveal is the only way in, and tests/house lists its callers.
 */
#pragma once

#include "base/arena.h"

struct secret; /* lives in the arena it was made in */

struct secret *secret_new(struct arena *arena, struct bytes bytes); /* copies */
const char *secret_reveal(const struct secret *secret);
