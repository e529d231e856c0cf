/*
 * The program gpg through GPGME, with a home of its own that only holds what was imported here. Nothing of the user's
 * takes part: no home, no agent, no configuration, no environment, no network.
 *   1. gpg_open on an empty private folder; 2. gpg_import each file; 3. gpg_list; 4. gpg_verify, as often as wanted.
 * ERR_KEYRING when gpg gives no answer, ERR_PROGRAM_MISSING when there is none, ERR_STOPPED when asked to stop.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

struct gpg;

struct gpg_key {                           /* a primary key or a subkey */
	const char *fingerprint;           /* 40 upper-case hex digits, as gpg prints them */
	const char *primary;               /* the primary key's; the same for itself */
	int64_t valid_after, valid_before; /* seconds, inclusive; INT64_MAX: no limit */
	bool revoked, can_sign;
	const char *
		email; /* of the primary key's first user id that is not revoked and has one; NULL: none */
	const char *kind; /* "ed25519", "rsa3072" */
	const char *name; /* first user id of the primary key that is not revoked; may be NULL */
	const char *weakness; /* one sentence why it does not count; NULL: it does */
};

struct gpg_keys {
	struct gpg_key *items;
	size_t count, room;
};

struct gpg_import {
	struct text_list fingerprints; /* of primary keys, each once */
	size_t unnamed, secret;        /* keys without a user id, private keys */
};

struct gpg_signature {
	enum { GPG_GOOD, GPG_BAD, GPG_REVOKED, GPG_OTHER } answer; /* good: whatever the time is */
	const char *fingerprint; /* of the very key that signed; NULL unless good or revoked */
	int64_t valid_before;    /* of the signature itself; INT64_MAX: no limit */
	const char *word;        /* what gpg says, where it is not good */
};

struct gpg_signatures {
	struct gpg_signature *items;
	size_t count, room;
};

FALLIBLE gpg_open(struct arena *arena, const char *program, const char *home, struct gpg **ret_gpg);
FALLIBLE gpg_import(struct gpg *gpg, struct arena *arena, struct bytes armor,
                    struct gpg_import *ret_import);
FALLIBLE gpg_list(struct gpg *gpg, struct arena *arena, struct gpg_keys *ret_keys);
FALLIBLE gpg_verify(struct gpg *gpg, struct arena *arena, struct bytes signature,
                    struct bytes payload, struct gpg_signatures *ret_signatures);
void gpg_close(struct gpg *gpg); /* NULL is fine; the home stays */
