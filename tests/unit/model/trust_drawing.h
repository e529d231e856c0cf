/*
 * The rule `signed` asked about a drawn history (steps_drawing.h). What a row does not say: every good commit is signed
 * by ada, the commit D is baseline and deployed commit, and one person is enough.
 */
#pragma once

#include "model/trust.h"
#include "unit/model/steps_drawing.h"

struct trust_scene {
	const char *sentence;
	struct drawn commits[DRAWN_MAXIMUM]; /* the last one is head, unless `head` says another */
	const char *people; /* "x=bob y=cy": who signed, or who is named in an unsigned commit */
	const char *tags;   /* "M=bob,cy": who tagged what */
	bool by_tags;       /* asks the rule `tag` instead */
	const char *pulls;  /* "S=y": the pull request's head of a step */
	const char *deployed, *head;
	uint64_t threshold;
	const char *may_not; /* a person who may not remove anything */
	int64_t oldest;      /* with `seen` 100 for all commits but these: */
	const char *old;     /* letters of commits that were first seen at 1 */
	int64_t latest;      /* with 50 for the dates of all commits but these: */
	const char *ahead;   /* letters of commits that are dated 200 */
	const char *
		outcome; /* "E+ M+x S!NOT_VOUCHED T~U |": passed; by x; refused; undone by U. Steps that touch */
};

const char *trust_scene_outcome(struct arena *arena, const struct trust_scene *scene);
/* Why head was refused; NULL: it was not. */
struct error *trust_scene_refusal(struct arena *arena, const struct trust_scene *scene);
/* "x=bob y=cy" for x: "bob"; NULL: not named. */
const char *trust_scene_word(struct arena *arena, const char *words, const char *id);
