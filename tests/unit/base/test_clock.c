/* Time and chance. The wall clock is fixed by HEADGATE_TEST_CLOCK; waiting is measured by the monotonic one. */
#include "unit/base/check.h"

#include "base/clock.h"
#include "base/text.h"

static int set_clock(void **state)
{
	(void)setenv("HEADGATE_TEST_CLOCK", "1795563135", 1);
	return give_arena(state);
}

static int unset_clock(void **state)
{
	(void)unsetenv("HEADGATE_TEST_CLOCK");
	return take_arena(state);
}

#define TEST_FIXED(name) cmocka_unit_test_setup_teardown(name, set_clock, unset_clock)

static void the_wall_clock_can_be_fixed(void **state)
{
	assert_true(clock_wall() == 1795563135);
	assert_true(clock_wall_us() == INT64_C(1795563135000000));
	assert_string_equal(clock_iso(*state, clock_wall_us()), "2026-11-24T23:32:15Z");
	assert_string_equal(clock_human(*state, clock_wall_us()), "2026-11-24 23:32:15 UTC");
	(void)setenv("HEADGATE_TEST_CLOCK", "soon", 1);
	assert_true(clock_wall() != 1795563135);
}

static void times_are_utc_whatever_the_zone(void **state)
{
	static const struct {
		int64_t wall_us;
		const char *iso;
	} rows[] = {
		{0, "1970-01-01T00:00:00Z"},
		{999999, "1970-01-01T00:00:00Z"},
		{-1, "1969-12-31T23:59:59Z"},
		{INT64_C(1709164800000000), "2024-02-29T00:00:00Z"},
		{INT64_C(253402300799000000), "9999-12-31T23:59:59Z"},
	};

	(void)setenv("TZ", "Pacific/Auckland", 1);
	for (size_t i = 0; i < ROWS(rows); i++)
		assert_string_equal(clock_iso(*state, rows[i].wall_us), rows[i].iso);
	(void)unsetenv("TZ");
}

static void the_past_is_told_in_one_unit(void **state)
{
	static const struct {
		int64_t seconds_ago;
		const char *text;
	} rows[] = {
		{-5, "just now"},  {0, "just now"},      {1, "1 s ago"},    {59, "59 s ago"},
		{60, "1 min ago"}, {3599, "59 min ago"}, {7200, "2 h ago"}, {86400 * 5, "5 d ago"},
	};

	for (size_t i = 0; i < ROWS(rows); i++)
		assert_string_equal(
			clock_ago(*state, clock_wall_us() - rows[i].seconds_ago * 1000000),
			rows[i].text);
}

static void random_numbers_stay_below_their_limit_and_reach_all_below_it(void **state)
{
	unsigned seen = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		uint64_t number = random_below(5);

		assert_true(number < 5);
		seen |= 1U << number;
		assert_true(random_below(1) == 0);
	}
	assert_int_equal(seen, 31);
}

static void a_uuid_is_of_version_4(void **state)
{
	const char *uuid = random_uuid(*state);

	assert_int_equal(strlen(uuid), 36);
	for (size_t i = 0; i < 36; i++) {
		bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;

		assert_true(hyphen ? uuid[i] == '-' : strchr("0123456789abcdef", uuid[i]) != NULL);
	}
	assert_int_equal(uuid[14], '4');
	assert_non_null(strchr("89ab", uuid[19]));
	assert_string_not_equal(uuid, random_uuid(*state));
}

static void jitter_stays_within_a_half(void **state)
{
	uint64_t least = UINT64_MAX, most = 0;

	(void)state;
	for (int i = 0; i < 2000; i++) {
		uint64_t wait = jitter(1000);

		least = wait < least ? wait : least;
		most = wait > most ? wait : most;
	}
	assert_true(least >= 500 && least < 600);
	assert_true(most <= 1500 && most > 1400);
	assert_true(jitter(0) == 0);
}

static void a_sleep_lasts(void **state)
{
	uint64_t begin = clock_monotonic_ms();

	(void)state;
	clock_sleep_ms(30);
	assert_true(clock_monotonic_ms() - begin >= 30);
	assert_false(stop_asked());
}

static void poll_tells_what_is_ready(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);

	struct pollfd fds[] = {{.fd = ends[0], .events = POLLIN}};

	assert_int_equal(clock_poll(fds, 1, 10), 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(clock_poll(fds, 1, -1), 1);
	assert_true(fds[0].revents & POLLIN);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

/* In a child, since the wish to stop cannot be taken back. Its own child sends the signal. */
static void sleep_and_be_stopped(void *number)
{
	pid_t us = getpid(), pid;
	uint64_t begin = clock_monotonic_ms();

	stop_watch();
	pid = fork();
	if (!pid) {
		(void)usleep(50000);
		(void)kill(us, *(int *)number);
		_exit(0);
	}
	clock_sleep_ms(20000);
	if (!stop_asked() || clock_monotonic_ms() - begin > 10000)
		_exit(1);
	clock_sleep_ms(20000); /* and from now on nothing sleeps */
	if (clock_monotonic_ms() - begin > 10000 || clock_poll(NULL, 0, 20000))
		_exit(1);
	_exit(clock_monotonic_ms() - begin > 10000);
}

static void a_signal_ends_a_sleep(void **state)
{
	int numbers[] = {SIGTERM, SIGINT};

	(void)state;
	for (size_t i = 0; i < ROWS(numbers); i++)
		assert_int_equal(status_of_child(sleep_and_be_stopped, &numbers[i]), 0);
}

/* In a child, since the handler stays. Whoever is asked to read the configuration again first ends what it is at. */
static void poll_while_a_reload_waits(void *context)
{
	const uint64_t begin = clock_monotonic_ms();
	int ends[2];
	struct pollfd fd = {.events = POLLIN};

	(void)context;
	reload_watch();
	if (pipe(ends) || kill(getpid(), SIGHUP) || !reload_waits())
		_exit(1);
	fd.fd = ends[0];
	if (clock_poll(&fd, 1, 50) || clock_monotonic_ms() - begin < 50)
		_exit(2); /* it did not wait */
	if (write(ends[1], "x", 1) != 1 || clock_poll(&fd, 1, 20000) != 1)
		_exit(3); /* it did not see what came */
	clock_sleep_ms(20000);
	if (clock_monotonic_ms() - begin > 10000 || !reload_asked() || reload_waits())
		_exit(4);
	_exit(0);
}

static void a_wish_to_reload_ends_a_sleep_and_no_conversation(void **state)
{
	(void)state;
	assert_int_equal(status_of_child(poll_while_a_reload_waits, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_FIXED(the_wall_clock_can_be_fixed),
		TEST_FIXED(the_past_is_told_in_one_unit),
		TEST(times_are_utc_whatever_the_zone),
		TEST(random_numbers_stay_below_their_limit_and_reach_all_below_it),
		TEST(a_uuid_is_of_version_4),
		TEST(jitter_stays_within_a_half),
		TEST(a_sleep_lasts),
		TEST(poll_tells_what_is_ready),
		TEST(a_signal_ends_a_sleep),
		TEST(a_wish_to_reload_ends_a_sleep_and_no_conversation),
	};

	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
