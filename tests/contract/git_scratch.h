/*
 * A bare repository of git's own programs as a remote, for tests of what speaks to git: made in a
 * scratch folder, without any configuration of the machine. Functions fail the running test when
 * git does.
 */
#pragma once

#include "adapters/git_objects.h"

struct git_scratch {
	struct arena *arena;
	const char *folder; /* scratch; removed by git_scratch_remove */
	const char *remote, *mirror;
};

/* NULL: git said no. Else its standard output without white space at the ends. */
const char *git_scratch_try(struct git_scratch *place, const char *const *arguments,
                            struct bytes input);
#define GIT_TRY(place, ...)                                                                        \
	git_scratch_try((place), (const char *const[]){__VA_ARGS__, NULL}, (struct bytes){0})
const char *git_scratch_must(struct git_scratch *place, const char *const *arguments,
                             struct bytes input);
#define GIT_MUST(place, ...)                                                                       \
	git_scratch_must((place), (const char *const[]){__VA_ARGS__, NULL}, (struct bytes){0})

struct git_scratch git_scratch_new(
	struct arena *arena); /* with an empty remote whose default branch is main */
void git_scratch_remove(struct git_scratch *place);
const char *git_scratch_put(struct git_scratch *place, enum git_kind kind, struct bytes bytes);
void git_scratch_set_branch(struct git_scratch *place, const char *name,
                            const char *commit); /* NULL: removes it */
/* Any ref by its full name; NULL: removes it. */
void git_scratch_set_ref(struct git_scratch *place, const char *ref, const char *commit);
void git_scratch_remove_folder(const char *folder);
