/*
 * The run log: all that the server said about a statement that failed, row data included, in a
 * file that only the agent may read (R13). Nothing of it goes anywhere else. Private to
 * the stages.
 */
#pragma once

#include "stages/run.h"

const char *run_log_path(const struct run *run); /* "<state>/runs/<target>-<run>.log" */
/* Adds an entry; the file is made with mode 0600 when it is not there. */
FALLIBLE run_log_add(const struct run *run, const char *heading, const char *text);
