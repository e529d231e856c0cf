/*
 * The two files of an SSH keyring: allowed_signers (ssh-keygen(1), ALLOWED SIGNERS) and a list of revoked keys.
 * OpenSSH skips a line that it does not understand; here such a line refuses the whole file, by its number.
 */
#pragma once

#include "adapters/ssh_key.h"
#include "ports/key_files.h"

#define ALLOWED_SIGNERS_MAXIMUM (1024 * 1024) /* bytes */
#define REVOKED_MAXIMUM (16 * 1024 * 1024)    /* bytes of a KRL or a key list */

struct allowed_signer {
	const char *principal; /* a person; of an authority, patterns as they were written */
	bool is_authority;     /* cert-authority: its key signs certificates, and nothing else */
	struct ssh_key key;
	int64_t valid_after,
		valid_before; /* seconds, both inclusive; INT64_MIN, INT64_MAX: no limit */
	size_t line;
	const char *comment; /* what stands behind the key, as it was written */
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
/* The same for people: lines that are wrong are told, the others are there. An empty file is fine here. */
void allowed_signers_check(struct arena *arena, const char *path, struct bytes bytes,
                           struct allowed_signers *ret_signers, struct key_problems *problems);
/* The line with that key, a person's or an authority's; NULL: there is none. */
const struct allowed_signer *allowed_signers_find(const struct allowed_signers *signers,
                                                  const struct ssh_key *key);
/* Do the patterns let the name through? ssh_config(5), PATTERNS: "*", "?", a list with commas, "!" before a pattern. */
bool ssh_patterns_match(const char *patterns, const char *name);

/* Public keys, one a line as in an .pub file. ERR_KEYRING: a line that is not understood would revoke nothing. */
FALLIBLE revoked_keys_parse(struct arena *arena, const char *path, struct bytes bytes,
                            struct ssh_keys *ret_keys);
/* As allowed_signers_check. */
void revoked_keys_check(struct arena *arena, const char *path, struct bytes bytes,
                        struct ssh_keys *ret_keys, struct key_problems *problems);
bool revoked_keys_are_krl(struct bytes bytes); /* only ssh-keygen reads such a file */

/* signers with valid-before="…" on each line of that person which has no end, or a later one. ERR_KEYRING. */
FALLIBLE allowed_signers_expire(struct arena *arena, const char *path, struct bytes bytes,
                                const char *principal, int64_t valid_before,
                                struct bytes *ret_bytes, size_t *ret_changed);

/* "20261124", "202611241200", "20261124120030", with "Z" for UTC; else the time zone of this machine. */
bool signer_time_parse(const char *text, int64_t *ret_seconds);
/* "20261124120030Z" */
const char *signer_time(struct arena *arena, int64_t seconds);
