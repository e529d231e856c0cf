/*
 * The mirror as a folder of this machine: who may be in it, what must not lie in it, who fetches
 * into it now.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/*
 * Makes the folder if need be and holds its lock on the way. *ret_is_new: there is no repository in
 * it yet, and ret_lock (AUTO_FD) is held until it is made. ERR_GIT_MIRROR: the folder holds
 * something else.
 */
FALLIBLE git_mirror_prepare(struct arena *arena, const char *folder, bool *ret_is_new,
                            int *ret_lock);
/*
 * Waits until no other process fetches, and removes what one that was killed left behind.
 * ERR_GIT_UNREACHABLE after the longest time that a fetch may take.
 */
FALLIBLE git_mirror_lock(struct arena *arena, const char *folder, int *ret_lock);
/* ERR_GIT_MIRROR with the way out: removing the folder costs one fetch. */
FALLIBLE git_mirror_failed(struct arena *arena, const char *folder, const char *aim,
                           const char *why);
