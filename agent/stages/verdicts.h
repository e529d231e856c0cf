/*
 * Verdicts on signed objects: commits and tags, by the keyring and the journal of a run. Private to the stages.
 * run->keys must be set. Each object is asked for at most once a run, and once at all as long as the keys stay.
 */
#pragma once

#include "stages/run.h"

/*
 * Before many of them are judged one after another: does the same for all, side by side, so that judging finds them. What
 * cannot be read or judged so is left for whoever asks for it, who gets the error. ERR_STOPPED, errors of the journal.
 */
FALLIBLE verdicts_prepare(struct run *run, const char *const *commits, size_t count);
/* The same for every commit that the steps bring. */
FALLIBLE verdicts_prepare_steps(struct run *run, const struct steps *steps);
/* When this object was first seen (seconds); now, and remembered so, when it is new. */
FALLIBLE verdicts_first_seen(struct run *run, const char *object, int64_t *ret_seconds);
/* The journal's answer for the keys as they are, else the keyring's, which is then remembered. */
FALLIBLE verdicts_judge(struct run *run, const struct seal *seal, int64_t seen,
                        struct verdict *ret_verdict);
