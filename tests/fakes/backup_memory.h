/*
 * Backups in memory: counts and remembers them by target and run, writes no file, and fails on request.
 */
#pragma once

#include "ports/backup.h"

struct backup_memory_item {
	const char *target;
	int64_t run;
	struct backup_made made;
	const char *database_id;
	struct text_list schemas;
	int64_t finished_us;
	bool damaged; /* a test may set it: find no longer sees it, and take takes it anew */
};

struct backup_memory {
	struct backup base; /* &memory->base is the backup */
	struct arena *arena;
	struct {
		struct backup_memory_item *items;
		size_t count, room;
	} taken;                    /* finished ones, oldest first */
	size_t takes;               /* calls, also the failed ones */
	size_t looks;               /* calls of find_recent */
	size_t failures;            /* so many calls of take fail from now on … */
	enum error_code code;       /* … with this error */
	uint64_t size;              /* of each backup, told as progress in two steps */
	struct backup_request last; /* what was asked for the last time; its texts are borrowed */
	bool closed;
};

/* Lives in the arena; closing only marks it. */
struct backup_memory *backup_memory_new(struct arena *arena);
