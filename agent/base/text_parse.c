/* Owns the strict reading of numbers, durations and sizes: the whole text or nothing, and never a guessed unit. */
#include "base/text.h"

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit durations[] = {
	{"ms", 1}, {"s", 1000}, {"m", 60 * 1000}, {"h", 60 * 60 * 1000}, {"d", 24 * 60 * 60 * 1000},
	{NULL, 0},
};

static const struct unit sizes[] = {
	{"", 1},
	{"KiB", UINT64_C(1) << 10},
	{"MiB", UINT64_C(1) << 20},
	{"GiB", UINT64_C(1) << 30},
	{"TiB", UINT64_C(1) << 40},
	{NULL, 0},
};

static bool digits(const char **text, uint64_t *ret_number);
static bool with_unit(const char *text, const struct unit *units, uint64_t maximum,
                      uint64_t *ret_number);

bool parse_number(const char *text, uint64_t maximum, uint64_t *ret_number)
{
	uint64_t number;

	if (!digits(&text, &number) || *text || number > maximum)
		return false;
	*ret_number = number;
	return true;
}

bool parse_duration(const char *text, uint64_t maximum_ms, uint64_t *ret_ms)
{
	if (text_equal(text, "0")) {
		*ret_ms = 0;
		return true;
	}
	return with_unit(text, durations, maximum_ms, ret_ms);
}

bool parse_size(const char *text, uint64_t maximum, uint64_t *ret_bytes)
{
	return with_unit(text, sizes, maximum, ret_bytes);
}

static bool with_unit(const char *text, const struct unit *units, uint64_t maximum,
                      uint64_t *ret_number)
{
	uint64_t number;

	if (!digits(&text, &number))
		return false;
	for (const struct unit *unit = units; unit->name; unit++) {
		if (!text_equal(text, unit->name))
			continue;
		if (__builtin_mul_overflow(number, unit->factor, &number) || number > maximum)
			return false;
		*ret_number = number;
		return true;
	}
	return false;
}

/* Moves *text behind the digits; at least one is needed. */
static bool digits(const char **text, uint64_t *ret_number)
{
	const char *at = *text;
	uint64_t number = 0;

	if (!at || *at < '0' || *at > '9')
		return false;
	for (; *at >= '0' && *at <= '9'; at++) {
		if (__builtin_mul_overflow(number, UINT64_C(10), &number) ||
		    __builtin_add_overflow(number, (uint64_t)(*at - '0'), &number))
			return false;
	}
	*text = at;
	*ret_number = number;
	return true;
}
