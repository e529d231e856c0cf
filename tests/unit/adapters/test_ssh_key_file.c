/* Private keys that could never work are told before a connection is tried. Real keys are in the scenarios. */
#include "unit/base/check.h"

#include "adapters/ssh_key.h"
#include "adapters/ssh_key_file.h"
#include "base/file.h"

/* Apart, so that nothing in the tree looks like a key that was published by mistake. */
#define KEY                                                                                        \
	"PRIVATE "                                                                                 \
	"KEY-----"

static void add_string(struct text *text, const void *data, size_t size)
{
	const unsigned char length[] = {0, 0, (unsigned char)(size >> 8), (unsigned char)size};

	text_add_bytes(text, length, sizeof length);
	text_add_bytes(text, data, size);
}

/* As OpenSSH's PROTOCOL.key has it, up to the public half. */
static const char *openssh_key(struct arena *arena, const char *cipher, const char *type)
{
	struct text body = TEXT_IN(arena), blob = TEXT_IN(arena);
	char raw[32] = {1};

	add_string(&blob, type, strlen(type));
	add_string(&blob, raw, sizeof raw);
	if (text_starts(type, "sk-"))
		add_string(&blob, "ssh:", 4);
	text_add_bytes(&body, "openssh-key-v1", 15);
	add_string(&body, cipher, strlen(cipher));
	add_string(&body, "none", 4);
	add_string(&body, "", 0);
	text_add_bytes(&body, "\0\0\0\1", 4);
	add_string(&body, text_get(&blob), blob.size);
	return arena_printf(arena, "-----BEGIN OPENSSH " KEY "\n%s\n-----END OPENSSH " KEY "\n",
	                    base64_encode(arena, body.data, body.size));
}

static void a_key_that_cannot_work_is_refused_with_the_reason(void **state)
{
	struct place *place = *state;
	struct arena *arena = place->arena;
	const struct {
		const char *text, *why; /* NULL: taken */
	} rows[] = {
		{openssh_key(arena, "none", "ssh-ed25519"), NULL},
		{"-----BEGIN " KEY "\nAAAA\n-----END " KEY "\n", NULL},
		{"-----BEGIN RSA " KEY "\nAAAA\n-----END RSA " KEY "\n", NULL},
		{openssh_key(arena, "aes256-ctr", "ssh-ed25519"), "has a passphrase"},
		{"-----BEGIN ENCRYPTED " KEY "\nAAAA\n", "has a passphrase"},
		{"-----BEGIN EC " KEY "\nProc-Type: 4,ENCRYPTED\nAAAA\n", "has a passphrase"},
		{openssh_key(arena, "none", "sk-ssh-ed25519@openssh.com"), "a person must touch"},
		{openssh_key(arena, "none", "ssh-dss"), "too weak"},
		{openssh_key(arena, "none", "ssh-mldsa44"), "'ssh-mldsa44' are not supported"},
		{"-----BEGIN OPENSSH " KEY "\nb3Bl\n", "cut off or changed"},
		{"-----BEGIN OPENSSH " KEY "\nb3Bl\n-----END OPENSSH " KEY "",
	         "cut off or changed"},
		{"-----BEGIN OPENSSH " KEY "\n????\n-----END OPENSSH " KEY "",
	         "cut off or changed"},
		{"-----BEGIN DSA " KEY "\nAAAA\n", "does not begin as a private key"},
		{"PuTTY-User-Key-File-3: ssh-ed25519\n", "format of PuTTY"},
		{"ssh-ed25519 AAAA ada\n", "public half"},
		{"hello", "does not begin as a private key"},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		const char *path = path_of(place, "key");
		struct error *error;

		CASE(rows[i].why ? rows[i].why : "taken");
		assert_fine(file_save(arena, path,
		                      (struct bytes){rows[i].text, strlen(rows[i].text)}, 0600));
		error = ssh_key_file_check(arena, path);
		if (!rows[i].why) {
			assert_fine(error);
			continue;
		}
		assert_error(error, ERR_GIT_AUTH);
		assert_contains(error->why, rows[i].why);
		assert_null(strstr(error_line(arena, error), "AAAA"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_IN_PLACE(a_key_that_cannot_work_is_refused_with_the_reason),
	};

	return cmocka_run_group_tests_name("ssh_key_file", tests, NULL, NULL);
}
