/*
 * A target with one session, as apply sees it: a ledger, a fence, Prisma's lock, transactions, and
 * a script of what the server answers to which SQL. Every text that is not in the script succeeds,
 * and its effect is there once its transaction committed. What a reader gets wrong: closing the
 * session undoes what was open, as a server does.
 */
#pragma once

#include "unit/base/check.h"

#include "fakes/faulty.h"
#include "fakes/journal_memory.h"
#include "fakes/parser_scripted.h"
#include "stages/apply.h"

struct scripted_answer {
	const char *sql;
	const char *sqlstate; /* NULL: it succeeds */
	const char *message, *context;
	struct blockers blockers;           /* seen while it waited */
	const char *tags;                   /* of a success or before the failure, "BEGIN,COMMIT" */
	enum transaction_state transaction; /* afterwards, in ways two and three */
	size_t times;                       /* so often, from the first time on; 0: always */
	bool lost;                          /* the connection breaks */
	bool copy_ended;
	bool took_effect; /* in spite of the failure */
};

struct scripted_probe {
	const char *name;             /* of the index, partition, type */
	enum probe_result results[8]; /* one after the other; the last one stays */
	size_t count;
};

struct world {
	struct database database; /* &world->database is the port */
	struct arena *arena;
	struct run run;
	struct config config;
	struct target target;
	struct policy policy;
	struct journal_memory *journal;
	struct parser_scripted *parser;
	struct faulty faulty;

	/* the server */
	struct ledger ledger;
	struct text_list effects; /* SQL whose effect is there */
	struct text_list sent;    /* SQL in the order in which it came */
	struct text_list cleaned; /* names that were cleaned up */
	struct {
		struct scripted_answer *items;
		size_t count, room;
	} answers;
	struct {
		struct scripted_probe *items;
		size_t count, room;
	} probes;
	const char *deployed_commit, *deployed_tree;
	int64_t epoch;
	const char *outcomes[64]; /* by transaction: committed, aborted, in progress */
	const char *outcome_said; /* instead, for all */
	const char *commit_fails; /* SQLSTATE words */
	const char *system_identifier;
	const char *drops_lock;       /* SQL that drops Prisma's lock */
	bool person_resolves;         /* rows that count as applied may be written */
	const char *ends_transaction; /* SQL that commits ours, as no parser could tell */
	size_t connects, locks, unlocks;

	/* the session */
	bool locked, in_transaction;
	size_t xid;
	struct text_list pending;
	const char *role; /* set by a file, not yet reset */
};

extern const struct database_ops world_ops; /* apply_world_port.c */
struct world *world_new(struct arena *arena);
/* A migration at the end of the plan; blank statements: one plain statement. */
struct plan_item *world_apply(struct world *world, const char *name, const char *sql);
/* Rolls an applied migration back; its row is put into the ledger. */
struct plan_item *world_revert(struct world *world, const char *name, const char *down);
struct scripted_answer *world_answer(struct world *world, const char *sql);
void world_probe(struct world *world, const char *name, const enum probe_result *results,
                 size_t count);
#define WORLD_PROBE(world, name, ...)                                                              \
	world_probe((world), (name), (const enum probe_result[]){__VA_ARGS__},                     \
	            sizeof((const enum probe_result[]){__VA_ARGS__}) / sizeof(enum probe_result))
/* Statements of a script, offsets found by looking for each text in the SQL. */
void world_statements(struct world *world, struct plan_item *item, enum way way, ...)
	__attribute__((sentinel));

/* Begins the run in the journal and reads ledger and memory, as watch would. */
void world_begin(struct world *world);
/* What the engine does when a stage ended: its records become durable, the memory is read anew. */
void world_remember(struct world *world);
/* Nothing of what was not durable is known any more; the session is gone. */
void world_crash(struct world *world);

bool world_has_effect(const struct world *world, const char *sql);
size_t world_times_effective(const struct world *world, const char *sql);
size_t world_times_sent(const struct world *world, const char *sql);
const struct ledger_row *world_row(const struct world *world, const char *name); /* newest */
size_t world_rows(const struct world *world, const char *name);
/* The last result that the journal has for the file's intent. */
const char *world_result(struct world *world, const char *name);
