/*
 * The pull requests by which a step may have come. A forge that squashes or rebases makes new commits; the signed ones
 * stay reachable from the head of the pull request, which GitHub, Gitea, Forgejo and Pagure keep as refs/pull/N/head and
 * GitLab as refs/merge-requests/N/head. Which number it was is only a hint, and free text: whatever is found there has
 * to vouch by its own signatures. Private to the stages.
 */
#pragma once

#include "stages/run.h"

#define PULLS_OF_STEP_MAXIMUM 2 /* numbers that a step's message may name */

struct pull_numbers {
	uint64_t items[PULLS_OF_STEP_MAXIMUM];
	size_t count;
};

/*
 * The numbers that the message of a commit names: "Merge pull request #7 from …", the last "(#7)" of the subject, "See
 * merge request acme/shop!7". Pure.
 */
struct pull_numbers pull_numbers_of(struct arena *arena, const struct commit *commit);

/*
 * The heads, fetched and kept. Without a number in the message the forges are asked, where one can be. A head that is
 * not there, or too large, is left out; a remote or a forge that cannot be reached is an error (RETRY).
 */
FALLIBLE pull_heads(struct run *run, const struct step *step, struct text_list *ret_heads);
