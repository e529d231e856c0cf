/* A folder for one test's journal, and ways to look at its file and to spoil it behind the agent's back. */
#pragma once

#include "adapters/journal_sqlite.h"

struct place {
	struct arena *arena;
	const char *folder; /* removed with all that is in it */
	const char *path;   /* folder/state/journal.db; neither is there yet */
};

/* For cmocka: *state is a struct place. */
int place_set_up(void **state);
int place_tear_down(void **state);
#define PLACE_CASE(test) cmocka_unit_test_setup_teardown(test, place_set_up, place_tear_down)

void place_empty(struct place *place); /* removes the state folder's files */
struct journal *place_open(struct place *place, bool read_only);
struct error *place_try(struct place *place, bool read_only); /* opens and closes again */
/* Statements by a plain connection of SQLite's. The test fails when they do. */
void place_execute(struct place *place, const char *sql);
const char *place_refusal(struct place *place,
                          const char *sql);    /* SQLite's words, or NULL when it was done */
const char *place_digest(struct place *place); /* of the file's bytes */

/* `count` SEEN records in one call. */
struct error *place_see(struct journal *journal, struct arena *arena, size_t count);
/* A run that leaves something in every table that records make. */
void place_fill(struct journal *journal, struct arena *arena);
void place_must(struct error *error);
void place_expect(struct error *error, enum error_code code, const char *words);
