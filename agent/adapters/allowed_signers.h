/*
 * The two files of an SSH keyring: allowed_signers (ssh-keygen(1), ALLOWED SIGNERS) and a list of revoked keys.
 * OpenSSH skips a line that it does not understand; here such a line refuses the whole file, by its number.
 */
#pragma once

#include "adapters/ssh_key.h"

#define ALLOWED_SIGNERS_MAXIMUM (1024 * 1024) /* bytes */
#define REVOKED_MAXIMUM (16 * 1024 * 1024)    /* bytes of a KRL or a key list */

struct allowed_signer {
	const char *principal;
	struct ssh_key key;
	int64_t valid_after,
		valid_before; /* seconds, both inclusive; INT64_MIN, INT64_MAX: no limit */
	size_t line;
};

struct allowed_signers {
	struct allowed_signer *items;
	size_t count, room;
};

struct ssh_keys {
	struct ssh_key *items;
	size_t count, room;
};

/* The bytes of a file that decides over trust: it must be ours or root's, and nobody else may write it. ERR_KEYRING. */
FALLIBLE trust_file_read(struct arena *arena, const char *path, size_t maximum,
                         struct bytes *ret_bytes);

/* ERR_KEYRING with line number and what to write instead. An empty file is refused, too. `path` is for messages. */
FALLIBLE allowed_signers_parse(struct arena *arena, const char *path, struct bytes bytes,
                               struct allowed_signers *ret_signers);
const struct allowed_signer *allowed_signers_find(const struct allowed_signers *signers,
                                                  const struct ssh_key *key);

/* Public keys, one a line as in an .pub file. ERR_KEYRING: a line that is not understood would revoke nothing. */
FALLIBLE revoked_keys_parse(struct arena *arena, const char *path, struct bytes bytes,
                            struct ssh_keys *ret_keys);

/* "20261124", "202611241200", "20261124120030", with "Z" for UTC; else the time zone of this machine. */
bool signer_time_parse(const char *text, int64_t *ret_seconds);
