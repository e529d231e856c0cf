/* Adding a record to the chain, and what each kind of record does to the tables that are read back. */
#pragma once

#include "adapters/journal_sqlite_library.h"
#include "model/record.h"

/* The record at the end of the chain; seq 0 and the chain's start when there is none. ERR_JOURNAL_DAMAGED when it
 * does not carry its own digest. */
FALLIBLE record_head(struct sqlite *sqlite, struct arena *arena, struct kept_record *ret_record);
/* Inside a write transaction: the record with its archive, then its projections. */
FALLIBLE record_append(struct sqlite *sqlite, const struct kept_record *record,
                       struct bytes archive, struct arena *arena);
/* Only the projections: for making them again. */
FALLIBLE record_project(struct sqlite *sqlite, const struct kept_record *record,
                        struct arena *arena);

/* The columns of `record` in the order that record_read wants. */
#define RECORD_COLUMNS                                                                             \
	"seq, at_us, kind, target, run, stage, migration, commit_id, body, previous, digest"
void record_read(struct query *query, struct arena *arena, struct kept_record *ret_record);
/* NULL when the record carries the digest that it should; else what is wrong with it. */
const char *record_fault(struct arena *arena, const struct kept_record *record, int64_t seq,
                         const char *previous);
