/*
 * A whole site in memory: repository, keyring, target, parser, backups, journal and forge, with a registry that opens
 * them for the engine. Commits are drawn: "a=CREATE a,b=CREATE b|DROP b" is a tree with two migrations, the second with a
 * down script; an empty text leaves only the README.
 *
 *   world->deployed = pass_world_push(world, "", NULL, "Begin"); baseline; push; pass; look at the status
 */
#pragma once

#include "unit/stages/apply_world.h"

#include "engine/baseline.h"
#include "fakes/backup_memory.h"
#include "fakes/forge_memory.h"
#include "fakes/keyring_memory.h"
#include "fakes/source_memory.h"

#define ADA "ada@example.org"

struct pass_world {
	struct arena *arena;
	struct place *place;
	struct world *server; /* the target, the journal and the parser */
	struct source_memory *source;
	struct git_build build;
	struct keyring_memory *keyring;
	struct backup_memory *backup;
	struct forge_memory *forge;
	struct faulty faulty; /* source, database and journal count their calls together */
	struct config config;
	struct target target;
	struct policy policy;
	struct engine engine;
	const char *head;            /* of main */
	int64_t now;                 /* of the next commit */
	struct pass pass;            /* the last one */
	bool has_no_journal;         /* it cannot be opened */
	size_t locks_busy;           /* so often Prisma's lock is not to be had */
	struct text_list invalid;    /* indexes */
	const char *invalid_after;   /* another one, once any SQL of `b` took effect */
	struct text_list grants;     /* that a backup lacks */
	bool is_not_empty;           /* objects without a ledger */
	const char *foreign_journal; /* owns the ledger */
	bool in_recovery;            /* the server is a standby */
	bool another_at_work;        /* holds Prisma's lock */
};

struct pass_world *pass_world_new(
	struct place *place); /* nothing is pushed, and there is no baseline */
struct pass_world *pass_world_begun(
	struct place *place); /* a baseline on a first commit without migrations */
#define TEST_WORLD(name) TEST_IN_PLACE(name)

/* Commits on top of main. `signer` NULL: unsigned. */
const char *pass_world_push(struct pass_world *world, const char *tree, const char *signer,
                            const char *message);
/* The same with parents of the test's choice (NULL-terminated), and without moving main. */
const char *pass_world_commit(struct pass_world *world, const char *const *parents,
                              const char *tree, const char *signer, const char *message);
struct error *pass_world_pass(struct pass_world *world);
/* Passes, until one needs nothing more; at most so many. The last answer. */
struct error *pass_world_settle(struct pass_world *world, size_t most);

/* "success: applied 1 migration in 0 ms", the newest word of the commit; "none". */
const char *pass_world_status(const struct pass_world *world, const char *commit);
/* All words of the commit, in order: "pending: … / success: …". */
const char *pass_world_words(const struct pass_world *world, const char *commit);
/* "1 deploy done, 2 rollback halted": all runs, oldest first. */
const char *pass_world_runs(struct pass_world *world);
struct memory pass_world_memory(struct pass_world *world);
size_t pass_world_records(const struct pass_world *world); /* in the journal */
/* How often the SQL took effect and stays. */
size_t pass_world_effects(const struct pass_world *world, const char *sql);
/* A run with all ports, as a stage sees it, with the journal's memory read. */
struct run *pass_world_run(struct pass_world *world);
