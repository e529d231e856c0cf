/*
 * The keyring of OpenPGP keys: a folder with one file PRINCIPAL.asc a person, on the agent's own host. Cryptography is
 * gpg's, through GPGME, in a private home that is made anew at each opening; who counts is our own list of primary
 * fingerprints.
 */
#pragma once

#include "ports/keyring.h"

struct keyring_openpgp_options {
	const char *folder;  /* path */
	const char *scratch; /* folder for gpg's home; made with 0700 */
	const char *gpg;     /* absolute path; NULL: looked for where programs are */
};

/*
 * The keyring lives in the arena. ERR_KEYRING when a file cannot be used; ERR_PROGRAM_MISSING. Fingerprints are those of
 * primary keys, 40 upper-case hex digits as gpg prints them, also when a subkey signed. Revocations come with the keys
 * (gpg --armor --export after gpg --import of the revocation); a file that is taken away takes its person's keys away.
 */
FALLIBLE keyring_openpgp_open(struct arena *arena, const struct keyring_openpgp_options *options,
                              struct keyring **ret_keyring);
