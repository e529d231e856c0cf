/*
 * Patience with a remote: a read that nobody answers ends, and what was armed before is armed again
 * afterwards.
 */
#include "unit/base/check.h"

#include <errno.h>
#include <sys/socket.h>

#include "adapters/git_patience.h"
#include "base/clock.h"

static void a_read_that_hangs_is_interrupted(void **state)
{
	struct git_patience patience;
	int ends[2];
	char byte;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	git_patience_begin(&patience, 10000, 50);
	assert_false(git_patience_is_over(&patience));
	assert_int_equal(recv(ends[0], &byte, 1, 0), -1);
	assert_int_equal(errno, EINTR);
	assert_true(git_patience_is_over(&patience));
	git_patience_end(&patience);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

static void the_total_ends_also_what_moves(void **state)
{
	struct git_patience patience;
	uint64_t began = clock_monotonic_ms();

	(void)state;
	git_patience_begin(&patience, 60, 10000);
	while (!git_patience_is_over(&patience)) {
		git_patience_moved(&patience);
		assert_true(clock_monotonic_ms() - began < 5000);
	}
	assert_true(clock_monotonic_ms() - began >= 60);
	git_patience_end(&patience);
}

static void the_alarm_of_another_comes_back(void **state)
{
	struct sigaction own = {.sa_handler = SIG_IGN}, found;
	struct itimerval timer = {.it_value = {.tv_sec = 1000}}, left;
	struct git_patience patience;

	(void)state;
	assert_int_equal(sigaction(SIGALRM, &own, NULL), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &timer, NULL), 0);
	git_patience_begin(&patience, 10000, 10000);
	git_patience_end(&patience);
	assert_int_equal(sigaction(SIGALRM, NULL, &found), 0);
	assert_ptr_equal(found.sa_handler, SIG_IGN);
	assert_int_equal(getitimer(ITIMER_REAL, &left), 0);
	assert_true(left.it_value.tv_sec >= 990);
	assert_int_equal(setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_read_that_hangs_is_interrupted),
		TEST(the_total_ends_also_what_moves),
		TEST(the_alarm_of_another_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
