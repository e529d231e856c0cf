/*
 * Changes of the keyring's files that a person asks for: decided and shown first, written only by keys_write. They need
 * the configuration and no journal: the agent notices a changed key file by itself, and asks again about what it judged.
 * Nothing is written that the keyring would refuse to read.
 */
#pragma once

#include "engine/engine.h"

#define KEY_REASON_MAXIMUM 200 /* bytes; it stands in the list of revoked keys */

struct keys_report { /* of one file */
	const char *path;
	struct key_entries entries;
	struct key_problems problems;
	bool binary; /* a KRL: only ssh-keygen reads it */
};

enum key_fate {
	KEY_CHANGES, /* its line is new, or gets an end */
	KEY_STAYS,   /* it is there already, as asked */
	KEY_REFUSED, /* it is left out; the others are taken */
};

struct key_decision {
	struct key_entry key;
	enum key_fate fate;
	const char *why;  /* of one that stays or is refused */
	const char *line; /* that is added; NULL: none */
};

struct key_decisions {
	struct key_decision *items;
	size_t count, room;
};

struct keys_change {
	const char *path; /* of the file */
	struct key_decisions decisions;
	size_t changed;     /* decisions that change something; 0: there is nothing to write */
	struct bytes added; /* behind what is there … */
	struct bytes whole; /* … or all of it anew (size 0: not so) */
	const char *folder; /* to be made first; NULL: it is there */
};

struct keys_offer {
	const char *path;
	enum key_source source;
	const char *principal;
	const char *valid_before; /* as typed; NULL: without an end */
};

/* Whatever is wrong with a file of signers. Never fails: that it cannot be read is a problem, too. */
struct keys_report keys_check_signers(const struct key_files *files, const char *path,
                                      struct arena *arena);
struct keys_report keys_check_revoked(const struct key_files *files, const char *path,
                                      struct arena *arena);

/* ERR_KEY_FILE: no key of the file can be taken over, or one is another person's; ERR_KEYRING: the file that is there
 * has problems; ERR_CONFIG: none is configured; ERR_USAGE: no name, no date. */
FALLIBLE keys_import(const struct engine *engine, const struct keys_offer *offer,
                     struct arena *arena, struct keys_change *ret_change);
/* The same of OpenPGP keys, which get a file of their own in keys.openpgp; `source` and `valid_before` are not looked at. */
FALLIBLE keys_import_openpgp(const struct engine *engine, const struct keys_offer *offer,
                             struct arena *arena, struct keys_change *ret_change);
/* `whom`: a fingerprint, or a person: all keys of theirs. `reason` may be NULL. Errors as keys_import. */
FALLIBLE keys_revoke(const struct engine *engine, const char *whom, const char *reason,
                     struct arena *arena, struct keys_change *ret_change);
/* An end for all keys of a person, for what comes to the branch later. An earlier end stays. Errors as keys_import. */
FALLIBLE keys_expire(const struct engine *engine, const char *principal, const char *on,
                     struct arena *arena, struct keys_change *ret_change);
/* All or nothing; owner and mode of the file stay. */
FALLIBLE keys_write(const struct keys_change *change, struct arena *arena);
