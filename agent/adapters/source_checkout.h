/*
 * ports/source.h on a repository that a person or a CI job checked out: read as it lies there, and never fetched into,
 * written to or configured. Any text that git rev-parse understands names a commit.
 */
#pragma once

#include "ports/source.h"

/*
 * `path`: the repository, or a folder in it. ERR_GIT_CHECKOUT. The source's calls answer ERR_GIT_SHALLOW where they
 * meet the end of a clone that was cut off. It lives in `arena`; end it with source_close before the arena.
 */
FALLIBLE source_checkout_open(struct arena *arena, const char *path, struct source **ret_source);

/*
 * The agent's mirror in `path`, as it was left: for looks that must not ask the remote. Branches are those that are
 * watched; refs are answered from what was kept (source_bring). ERR_UNKNOWN_COMMIT: there is none yet;
 * ERR_GIT_MIRROR.
 */
FALLIBLE source_mirror_open(struct arena *arena, const char *path, struct source **ret_source);
