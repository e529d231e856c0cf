/*
 * Child programs: an argument vector and no shell, absolute paths, an empty environment plus a list, every
 * descriptor closed but the three, output with a maximum, always a deadline or progress. How to use it:
 *   1. fill a struct process (program, arguments, environment, input);
 *   2. process_run for small output, or process_stream for output that is too large for memory;
 *   3. look at result.status: 0 is success; 128 + n means signal n.
 * A child never outlives its caller's death (PR_SET_PDEATHSIG). It leads a session of its own, without a terminal, so
 * that no program can ask a question there; what it leaves behind in its process group is killed when it ends.
 * Errors: ERR_PROGRAM_MISSING, ERR_PROCESS (not started, or too much output), ERR_PROCESS_TIME, and ERR_STOPPED when
 * we are asked to stop before or while it runs. May be repeated as far as the program itself may.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

struct process {
	const char *program; /* absolute path */
	const char *const *
		arguments; /* NULL-terminated; arguments[0] is the first after the program's name */
	const char *const
		*environment;  /* "NAME=value", NULL-terminated; PATH and LC_ALL=C.UTF-8 are set
	                                 * where the list does not name them */
	struct bytes input;    /* standard input; empty: /dev/null */
	size_t output_maximum; /* of standard output, for process_run; 0: 1 MiB */
	uint64_t
		deadline_ms; /* 0: none. After it: SIGTERM, two seconds, SIGKILL, ERR_PROCESS_TIME */
	uint64_t
		quiet_ms; /* 0: none. Longest time without output, for work of unknown length; the same end */
	const char *folder; /* working directory; NULL: "/" */
};

struct process_result {
	int status;
	struct bytes output;
	const char *
		complaint; /* the last 4 KiB of standard error, trimmed, control characters replaced */
};

FALLIBLE process_run(struct arena *arena, const struct process *process,
                     struct process_result *ret_result);

/*
 * The same for many, at most as many at once as there are processors (and 16). An error of one ends those that run, and
 * nothing is returned; ERR_STOPPED likewise. What they print stays in memory until the end.
 */
FALLIBLE process_run_many(struct arena *arena, const struct process *processes, size_t count,
                          struct process_result *ret_results);

/* Called with each piece of standard output. An error ends the child and is returned. */
typedef struct error *process_sink(void *context, struct arena *arena, const void *data,
                                   size_t size);
FALLIBLE process_stream(struct arena *arena, const struct process *process, process_sink *sink,
                        void *context, struct process_result *ret_result);

/*
 * A program that is spoken with both ways, for as long as the caller wants. The caller polls the descriptors and keeps
 * the time: `input`, `output_maximum` and both times of the struct process are not looked at.
 */
struct process_pipe {
	pid_t pid;                    /* 0: none */
	int input, output, complaint; /* none of them waits */
};

FALLIBLE process_pipe_open(struct arena *arena, const struct process *process,
                           struct process_pipe *ret_pipe);
/* How much was written; 0: not now; -1: the program takes no more. Never raises SIGPIPE. */
ssize_t process_pipe_write(struct process_pipe *pipe, const void *data, size_t size);
/*
 * Gives the program that time to end by itself, then kills it and what is left of its process group. The status is as in
 * struct process_result. Closes all; nothing happens when there is none.
 */
int process_pipe_close(struct process_pipe *pipe, uint64_t wait_ms);

/* First of the folders in a fixed list (/usr/bin, /bin, /usr/local/bin) that holds an executable of that name. */
const char *program_find(struct arena *arena, const char *name); /* NULL when there is none */
