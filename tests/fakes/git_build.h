/*
 * Git objects as tests need them, also ones that no git command would make: files become trees,
 * trees become commits of canonical bytes. Where they go is the caller's `put`: the memory of a
 * fake, or a real repository.
 */
#pragma once

#include "adapters/git_objects.h"

struct git_build {
	struct arena *arena;
	/* Stores the object and returns its id; equal bytes have equal ids. */
	const char *(*put)(void *context, enum git_kind kind, struct bytes bytes);
	void *context;
};

struct build_file {
	const char *path; /* "prisma/migrations/1_a/migration.sql" */
	const char *text;
	unsigned mode; /* 0: 0100644 */
	/* Instead of `text`: an object that is there already, or a submodule's commit. */
	const char *id;
};

struct build_commit {
	const char *tree;
	const char *parents[8];
	const char *author; /* "Ann <ann@example.org>"; NULL: that one. Also the committer */
	int64_t when;       /* 0: 1700000000 */
	const char *extra;  /* headers behind the committer, each line with its '\n': a gpgsig */
	const char *message;
};

const char *build_blob(const struct git_build *build, const char *text);
const char *build_tree(const struct git_build *build, const struct build_file *files, size_t count);
/* The bytes alone, for those who sign them first. */
struct bytes build_commit_bytes(struct arena *arena, const struct build_commit *commit);
const char *build_commit(const struct git_build *build, const struct build_commit *commit);

#define BUILD_TREE(build, ...)                                                                     \
	build_tree((build), (const struct build_file[]){__VA_ARGS__},                              \
	           sizeof((const struct build_file[]){__VA_ARGS__}) / sizeof(struct build_file))

/* The bytes of an annotated tag without signature, and the object of such bytes with an armor behind them (NULL: none). */
struct bytes build_tag_bytes(struct arena *arena, const char *name, const char *object,
                             const char *type, const char *message);
const char *build_tag(const struct git_build *build, struct bytes bytes, const char *armor);
