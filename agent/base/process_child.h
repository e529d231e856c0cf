/* Between process.c and process_child.c: a child that runs, and our ends of its three pipes. */
#pragma once

#include "base/process.h"

struct child {
	pid_t pid;             /* also its process group */
	int input;             /* to write to, does not wait; -1 when there is no input */
	int output, complaint; /* to read from, do not wait */
};

/* On failure nothing is left: no child, no descriptor. */
FALLIBLE child_start(struct arena *arena, const struct process *process, bool has_input,
                     struct child *ret_child);
