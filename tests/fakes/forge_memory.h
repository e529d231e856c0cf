/*
 * A forge in memory: keeps every status that was posted, newest per commit and context first in people's eyes, and
 * fails on request. Knows all commits unless it is told which ones exist.
 */
#pragma once

#include "ports/forge.h"

struct forge_memory {
	struct forge base; /* &memory->base is the forge */
	struct arena *arena;
	struct {
		struct status *items;
		size_t count, room;
	} posted;                     /* in the order in which they were taken */
	struct text_list commits;     /* empty: every commit exists */
	size_t posts, flushes, asked; /* calls, also the failed ones; asked: for pull requests */
	size_t failures;              /* so many calls (but for flush) fail from now on … */
	size_t flush_failures;        /* … and so many of flush */
	enum error_code code;         /* … with this error … */
	uint64_t wait_ms;             /* … and this wish */
	bool stored_nevertheless;     /* a failing post stores all the same: the reply was lost */
	bool required;                /* forge_check says that the context must be good to merge */
	struct {
		struct forge_memory_pull *items;
		size_t count, room;
	} pulls; /* what forge_pulls finds, the likeliest first */
	bool closed;
};

struct forge_memory_pull {
	const char *commit;
	uint64_t number;
};

/* Lives in the arena; closing only marks it, so that a test may look at it afterwards and use it again. */
struct forge_memory *forge_memory_new(struct arena *arena);
/* The newest status of the commit in this context, or NULL. */
const struct status *forge_memory_find(const struct forge_memory *memory, const char *commit,
                                       const char *context);
