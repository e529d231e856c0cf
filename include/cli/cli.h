/* Words in, words out: the command line. */
#pragma once

#include "ports/registry.h"

/* Runs the command that the arguments name and returns the program's exit status (R8). */
int cli_main(int argc, char **argv, const struct registry *registry);
