/*
 * A database in memory: a ledger, Prisma's lock, the fence, transactions and things that exist. It
 * knows no SQL: a text that no lesson fits succeeds with one tag and without effect. Several
 * sessions share one database_memory, as several connections share a server. What a reader gets
 * wrong: closing a session undoes what was open, as a server does.
 */
#pragma once

#include "ports/database.h"

/* What the server does with a text that contains `contains`; the latest lesson that fits holds. */
struct database_lesson {
	const char *contains;
	const char *const *tags; /* NULL-terminated; NULL: "SELECT 1" alone, or none on failure */
	const char *makes; /* exists for all once its transaction committed; without one at once */
	const char *remnant;            /* an invalid index that it leaves: "pairs_a" */
	const char *index;              /* a valid index that it makes */
	const char *sqlstate, *message; /* NULL: it succeeds */
	struct blockers blockers;       /* of a failure: who was seen in the way */
	bool took_effect;               /* in spite of the failure: the file had its own COMMIT */
	bool leaves_open;               /* it ends inside a transaction of its own */
	bool copy_ended, lost, drops_lock;
	size_t times; /* so often, then it is forgotten; 0: always */
};

struct database_memory {
	struct arena *arena;
	struct { /* the ledgers of the schemas that have books; a test may write rows */
		struct ledger *items;
		size_t count, room;
	} books;
	struct text_list things; /* that exist for everybody */
	struct text_list indexes, remnants;
	struct text_list calls;      /* "begin", "send CREATE TABLE …": of all sessions */
	struct text_list unreadable; /* what database_unreadable answers */
	struct inspection inspection; /* what database_inspect answers */
	struct {
		struct database_lesson *items;
		size_t count, room;
	} lessons;
	struct {
		enum transaction_outcome *items; /* of transaction 1, 2, … */
		size_t count, room;
	} transactions;
	const void *lock_holder; /* a session, or NULL */
	const char *lock_target; /* of the holder */
	struct server server;    /* what connect answers */
	bool unreachable;        /* connect answers ERR_DB_UNREACHABLE */
};

struct database_memory *database_memory_new(struct arena *arena);
void database_memory_teach(struct database_memory *memory,
                           const struct database_lesson *lesson); /* texts are borrowed */
/*
 * A session, not yet connected; the target is for the lock's holder. Lives in the arena of the
 * memory.
 */
struct database *database_memory_session(struct database_memory *memory, const char *target);
/* The books of a schema, made when they are missing: for tests that prepare or look at rows. */
struct ledger *database_memory_books(struct database_memory *memory, const char *schema);
bool database_memory_exists(const struct database_memory *memory, const char *thing);
