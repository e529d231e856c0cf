/*
 * The text of a note. The current word comes first, on one line, then when it was said and by which run, then the
 * earlier words, newest first:
 *
 *     success headgate/shop: applied 2 migrations in 1.3 s
 *       2026-11-24 23:32:17 UTC, run 41, https://headgate.example/runs/41
 *       2026-11-24 23:32:15 UTC  pending  backup 168 KiB done, applying 2 migrations
 *
 * Pure. Private to adapters.
 */
#pragma once

#include <stdint.h>

#include "model/status.h"

#define NOTE_TEXT_MAXIMUM (64 * 1024) /* bytes; the oldest words are dropped beyond it */

/*
 * The note with one more word. Saying what it says already changes nothing (and returns `note` itself), but for the
 * run and link, which become those of the newer one. Whatever else somebody wrote into the note is kept, indented.
 */
const char *note_text_add(struct arena *arena, const char *note, const struct status *status,
                          int64_t wall_us);
