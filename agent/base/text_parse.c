/* Owns the strict reading of numbers, durations and sizes: the whole text or nothing, and never a guessed unit. */
#include "base/text.h"

#include <stdio.h>
#include <time.h>

#define DAY_SIZE 10                         /* "2026-11-24" */
#define TIME_MAXIMUM UINT64_C(253402300799) /* the end of the year 9999 */

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

bool parse_time(const char *text, int64_t *ret_seconds)
{
	const bool is_day = text && strlen(text) == DAY_SIZE;
	const char *end;
	struct tm time = {0};
	char again[64];
	int64_t seconds;
	uint64_t number;

	if (parse_number(text, TIME_MAXIMUM, &number)) {
		*ret_seconds = (int64_t)number;
		return true;
	}
	end = text ? strptime(text, is_day ? "%Y-%m-%d" : "%Y-%m-%dT%H:%M:%SZ", &time) : NULL;
	if (!end || *end)
		return false;
	seconds = timegm(&time); /* 31 April becomes 1 May, and strptime takes fewer digits */
	(void)snprintf(again, sizeof again, "%04d-%02d-%02dT%02d:%02d:%02dZ", time.tm_year + 1900,
	               time.tm_mon + 1, time.tm_mday, time.tm_hour, time.tm_min, time.tm_sec);
	if (seconds < 0 || seconds > (int64_t)TIME_MAXIMUM ||
	    (is_day ? memcmp(again, text, DAY_SIZE) != 0 : !text_equal(again, text)))
		return false;
	*ret_seconds = seconds;
	return true;
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
