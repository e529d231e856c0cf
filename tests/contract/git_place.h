/*
 * A bare repository of git's own programs as a remote, for tests of what speaks to git: made in a scratch folder,
 * without any configuration of the machine. Functions fail the running test when git does.
 */
#pragma once

#include "adapters/git_objects.h"

struct git_place {
	struct arena *arena;
	const char *folder; /* scratch; removed by git_place_remove */
	const char *remote, *mirror;
};

/* NULL: git said no. Else its standard output without white space at the ends. */
const char *git_place_try(struct git_place *place, const char *const *arguments, struct bytes input);
#define GIT_TRY(place, ...) git_place_try((place), (const char *const[]){__VA_ARGS__, NULL}, (struct bytes){0})
const char *git_place_must(struct git_place *place, const char *const *arguments, struct bytes input);
#define GIT_MUST(place, ...) git_place_must((place), (const char *const[]){__VA_ARGS__, NULL}, (struct bytes){0})

struct git_place git_place_new(struct arena *arena); /* with an empty remote whose default branch is main */
void git_place_remove(struct git_place *place);
const char *git_place_put(struct git_place *place, enum git_kind kind, struct bytes bytes);
void git_place_set_branch(struct git_place *place, const char *name, const char *commit); /* NULL: removes it */
void git_place_remove_folder(const char *folder);
