/* The commits between the deployed commit and head, as git's graph has them. */
#pragma once

#include "base/arena.h"

#define HISTORY_MAXIMUM 100000 /* commits between the deployed commit and head */

struct history_commit {
	const char *id;
	struct text_list parents; /* all of them, also those outside the history */
};

struct history { /* newest first: every commit stands before its parents */
	struct history_commit *items;
	size_t count, room;
};
