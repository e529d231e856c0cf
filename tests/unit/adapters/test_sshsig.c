/*
 * SSHSIG blobs and SSH keys, built byte by byte: kinds that ssh-keygen cannot make here (security keys, unknown ones),
 * and every place where the format leaves room.
 */
#include "unit/base/check.h"

#include "adapters/sshsig.h"

#define BEGIN "-----BEGIN SSH SIGNATURE-----\n"
#define END "-----END SSH SIGNATURE-----\n"

static void add_number(struct text *text, uint32_t number)
{
	const unsigned char bytes[] = {(unsigned char)(number >> 24), (unsigned char)(number >> 16),
	                               (unsigned char)(number >> 8), (unsigned char)number};

	text_add_bytes(text, bytes, sizeof bytes);
}

static void add_string(struct text *text, const void *data, size_t size)
{
	add_number(text, (uint32_t)size);
	text_add_bytes(text, data, size);
}

static void add_text(struct text *text, const char *piece)
{
	add_string(text, piece, strlen(piece));
}

static void add_filled(struct text *text, size_t size, unsigned char first)
{
	unsigned char data[4096];

	memset(data, 0x11, sizeof data);
	data[0] = first;
	add_string(text, data, size);
}

struct recipe { /* zero: as it should be for an Ed25519 signature by git */
	const char *magic, *type, *inner_type, *name_space, *reserved, *hash, *tail, *key_tail,
		*inner_tail;
	const char *curve;
	uint32_t version;
	size_t point_size, numbers_size;
	unsigned char point_first, flags;
	bool security_key, ecdsa, rsa;
	unsigned char ecdsa_first; /* of r */
	size_t rsa_size;
};

static struct bytes cook(struct arena *arena, const struct recipe *recipe)
{
	struct text blob = TEXT_IN(arena), key = TEXT_IN(arena), inner = TEXT_IN(arena),
		    numbers = TEXT_IN(arena);
	const char *type = recipe->type ? recipe->type : "ssh-ed25519";

	add_text(&key, type);
	if (recipe->curve)
		add_text(&key, recipe->curve);
	if (recipe->rsa) {
		add_string(&key, "\x01\x00\x01", 3);
		add_filled(&key, recipe->rsa_size, recipe->point_first);
	} else {
		add_filled(&key, recipe->point_size ? recipe->point_size : 32, recipe->point_first);
	}
	if (recipe->security_key)
		add_text(&key, "ssh:");
	text_add(&key, recipe->key_tail ? recipe->key_tail : "");

	add_text(&inner, recipe->inner_type ? recipe->inner_type : type);
	if (recipe->ecdsa) {
		add_filled(&numbers, recipe->numbers_size ? recipe->numbers_size : 32,
		           recipe->ecdsa_first ? recipe->ecdsa_first : 0x7f);
		add_filled(&numbers, 32, 0x7f);
		add_string(&inner, text_get(&numbers), numbers.size);
	} else {
		add_filled(&inner, recipe->numbers_size ? recipe->numbers_size : 64, 0x11);
	}
	if (recipe->security_key) {
		text_add_bytes(&inner, &recipe->flags, 1);
		add_number(&inner, 7);
	}
	text_add(&inner, recipe->inner_tail ? recipe->inner_tail : "");

	text_add(&blob, recipe->magic ? recipe->magic : "SSHSIG");
	add_number(&blob, recipe->version ? recipe->version : 1);
	add_string(&blob, text_get(&key), key.size);
	add_text(&blob, recipe->name_space ? recipe->name_space : "git");
	add_text(&blob, recipe->reserved ? recipe->reserved : "");
	add_text(&blob, recipe->hash ? recipe->hash : "sha512");
	add_string(&blob, text_get(&inner), inner.size);
	text_add(&blob, recipe->tail ? recipe->tail : "");
	return text_bytes(&blob);
}

static struct bytes armor_in(struct arena *arena, struct bytes blob, size_t width)
{
	const char *digits = base64_encode(arena, blob.data, blob.size);
	struct text text = TEXT_IN(arena);

	text_add(&text, BEGIN);
	for (size_t i = 0, size = strlen(digits); i < size; i += width)
		text_printf(&text, "%.*s\n", (int)width, digits + i);
	text_add(&text, END);
	return text_bytes(&text);
}

static void check_blob(struct arena *arena, const struct recipe *recipe, enum verdict_kind kind,
                       const char *why)
{
	struct sshsig sshsig = {.hash = "untouched"};
	const char *reason = NULL;
	enum verdict_kind found =
		sshsig_parse(arena, armor_in(arena, cook(arena, recipe), 70), &sshsig, &reason);

	if (found != kind)
		fail_msg("%s instead of %s: %s", verdict_kind_name(found), verdict_kind_name(kind),
		         reason ? reason : "");
	if (kind == VERDICT_GOOD) {
		assert_null(reason);
		assert_true(text_starts(sshsig.key.fingerprint, "SHA256:") &&
		            strlen(sshsig.key.fingerprint) == 50);
		return;
	}
	assert_string_equal(sshsig.hash, "untouched");
	assert_contains(reason, why);
}

static void blobs_are_read_to_the_last_byte(void **state)
{
	/* clang-format off */
	static const struct {
		const char *sentence;
		struct recipe recipe;
		enum verdict_kind kind;
		const char *why;
	} rows[] = {
		{"an Ed25519 signature", {0}, VERDICT_GOOD, NULL},
		{"one over SHA-256", {.hash = "sha256"}, VERDICT_GOOD, NULL},
		{"an ECDSA signature", {.type = "ecdsa-sha2-nistp256", .curve = "nistp256", .point_size = 65,
		   .point_first = 4, .ecdsa = true},
		  VERDICT_GOOD, NULL},
		{"an RSA signature",
		  {.type = "ssh-rsa", .inner_type = "rsa-sha2-512", .rsa = true, .rsa_size = 384, .point_first = 0x7f,
		   .numbers_size = 384},
		  VERDICT_GOOD, NULL},
		{"an RSA key with a zero byte that is not needed",
		  {.type = "ssh-rsa", .inner_type = "rsa-sha2-512", .rsa = true, .rsa_size = 385, .numbers_size = 384},
		  VERDICT_MALFORMED, "shortest form"},
		{"a security key that was touched", {.type = "sk-ssh-ed25519@openssh.com", .security_key = true,
		   .flags = 1}, VERDICT_GOOD, NULL},
		{"one that also asked for a PIN", {.type = "sk-ssh-ed25519@openssh.com", .security_key = true,
		   .flags = 5}, VERDICT_GOOD, NULL},
		{"an ECDSA security key",
		  {.type = "sk-ecdsa-sha2-nistp256@openssh.com", .curve = "nistp256", .point_size = 65,
		   .point_first = 4, .ecdsa = true,
		   .security_key = true, .flags = 1},
		  VERDICT_GOOD, NULL},
		{"a security key that nobody touched", {.type = "sk-ssh-ed25519@openssh.com", .security_key = true,
		   .flags = 4},
		  VERDICT_UNSUPPORTED, "was not touched"},
		{"a security key that is bound to no application", {.type = "sk-ssh-ed25519@openssh.com"},
		  VERDICT_MALFORMED,
		  "names no application"},
		{"the form that browsers write",
		  {.type = "sk-ecdsa-sha2-nistp256@openssh.com",
		   .inner_type = "webauthn-sk-ecdsa-sha2-nistp256@openssh.com",
		   .curve = "nistp256", .point_size = 65, .point_first = 4, .ecdsa = true, .security_key = true,
		   .flags = 1},
		  VERDICT_UNSUPPORTED, "webauthn"},

		{"no magic", {.magic = "SSHSIH"}, VERDICT_MALFORMED, "SSHSIG"},
		{"another version", {.version = 2}, VERDICT_UNSUPPORTED, "version 2"},
		{"another purpose", {.name_space = "file"}, VERDICT_BAD, "made for 'file'"},
		{"no purpose", {.name_space = ""}, VERDICT_BAD, "made for ''"},
		{"a purpose that begins alike", {.name_space = "git "}, VERDICT_BAD, "made for 'git '"},
		{"a purpose with a newline", {.name_space = "git\n"}, VERDICT_MALFORMED, "cut off"},
		{"something in the reserved field", {.reserved = "x"}, VERDICT_MALFORMED, "reserved"},
		{"SHA-1", {.hash = "sha1"}, VERDICT_UNSUPPORTED, "'sha1'"},
		{"something behind the blob", {.tail = "x"}, VERDICT_MALFORMED, "behind the signature"},
		{"something behind the key", {.key_tail = "x"}, VERDICT_MALFORMED, "behind the public key"},
		{"something behind the inner signature", {.inner_tail = "x"}, VERDICT_MALFORMED, "inner part"},
		{"an inner signature of another kind", {.inner_type = "rsa-sha2-512"}, VERDICT_UNSUPPORTED,
		  "'rsa-sha2-512'"},
		{"an Ed25519 signature that is too short", {.numbers_size = 63}, VERDICT_MALFORMED, "64 bytes"},
		{"an Ed25519 key that is too long", {.point_size = 33}, VERDICT_MALFORMED, "wrong length"},
		{"a key of an unknown kind", {.type = "ssh-mldsa44-ed25519"}, VERDICT_UNSUPPORTED,
		  "'ssh-mldsa44-ed25519'"},
		{"a DSA key", {.type = "ssh-dss"}, VERDICT_UNSUPPORTED, "too weak"},
		{"a certificate that ends behind its key", {.type = "ssh-ed25519-cert-v01@openssh.com"},
		  VERDICT_MALFORMED, "certificate is cut off"},
		{"a certificate of a DSA key", {.type = "ssh-dss-cert-v01@openssh.com"}, VERDICT_UNSUPPORTED,
		  "certificates of the kind 'ssh-dss-cert-v01@openssh.com'"},
		{"a compressed point", {.type = "ecdsa-sha2-nistp256", .curve = "nistp256", .point_size = 65,
		   .point_first = 2, .ecdsa = true},
		  VERDICT_MALFORMED, "uncompressed"},
		{"a curve that is not the kind's", {.type = "ecdsa-sha2-nistp256", .curve = "nistp384",
		   .point_size = 65, .point_first = 4, .ecdsa = true},
		  VERDICT_MALFORMED, "another curve"},
		{"a negative number in an ECDSA signature",
		  {.type = "ecdsa-sha2-nistp256", .curve = "nistp256", .point_size = 65, .point_first = 4,
		   .ecdsa = true, .ecdsa_first = 0x80},
		  VERDICT_MALFORMED, "two numbers"},
		{"a number that is larger than the curve",
		  {.type = "ecdsa-sha2-nistp256", .curve = "nistp256", .point_size = 65, .point_first = 4,
		   .ecdsa = true, .numbers_size = 33, .ecdsa_first = 1},
		  VERDICT_MALFORMED, "two numbers"},
		{"SHA-1 by an RSA key",
		  {.type = "ssh-rsa", .inner_type = "ssh-rsa", .rsa = true, .rsa_size = 384, .point_first = 0x7f,
		   .numbers_size = 384},
		  VERDICT_UNSUPPORTED, "'ssh-rsa'"},
		{"an RSA key of 2047 bits",
		  {.type = "ssh-rsa", .inner_type = "rsa-sha2-512", .rsa = true, .rsa_size = 256, .point_first = 0x7f,
		   .numbers_size = 256},
		  VERDICT_UNSUPPORTED, "2048 to 16384"},
		{"an RSA key of 1024 bits",
		  {.type = "ssh-rsa", .inner_type = "rsa-sha2-512", .rsa = true, .rsa_size = 128, .point_first = 0x7f,
		   .numbers_size = 128},
		  VERDICT_UNSUPPORTED, "2048 to 16384"},
	};
	/* clang-format on */

	for (size_t i = 0; i < ROWS(rows); i++) {
		CASE(rows[i].sentence);
		check_blob(*state, &rows[i].recipe, rows[i].kind, rows[i].why);
	}
}

static void rsa_signatures_fit_their_key_and_are_not_sha1(void **state)
{
	struct recipe recipe = {.type = "ssh-rsa",
	                        .inner_type = "rsa-sha2-512",
	                        .rsa = true,
	                        .rsa_size = 384,
	                        .point_first = 0x7f,
	                        .numbers_size = 384};

	check_blob(*state, &recipe, VERDICT_GOOD, NULL);
	recipe.inner_type = "rsa-sha2-256";
	check_blob(*state, &recipe, VERDICT_GOOD, NULL);
	recipe.inner_type = "ssh-rsa";
	check_blob(*state, &recipe, VERDICT_UNSUPPORTED, "'ssh-rsa'");
	recipe.inner_type = "rsa-sha2-512";
	recipe.numbers_size = 383;
	check_blob(*state, &recipe, VERDICT_MALFORMED, "as long as its key");
	recipe.rsa_size = 2049;
	check_blob(*state, &recipe, VERDICT_UNSUPPORTED, "2048 to 16384");
}

static void a_blob_that_is_cut_off_is_malformed(void **state)
{
	struct bytes blob = cook(*state, &(struct recipe){0});

	for (size_t size = 1; size < blob.size; size++) {
		struct sshsig sshsig;
		const char *reason = NULL;

		if (sshsig_parse(*state, armor_in(*state, (struct bytes){blob.data, size}, 70),
		                 &sshsig, &reason) != VERDICT_MALFORMED)
			fail_msg("the first %zu bytes: %s", size, reason);
	}
}

static void a_length_beyond_the_end_is_malformed(void **state)
{
	struct bytes blob = cook(*state, &(struct recipe){0});

	for (size_t i = 10; i + 4 < blob.size; i++) {
		char *copy = arena_copy(*state, blob.data, blob.size);
		struct sshsig sshsig;
		const char *reason;

		memset(copy + i, 0xff, 4);
		(void)sshsig_parse(*state, armor_in(*state, (struct bytes){copy, blob.size}, 70),
		                   &sshsig, &reason); /* no crash */
		copy[10] = (char)0xff;
		assert_int_equal(sshsig_parse(*state,
		                              armor_in(*state, (struct bytes){copy, blob.size}, 70),
		                              &sshsig, &reason),
		                 VERDICT_MALFORMED);
	}
}

static void armors_have_lines_of_one_width(void **state)
{
	struct arena *arena = *state;
	struct bytes blob = cook(arena, &(struct recipe){0});
	const char *digits = base64_encode(arena, blob.data, blob.size);
	/* clang-format off */
	struct {
		const char *sentence, *armor;
		bool fine;
	} rows[] = {
		{"70 columns, as ssh-keygen has it", armor_in(arena, blob, 70).data, true},
		{"64 columns, as PEM has it", armor_in(arena, blob, 64).data, true},
		{"one long line", armor_in(arena, blob, 1000).data, false},
		{"no line", BEGIN END, false},
		{"an empty line in between", arena_printf(arena, BEGIN "%.70s\n\n%s\n" END, digits, digits + 70),
		  false},
		{"an empty line at the end", arena_printf(arena, BEGIN "%.70s\n%.70s\n%.70s\n%s\n\n" END, digits,
		  digits + 70, digits + 140, digits + 210), false},
		{"a longer line later", arena_printf(arena, BEGIN "%.60s\n%.70s\n%s\n" END, digits, digits + 60,
		  digits + 130), false},
		{"a shorter line before the last", arena_printf(arena, BEGIN "%.70s\n%.60s\n%.70s\n%s\n" END, digits,
		  digits + 70, digits + 130, digits + 200), false},
		{"a space in a line", arena_printf(arena, BEGIN "%.69s \n%s\n" END, digits, digits + 69), false},
		{"no newline before the end", arena_printf(arena, BEGIN "%.70s" END, digits), false},
		{"nothing behind the begin", BEGIN, false},
		{"an empty text", "", false},
	};
	/* clang-format on */

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct sshsig sshsig;
		const char *reason;

		CASE(rows[i].sentence);
		assert_int_equal(sshsig_parse(arena,
		                              (struct bytes){rows[i].armor, strlen(rows[i].armor)},
		                              &sshsig, &reason),
		                 rows[i].fine ? VERDICT_GOOD : VERDICT_MALFORMED);
	}
}

static void base64_has_one_spelling(void **state)
{
	static const struct {
		const char *text, *bytes; /* NULL: refused */
	} rows[] = {
		{"Zg==", "f"},  {"Zm8=", "fo"}, {"Zm9v", "foo"}, {"Zm9vYg==", "foob"},
		{"Zh==", NULL}, {"Zm9=", NULL}, {"Zg=", NULL},   {"Zg", NULL},
		{"Z===", NULL}, {"====", NULL}, {"Zm=v", NULL},  {"Zg==Zg==", NULL},
		{"Zm9 ", NULL}, {"Zm9_", NULL}, {"", NULL},
	};
	struct bytes bytes;

	for (size_t i = 0; i < ROWS(rows); i++) {
		CASE(rows[i].text);
		assert_int_equal(base64_decode(*state, rows[i].text, strlen(rows[i].text), &bytes),
		                 rows[i].bytes != NULL);
		if (!rows[i].bytes)
			continue;
		assert_int_equal(bytes.size, strlen(rows[i].bytes));
		assert_memory_equal(bytes.data, rows[i].bytes, bytes.size);
		assert_string_equal(base64_encode(*state, bytes.data, bytes.size), rows[i].text);
	}
	assert_false(base64_decode(*state, "Zg=\0", 4, &bytes));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(blobs_are_read_to_the_last_byte),
		TEST(rsa_signatures_fit_their_key_and_are_not_sha1),
		TEST(a_blob_that_is_cut_off_is_malformed),
		TEST(a_length_beyond_the_end_is_malformed),
		TEST(armors_have_lines_of_one_width),
		TEST(base64_has_one_spelling),
	};

	return cmocka_run_group_tests_name("sshsig", tests, NULL, NULL);
}
