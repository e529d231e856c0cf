/* Strict numbers: each row is a text that a person could write. */
#include "unit/base/check.h"

#include "base/text.h"

#define UNTOUCHED 4711

struct row {
	const char *text;
	uint64_t maximum;
	bool good;
	uint64_t number;
};

static void check(bool (*parse)(const char *text, uint64_t maximum, uint64_t *ret_number),
                  const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t number = UNTOUCHED;

		CASE(rows[i].text);
		assert_int_equal(parse(rows[i].text, rows[i].maximum, &number), rows[i].good);
		assert_int_equal(number, rows[i].good ? rows[i].number : UNTOUCHED);
	}
}

static void numbers_are_digits_and_nothing_else(void **state)
{
	static const struct row rows[] = {
		{"0", 10, true, 0},
		{"10", 10, true, 10},
		{"11", 10, false, 0},
		{"007", 10, true, 7},
		{"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
		{"18446744073709551616", UINT64_MAX, false, 0},
		{"99999999999999999999999", UINT64_MAX, false, 0},
		{"", 10, false, 0},
		{"-1", 10, false, 0},
		{"+1", 10, false, 0},
		{" 1", 10, false, 0},
		{"1 ", 10, false, 0},
		{"1.0", 10, false, 0},
		{"0x1", 10, false, 0},
		{"1e1", 10, false, 0},
	};

	(void)state;
	check(parse_number, rows, ROWS(rows));
}

static void durations_need_a_unit(void **state)
{
	static const struct row rows[] = {
		{"0", 100, true, 0},
		{"500ms", 1000, true, 500},
		{"30s", 60000, true, 30000},
		{"15m", UINT64_MAX, true, 900000},
		{"24h", 86400000, true, 86400000},
		{"25h", 86400000, false, 0},
		{"7d", UINT64_MAX, true, 604800000},
		{"30", 60000, false, 0},
		{"00", 60000, false, 0},
		{"30 s", 60000, false, 0},
		{"30S", 60000, false, 0},
		{"s", 60000, false, 0},
		{"1h30m", UINT64_MAX, false, 0},
		{"1.5s", UINT64_MAX, false, 0},
		{"-1s", UINT64_MAX, false, 0},
		{"18446744073709551615d", UINT64_MAX, false, 0},
	};

	(void)state;
	check(parse_duration, rows, ROWS(rows));
}

static void sizes_are_bytes_or_powers_of_1024(void **state)
{
	static const struct row rows[] = {
		{"100", 1000, true, 100},
		{"512KiB", UINT64_MAX, true, 524288},
		{"16MiB", UINT64_MAX, true, 16777216},
		{"2GiB", UINT64_MAX, true, 2147483648},
		{"1TiB", UINT64_MAX, true, UINT64_C(1) << 40},
		{"1TiB", 1000, false, 0},
		{"16MB", UINT64_MAX, false, 0},
		{"16M", UINT64_MAX, false, 0},
		{"16 MiB", UINT64_MAX, false, 0},
		{"MiB", UINT64_MAX, false, 0},
		{"18446744073709551615KiB", UINT64_MAX, false, 0},
	};

	(void)state;
	check(parse_size, rows, ROWS(rows));
}

static void a_time_is_a_day_or_a_second_of_utc(void **state)
{
	static const struct {
		const char *text;
		bool fine;
		int64_t seconds;
	} rows_of[] = {
		{"2026-11-24T18:00:00Z", true, 1795543200},
		{"2026-11-24", true, 1795478400},
		{"1795543200", true, 1795543200},
		{"0", true, 0},
		{"2026-04-31", false, 0},
		{"2026-11-24T18:00:00", false, 0},
		{"2026-11-24T18:00:00+01:00", false, 0},
		{"2026-1-4", false, 0},
		{" 2026-11-24", false, 0},
		{"1960-01-01", false, 0},
		{"253402300800", false, 0},
		{"", false, 0},
		{"tomorrow", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows_of); i++) {
		int64_t seconds = 0;

		CASE(rows_of[i].text);
		assert_int_equal(parse_time(rows_of[i].text, &seconds), rows_of[i].fine);
		assert_int_equal(seconds, rows_of[i].seconds);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(numbers_are_digits_and_nothing_else),
		TEST(durations_need_a_unit),
		TEST(sizes_are_bytes_or_powers_of_1024),
		TEST(a_time_is_a_day_or_a_second_of_utc),
	};

	return cmocka_run_group_tests_name("text_parse", tests, NULL, NULL);
}
