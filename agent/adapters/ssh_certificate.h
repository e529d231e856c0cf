/*
 * A user's certificate (OpenSSH's PROTOCOL.certkeys): an authority says which names a key may go by, from when and until
 * when. Reading proves nothing: the authority's signature is checked by ssh-keygen, the authority by the keyring.
 */
#pragma once

#include "adapters/ssh_key.h"

#define SSH_CERTIFICATE_MAXIMUM 16384     /* bytes of its blob */
#define SSH_CERTIFICATE_NAMES_MAXIMUM 256 /* principals, as in OpenSSH */
#define SSH_CERTIFICATE_TEXT_MAXIMUM 1024 /* bytes of a principal or of the key id */

struct ssh_certificate {
	const char *type; /* "ssh-ed25519-cert-v01@openssh.com" */
	struct bytes blob;
	struct ssh_key key;       /* that it is about; its fingerprint is that of the plain key */
	struct ssh_key authority; /* that signed it */
	uint64_t serial;          /* 0: the authority does not count */
	const char *key_id;
	struct text_list names;            /* principals, at least one; any bytes but NUL */
	int64_t valid_after, valid_before; /* seconds, both inclusive; INT64_MAX: no limit */
	bool asks_a_pin;                   /* verify-required */
};

/* Does the blob of a public key say that it is a certificate, of whatever kind? */
bool ssh_certificate_is(struct bytes blob);
/*
 * NULL when fine; else one sentence why not. *ret_supported: false when it may be sound but is not accepted: a host's, one
 * without principals, one that is limited by an option that a signature cannot keep, keys and signatures that are too
 * weak. *ret_certificate is set only when fine.
 */
const char *ssh_certificate_parse(struct arena *arena, struct bytes blob,
                                  struct ssh_certificate *ret_certificate, bool *ret_supported);
const char *ssh_certificate_line(struct arena *arena, const struct ssh_certificate *certificate);
