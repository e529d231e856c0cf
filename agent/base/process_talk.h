/*
 * What process.c and process_many.c do with a child that runs: pass on its pipes, keep its time, end it.
 *   1. talk_open; 2. until talk_is_over: poll what talk_polled says, then talk_hear; 3. talk_close, always.
 * SIGPIPE is to be ignored meanwhile: talks_begin, talks_end.
 */
#pragma once

#include <poll.h>
#include <signal.h>

#include "base/process_child.h"
#include "base/text.h"

#define TALK_FDS 4 /* polled for one talk; -1 where there is nothing to wait for */

struct talk;

struct collected { /* output in memory */
	struct text text;
	const char *program;
	size_t maximum;
};

void talks_begin(struct sigaction *ret_before);
void talks_end(const struct sigaction *before);

/* Starts the program. `arena`: for errors and the complaint. The process is borrowed. Also ERR_STOPPED. */
FALLIBLE talk_open(struct arena *arena, const struct process *process, process_sink *sink,
                   void *context, struct talk **ret_talk);
/* Fills TALK_FDS rows, and shortens *wait_ms to the time at which the talk must be looked at again. */
void talk_polled(struct talk *talk, struct pollfd *fds, int64_t *wait_ms);
/* Passes on what the poll found. The sink's error, ERR_PROCESS_TIME, ERR_STOPPED. */
FALLIBLE talk_hear(struct talk *talk, const struct pollfd *fds);
bool talk_is_over(const struct talk *talk);
void talk_warn(struct talk *talk); /* asks the child to end; talk_close then waits less */
/* Frees all. ret_result NULL: something failed, and the child is ended by force. Its output is empty. */
void talk_close(struct talk *talk, struct process_result *ret_result);

/* The sink of process_run, for a struct collected. */
struct collected talk_collected(struct arena *arena, const struct process *process);
struct error *talk_collect(void *context, struct arena *arena, const void *data, size_t size);
