/*
 * The keyring of SSH keys: an allowed_signers file in OpenSSH's format on the agent's own host, and revocations.
 * Cryptography is done by `ssh-keygen -Y verify`; what it is asked, and what it answers, is checked to the byte.
 */
#pragma once

#include "ports/keyring.h"

struct keyring_ssh_options {
	const char *allowed_signers; /* path */
	const char *revoked; /* path of a KRL or a list of public keys; NULL: nothing is revoked */
	const char *scratch; /* folder for files of one call; made with 0700 */
	const char *ssh_keygen; /* absolute path; NULL: looked for where programs are */
};

/* The keyring lives in the arena. ERR_KEYRING when a file cannot be used; ERR_PROGRAM_MISSING. */
FALLIBLE keyring_ssh_open(struct arena *arena, const struct keyring_ssh_options *options,
                          struct keyring **ret_keyring);
