/* SHA-256 (FIPS 180-4) by OpenSSL's libcrypto; this module alone includes it. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"

#define SHA256_HEX 65 /* 64 lower-case hex digits and the NUL */

struct sha256; /* a digest under way; owned by the caller until sha256_end, which frees it */

struct sha256 *sha256_begin(void);
void sha256_add(struct sha256 *sha256, const void *data, size_t size);
void sha256_end(struct sha256 *sha256, char ret_hex[SHA256_HEX]);

/* HMAC-SHA-1 (RFC 2104), for the hashed names of known_hosts alone: it hides a name and proves nothing. */
#define HMAC_SHA1_SIZE 20
void hmac_sha1(struct bytes key, struct bytes data, unsigned char ret_digest[HMAC_SHA1_SIZE]);

/*
 * The id that git gives an object: SHA-1 of "commit 42", a NUL and its bytes (gitformat-pack(5)). Says that nobody
 * changed them on the way; it is no proof against who made two contents of one id beforehand.
 */
#define GIT_ID_HEX 41 /* 40 lower-case hex digits and the NUL */
void git_id_hex(const char *kind, struct bytes bytes, char ret_hex[GIT_ID_HEX]);

void sha256_hex(const void *data, size_t size, char ret_hex[SHA256_HEX]);
const char *sha256_text(struct arena *arena, const void *data, size_t size);
