/*
 * The keyring's files as people write them: who may sign, which keys are revoked, and the public keys that a person or a
 * forge hands out. A keyring judges; this reads and composes lines, and changes no file. One file's problems are all
 * told, at most KEY_PROBLEMS_MAXIMUM, where the keyring itself stops at the first one.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define PUBLIC_KEYS_BYTES ((size_t)64 * 1024) /* of a file with public keys to take over */
#define PUBLIC_KEYS_MAXIMUM 100               /* keys in it */
#define KEY_PROBLEMS_MAXIMUM 100

struct key_entry {
	const char *principal;   /* of a line of signers; else NULL */
	bool authority;          /* of signers: it certifies keys; the principal is patterns */
	const char *kind;        /* "ssh-ed25519" */
	const char *fingerprint; /* "SHA256:…"; NULL when the key cannot be used */
	const char *key;  /* kind and base64, as in a .pub file; NULL when it cannot be used */
	const char *note; /* what stands beside it, from outside: comment or title; may be NULL */
	const char *why;  /* why this key cannot vouch (too weak, of another kind); NULL: it can */
	int64_t valid_after, valid_before; /* seconds, inclusive; INT64_MIN, INT64_MAX: no limit */
	size_t line;                       /* in its file; of a list: the place in it */
};

struct key_entries {
	struct key_entry *items;
	size_t count, room;
};

struct key_problem {
	size_t line; /* 0: the file as a whole */
	struct error *error;
};

struct key_problems {
	struct key_problem *items;
	size_t count, room;
};

enum key_source {
	KEYS_OF_PUBLIC_FILE, /* id_ed25519.pub: one key a line */
	KEYS_OF_GITHUB,      /* the answer of GitHub's /users/NAME/ssh_signing_keys */
};

struct openpgp_offer {
	const char *path;      /* of the file that somebody handed out */
	const char *principal; /* whose keys they are */
	const char *folder;    /* of the keyring; it need not be there yet */
	const char *scratch;   /* a private folder for gpg's home */
};

struct openpgp_import {
	const char *path;           /* PRINCIPAL.asc in that folder */
	struct key_entries entries; /* its primary keys; `note` is their user id */
	struct key_entries old;     /* those that stand there now */
	struct bytes text;          /* what is to be written: fingerprints, and the keys */
	bool is_same;               /* the same keys, byte for byte, stand there */
	bool has_folder;
};

struct openpgp_files {
	/*
	 * Read as strictly as the keyring reads, by the same gpg, with the keys of everybody else beside it. ERR_KEY_FILE: it
	 * cannot be used (private keys, several primary keys that it does not state, somebody else's key, …); ERR_KEYRING:
	 * the folder that is there has problems; ERR_USAGE: that is no name for a person; ERR_FILE_….
	 */
	struct error *(*offered)(struct arena *arena, const struct openpgp_offer *offer,
	                         struct openpgp_import *ret_import);
};

struct key_files {
	/* The bytes of a file that decides over trust: ours or root's, and nobody else may write it. ERR_KEYRING. */
	struct error *(*read)(struct arena *arena, const char *path, struct bytes *ret_bytes);
	/* Adds what can be read to the entries and what cannot to the problems (ERR_KEYRING). `path` is for messages. */
	void (*signers)(struct arena *arena, const char *path, struct bytes bytes,
	                struct key_entries *entries, struct key_problems *problems);
	/* The same of revoked keys. *ret_binary: it is a KRL, which only ssh-keygen reads; nothing is added then. */
	void (*revoked)(struct arena *arena, const char *path, struct bytes bytes,
	                struct key_entries *entries, struct key_problems *problems,
	                bool *ret_binary);
	/* ERR_KEY_FILE: nothing of the file can be used. A key that cannot vouch is an entry that says why. */
	struct error *(*offered)(struct arena *arena, const char *path, enum key_source source,
	                         struct key_entries *ret_entries);
	/* One line of signers, without its newline. ERR_USAGE: that is no name for a person. */
	struct error *(*signer_line)(struct arena *arena, const char *principal, const char *key,
	                             int64_t valid_before, const char **ret_line);
	/*
	 * The bytes of signers with an end for each line of that person that has none, or a later one; all else stays as it
	 * is. *ret_changed: how many lines. ERR_KEYRING when the file cannot be read.
	 */
	struct error *(*expire)(struct arena *arena, const char *path, struct bytes bytes,
	                        const char *principal, int64_t valid_before,
	                        struct bytes *ret_bytes, size_t *ret_changed);
	/* "2026-12-31", or as OpenSSH writes times: "20261231", "20261231235959Z". */
	bool (*time)(const char *text, int64_t *ret_seconds);
};
