/* What others did to the target and the branch agrees with becomes ours. Nothing runs. Private to the engine. */
#pragma once

#include "engine/work.h"

/* The plan's adoptions: each deployed from now on, the fingerprint as it is now, and the words of their commits, in one
 * transaction. Look again after it. Needs the database as watch left it. */
FALLIBLE adopt(struct work *work);

/*
 * The database of a disposable target went back (a reset, a restored dump): the deployed commit is its baseline, and
 * what the ledger still has of ours is ours. Look again after it. At most once in a pass.
 */
bool adopt_may_begin_anew(const struct work *work, const struct error *error);
FALLIBLE adopt_begin_anew(struct work *work, const struct error *error);
