/*
 * A repository in memory behind ports/source.h. It shares the rules for trees and histories with
 * the real adapter, so that stages meet the same refusals; only remote and mirror are made up.
 * Script it:
 *
 *   struct source_memory *memory = source_memory_new(arena);
 *   struct git_build build = source_memory_build(memory);
 *   const char *tree = BUILD_TREE(&build, {.path = "migrations/1_a/migration.sql", .text = "SELECT 1;"});
 *   source_memory_set_branch(memory, "main", build_commit(&build, &(struct build_commit){.tree = tree}));
 */
#pragma once

#include "fakes/git_build.h"
#include "ports/source.h"

struct source_memory;

struct source_memory *source_memory_new(struct arena *arena); /* default branch: main */
struct source *source_memory_source(struct source_memory *memory);
struct git_build source_memory_build(struct source_memory *memory);

void source_memory_set_branch(struct source_memory *memory, const char *name,
                              const char *commit); /* NULL: no more */
/* Any other ref: a tag, the head of a pull request. */
void source_memory_set_ref(struct source_memory *memory, const char *name,
                           const char *id); /* NULL: no more */
/* Who brings this object is told ERR_GIT_LIMIT. */
void source_memory_set_huge(struct source_memory *memory, const char *id);
void source_memory_set_default(struct source_memory *memory, const char *branch);
/* The remote is away: head and a fetch that needs it fail with ERR_GIT_UNREACHABLE. */
void source_memory_set_down(struct source_memory *memory, bool down);
size_t source_memory_fetches(const struct source_memory *memory); /* those that asked the remote */
