/*
 * Verdicts on signed objects: commits and tags, by the keyring and the journal of a run. Private to the stages.
 * run->keys must be set.
 */
#pragma once

#include "stages/run.h"

/* When this object was first seen (seconds); now, and remembered so, when it is new. */
FALLIBLE verdicts_first_seen(struct run *run, const char *object, int64_t *ret_seconds);
/* The journal's answer for the keys as they are, else the keyring's, which is then remembered. */
FALLIBLE verdicts_judge(struct run *run, const struct seal *seal, int64_t seen,
                        struct verdict *ret_verdict);
