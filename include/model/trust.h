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

/*
 * Who tagged this commit: distinct persons, by approval tags whose signature, header and place were checked. The heads of
 * the pull requests by which the step may have come. Both are asked only where nothing else suffices; what cannot be had
 * is left out, an error ends the judging.
 */
typedef struct error *trust_taggers(void *context, const char *commit, struct arena *arena,
                                    struct text_list *ret_persons);
typedef struct error *trust_pulls(void *context, const struct step *step, struct arena *arena,
                                  struct text_list *ret_heads);

struct trust_rule {
	const struct steps_reader *reader;
	steps_judging *judging; /* at most once per commit; also sets commit->seen */
	trust_between *between;
	trust_last_passed *last_passed;
	trust_allows *allows;   /* NULL: every person of the keyring may */
	trust_taggers *taggers; /* NULL: there are no tags */
	trust_pulls *pulls;     /* NULL: there are no pull requests */
	void *context;          /* of these; the reader has its own */
	uint64_t threshold;     /* distinct persons, at least 1 */
	int64_t oldest; /* seconds: a commit with `seen` before this is too old; INT64_MIN: none is */
	int64_t latest; /* seconds: what a commit dated after this vouches for must wait; INT64_MAX: no limit */
	const char *target; /* for the words: `git tag -s approve/<target>/…` */
};

/*
 * Judges the steps that have no refusal yet, oldest first; they came from steps_walk with the same reader. Sets passed,
 * voucher and vouched_by, or refusal. An error means that no verdict could be reached.
 */
FALLIBLE trust_judge(struct arena *arena, const struct trust_rule *rule, struct steps *steps);

/*
 * Trust `tag`: a step passes when approval tags of `threshold` distinct persons who may do all that it changes stand on it
 * or on later steps; a tag vouches for the line up to its commit. What has too few waits: ERR_NOT_TAGGED. Only the
 * reader, judging, allows, taggers, threshold and target of the rule are used. Sets what trust_judge sets, but no
 * voucher; judging is asked for all that a touching step brings, since its trailers and ticks count only where signed.
 */
FALLIBLE trust_judge_by_tags(struct arena *arena, const struct trust_rule *rule,
                             struct steps *steps);

/* What a person types to approve the commit by a tag, and to push it. */
const char *trust_approve_command(struct arena *arena, const char *target, const char *commit);

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
