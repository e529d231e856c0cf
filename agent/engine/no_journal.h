/* A journal that remembers nothing: for looks without an agent. Only what verify and check ask is answered. */
#pragma once

#include "ports/journal.h"

/* `seen`: when everything is said to have been seen first (seconds); 0: never. Lives in the arena; closing is free. */
struct journal *no_journal(struct arena *arena, int64_t seen);
