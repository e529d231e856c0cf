/*
 * Owns the bytes of a pass. Blocks are cut from chunks that are freed together; under AddressSanitizer every block is
 * a malloc of its own, so that a read behind a block is seen. Nothing here ever reports running out: it aborts.
 */
#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#if defined(__SANITIZE_ADDRESS__)
#define BLOCKS_APART 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BLOCKS_APART 1
#endif
#endif
#ifndef BLOCKS_APART
#define BLOCKS_APART 0
#endif

#define CHUNK_SIZE ((size_t)64 * 1024)
#define ALIGNMENT _Alignof(max_align_t)
#define SIZE_LIMIT (SIZE_MAX / 4)

struct chunk {
	struct chunk *next;
	size_t room, used;
	_Alignas(max_align_t) char data[];
};

struct arena {
	struct chunk *chunks; /* the first is the one being cut */
	size_t used;
};

static void *zeroed(size_t size);
static struct chunk *chunk_add(struct arena *arena, size_t size);

struct arena *arena_new(void)
{
	return zeroed(sizeof(struct arena));
}

void arena_free(struct arena *arena)
{
	if (!arena)
		return;
	for (struct chunk *chunk = arena->chunks, *next; chunk; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	free(arena);
}

size_t arena_used(const struct arena *arena)
{
	return arena->used;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	struct chunk *chunk = arena->chunks;
	size_t rounded;

	if (size > SIZE_LIMIT)
		BUG("an allocation of %zu bytes", size);
	rounded = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	if (BLOCKS_APART)
		chunk = chunk_add(arena, rounded = size);
	else if (!chunk || chunk->room - chunk->used < rounded)
		chunk = chunk_add(arena, rounded);

	char *block = chunk->data + chunk->used;

	chunk->used += rounded;
	arena->used += size;
	return block;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(count ? count : 1, size, &total))
		BUG("an array of %zu times %zu bytes", count, size);
	return arena_alloc(arena, total);
}

void *arena_copy(struct arena *arena, const void *data, size_t size)
{
	char *copy = arena_alloc(arena, size + 1);

	if (size)
		memcpy(copy, data, size);
	return copy;
}

char *arena_text(struct arena *arena, const char *text)
{
	return text ? arena_copy(arena, text, strlen(text)) : NULL;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	char *text = arena_vprintf(arena, format, args);
	va_end(args);
	return text;
}

char *arena_vprintf(struct arena *arena, const char *format, va_list args)
{
	va_list again;

	va_copy(again, args);
	int size = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (size < 0)
		BUG("the format '%s' cannot be printed", format);

	char *text = arena_alloc(arena, (size_t)size + 1);

	(void)vsnprintf(text, (size_t)size + 1, format, args);
	return text;
}

struct bytes arena_bytes(struct arena *arena, const void *data, size_t size)
{
	return (struct bytes){.data = arena_copy(arena, data, size), .size = size};
}

void *list_room(struct arena *arena, void *items, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return items;

	size_t more = *room ? *room * 2 : 8;
	void *moved = arena_array(arena, more, size);

	if (count)
		memcpy(moved, items, count * size);
	*room = more;
	return moved;
}

static void *zeroed(size_t size)
{
	void *memory = calloc(1, size);

	if (!memory)
		BUG("out of memory: %zu bytes cannot be had", size);
	return memory;
}

/* A block too large for a chunk gets one to itself, behind the one being cut. */
static struct chunk *chunk_add(struct arena *arena, size_t size)
{
	bool apart = BLOCKS_APART || size > CHUNK_SIZE / 4;
	size_t room = apart ? size : CHUNK_SIZE;
	struct chunk *chunk = zeroed(sizeof *chunk + room);

	chunk->room = room;
	if (apart && arena->chunks) {
		chunk->next = arena->chunks->next;
		arena->chunks->next = chunk;
	} else {
		chunk->next = arena->chunks;
		arena->chunks = chunk;
	}
	return chunk;
}
