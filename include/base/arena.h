/*
 * Bytes that live and die together. A pass of the agent owns one arena; strings, plans, findings and errors
 * are taken from it and are given back all at once, so code above the base contains no free().
 * Running out of memory aborts: every stage is recorded and can be resumed, so a restart is the tested path.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

#include "base/cleanup.h"

struct arena;

struct bytes {            /* borrowed: lives as long as whatever it came from */
	const char *data; /* data[size] is NUL whenever the bytes came from an arena */
	size_t size;
};

struct arena *arena_new(void);
void arena_free(struct arena *arena); /* accepts NULL */
size_t arena_used(const struct arena *arena);

/* Zeroed, aligned for any type, never NULL. */
void *arena_alloc(struct arena *arena, size_t size);
void *arena_array(struct arena *arena, size_t count, size_t size);    /* count 0 counts as 1 */
void *arena_copy(struct arena *arena, const void *data, size_t size); /* with a NUL behind it */
char *arena_text(struct arena *arena, const char *text);              /* NULL stays NULL */
char *arena_printf(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *arena, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));
struct bytes arena_bytes(struct arena *arena, const void *data, size_t size);

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_array((arena), (count), sizeof(type)))

/*
 * Lists that grow: any struct with the members `items`, `count` and `room`.
 * LIST_ADD returns a pointer to a new zeroed item; earlier pointers into the list become stale.
 */
void *list_room(struct arena *arena, void *items, size_t count, size_t *room, size_t size);
#define LIST_ADD(arena, list)                                                                      \
	((list)->items = list_room((arena), (list)->items, (list)->count, &(list)->room,           \
	                           sizeof *(list)->items),                                         \
	 &(list)->items[(list)->count++])

struct text_list {
	const char **items;
	size_t count, room;
};

static inline void arena_cleanup(struct arena **arena)
{
	arena_free(*arena);
}
#define AUTO_ARENA CLEANUP(arena_cleanup) struct arena *
