/* What the records of the fake journal come to, told from the first one on. A secret of journal_memory*.c. */
#pragma once

#include "fakes/journal_memory.h"

#define LIST_OF(type)                                                                              \
	struct {                                                                                   \
		type *items;                                                                       \
		size_t count, room;                                                                \
	}

struct told_run {
	struct run_memory run;
	LIST_OF(int64_t) latest; /* beside run.intents: the record of the newest try */
};

struct told_verdict {
	const char *commit, *keys;
	const struct node *body;
};

struct told_down { /* what was archived for a migration, also when it is deployed no more */
	const char *name, *checksum, *down;
};

struct told_seen {
	const char *commit;
	int64_t at_us;
};

enum told_end { WAITS, DELIVERED, SUPERSEDED, FINAL };

struct told_item {
	struct outbox_item item;
	enum told_end end;
};

/* What all records come to; memory, downs and statuses for one target, the rest for all. */
struct told {
	struct arena *arena;
	const char *target;
	struct memory memory;
	LIST_OF(struct told_down) downs;
	struct statuses statuses; /* oldest first */
	LIST_OF(struct told_run) runs;
	LIST_OF(struct told_verdict) verdicts;
	LIST_OF(struct told_seen) seen;
	LIST_OF(struct told_item) items;
	const char *broken; /* the record may not be written, and why */
};

void told_init(struct told *told, const struct journal_memory *memory, const char *target,
               struct arena *arena);
struct told_run *told_run(struct told *told, int64_t id); /* NULL when nobody opened it */
