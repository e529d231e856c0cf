/* The journal's file: its tables by version, how it is made, and whether it can be trusted. */
#pragma once

#include "adapters/journal_sqlite_library.h"

#define JOURNAL_VERSION 3

/* Makes the file with a new identity unless it is there: complete or absent, 0600, safe beside another maker. */
FALLIBLE schema_create_file(struct arena *arena, const char *path);
/* The tables of the newest version, into an empty database. */
FALLIBLE schema_install(struct sqlite *sqlite, const char *identity, struct arena *arena);
/*
 * Is it a journal, of this version, and whole as far as a look at each open can tell? An older one is brought to this
 * version when `may_write`. ERR_JOURNAL_NEWER, ERR_JOURNAL_DAMAGED.
 */
FALLIBLE schema_trust(struct sqlite *sqlite, bool may_write, struct arena *arena);
/* ERR_JOURNAL_NEWER when another process has brought the file to a newer version meanwhile. */
FALLIBLE schema_check_version(struct sqlite *sqlite, struct arena *arena);
FALLIBLE schema_identity(struct sqlite *sqlite, struct arena *arena, const char **ret_identity);
