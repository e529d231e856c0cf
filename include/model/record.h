/*
 * Records: what the agent meant, did and saw, as it is written into the journal. Append only; each record carries the
 * digest of the one before it. The tables that the agent reads back (runs, deployed migrations, refusals, outbox …)
 * are made from the same records in the same transaction; see ports/journal.h.
 */
#pragma once

#include "base/node.h"
#include "model/status.h"

enum record_kind {
#define RECORD(name, text, sentence) RECORD_##name,
#include "model/records.def"
#undef RECORD
	RECORD_KIND_COUNT
};

#define RUN_NONE 0
#define RUN_NEW (-1) /* the journal gives the next number; see journal_write */

struct record {
	enum record_kind kind;
	const char *target;    /* NULL for what belongs to no target */
	int64_t run;           /* RUN_NONE, RUN_NEW, or a number */
	const char *stage;     /* NULL where it means nothing */
	const char *migration; /* a migration's name, or NULL */
	const char *commit;    /* full id, or NULL */
	const struct node
		*body; /* a map with the keys that records.def names for the kind; NULL: empty */
	struct bytes
		archive; /* RECORD_DEPLOYED, RECORD_ARCHIVED, RECORD_FINGERPRINT: bytes kept beside the record
				* under their SHA-256 (the body names the digest); size 0: none */
};

struct records { /* what one transaction writes */
	struct record *items;
	size_t count, room;
};

const char *record_kind_name(enum record_kind kind); /* "stage_done" */
bool record_kind_find(const char *name, enum record_kind *ret_kind);

/* A record as it is kept: a row of the journal. Texts that mean nothing are NULL, run is RUN_NONE then. */
struct kept_record {
	int64_t seq, at_us; /* seq: 1, 2, 3 … without a gap */
	const char *kind, *target;
	int64_t run;
	const char *stage, *migration, *commit;
	const char *body;              /* compact JSON */
	const char *previous, *digest; /* 64 hex digits each */
};

/*
 * SHA-256 over the digest before and every column, each with its length in front, so that no two rows read alike.
 * All journals use it, so a chain can be checked with any of them. `digest` of the row is not looked at.
 */
const char *record_digest(struct arena *arena, const struct kept_record *record);
/* What the first record of a journal names as the digest before it: it binds the chain to the journal. */
const char *record_chain_start(struct arena *arena, const char *identity);

/* The body of a STATUS record. */
struct node *record_status_body(struct arena *arena, const struct status *status,
                                const struct text_list *forges);
