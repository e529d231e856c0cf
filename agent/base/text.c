/*
 * Owns the making of text: the builder, trimming, UTF-8, numbers for people. Reading numbers back is text_parse.c.
 * Nothing here asks the locale, so isspace() and friends are not used.
 */
#include "base/text.h"

#include <inttypes.h>

#include "base/error.h"

#define WORD_MAXIMUM 64   /* longer words are nobody's typing error */
#define TYPED_MAXIMUM 300 /* code points of a name in a command */

static void text_more(struct text *text, size_t size);
static bool is_space(char letter);
static size_t code_point(const char *data, size_t size, uint32_t *ret_point);
static bool is_control(uint32_t point);
static size_t distance(const char *a, const char *b);

void text_add(struct text *text, const char *piece)
{
	text_add_bytes(text, piece, strlen(piece));
}

void text_add_bytes(struct text *text, const void *data, size_t size)
{
	text_more(text, size);
	if (size)
		memcpy(text->data + text->size, data, size);
	text->size += size;
	text->data[text->size] = '\0';
}

void text_printf(struct text *text, const char *format, ...)
{
	va_list args, again;

	va_start(args, format);
	va_copy(again, args);
	int size = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (size < 0)
		BUG("the format '%s' cannot be printed", format);
	text_more(text, (size_t)size);
	(void)vsnprintf(text->data + text->size, (size_t)size + 1, format, args);
	va_end(args);
	text->size += (size_t)size;
}

const char *text_get(const struct text *text)
{
	return text->data ? text->data : "";
}

struct bytes text_bytes(const struct text *text)
{
	return (struct bytes){.data = text_get(text), .size = text->size};
}

bool text_equal(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

bool text_starts(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_ends(const char *text, const char *suffix)
{
	size_t size = strlen(text), wanted = strlen(suffix);

	return size >= wanted && memcmp(text + size - wanted, suffix, wanted) == 0;
}

const char *text_trim(struct arena *arena, const char *text)
{
	size_t size;

	while (is_space(*text))
		text++;
	size = strlen(text);
	while (size && is_space(text[size - 1]))
		size--;
	return arena_copy(arena, text, size);
}

const char *text_join(struct arena *arena, const struct text_list *list, const char *between)
{
	struct text text = TEXT_IN(arena);

	for (size_t i = 0; i < list->count; i++) {
		if (i)
			text_add(&text, between);
		text_add(&text, list->items[i]);
	}
	return text_get(&text);
}

bool text_list_has(const struct text_list *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++)
		if (text_equal(list->items[i], text))
			return true;
	return false;
}

void text_list_add_once(struct arena *arena, struct text_list *list, const char *text)
{
	if (text && !text_list_has(list, text))
		*LIST_ADD(arena, list) = text;
}

void text_split(struct arena *arena, const char *text, char separator, struct text_list *ret_list)
{
	struct text_list list = {0};

	for (;;) {
		const char *end = strchr(text, separator);
		size_t size = end ? (size_t)(end - text) : strlen(text);

		*LIST_ADD(arena, &list) = arena_copy(arena, text, size);
		if (!end)
			break;
		text = end + 1;
	}
	*ret_list = list;
}

bool text_is_utf8(const void *data, size_t size)
{
	const char *at = data, *end = at + size;
	uint32_t point;

	while (at < end) {
		size_t length = code_point(at, (size_t)(end - at), &point);

		if (!length)
			return false;
		at += length;
	}
	return true;
}

const char *text_valid(struct arena *arena, const char *text)
{
	struct text valid = TEXT_IN(arena);
	size_t left = strlen(text);
	uint32_t point;

	if (text_is_utf8(text, left))
		return text;
	while (left) {
		size_t length = code_point(text, left, &point);

		if (length)
			text_add_bytes(&valid, text, length);
		else
			text_add(&valid, "\xEF\xBF\xBD");
		text += length ? length : 1;
		left -= length ? length : 1;
	}
	return text_get(&valid);
}

bool text_has_control(const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	}
	return false;
}

const char *text_clip(struct arena *arena, const char *text, size_t limit)
{
	struct text clipped = TEXT_IN(arena);
	size_t left, before_last = 0;
	uint32_t point;

	text = text_valid(arena, text);
	left = strlen(text);
	for (size_t count = 0; left; count++) {
		size_t length = code_point(text, left, &point);

		if (count == limit) {
			clipped.size = before_last;
			if (limit)
				text_add(&clipped, "…");
			break;
		}
		before_last = clipped.size;
		if (is_control(point))
			text_add(&clipped, " ");
		else
			text_add_bytes(&clipped, text, length);
		text += length;
		left -= length;
	}
	return text_get(&clipped);
}

const char *text_word(struct arena *arena, const char *text)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789_-./:@%+,";
	struct text word = TEXT_IN(arena);

	if (*text && *text != '-' && !text[strspn(text, plain)])
		return text;
	text_add(&word, "'");
	for (text = text_clip(arena, text, TYPED_MAXIMUM); *text; text++)
		if (*text == '\'')
			text_add(&word, "'\\''");
		else
			text_add_bytes(&word, text, 1);
	text_add(&word, "'");
	return text_get(&word);
}

const char *text_nearest(const char *word, const char *const *known, size_t count)
{
	size_t size = strlen(word);
	size_t allowed = size / 3 > 2 ? size / 3 : 2;
	const char *nearest = NULL;

	if (size > WORD_MAXIMUM)
		return NULL;
	if (allowed >= size) /* a word of which nothing is left is not near */
		allowed = size ? size - 1 : 0;
	for (size_t i = 0; i < count; i++) {
		size_t apart =
			strlen(known[i]) > WORD_MAXIMUM ? SIZE_MAX : distance(word, known[i]);

		if (apart > allowed || (nearest && apart == allowed))
			continue;
		allowed = apart;
		nearest = known[i];
	}
	return nearest;
}

void text_hex(const void *data, size_t size, char *ret_hex)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *bytes = data;

	for (size_t i = 0; i < size; i++) {
		ret_hex[2 * i] = digits[bytes[i] >> 4];
		ret_hex[2 * i + 1] = digits[bytes[i] & 15];
	}
	ret_hex[2 * size] = '\0';
}

bool text_is_hex(const char *text, size_t digits)
{
	return strspn(text, "0123456789abcdef") == digits && text[digits] == '\0';
}

const char *text_size(struct arena *arena, uint64_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	size_t unit = 0;
	uint64_t whole = bytes, rest = 0;

	while (whole >= 1024) {
		rest = whole % 1024;
		whole /= 1024;
		unit++;
	}

	uint64_t tenth = rest * 10 / 1024; /* cut, not rounded: free space is never overstated */

	if (whole < 10 && tenth)
		return arena_printf(arena, "%" PRIu64 ".%" PRIu64 " %s", whole, tenth, units[unit]);
	return arena_printf(arena, "%" PRIu64 " %s", whole, units[unit]);
}

const char *text_duration(struct arena *arena, uint64_t milliseconds)
{
	static const struct {
		uint64_t large, small; /* in seconds */
		const char *large_unit, *small_unit;
	} rows[] = {
		{86400, 3600, "d", "h"},
		{3600, 60, "h", "min"},
		{60, 1, "min", "s"},
	};
	uint64_t seconds = milliseconds / 1000;

	if (milliseconds < 1000)
		return arena_printf(arena, "%" PRIu64 " ms", milliseconds);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		uint64_t large = seconds / rows[i].large,
			 small = seconds % rows[i].large / rows[i].small;

		if (large && small)
			return arena_printf(arena, "%" PRIu64 " %s %" PRIu64 " %s", large,
			                    rows[i].large_unit, small, rows[i].small_unit);
		if (large)
			return arena_printf(arena, "%" PRIu64 " %s", large, rows[i].large_unit);
	}
	if (seconds < 10 && milliseconds % 1000 >= 100)
		return arena_printf(arena, "%" PRIu64 ".%" PRIu64 " s", seconds,
		                    milliseconds % 1000 / 100);
	return arena_printf(arena, "%" PRIu64 " s", seconds);
}

const char *text_plural(struct arena *arena, size_t count, const char *noun)
{
	static const char *const with_es[] = {"s", "x", "z", "ch", "sh"};
	size_t size = strlen(noun);

	if (count == 1)
		return arena_printf(arena, "1 %s", noun);
	for (size_t i = 0; i < sizeof with_es / sizeof with_es[0]; i++) {
		if (text_ends(noun, with_es[i]))
			return arena_printf(arena, "%zu %ses", count, noun);
	}
	if (size >= 2 && noun[size - 1] == 'y' && !strchr("aeiou", noun[size - 2]))
		return arena_printf(arena, "%zu %.*sies", count, (int)size - 1, noun);
	return arena_printf(arena, "%zu %ss", count, noun);
}

static void text_more(struct text *text, size_t size)
{
	size_t needed = text->size + size + 1;

	if (needed < size)
		BUG("a text of %zu more bytes", size);
	if (text->data && needed <= text->room)
		return;

	size_t room = text->room * 2 > needed ? text->room * 2 : needed < 64 ? 64 : needed;
	char *moved = arena_alloc(text->arena, room);

	if (text->size)
		memcpy(moved, text->data, text->size);
	text->data = moved;
	text->room = room;
}

static bool is_space(char letter)
{
	return letter == ' ' || (letter >= '\t' && letter <= '\r');
}

/* The length of the first code point, 0 when the bytes are not UTF-8 there. Size is at least 1. */
static size_t code_point(const char *data, size_t size, uint32_t *ret_point)
{
	static const struct {
		unsigned char mask, lead;
		size_t length;
		uint32_t smallest;
	} rows[] = {
		{0x80, 0x00, 1, 0x0},
		{0xe0, 0xc0, 2, 0x80},
		{0xf0, 0xe0, 3, 0x800},
		{0xf8, 0xf0, 4, 0x10000},
	};
	const unsigned char *bytes = (const unsigned char *)data;

	for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
		uint32_t point = bytes[0] & (unsigned char)~rows[row].mask;

		if ((bytes[0] & rows[row].mask) != rows[row].lead)
			continue;
		if (rows[row].length > size)
			return 0;
		for (size_t i = 1; i < rows[row].length; i++) {
			if ((bytes[i] & 0xc0) != 0x80)
				return 0;
			point = point << 6 | (bytes[i] & 0x3f);
		}
		if (point < rows[row].smallest || point > 0x10ffff ||
		    (point >= 0xd800 && point <= 0xdfff))
			return 0;
		*ret_point = point;
		return rows[row].length;
	}
	return 0;
}

/* C0, DEL, C1 and the two line separators: all that may move a reader's cursor. */
static bool is_control(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point <= 0x9f) || point == 0x2028 ||
	       point == 0x2029;
}

static size_t distance(const char *a, const char *b)
{
	size_t row[WORD_MAXIMUM + 1], size = strlen(b);

	for (size_t j = 0; j <= size; j++)
		row[j] = j;
	for (size_t i = 0; a[i]; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 1; j <= size; j++) {
			size_t best = diagonal + (a[i] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[size];
}
