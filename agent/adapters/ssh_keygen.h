/*
 * The program ssh-keygen as the keyring asks it: does a signature fit, and is a key in a KRL? The files that it wants are
 * made in a private folder and gone when the call returns, whatever came of it.
 */
#pragma once

#include "adapters/allowed_signers.h"
#include "adapters/ssh_certificate.h"
#include "model/verdict.h"

struct ssh_keygen {
	const char *program; /* absolute path */
	const char *scratch; /* a private folder */
};

struct ssh_keygen_ask { /* may anybody but the signer have made this? */
	const struct seal *seal;
	const struct allowed_signer *signer; /* of a certificate: its authority, with one name */
	struct ssh_key key;                  /* that the signature is said to be by */
	int64_t when;                        /* seconds, from 0 to the year 9999 */
	enum verdict_kind kind;              /* the answer: VERDICT_GOOD or VERDICT_BAD */
	const char *reason;                  /* NULL when good */
};

struct ssh_keygen_asks {
	struct ssh_keygen_ask *items;
	size_t count, room;
};

/* Removes what a killed process left there an hour ago. */
void ssh_keygen_sweep(const struct ssh_keygen *keygen, struct arena *arena);
/* Answers all, side by side. ERR_KEYRING when ssh-keygen says neither, ERR_FILE, errors of process_run; then none. */
FALLIBLE ssh_keygen_verify(const struct ssh_keygen *keygen, struct arena *arena,
                           struct ssh_keygen_asks *asks);
/* The line is that of a .pub file. ERR_KEYRING: it said neither. */
FALLIBLE ssh_keygen_ask_krl(const struct ssh_keygen *keygen, const char *krl, const char *key_line,
                            struct arena *arena, bool *ret_revoked);
/* Did the authority that it names sign it? */
FALLIBLE ssh_keygen_ask_certificate(const struct ssh_keygen *keygen,
                                    const struct ssh_certificate *certificate, struct arena *arena,
                                    bool *ret_authentic);
