/*
 * A keyring in memory: a script of commit id -> verdict. A signed commit without a line is by a stranger, an unsigned
 * one is unsigned whatever the script says. Counts its calls, and breaks on request.
 */
#pragma once

#include "ports/keyring.h"

struct keyring_memory_line {
	const char *commit;
	struct verdict verdict;
	int64_t valid_after, valid_before; /* of the key; both inclusive */
	bool revoked;
};

struct keyring_memory {
	struct keyring base; /* &memory->base is the keyring */
	struct arena *arena;
	struct {
		struct keyring_memory_line *items;
		size_t count, room;
	} lines;
	size_t judged;        /* calls of judge */
	size_t failures;      /* so many calls of judge and digest fail from now on … */
	enum error_code code; /* … with this error; ERR_KEYRING unless set */
	bool closed;
};

/* Lives in the arena; closing only marks it. */
struct keyring_memory *keyring_memory_new(struct arena *arena);
/*
 * From now on the commit has this verdict; principal NULL: nobody's. The line is returned so that a test may date or
 * revoke it; it is stale after the next call.
 */
struct keyring_memory_line *keyring_memory_script(struct keyring_memory *memory, const char *commit,
                                                  enum verdict_kind kind, const char *principal);
