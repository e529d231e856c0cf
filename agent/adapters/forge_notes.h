/*
 * Statuses as git notes, in the watched repository itself: one ref per target, refs/notes/headgate/<target>, readable
 * with `git log --notes=headgate/<target>`. note_text.h says what a note looks like. Private to adapters and main.c.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/secret.h"
#include "ports/forge.h"

struct forge_notes_options {
	const char *mirror; /* absolute path of the agent's private mirror */
	bool push;          /* false: the notes stay in the mirror, and the rest is not looked at */
	const char *remote; /* as for the source: a path, file://, http://, https:// or ssh */
	const char *username; /* sent with the token */
	const struct secret
		*token; /* may push refs under refs/notes/headgate; NULL: none (a local path) */
	const char *ca_file; /* NULL: the system's certificates */
	bool allow_http;     /* a token over http:// also to other hosts than this machine */
	/* For ssh remotes, both needed to push. The key's own setting is notes.ssh_key_file. */
	const char *ssh_key_file, *known_hosts;
};

/*
 * ERR_GIT_URL, ERR_GIT_HOST_KEY, ERR_CONFIG. Opens nothing yet, and the mirror only when a status is posted. The options are borrowed and must
 * outlive the forge; so must the arena.
 */
FALLIBLE forge_notes_open(struct arena *arena, const struct forge_notes_options *options,
                          struct forge **ret_forge);
