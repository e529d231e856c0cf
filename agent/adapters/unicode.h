/* Unicode as far as names need it; this module alone includes utf8proc (ADR 0006). */
#pragma once

#include "base/arena.h"

/*
 * One form for all names that a file system may take for the same: NFC of the full case folding
 * (Unicode standard, chapter 3.13). `text` must be valid UTF-8. The result is for comparing, never
 * for showing.
 */
const char *unicode_fold(struct arena *arena, const char *text);
