/*
 * Private keys, as far as their first lines tell. The formats that OpenSSH reads are its own (PROTOCOL.key) and PEM;
 * a passphrase shows in the first by the cipher's name, in the second by the word ENCRYPTED.
 */
#include "adapters/ssh_key_file.h"

#include "adapters/ssh_key.h"
#include "base/file.h"

/* Apart, so that nothing in the tree looks like a key that was published by mistake. */
#define KEY                                                                                        \
	"PRIVATE "                                                                                 \
	"KEY-----"
#define OPENSSH_BEGIN "-----BEGIN OPENSSH " KEY
#define OPENSSH_END "-----END OPENSSH " KEY
#define MAGIC "openssh-key-v1" /* with its NUL */

static struct error *check(struct arena *arena, const char *path, struct bytes bytes,
                           struct arena *scratch);
static struct error *check_openssh(struct arena *arena, const char *path, struct bytes bytes,
                                   struct arena *scratch);
static struct error *has_passphrase(struct arena *arena, const char *path);
static struct error *refuse(struct arena *arena, const char *path, const char *why,
                            const char *hint);

#define HINT_NEW                                                                                                      \
	"Make a key for the agent alone, without a passphrase, and give its public half to the forge: ssh-keygen -t " \
	"ed25519 -N '' -f <file>"

FALLIBLE ssh_key_file_check(struct arena *arena, const char *path)
{
	AUTO_ARENA scratch = arena_new();
	struct bytes bytes;
	struct error *error = file_read_secret(scratch, path, &bytes);

	if (error)
		return file_read_secret(arena, path,
		                        &bytes); /* once more, with the words in the right arena */
	error = check(arena, path, bytes, scratch);
	explicit_bzero((char *)(uintptr_t)bytes.data, bytes.size);
	return error;
}

static struct error *check(struct arena *arena, const char *path, struct bytes bytes,
                           struct arena *scratch)
{
	static const char *const pem[] = {"-----BEGIN " KEY, "-----BEGIN RSA " KEY,
	                                  "-----BEGIN EC " KEY};

	if (text_starts(bytes.data, OPENSSH_BEGIN))
		return check_openssh(arena, path, bytes, scratch);
	if (text_starts(bytes.data, "-----BEGIN ENCRYPTED " KEY))
		return has_passphrase(arena, path);
	for (size_t i = 0; i < sizeof pem / sizeof *pem; i++)
		if (text_starts(bytes.data, pem[i]))
			return strstr(bytes.data, "ENCRYPTED") ? has_passphrase(arena, path) : NULL;
	if (text_starts(bytes.data, "PuTTY-User-Key-File"))
		return refuse(
			arena, path, "it is a key in the format of PuTTY",
			"Write it in OpenSSH's: puttygen <file> -O private-openssh-new -o <new file>");
	if (text_starts(bytes.data, "ssh-") || text_starts(bytes.data, "ecdsa-") ||
	    text_starts(bytes.data, "sk-"))
		return refuse(
			arena, path, "it is the public half of a key",
			"Name the file with the private half; it has the same name without .pub.");
	return refuse(arena, path, "it does not begin as a private key does", HINT_NEW);
}

static struct error *check_openssh(struct arena *arena, const char *path, struct bytes bytes,
                                   struct arena *scratch)
{
	const char *at = bytes.data + strlen(OPENSSH_BEGIN), *end = strstr(at, OPENSSH_END);
	struct text digits = TEXT_IN(scratch);
	struct bytes body, ignored, blob;
	const char *cipher, *why;
	struct ssh_key key;
	struct wire wire;
	uint32_t count;
	bool supported;

	for (; end && at < end; at++)
		if (*at != '\n' && *at != '\r')
			text_add_bytes(&digits, at, 1);
	if (!end || !base64_decode(scratch, text_get(&digits), digits.size, &body) ||
	    body.size < sizeof MAGIC || memcmp(body.data, MAGIC, sizeof MAGIC) != 0)
		return refuse(arena, path, "it was cut off or changed", HINT_NEW);
	wire = wire_of((struct bytes){body.data + sizeof MAGIC, body.size - sizeof MAGIC});
	if (!wire_take_text(&wire, scratch, &cipher) || !wire_take_string(&wire, &ignored) ||
	    !wire_take_string(&wire, &ignored) || !wire_take_number(&wire, &count) || count != 1 ||
	    !wire_take_string(&wire, &blob))
		return refuse(arena, path, "it was cut off or changed", HINT_NEW);
	if (!text_equal(cipher, "none"))
		return has_passphrase(arena, path);
	why = ssh_key_parse(scratch, blob, &key, &supported);
	if (why)
		return refuse(arena, path, arena_text(arena, why), HINT_NEW);
	if (key.type->kind == SSH_KEY_SK_ED25519 || key.type->kind == SSH_KEY_SK_ECDSA)
		return refuse(arena, path, "it lives in a security key, which a person must touch",
		              HINT_NEW);
	return NULL;
}

static struct error *has_passphrase(struct arena *arena, const char *path)
{
	return refuse(
		arena, path, "it has a passphrase, and nobody is there to type it",
		arena_printf(
			arena,
			"Make a key of its own for the agent: ssh-keygen -t ed25519 -N '' -f <file>; or take the passphrase "
			"away: ssh-keygen -p -N '' -f '%s'",
			path));
}

static struct error *refuse(struct arena *arena, const char *path, const char *why,
                            const char *hint)
{
	return FAIL(arena, GIT_AUTH, .what = arena_printf(arena, "cannot use the key '%s'", path),
	            .why = why, .hint = hint);
}
