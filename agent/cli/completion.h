/* Completion for bash, made from the rows of commands and options. Private to the cli. */
#pragma once

#include "cli/command.h"

/* Prints a script that bash-completion loads: `headgate explain completion`. */
struct error *completion_print(struct invocation *invocation);
