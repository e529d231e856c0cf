/*
 * The pinned host keys: a file in OpenSSH's known_hosts format (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT), of the site's own.
 * OpenSSH skips a line that it does not understand; here such a line refuses the whole file, by its number. Patterns and
 * certificate authorities are refused: a pin says which host has which key.
 */
#pragma once

#include "adapters/ssh_key.h"

#define KNOWN_HOSTS_MAXIMUM (1024 * 1024) /* bytes */

struct known_host {
	struct ssh_key key;
	bool is_revoked; /* never to be accepted, whatever else the file says */
	size_t line;
};

struct known_hosts {
	struct known_host *items;
	size_t count, room;
};

/* It must be ours or root's, and nobody else may write it. ERR_GIT_HOST_KEY, ERR_FILE_RIGHTS. */
FALLIBLE known_hosts_read(struct arena *arena, const char *path, struct bytes *ret_bytes);
/*
 * What the file says of one host, in its order; nothing is no error. A port other than 22 is looked up as [host]:port,
 * and only so. ERR_GIT_HOST_KEY with line number. `path` is for messages.
 */
FALLIBLE known_hosts_parse(struct arena *arena, const char *path, struct bytes bytes,
                           const char *host, unsigned port, struct known_hosts *ret_hosts);
/* "example.org", "[example.org]:2222": as the file names it. */
const char *known_hosts_name(struct arena *arena, const char *host, unsigned port);
