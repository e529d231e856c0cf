/*
 * Text: a builder that grows in an arena, and the few things C leaves out. Nothing here depends on the locale.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

struct text { /* zero is not a start: use TEXT_IN(arena) */
	struct arena *arena;
	char *data; /* NUL-terminated as soon as anything was added */
	size_t size, room;
};
#define TEXT_IN(a) ((struct text){.arena = (a)})

void text_add(struct text *text, const char *piece);
void text_add_bytes(struct text *text, const void *data, size_t size);
void text_printf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *text_get(const struct text *text); /* never NULL */
struct bytes text_bytes(const struct text *text);

bool text_equal(const char *a, const char *b); /* NULL equals only NULL */
bool text_starts(const char *text, const char *prefix);
bool text_ends(const char *text, const char *suffix);
const char *text_trim(struct arena *arena, const char *text); /* without white space at both ends */
const char *text_join(struct arena *arena, const struct text_list *list, const char *between);
void text_split(struct arena *arena, const char *text, char separator,
                struct text_list *ret_list); /* empty pieces kept */
bool text_list_has(const struct text_list *list, const char *text);
/* Borrows the text; NULL and what is there already change nothing. */
void text_list_add_once(struct arena *arena, struct text_list *list, const char *text);

/* RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. NUL is valid UTF-8 and is checked apart. */
bool text_is_utf8(const void *data, size_t size);
bool text_has_control(const char *text); /* C0, DEL */

/* The same text; when it is not UTF-8, a copy in which each wrong byte became U+FFFD. */
const char *text_valid(struct arena *arena, const char *text);

/* At most `limit` code points; when cut, the last one is "…". For status lines. Control characters (C0, DEL, C1, line
 * separators) become spaces, wrong bytes U+FFFD. */
const char *text_clip(struct arena *arena, const char *text, size_t limit);

/* As one word of a command line for a shell: a plain word as it stands, anything else in single quotes, clipped as a line.
 * For commands that people are told to type: names of folders and rows are chosen by whoever may push. */
const char *text_word(struct arena *arena, const char *text);

/* The known word nearest to `word` (Levenshtein distance of at most a third of its length, at least 2), or NULL. */
const char *text_nearest(const char *word, const char *const *known, size_t count);

/* Lower-case hex. ret_hex needs 2 * size + 1 bytes. */
void text_hex(const void *data, size_t size, char *ret_hex);
bool text_is_hex(const char *text,
                 size_t digits); /* exactly that many lower-case hex digits, then the end */

const char *text_size(struct arena *arena, uint64_t bytes);            /* "168 MiB" */
const char *text_duration(struct arena *arena, uint64_t milliseconds); /* "1.3 s", "4 min 2 s" */
const char *text_plural(struct arena *arena, size_t count,
                        const char *noun); /* "2 migrations", "1 migration" */

/* Strict numbers: the whole text, no sign, no space. false when it is none or above the maximum. */
bool parse_number(const char *text, uint64_t maximum, uint64_t *ret_number);
/* "500ms", "30s", "15m", "24h", "7d"; a bare number is refused so that nobody guesses the unit. "0" is allowed. */
bool parse_duration(const char *text, uint64_t maximum_ms, uint64_t *ret_ms);
/* "2026-11-24T18:00:00Z", "2026-11-24" (its beginning, UTC), or seconds since 1970; years 1970 to 9999. */
bool parse_time(const char *text, int64_t *ret_seconds);
bool parse_size(const char *text, uint64_t maximum,
                uint64_t *ret_bytes); /* "16MiB", "512KiB", "2GiB", "1TiB", "100" */
