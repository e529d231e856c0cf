/* Owns SHA-256. libcrypto fails here only when memory is gone or it is broken, so failing is a BUG, not an error. */
#include "base/hash.h"

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/error.h"
#include "base/text.h"

#define SHA256_SIZE 32

struct sha256 {
	EVP_MD_CTX *context;
};

struct sha256 *sha256_begin(void)
{
	struct sha256 *sha256 = calloc(1, sizeof *sha256);

	if (!sha256 || !(sha256->context = EVP_MD_CTX_new()) ||
	    EVP_DigestInit_ex(sha256->context, EVP_sha256(), NULL) != 1)
		BUG("SHA-256 cannot be started");
	return sha256;
}

void sha256_add(struct sha256 *sha256, const void *data, size_t size)
{
	if (size && EVP_DigestUpdate(sha256->context, data, size) != 1)
		BUG("SHA-256 cannot be continued");
}

void sha256_end(struct sha256 *sha256, char ret_hex[SHA256_HEX])
{
	unsigned char digest[SHA256_SIZE];

	if (EVP_DigestFinal_ex(sha256->context, digest, NULL) != 1)
		BUG("SHA-256 cannot be ended");
	EVP_MD_CTX_free(sha256->context);
	free(sha256);
	text_hex(digest, sizeof digest, ret_hex);
}

void sha256_hex(const void *data, size_t size, char ret_hex[SHA256_HEX])
{
	struct sha256 *sha256 = sha256_begin();

	sha256_add(sha256, data, size);
	sha256_end(sha256, ret_hex);
}

const char *sha256_text(struct arena *arena, const void *data, size_t size)
{
	char *hex = arena_alloc(arena, SHA256_HEX);

	sha256_hex(data, size, hex);
	return hex;
}

void hmac_sha1(struct bytes key, struct bytes data, unsigned char ret_digest[HMAC_SHA1_SIZE])
{
	unsigned size = HMAC_SHA1_SIZE;

	if (key.size > INT_MAX ||
	    !HMAC(EVP_sha1(), key.data, (int)key.size, (const unsigned char *)data.data, data.size,
	          ret_digest, &size))
		BUG("HMAC-SHA-1 does not work");
}

void git_id_hex(const char *kind, struct bytes bytes, char ret_hex[GIT_ID_HEX])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char digest[(GIT_ID_HEX - 1) / 2];
	char header[64];
	const int size = snprintf(header, sizeof header, "%s %zu", kind, bytes.size);

	if (!context || size < 0 || (size_t)size >= sizeof header ||
	    EVP_DigestInit_ex(context, EVP_sha1(), NULL) != 1 ||
	    EVP_DigestUpdate(context, header, (size_t)size + 1) != 1 ||
	    (bytes.size && EVP_DigestUpdate(context, bytes.data, bytes.size) != 1) ||
	    EVP_DigestFinal_ex(context, digest, NULL) != 1)
		BUG("SHA-1 does not work");
	EVP_MD_CTX_free(context);
	text_hex(digest, sizeof digest, ret_hex);
}
