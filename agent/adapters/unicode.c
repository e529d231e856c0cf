/*
 * utf8proc behind one function. Names of pure ASCII, nearly all of them, never reach the library.
 */
#include "adapters/unicode.h"

#include <stdbool.h>
#include <utf8proc.h>

#include "base/error.h"

static bool fold_ascii(char *text);

const char *unicode_fold(struct arena *arena, const char *text)
{
	char *folded = arena_text(arena, text);
	utf8proc_uint8_t *mapped = NULL;
	utf8proc_ssize_t size;

	if (fold_ascii(folded))
		return folded;
	size = utf8proc_map((const utf8proc_uint8_t *)text, 0, &mapped,
	                    UTF8PROC_NULLTERM | UTF8PROC_STABLE | UTF8PROC_COMPOSE |
	                            UTF8PROC_CASEFOLD);
	if (size < 0)
		BUG("unicode_fold: %s",
		    utf8proc_errmsg(size)); /* invalid UTF-8 is refused before, memory aborts */
	folded = arena_copy(arena, mapped, (size_t)size);
	free(mapped);
	return folded;
}

static bool fold_ascii(char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text >= 0x80)
			return false;
		if (*text >= 'A' && *text <= 'Z')
			*text = (char)(*text - 'A' + 'a');
	}
	return true;
}
