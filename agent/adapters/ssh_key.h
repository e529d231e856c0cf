/*
 * SSH public keys as bytes: the wire form of RFC 4251 section 5, the key kinds that may vouch, base64 and the
 * fingerprint. Nothing here computes with a key; cryptography is ssh-keygen's.
 */
#pragma once

#include "base/error.h"
#include "base/text.h"

#define SSH_KEY_MAXIMUM                                                                            \
	8192 /* bytes of one public key's blob; RSA of 16384 bits needs about 2100 */

enum ssh_key_kind {
	SSH_KEY_ED25519,
	SSH_KEY_ECDSA,
	SSH_KEY_RSA,
	SSH_KEY_SK_ED25519,
	SSH_KEY_SK_ECDSA
};

struct ssh_key_type {
	const char *name; /* "ssh-ed25519" */
	enum ssh_key_kind kind;
	const char *curve;              /* of ECDSA: "nistp256" */
	size_t point_size;              /* bytes of its point or public key */
	const char *shown;              /* what `ssh-keygen -Y verify` calls it: "ED25519" */
	const char *signature_types[3]; /* NULL-terminated */
};

struct ssh_key {
	const struct ssh_key_type *type;
	struct bytes blob;
	const char *fingerprint; /* "SHA256:…" as ssh-keygen -l prints it */
	size_t rsa_bits;
};

struct wire { /* a cursor over wire bytes; every take_ answers false instead of reading beyond the end */
	const unsigned char *at, *end;
};

struct wire wire_of(struct bytes bytes);
bool wire_take_byte(struct wire *wire, uint8_t *ret_byte);
bool wire_take_number(struct wire *wire, uint32_t *ret_number);
bool wire_take_long(struct wire *wire, uint64_t *ret_number);
bool wire_take_string(struct wire *wire,
                      struct bytes *ret_string); /* borrowed from the bytes below */
bool wire_take_text(struct wire *wire, struct arena *arena,
                    const char **ret_text); /* printable ASCII only */
/* A positive integer, two's complement, shortest form. *ret_bits: its length. */
bool wire_take_integer(struct wire *wire, size_t *ret_bits);
bool wire_is_empty(const struct wire *wire);
void wire_add_string(struct text *text, struct bytes string);

/* NULL when fine; else one sentence why not. *ret_supported: false when the key may be sound but is of a kind that is
 * not accepted (another algorithm, a certificate, RSA under 2048 bits). */
const char *ssh_key_parse(struct arena *arena, struct bytes blob, struct ssh_key *ret_key,
                          bool *ret_supported);
bool ssh_key_equal(const struct ssh_key *a, const struct ssh_key *b);
bool ssh_key_type_is_known(const char *name); /* also kinds that are known and not accepted */
/* "ssh-ed25519-cert-v01@openssh.com" -> that of ssh-ed25519. NULL: no certificate of a kind that may vouch. */
const struct ssh_key_type *ssh_key_type_certified(const char *name);
bool ssh_key_is_in_hardware(const struct ssh_key *key);                   /* a security key */
const char *ssh_key_line(struct arena *arena, const struct ssh_key *key); /* "ssh-ed25519 AAAA…" */

/* RFC 4648 section 4, canonical only: padding in its place, no other byte, unused bits zero. */
bool base64_decode(struct arena *arena, const char *text, size_t size, struct bytes *ret_bytes);
const char *base64_encode(struct arena *arena, const void *data, size_t size);
