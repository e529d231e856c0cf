/*
 * Approval and override tags of a run: listed once, brought by object id, judged like any signed object. Private to the
 * stages. What a reader gets wrong: a tag that is no good never fails anything; it counts for nothing, and a note says
 * why. Only what the remote, the journal or the keyring cannot answer now is an error.
 */
#pragma once

#include "model/approval.h"
#include "stages/run.h"

struct standing_override {
	const char *tag; /* "override/shop/<commit>/ada" */
	const char *
		payload; /* digest of what was signed: the same words under another object id are the same override */
	const char *by; /* the person */
	struct override says;
};

struct standing_overrides { /* in the order of their names */
	struct standing_override *items;
	size_t count, room;
};

/* Distinct persons who approve this commit, in the order of the tags' names. run->keys must be set. Never under trust
 * `branch`. May be repeated; the lists live as long as the run. Errors of the remote that heal (RETRY), of the journal
 * and of the keyring. */
FALLIBLE approvals_taggers(struct run *run, const char *commit, struct text_list *ret_persons);
/*
 * What persons with that right lift for this commit: not expired, and not spent by an earlier run. None, without
 * asking anybody, where the policy lets nobody override.
 */
FALLIBLE approvals_overrides(struct run *run, const char *commit,
                             struct standing_overrides *ret_overrides);
/* Of those the one that lifts this, of several ages the longest; NULL: none does. */
FALLIBLE approvals_find(struct run *run, const char *commit, enum lift lift,
                        const struct standing_override **ret_override);
/* It was needed: for the run's records and words. May be repeated. */
void approvals_use(struct run *run, const char *commit, enum lift lift,
                   const struct standing_override *override);
/* What a person types to lift it; NULL: the policy lets nobody override. */
const char *approvals_override_command(struct run *run, const char *commit, const char *lifts);
/* Why tags on this commit count for nothing, of those that were asked for so far. Never NULL. */
const struct text_list *approvals_notes(struct run *run, const char *commit);
/* The first few of them about tags of this kind, each behind "; ". *told, which starts as 0, counts over several commits. */
void approvals_tell(struct run *run, const char *commit, enum approval_kind kind, struct text *text,
                    size_t *told);
