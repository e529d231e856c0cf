/* Open addressing by FNV-1a. Easily got wrong: growing moves the slots, so nobody keeps a pointer into them. */
#include "base/map.h"

#include <stdint.h>

#include "base/text.h"

#define SLOTS_AT_FIRST 64

static size_t find_slot(const struct map *map, const char *key);
static void grow(struct map *map, struct arena *arena);

void **map_at(struct map *map, struct arena *arena, const char *key)
{
	size_t at;

	if (map->slot_count < 2 * (map->count + 1))
		grow(map, arena);
	at = find_slot(map, key);
	if (!map->slots[at].key) {
		map->slots[at].key = arena_text(arena, key);
		map->count++;
	}
	return &map->slots[at].value;
}

static size_t find_slot(const struct map *map, const char *key)
{
	uint64_t hash = 0xcbf29ce484222325u;
	size_t at;

	for (const char *c = key; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 0x100000001b3u;
	at = hash & (map->slot_count - 1);
	while (map->slots[at].key && !text_equal(map->slots[at].key, key))
		at = (at + 1) & (map->slot_count - 1);
	return at;
}

static void grow(struct map *map, struct arena *arena)
{
	const struct map old = *map;

	map->slot_count = old.slot_count ? 4 * old.slot_count : SLOTS_AT_FIRST;
	map->slots = ARENA_ARRAY(arena, struct map_slot, map->slot_count);
	for (size_t i = 0; i < old.slot_count; i++)
		if (old.slots[i].key)
			map->slots[find_slot(map, old.slots[i].key)] = old.slots[i];
}
