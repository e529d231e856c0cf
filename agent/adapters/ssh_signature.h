/*
 * A signature's own blob inside an SSHSIG or a certificate: its kind, the numbers and, of security keys, what the key
 * says about the person who was there. Only its form is checked here.
 */
#pragma once

#include "adapters/ssh_key.h"

struct ssh_signature {
	const char *type; /* "rsa-sha2-512" */
	bool asked_a_pin; /* of security keys alone; all of them were touched */
};

/*
 * NULL when fine: every byte is as a signature by that key has it; else one sentence. *ret_supported: false when it may be
 * sound but is not accepted (SHA-1, a security key that was not touched). *ret_signature is set only when fine.
 */
const char *ssh_signature_parse(struct arena *arena, struct bytes blob, const struct ssh_key *key,
                                struct ssh_signature *ret_signature, bool *ret_supported);
