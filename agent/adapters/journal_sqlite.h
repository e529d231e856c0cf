/* The journal in a file of its own, by SQLite. Several processes may have it open at once; see ports/journal.h. */
#pragma once

#include <stdbool.h>

#include "ports/journal.h"

struct journal_sqlite_options {
	const char *path; /* "…/state/journal.db"; its folder is made private when it is missing */
	bool read_only; /* for verbs that look: no file is made (a missing one answers like an empty journal, its
			   * identity is ""), and journal_write fails */
};

/*
 * The journal lives in `arena` until journal_close. It is looked through as far as that is cheap; the whole chain is
 * walked by journal_check. ERR_JOURNAL_NEWER, ERR_JOURNAL_DAMAGED, ERR_FILE_RIGHTS (another owner, open to others),
 * ERR_FILE, ERR_JOURNAL. Never keep it across fork(2): open it again in the child.
 */
FALLIBLE journal_sqlite_open(struct arena *arena, const struct journal_sqlite_options *options,
                             struct journal **ret_journal);
