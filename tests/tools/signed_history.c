/*
 * signed_history FOLDER PRINCIPAL: makes thousands of signed commits in a second, where ssh-keygen would take minutes.
 * Reads tree ids, one a line, oldest first, and an optional first line "parent ID". Writes FOLDER/allowed_signers for a
 * new Ed25519 key that nobody else ever gets, and one file FOLDER/commits/NNNNNN a commit, for `git hash-object -t
 * commit`; prints their ids. What a reader gets wrong: the signatures are real, only their maker is not ssh-keygen.
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <sys/stat.h>

#include "adapters/ssh_key.h"
#include "base/file.h"

#define BEGAN 1767225600 /* 2026-01-01 */

struct signer {
	EVP_PKEY *key;
	struct bytes blob; /* "ssh-ed25519" and the public key, in wire form */
};

static FALLIBLE make_history(struct arena *arena, const char *folder, const char *principal);
static struct signer make_signer(struct arena *arena);
static const char *commit_text(struct arena *arena, const char *tree, const char *parent,
                               const char *principal, size_t number);
static struct bytes sign(struct arena *arena, const struct signer *signer, struct bytes payload);
static struct bytes with_signature(struct arena *arena, const char *commit, struct bytes blob);
static const char *object_id(struct arena *arena, struct bytes raw);
static void add_string(struct text *text, const void *data, size_t size);
static void must(bool worked, const char *what);

int main(int count, char **arguments)
{
	AUTO_ARENA arena = arena_new();
	struct error *error;

	if (count != 3) {
		fprintf(stderr, "usage: signed_history FOLDER PRINCIPAL <TREES\n");
		return 64;
	}
	error = make_history(arena, arguments[1], arguments[2]);
	if (error)
		fprintf(stderr, "signed_history: %s: %s\n", error->what, error->why);
	return error ? 1 : 0;
}

static FALLIBLE make_history(struct arena *arena, const char *folder, const char *principal)
{
	const struct signer signer = make_signer(arena);
	const char *line = arena_printf(arena, "%s namespaces=\"git\" ssh-ed25519 %s\n", principal,
	                                base64_encode(arena, signer.blob.data, signer.blob.size));
	char input[256], parent[128] = "";
	size_t number = 0;

	TRY(file_save(arena, path_join(arena, folder, "allowed_signers"),
	              (struct bytes){line, strlen(line)}, 0644));
	must(mkdir(path_join(arena, folder, "commits"), 0755) == 0, "mkdir");
	while (fgets(input, sizeof input, stdin)) {
		AUTO_ARENA own = arena_new();
		const char *word = text_trim(own, input), *commit;
		struct bytes raw;

		if (text_starts(word, "parent ")) {
			(void)snprintf(parent, sizeof parent, "%s", word + strlen("parent "));
			continue;
		}
		commit = commit_text(own, word, parent, principal, ++number);
		raw = with_signature(own, commit,
		                     sign(own, &signer, (struct bytes){commit, strlen(commit)}));
		must(!file_save(own, arena_printf(own, "%s/commits/%06zu", folder, number), raw,
		                0644),
		     "writing a commit");
		(void)snprintf(parent, sizeof parent, "%s", object_id(own, raw));
		printf("%s\n", parent);
	}
	EVP_PKEY_free(signer.key);
	return NULL;
}

static struct signer make_signer(struct arena *arena)
{
	struct signer signer = {.key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")};
	struct text blob = TEXT_IN(arena);
	unsigned char public[32];
	size_t size = sizeof public;

	must(signer.key && EVP_PKEY_get_raw_public_key(signer.key, public, &size) == 1,
	     "making a key");
	add_string(&blob, "ssh-ed25519", strlen("ssh-ed25519"));
	add_string(&blob, public, size);
	signer.blob = text_bytes(&blob);
	return signer;
}

static const char *commit_text(struct arena *arena, const char *tree, const char *parent,
                               const char *principal, size_t number)
{
	const char *ident =
		arena_printf(arena, "Ada <%s> %zu +0000", principal, BEGAN + 60 * number);

	return arena_printf(arena, "tree %s\n%s%s%sauthor %s\ncommitter %s\n\nAdd migration %zu\n",
	                    tree, *parent ? "parent " : "", parent, *parent ? "\n" : "", ident,
	                    ident, number);
}

/* OpenSSH's PROTOCOL.sshsig: what is signed, and the blob around the signature, differ in their middle only. */
static struct bytes sign(struct arena *arena, const struct signer *signer, struct bytes payload)
{
	struct text message = TEXT_IN(arena), inner = TEXT_IN(arena), blob = TEXT_IN(arena);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char digest[EVP_MAX_MD_SIZE], signature[64];
	unsigned digest_size = 0;
	size_t size = sizeof signature;

	must(EVP_Digest(payload.data, payload.size, digest, &digest_size, EVP_sha512(), NULL) == 1,
	     "a digest");
	text_add(&message, "SSHSIG");
	add_string(&message, "git", 3);
	add_string(&message, "", 0);
	add_string(&message, "sha512", 6);
	add_string(&message, digest, digest_size);
	must(EVP_DigestSignInit(context, NULL, NULL, NULL, signer->key) == 1 &&
	             EVP_DigestSign(context, signature, &size,
	                            (const unsigned char *)text_get(&message), message.size) == 1,
	     "signing");
	EVP_MD_CTX_free(context);
	add_string(&inner, "ssh-ed25519", strlen("ssh-ed25519"));
	add_string(&inner, signature, size);
	text_add_bytes(&blob, "SSHSIG\0\0\0\1", 10);
	add_string(&blob, signer->blob.data, signer->blob.size);
	add_string(&blob, "git", 3);
	add_string(&blob, "", 0);
	add_string(&blob, "sha512", 6);
	add_string(&blob, text_get(&inner), inner.size);
	return text_bytes(&blob);
}

static struct bytes with_signature(struct arena *arena, const char *commit, struct bytes blob)
{
	const char *blank = strstr(commit, "\n\n"),
		   *digits = base64_encode(arena, blob.data, blob.size);
	struct text raw = TEXT_IN(arena);

	text_add_bytes(&raw, commit, (size_t)(blank + 1 - commit));
	text_add(&raw, "gpgsig -----BEGIN SSH SIGNATURE-----\n");
	for (size_t i = 0; i < strlen(digits); i += 70)
		text_printf(&raw, " %.70s\n", digits + i);
	text_add(&raw, " -----END SSH SIGNATURE-----\n");
	text_add(&raw, blank + 1);
	return text_bytes(&raw);
}

static const char *object_id(struct arena *arena, struct bytes raw)
{
	struct text object = TEXT_IN(arena), hex = TEXT_IN(arena);
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned size = 0;

	text_printf(&object, "commit %zu", raw.size);
	text_add_bytes(&object, "\0", 1);
	text_add_bytes(&object, raw.data, raw.size);
	must(EVP_Digest(text_get(&object), object.size, digest, &size, EVP_sha1(), NULL) == 1,
	     "an id");
	for (unsigned i = 0; i < size; i++)
		text_printf(&hex, "%02x", digest[i]);
	return text_get(&hex);
}

static void add_string(struct text *text, const void *data, size_t size)
{
	const char length[] = {(char)(size >> 24), (char)(size >> 16), (char)(size >> 8),
	                       (char)size};

	text_add_bytes(text, length, sizeof length);
	text_add_bytes(text, data, size);
}

static void must(bool worked, const char *what)
{
	if (worked)
		return;
	fprintf(stderr, "signed_history: %s failed\n", what);
	exit(1);
}
