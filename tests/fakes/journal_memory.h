/*
 * A journal in memory: keeps the records and replays them from the first for each question. It passes the contract
 * (contract/journal_contract.h), so that stages and engine are tested on something true.
 */
#pragma once

#include "ports/journal.h"

struct journal_memory {
	struct journal port; /* &memory->port is the journal */
	struct arena *arena;
	const char *identity;
	struct {
		struct kept_record *items;
		size_t count, room;
	} kept; /* all records, in order; bodies as JSON */
	struct {
		struct bytes *items;
		size_t count, room;
	} archives;
	int64_t at_us; /* the time of the next records; 0: the wall clock */
	bool closed;
};

/* Lives in the arena; closing only marks it, so that a test may look at it afterwards and use it again. */
struct journal_memory *journal_memory_new(struct arena *arena);
/* The newest record of that kind, or NULL. */
const struct kept_record *journal_memory_find(const struct journal_memory *memory,
                                              enum record_kind kind);
/* How many records of that kind there are. */
size_t journal_memory_count(const struct journal_memory *memory, enum record_kind kind);
