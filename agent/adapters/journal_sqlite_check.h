/* Looking through the whole journal. */
#pragma once

#include "adapters/journal_sqlite_library.h"

/* The chain, the archive, and every table that records make. ERR_JOURNAL_DAMAGED names the first that does not fit. */
FALLIBLE check_journal(struct sqlite *sqlite, struct arena *arena, int64_t *ret_records);
