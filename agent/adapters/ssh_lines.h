/*
 * The lines of a text file that OpenSSH reads, too (allowed_signers, known_hosts, lists of public keys): blank lines and
 * comments are passed over, words stand between blanks. Private to the adapters of keys and remotes.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

#define SSH_LINE_MAXIMUM 16384 /* bytes */

struct ssh_lines {
	struct arena *arena;
	const char *next, *end; /* of the file */
	size_t number;          /* of the line: 1, 2, 3 … */
	const char *at;         /* what is left of the line, without blanks before it */
};

struct ssh_lines ssh_lines_of(struct arena *arena, struct bytes bytes);
/* The next line that says something. false: there is none. *ret_is_text false: it is too long or holds NUL, and nothing
 * of it is read. */
bool ssh_lines_next(struct ssh_lines *lines, bool *ret_is_text);
const char *ssh_lines_word(struct ssh_lines *lines); /* "" at the end of the line */
