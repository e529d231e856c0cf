/*
 * Walks a whole journal, for scenarios: chain, archive, and every table that records make. Prints
 * "intact", or what does not fit, and ends with 1. Read only, so a pass may be at work.
 */
#include <stdio.h>
#include <stdlib.h>

#include "adapters/journal_sqlite.h"
#include "base/arena.h"
#include "base/error.h"

static struct error *check(struct arena *arena, const char *path);

int main(int count, char **arguments)
{
	AUTO_ARENA arena = arena_new();
	struct error *error;

	if (count != 2) {
		fprintf(stderr, "usage: journal_check JOURNAL\n");
		return 64;
	}
	error = check(arena, arguments[1]);
	printf("%s\n", error ? error_line(arena, error) : "intact");
	return error ? EXIT_FAILURE : EXIT_SUCCESS;
}

static struct error *check(struct arena *arena, const char *path)
{
	const struct journal_sqlite_options options = {.path = path, .read_only = true};
	struct journal *journal = NULL;
	int64_t records = 0;
	struct error *error;

	TRY(journal_sqlite_open(arena, &options, &journal));
	error = journal_check(journal, arena, &records);
	journal_close(journal);
	return error;
}
