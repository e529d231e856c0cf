/*
 * How long a conversation with a remote may take. libgit2 1.5 has no timeouts of its own, so a
 * timer (SIGALRM, setitimer(2)) interrupts the system call that hangs; a reader would expect the
 * signal handler to do something, but interrupting is all it is for. One patience at a time in a
 * process.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/time.h>

struct git_patience {
	uint64_t began_ms, moved_ms;
	uint64_t total_ms, still_ms;
	struct sigaction before;
	struct itimerval timer_before;
};

void git_patience_begin(struct git_patience *patience, uint64_t total_ms, uint64_t still_ms);
void git_patience_moved(struct git_patience *patience); /* something arrived */
bool git_patience_is_over(const struct git_patience *patience);
void git_patience_end(
	struct git_patience *patience); /* puts back the handler and the timer that were there */
