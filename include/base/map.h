/*
 * A map from texts to pointers, in an arena; a zeroed struct is an empty one. Keys are copied, nothing is taken out.
 */
#pragma once

#include <stddef.h>

#include "base/arena.h"

struct map_slot {
	const char *key; /* NULL: free */
	void *value;
};

struct map {
	struct map_slot *slots;
	size_t slot_count, count;
};

/* Where the key's pointer stands, NULL when it is new. Stale after the next map_at of the same map. */
void **map_at(struct map *map, struct arena *arena, const char *key);
