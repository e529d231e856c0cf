/*
 * ports/source.h on a git repository, through a private mirror that may be shared by several
 * targets and processes.
 */
#pragma once

#include "adapters/git_objects.h"
#include "base/secret.h"
#include "ports/source.h"

struct source_git_options {
	const char *url; /* absolute path, file://, http://, https://, ssh://, user@host:path */
	const struct secret *token; /* NULL: none */
	const char *username;       /* sent with it; NULL: "x-access-token" */
	const char *mirror;         /* absolute path of a folder for the mirror; made when absent */
	const char *ca_file;        /* PEM file for https://; NULL: the system's */
	bool allow_http;            /* a token may go over http:// to another machine */
	/* For ssh remotes, both needed: the private key (OpenSSH or PEM) and the pinned host keys. */
	const char *ssh_key_file, *known_hosts;
};

/*
 * No connection is made yet. ERR_GIT_HOST_KEY, ERR_CONFIG (an ssh remote without one of its files), ERR_GIT_URL, ERR_GIT_MIRROR, ERR_FILE, ERR_FILE_RIGHTS. The source
 * lives in `arena`, and so does what the options point to; end it with source_close before the
 * arena.
 */
FALLIBLE source_git_open(struct arena *arena, const struct source_git_options *options,
                         struct source **ret_source);

/* Its objects as they are, for source_apart: the rules are then applied elsewhere. They live as long as the source. */
struct git_objects source_git_objects(struct source *source);
