/*
 * A fuzz target: one file that reads one input, as libFuzzer hands it over (clang, preset `fuzz`) or as replay.c reads it
 * from corpus/ (an ordinary test). What a target must say beyond "it does not crash" it says with HOLDS. Own an arena, give
 * it back: leaks are findings.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HOLDS(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__,          \
			        #condition);                                                       \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

static inline bool same_bytes(struct bytes a, struct bytes b)
{
	return a.size == b.size && (!a.size || memcmp(a.data, b.data, a.size) == 0);
}

static inline bool same_error(const struct error *a, const struct error *b)
{
	if (!a || !b)
		return a == b;
	return a->row == b->row && text_equal(a->what, b->what) && text_equal(a->why, b->why);
}

/* Every refusal says what and what to do. */
static inline bool is_told(const struct error *error)
{
	return error->what && *error->what && error->hint && *error->hint;
}
