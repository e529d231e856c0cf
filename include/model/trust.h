/*
 * Trust `signed`: a step passes when persons vouch for what it changes, through whatever merge button it came (R6.11).
 * Pure: the history, the verdicts and what the journal recorded come through callbacks, so that it can be asked without
 * a repository.
 *
 * What must stay true, and is tested with random histories: no step passes that brings a state of a file which no
 * allowed person set or tagged.
 */
#pragma once

#include <stdint.h>

#include "model/steps.h"

/* As source_history: what `to` reaches and `from` (NULL: nothing) does not, newest first; is `from` its ancestor? */
typedef struct error *trust_between(void *context, const char *from, const char *to,
                                    struct arena *arena, struct history *ret_history,
                                    bool *ret_descends);
/*
 * Freshness before the first of the steps: the last passed step up to the deployed commit that changed the entry, or the
 * baseline where the entry stood there and none did; NULL: neither.
 */
typedef struct error *trust_last_passed(void *context, const char *entry, struct arena *arena,
                                        const char **ret_commit);
/* May this person deploy this change? */
typedef bool trust_allows(void *context, const char *principal, const struct change *change);

struct trust_tag { /* an approval tag with a good signature, its header and its place checked */
	const char *commit;
	const char *principal;
};

struct trust_pull { /* the head of the pull request that a step says it merged */
	const char *step, *head;
};

struct trust_rule {
	const struct steps_reader *reader;
	steps_judging *judging; /* at most once per commit; also sets commit->seen */
	trust_between *between;
	trust_last_passed *last_passed;
	trust_allows *allows; /* NULL: every person of the keyring may */
	void *context;        /* of these four; the reader has its own */
	const struct trust_tag *tags;
	size_t tag_count;
	const struct trust_pull *pulls;
	size_t pull_count;
	uint64_t threshold; /* distinct persons, at least 1 */
	int64_t oldest; /* seconds: a commit with `seen` before this is too old; INT64_MIN: none is */
};

struct trust_voucher { /* who vouched for a step; empty when it was refused or changes nothing */
	const char *
		commit; /* on the branch that was merged; NULL: the step's own signature, or tags */
	struct text_list persons; /* distinct */
};

/*
 * Judges the steps that have no refusal yet, oldest first; they came from steps_walk with the same reader. *ret_vouchers:
 * one a step. An error means that no verdict could be reached.
 */
FALLIBLE trust_judge(struct arena *arena, const struct trust_rule *rule, struct steps *steps,
                     struct trust_voucher **ret_vouchers);

/*
 * For trust_last_passed: the line from the baseline to the deployed commit, all of which counts as passed (a refused step
 * of it was undone, and asking it too is only stricter).
 */
struct trust_past {
	struct steps line;
	const char *baseline;
	const struct folder *at_baseline;
};

const char *trust_past_find(const struct trust_past *past, const char *entry);
