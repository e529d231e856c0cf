/*
 * Certificates of users, built byte by byte, and the person whom an authority's line makes of them. That the authority
 * signed them is ssh-keygen's to say and not looked at here.
 */
#include "unit/base/check.h"

#include "adapters/ssh_authority.h"
#include "adapters/sshsig.h"

#define POINT                                                                                      \
	"\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\x20"
#define CA_POINT "0123456789abcdef0123456789abcdef"
#define MANY 257

struct recipe { /* zero: an Ed25519 key for ada@example.org, by an Ed25519 authority, for ever */
	const char *type, *names[3], *options[4], *extensions[4], *reserved, *key_id, *tail;
	const char *authority_type, *signature_type;
	uint64_t after, before;
	uint32_t kind;
	size_t nonce_size, signature_size, name_count, rsa_size;
	bool no_names, options_cut, hardware, before_is_zero;
	unsigned char flags; /* of an authority that is a security key */
	unsigned char uncompressed;
	const char *curve;
};

static void add_number(struct text *text, uint32_t number)
{
	const unsigned char bytes[] = {(unsigned char)(number >> 24), (unsigned char)(number >> 16),
	                               (unsigned char)(number >> 8), (unsigned char)number};

	text_add_bytes(text, bytes, sizeof bytes);
}

static void add_long(struct text *text, uint64_t number)
{
	add_number(text, (uint32_t)(number >> 32));
	add_number(text, (uint32_t)number);
}

static void add_text(struct text *text, const char *piece)
{
	wire_add_string(text, (struct bytes){piece, strlen(piece)});
}

static void add_filled(struct text *text, size_t size, unsigned char first)
{
	unsigned char data[4096];

	memset(data, 0x11, sizeof data);
	data[0] = first;
	wire_add_string(text, (struct bytes){(const char *)data, size});
}

static void add_options(struct text *text, struct arena *arena, const char *const *options,
                        bool cut)
{
	struct text list = TEXT_IN(arena);

	for (size_t i = 0; i < 4 && options[i]; i++)
		add_text(&list, options[i]);
	if (cut)
		text_add(&list, "x");
	wire_add_string(text, text_bytes(&list));
}

static struct bytes cook(struct arena *arena, const struct recipe *recipe)
{
	struct text blob = TEXT_IN(arena), names = TEXT_IN(arena), key = TEXT_IN(arena),
		    signature = TEXT_IN(arena);
	const char *authority = recipe->authority_type ? recipe->authority_type : "ssh-ed25519";

	add_text(&blob, recipe->type ? recipe->type : "ssh-ed25519-cert-v01@openssh.com");
	add_filled(&blob, recipe->nonce_size ? recipe->nonce_size : 32, 7);
	if (recipe->curve)
		add_text(&blob, recipe->curve);
	if (recipe->rsa_size) {
		wire_add_string(&blob, (struct bytes){"\x01\x00\x01", 3});
		add_filled(&blob, recipe->rsa_size, 0x7f);
	} else if (recipe->curve) {
		add_filled(&blob,
		           strcmp(recipe->curve, "nistp521") == 0   ? 133
		           : strcmp(recipe->curve, "nistp384") == 0 ? 97
		                                                    : 65,
		           recipe->uncompressed ? recipe->uncompressed : 4);
	} else {
		wire_add_string(&blob, (struct bytes){POINT, 32});
	}
	if (recipe->hardware)
		add_text(&blob, "ssh:");
	add_long(&blob, 42);
	add_number(&blob, recipe->kind ? recipe->kind : 1);
	add_text(&blob, recipe->key_id ? recipe->key_id : "ada's laptop");
	for (size_t i = 0; i < recipe->name_count; i++)
		add_text(&names, "x");
	for (size_t i = 0; i < 3 && recipe->names[i]; i++)
		add_text(&names, recipe->names[i]);
	if (!names.size && !recipe->no_names)
		add_text(&names, "ada@example.org");
	wire_add_string(&blob, text_bytes(&names));
	add_long(&blob, recipe->after);
	add_long(&blob, recipe->before || recipe->before_is_zero ? recipe->before : UINT64_MAX);
	add_options(&blob, arena, recipe->options, recipe->options_cut);
	add_options(&blob, arena, recipe->extensions, false);
	add_text(&blob, recipe->reserved ? recipe->reserved : "");

	add_text(&key, authority);
	wire_add_string(&key, (struct bytes){CA_POINT, 32});
	if (text_starts(authority, "sk-"))
		add_text(&key, "ssh:");
	wire_add_string(&blob, text_bytes(&key));
	add_text(&signature, recipe->signature_type ? recipe->signature_type : authority);
	add_filled(&signature, recipe->signature_size ? recipe->signature_size : 64, 0x11);
	if (text_starts(authority, "sk-")) {
		text_add_bytes(&signature, &recipe->flags, 1);
		add_number(&signature, 9);
	}
	wire_add_string(&blob, text_bytes(&signature));
	text_add(&blob, recipe->tail ? recipe->tail : "");
	return text_bytes(&blob);
}

static void certificates_are_read_to_the_last_byte(void **state)
{
	char *long_text = arena_alloc(*state, SSH_CERTIFICATE_TEXT_MAXIMUM + 2);
	/* clang-format off */
	const struct {
		const char *sentence;
		struct recipe recipe;
		const char *why; /* NULL: fine */
		bool supported;
	} rows[] = {
		{"as ssh-keygen makes it", {.extensions = {"permit-X11-forwarding", "", "permit-pty", ""}}, NULL, true},
		{"of an ECDSA key", {.type = "ecdsa-sha2-nistp256-cert-v01@openssh.com", .curve = "nistp256"}, NULL, true},
		{"of one on a longer curve", {.type = "ecdsa-sha2-nistp384-cert-v01@openssh.com", .curve = "nistp384"}, NULL, true},
		{"of one on the longest", {.type = "ecdsa-sha2-nistp521-cert-v01@openssh.com", .curve = "nistp521"}, NULL, true},
		{"of an RSA key", {.type = "ssh-rsa-cert-v01@openssh.com", .rsa_size = 384}, NULL, true},
		{"of a security key", {.type = "sk-ssh-ed25519-cert-v01@openssh.com", .hardware = true}, NULL, true},
		{"of an ECDSA security key", {.type = "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", .curve = "nistp256",
		  .hardware = true}, NULL, true},
		{"by a security key that was touched", {.authority_type = "sk-ssh-ed25519@openssh.com", .flags = 1}, NULL, true},
		{"as many principals as may be", {.name_count = MANY - 1}, NULL, true},
		{"with the one option that a signature can keep", {.options = {"verify-required", ""}}, NULL, true},
		{"an authority that writes fewer random bytes", {.nonce_size = 16}, NULL, true},

		{"a host's", {.kind = 2}, "a host's", false},
		{"a host's without principals", {.kind = 2, .no_names = true}, "a host's", false},
		{"neither", {.kind = 3}, "neither", true},
		{"for nobody", {.no_names = true}, "names no principal", false},
		{"for too many", {.name_count = MANY}, "too many principals", true},
		{"a principal that is too long", {.names = {long_text}}, "one is too long", true},
		{"a key id that is too long", {.key_id = long_text}, "cut off", true},
		{"too many random bytes", {.nonce_size = 257}, "random bytes", true},
		{"a command", {.options = {"force-command", "ls"}}, "limited by 'force-command'", false},
		{"an address", {.options = {"source-address", "10.0.0.0/8"}}, "limited by 'source-address'", false},
		{"an option that nobody knows", {.options = {"x\033y", ""}}, "limited by 'x y'", false},
		{"an option with a value that it has not", {.options = {"verify-required", "no"}}, "limited by", false},
		{"options in another order", {.options = {"verify-required", "", "a", ""}}, "not in order", true},
		{"an option twice", {.options = {"verify-required", "", "verify-required", ""}}, "not in order", true},
		{"an option without a name", {.options = {"", ""}}, "not in order", true},
		{"an option without its value", {.options = {"verify-required"}}, "not in order", true},
		{"a byte behind the options", {.options = {"verify-required", ""}, .options_cut = true}, "not in order", true},
		{"extensions in another order", {.extensions = {"permit-pty", "", "permit-X11-forwarding", ""}},
		  "extensions are not in order", true},
		{"an extension that begins as the one before", {.extensions = {"a", "", "ab", ""}}, NULL, true},
		{"something in the reserved field", {.reserved = "x"}, "reserved", true},
		{"something behind it", {.tail = "x"}, "behind the certificate", true},
		{"of a DSA key", {.type = "ssh-dss-cert-v01@openssh.com"}, "'ssh-dss-cert-v01@openssh.com' are not supported", false},
		{"of an unknown kind", {.type = "ssh-mldsa-65-cert-v01@openssh.com"}, "'ssh-mldsa-65-cert-v01@openssh.com'", false},
		{"of a security key, named as if it were none", {.type = "sk-ssh-ed25519@openssh.com-cert-v01@openssh.com"},
		  "are not supported", false},
		{"of a kind that begins alike", {.type = "ssh-ed25519x-cert-v01@openssh.com"}, "are not supported", false},
		{"of an RSA key that is too short", {.type = "ssh-rsa-cert-v01@openssh.com", .rsa_size = 128},
		  "the certificate's key: RSA keys need 2048", false},
		{"of another curve", {.type = "ecdsa-sha2-nistp256-cert-v01@openssh.com", .curve = "nistp384"},
		  "another curve", true},
		{"of a compressed point", {.type = "ecdsa-sha2-nistp256-cert-v01@openssh.com", .curve = "nistp256",
		  .uncompressed = 2}, "uncompressed", true},
		{"by a DSA key", {.authority_type = "ssh-dss"}, "the certificate's authority: DSA keys are too weak", false},
		{"by a certificate", {.authority_type = "ssh-ed25519-cert-v01@openssh.com"},
		  "the certificate's authority: a certificate is no key", false},
		{"by a security key that nobody touched", {.authority_type = "sk-ssh-ed25519@openssh.com"}, "not touched", false},
		{"with a signature of another kind", {.signature_type = "ssh-rsa"}, "'ssh-rsa'", false},
		{"with half a signature", {.signature_size = 32}, "64 bytes", true},
	};
	/* clang-format on */

	memset(long_text, 'a', SSH_CERTIFICATE_TEXT_MAXIMUM + 1);
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct ssh_certificate certificate = {.serial = 77};
		bool supported = !rows[i].supported;
		const char *why;

		CASE(rows[i].sentence);
		why = ssh_certificate_parse(*state, cook(*state, &rows[i].recipe), &certificate,
		                            &supported);
		if (!why != !rows[i].why)
			fail_msg("%s", why ? why : "it passed");
		if (why) {
			assert_contains(why, rows[i].why);
			assert_int_equal(supported, rows[i].supported);
			assert_int_equal(certificate.serial, 77);
			assert_false(text_has_control(why));
			continue;
		}
		assert_int_equal(certificate.serial, 42);
		assert_string_equal(certificate.key_id, "ada's laptop");
		assert_int_equal(certificate.asks_a_pin, rows[i].recipe.options[0] != NULL);
	}
}

static void the_key_inside_is_known_as_the_plain_key(void **state)
{
	static const char plain[] = "\0\0\0\x0bssh-ed25519\0\0\0\x20" POINT;
	struct ssh_certificate certificate;
	struct ssh_key key;
	bool supported;

	assert_null(ssh_certificate_parse(*state, cook(*state, &(struct recipe){0}), &certificate,
	                                  &supported));
	assert_null(
		ssh_key_parse(*state, (struct bytes){plain, sizeof plain - 1}, &key, &supported));
	assert_true(ssh_key_equal(&certificate.key, &key));
	assert_string_equal(certificate.key.fingerprint, key.fingerprint);
	assert_string_not_equal(certificate.authority.fingerprint, key.fingerprint);
	assert_true(text_starts(ssh_certificate_line(*state, &certificate),
	                        "ssh-ed25519-cert-v01@openssh.com AAAA"));
}

static void its_end_is_the_last_second_that_counts(void **state)
{
	static const struct {
		const char *sentence;
		struct recipe recipe;
		int64_t after, before;
	} rows[] = {
		{"for ever", {0}, 0, INT64_MAX},
		{"a day", {.after = 1764000000, .before = 1764086400}, 1764000000, 1764086399},
		{"never", {.after = UINT64_MAX, .before_is_zero = true}, INT64_MAX, -1},
		{"later than any clock", {.before = (uint64_t)INT64_MAX + 1}, 0, INT64_MAX},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct ssh_certificate certificate;
		bool supported;

		CASE(rows[i].sentence);
		assert_null(ssh_certificate_parse(*state, cook(*state, &rows[i].recipe),
		                                  &certificate, &supported));
		assert_int_equal(certificate.valid_after, rows[i].after);
		assert_int_equal(certificate.valid_before, rows[i].before);
	}
}

static void a_certificate_that_is_cut_off_is_malformed(void **state)
{
	const struct recipe recipe = {.extensions = {"permit-pty", ""}};
	struct bytes blob = cook(*state, &recipe);

	for (size_t size = 0; size < blob.size; size++) {
		struct bytes part = arena_bytes(*state, blob.data, size);
		struct ssh_certificate certificate;
		bool supported = false;
		const char *why = ssh_certificate_parse(*state, part, &certificate, &supported);

		if (!why || !supported)
			fail_msg("the first %zu bytes: %s", size, why ? why : "it passed");
	}
}

/* No crash, and nothing read beyond the end (the sanitizers look). */
static void a_length_beyond_the_end_is_refused(void **state)
{
	struct bytes blob = cook(*state, &(struct recipe){.extensions = {"permit-pty", ""}});
	size_t passed = 0;

	for (size_t i = 0; i + 4 <= blob.size; i++)
		for (int value = 0; value <= 0xff; value += 0xff) {
			struct bytes changed = arena_bytes(*state, blob.data, blob.size);
			struct ssh_certificate certificate;
			bool supported;

			memset((char *)(uintptr_t)changed.data + i, value, 4);
			passed += !ssh_certificate_parse(*state, changed, &certificate, &supported);
		}
	assert_true(passed < 2 * blob.size); /* changed numbers inside keys and signatures pass */
}

static struct allowed_signers signers_of(struct arena *arena, const char *options,
                                         const char *behind)
{
	struct text key = TEXT_IN(arena), text = TEXT_IN(arena);
	struct allowed_signers signers;

	add_text(&key, "ssh-ed25519");
	wire_add_string(&key, (struct bytes){CA_POINT, 32});
	text_printf(&text, "%s ssh-ed25519 %s\n%s", options,
	            base64_encode(arena, key.data, key.size), behind);
	assert_fine(allowed_signers_parse(arena, "f", text_bytes(&text), &signers));
	return signers;
}

#define AUTHORITY " cert-authority,namespaces=\"git\""
#define HOLDER(name)                                                                               \
	name " namespaces=\"git\" ssh-ed25519 "                                                    \
	     "AAAAC3NzaC1lZDI1NTE5AAAAIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g\n"

static void one_person_comes_out_or_nobody(void **state)
{
	/* clang-format off */
	static const struct {
		const char *sentence, *line, *behind;
		struct recipe recipe;
		const char *person, *why;
	} rows[] = {
		{"the one name", "*@example.org" AUTHORITY, "", {0}, "ada@example.org", NULL},
		{"a line without a pattern", "ada@example.org" AUTHORITY, "", {0}, "ada@example.org", NULL},
		{"one of two names", "*@example.org" AUTHORITY, "", {.names = {"root", "ada@example.org"}}, "ada@example.org", NULL},
		{"the same name twice", "*" AUTHORITY, "", {.names = {"ada", "ada"}}, "ada", NULL},
		{"the person has the same key by a line", "*" AUTHORITY, HOLDER("ada@example.org"), {0}, "ada@example.org", NULL},
		{"no name", "*@example.org" AUTHORITY, "", {.names = {"eve@elsewhere.org"}}, NULL, "may not certify"},
		{"a name that is left out", "*,!ada*" AUTHORITY, "", {0}, NULL, "in line 1 may not certify ('*,!ada*')"},
		{"two names", "*@example.org" AUTHORITY, "", {.names = {"ada@example.org", "bob@example.org"}}, NULL,
		  "for 'ada@example.org' and for 'bob@example.org'"},
		{"two names, one of them odd", "*" AUTHORITY, "", {.names = {"ada", "*"}}, NULL, "for 'ada' and for '*'"},
		{"a pattern", "*" AUTHORITY, "", {.names = {"*"}}, NULL, "'*', which is no name"},
		{"two in one", "*" AUTHORITY, "", {.names = {"ada,bob"}}, NULL, "no name of a person"},
		{"an exclusion", "*" AUTHORITY, "", {.names = {"!ada"}}, NULL, "no name of a person"},
		{"a blank", "*" AUTHORITY, "", {.names = {"ada b"}}, NULL, "no name of a person"},
		{"a quote", "*" AUTHORITY, "", {.names = {"\"ada"}}, NULL, "no name of a person"},
		{"a newline", "*" AUTHORITY, "", {.names = {"ada\nbob"}}, NULL, "'ada bob', which is no name"},
		{"no UTF-8", "*" AUTHORITY, "", {.names = {"ad\xff"}}, NULL, "no name of a person"},
		{"nothing", "*" AUTHORITY, "", {.names = {""}}, NULL, "'', which is no name"},
		{"another's key", "*" AUTHORITY, HOLDER("bob"), {0}, NULL, "the key of 'bob' in line 2"},
		{"a person instead of an authority", "eve namespaces=\"git\"", "", {0}, NULL, "no authority in the keyring"},
		{"another authority", "*" AUTHORITY, "", {.authority_type = "sk-ssh-ed25519@openssh.com", .flags = 1}, NULL,
		  "no authority in the keyring"},
	};
	/* clang-format on */

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct allowed_signers signers = signers_of(*state, rows[i].line, rows[i].behind);
		struct ssh_certificate certificate;
		const struct allowed_signer *person;
		const char *why = NULL;
		bool supported;

		CASE(rows[i].sentence);
		assert_null(ssh_certificate_parse(*state, cook(*state, &rows[i].recipe),
		                                  &certificate, &supported));
		person = ssh_authority_person(*state, &signers, &certificate, &why);
		if (!person != !rows[i].person)
			fail_msg("%s", why ? why : person->principal);
		if (!person) {
			assert_contains(why, rows[i].why);
			assert_false(text_has_control(why));
			continue;
		}
		assert_string_equal(person->principal, rows[i].person);
		assert_true(person->is_authority);
		assert_int_equal(person->line, 1);
	}
}

/* What signs is a key with the certificate around it. */
static struct bytes armor_of(struct arena *arena, const struct recipe *recipe, const char *type,
                             int flags)
{
	struct text blob = TEXT_IN(arena), inner = TEXT_IN(arena), armor = TEXT_IN(arena);
	const unsigned char byte = (unsigned char)flags;
	const char *digits;

	add_text(&inner, type);
	add_filled(&inner, 64, 0x11);
	if (flags >= 0) {
		text_add_bytes(&inner, &byte, 1);
		add_number(&inner, 7);
	}
	text_add(&blob, "SSHSIG");
	add_number(&blob, 1);
	wire_add_string(&blob, cook(arena, recipe));
	add_text(&blob, "git");
	add_text(&blob, "");
	add_text(&blob, "sha512");
	wire_add_string(&blob, text_bytes(&inner));
	digits = base64_encode(arena, blob.data, blob.size);
	text_add(&armor, "-----BEGIN SSH SIGNATURE-----\n");
	for (size_t i = 0, size = strlen(digits); i < size; i += 70)
		text_printf(&armor, "%.70s\n", digits + i);
	text_add(&armor, "-----END SSH SIGNATURE-----\n");
	return text_bytes(&armor);
}

static void a_signature_may_come_with_a_certificate(void **state)
{
	/* clang-format off */
	static const struct {
		const char *sentence;
		struct recipe recipe;
		const char *type;
		int flags;
		enum verdict_kind kind;
		const char *why;
	} rows[] = {
		{"by its key", {0}, "ssh-ed25519", -1, VERDICT_GOOD, NULL},
		{"of the certificate's own kind", {0}, "ssh-ed25519-cert-v01@openssh.com", -1, VERDICT_UNSUPPORTED, "of the kind"},
		{"by a security key that was touched", {.type = "sk-ssh-ed25519-cert-v01@openssh.com", .hardware = true},
		  "sk-ssh-ed25519@openssh.com", 1, VERDICT_GOOD, NULL},
		{"by one that was not", {.type = "sk-ssh-ed25519-cert-v01@openssh.com", .hardware = true},
		  "sk-ssh-ed25519@openssh.com", 4, VERDICT_UNSUPPORTED, "not touched"},
		{"by one that may go without", {.type = "sk-ssh-ed25519-cert-v01@openssh.com", .hardware = true,
		  .extensions = {"no-touch-required", ""}},
		  "sk-ssh-ed25519@openssh.com", 0, VERDICT_UNSUPPORTED, "not touched"},
		{"by one that asked for a PIN, as it must", {.type = "sk-ssh-ed25519-cert-v01@openssh.com", .hardware = true,
		  .options = {"verify-required", ""}},
		  "sk-ssh-ed25519@openssh.com", 5, VERDICT_GOOD, NULL},
		{"by one that must and did not", {.type = "sk-ssh-ed25519-cert-v01@openssh.com", .hardware = true,
		  .options = {"verify-required", ""}},
		  "sk-ssh-ed25519@openssh.com", 1, VERDICT_UNSUPPORTED, "PIN"},
		{"by a key that cannot ask", {.options = {"verify-required", ""}}, "ssh-ed25519", -1, VERDICT_UNSUPPORTED, "PIN"},
		{"a host's", {.kind = 2}, "ssh-ed25519", -1, VERDICT_UNSUPPORTED, "a host's"},
		{"one that is damaged", {.reserved = "x"}, "ssh-ed25519", -1, VERDICT_MALFORMED, "reserved"},
	};
	/* clang-format on */

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct sshsig sshsig = {0};
		const char *reason = NULL;
		enum verdict_kind kind;

		CASE(rows[i].sentence);
		kind = sshsig_parse(*state,
		                    armor_of(*state, &rows[i].recipe, rows[i].type, rows[i].flags),
		                    &sshsig, &reason);
		if (kind != rows[i].kind)
			fail_msg("%s: %s", verdict_kind_name(kind), reason ? reason : "");
		if (rows[i].why)
			assert_contains(reason, rows[i].why);
		if (kind == VERDICT_GOOD) {
			assert_non_null(sshsig.certificate);
			assert_true(ssh_key_equal(&sshsig.key, &sshsig.certificate->key));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(certificates_are_read_to_the_last_byte),
		TEST(the_key_inside_is_known_as_the_plain_key),
		TEST(its_end_is_the_last_second_that_counts),
		TEST(a_certificate_that_is_cut_off_is_malformed),
		TEST(a_length_beyond_the_end_is_refused),
		TEST(one_person_comes_out_or_nobody),
		TEST(a_signature_may_come_with_a_certificate),
	};

	return cmocka_run_group_tests_name("ssh certificate", tests, NULL, NULL);
}
