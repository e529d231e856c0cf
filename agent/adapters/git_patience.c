/*
 * Deadlines for libgit2's network calls. Why a signal: see the header; the tests hold a server that
 * never answers.
 */
#include "adapters/git_patience.h"

#include "base/clock.h"

static void interrupt(int number);
static void arm(uint64_t wait_ms);

void git_patience_begin(struct git_patience *patience, uint64_t total_ms, uint64_t still_ms)
{
	struct sigaction action = {
		.sa_handler = interrupt}; /* without SA_RESTART: recv(2) must return EINTR */
	uint64_t now = clock_monotonic_ms();

	*patience = (struct git_patience){
		.began_ms = now, .moved_ms = now, .total_ms = total_ms, .still_ms = still_ms};
	(void)sigemptyset(&action.sa_mask);
	(void)sigaction(SIGALRM, &action, &patience->before);
	(void)getitimer(ITIMER_REAL, &patience->timer_before);
	arm(still_ms < total_ms ? still_ms : total_ms);
}

static void interrupt(int number)
{
	(void)number;
}

/* After the first alarm one each second: the first may fall between two system calls. */
static void arm(uint64_t wait_ms)
{
	struct itimerval timer = {
		.it_value = {.tv_sec = (time_t)(wait_ms / 1000),
	                     .tv_usec = (suseconds_t)(wait_ms % 1000 * 1000 + 1)},
		.it_interval = {.tv_sec = 1},
	};

	(void)setitimer(ITIMER_REAL, &timer, NULL);
}

void git_patience_moved(struct git_patience *patience)
{
	uint64_t now = clock_monotonic_ms();
	uint64_t left = now - patience->began_ms < patience->total_ms
	                        ? patience->total_ms - (now - patience->began_ms)
	                        : 0;

	if (now - patience->moved_ms < 1000)
		return;
	patience->moved_ms = now;
	arm(left < patience->still_ms ? left : patience->still_ms);
}

bool git_patience_is_over(const struct git_patience *patience)
{
	uint64_t now = clock_monotonic_ms();

	return now - patience->began_ms >= patience->total_ms ||
	       now - patience->moved_ms >= patience->still_ms;
}

void git_patience_end(struct git_patience *patience)
{
	(void)setitimer(ITIMER_REAL, &patience->timer_before, NULL);
	(void)sigaction(SIGALRM, &patience->before, NULL);
}
