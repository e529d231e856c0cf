/* The reading half of the journal port, over the tables that records make. Same contracts as ports/journal.h. */
#pragma once

#include "adapters/journal_sqlite_library.h"
#include "ports/journal.h"

FALLIBLE read_memory(struct sqlite *sqlite, const char *target, struct arena *arena,
                     struct memory *ret_memory);
FALLIBLE read_archive(struct sqlite *sqlite, const char *digest, struct arena *arena,
                      struct bytes *ret_bytes);
FALLIBLE read_first_seen(struct sqlite *sqlite, const char *commit, struct arena *arena,
                         int64_t *ret_seconds);
FALLIBLE read_verdict(struct sqlite *sqlite, const char *commit, const char *keys,
                      struct arena *arena, const struct node **ret_body);
FALLIBLE read_runs(struct sqlite *sqlite, const char *target, size_t limit, struct arena *arena,
                   struct runs *ret_runs);
FALLIBLE read_run(struct sqlite *sqlite, int64_t run, struct arena *arena,
                  struct run_memory *ret_run);
FALLIBLE read_statuses(struct sqlite *sqlite, const char *target, size_t limit, struct arena *arena,
                       struct statuses *ret_statuses);
FALLIBLE read_outbox(struct sqlite *sqlite, const char *target, int64_t now_us, size_t limit,
                     bool all, struct arena *arena, struct outbox *ret_outbox);
