/* SHA-256 against the examples of FIPS 180-4 (NIST) and its own pieces. */
#include "unit/base/check.h"

#include "base/hash.h"
#include "base/text.h"

static void the_published_examples_come_out(void **state)
{
	static const struct {
		const char *text, *hex;
	} rows[] = {
		{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		char hex[SHA256_HEX];

		sha256_hex(rows[i].text, strlen(rows[i].text), hex);
		assert_string_equal(hex, rows[i].hex);
		assert_string_equal(sha256_text(*state, rows[i].text, strlen(rows[i].text)),
		                    rows[i].hex);
	}
}

static void pieces_give_the_same_digest_as_the_whole(void **state)
{
	char whole[SHA256_HEX], pieces[SHA256_HEX], data[1000];

	(void)state;
	memset(data, 'x', sizeof data);
	sha256_hex(data, sizeof data, whole);
	for (size_t piece = 1; piece < sizeof data; piece += 37) {
		struct sha256 *sha256 = sha256_begin();

		for (size_t at = 0; at < sizeof data; at += piece)
			sha256_add(sha256, data + at,
			           at + piece > sizeof data ? sizeof data - at : piece);
		sha256_add(sha256, NULL, 0);
		sha256_end(sha256, pieces);
		assert_string_equal(pieces, whole);
	}
}

/* RFC 2202, section 3, cases 1 and 2. */
static void a_hashed_name_is_the_published_hmac(void **state)
{
	static const struct {
		struct bytes key;
		const char *data, *hex;
	} rows[] = {
		{{"\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b", 20},
	         "Hi There",
	         "b617318655057264e28bc0b6fb378c8ef146be00"},
		{{"Jefe", 4},
	         "what do ya want for nothing?",
	         "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		unsigned char digest[HMAC_SHA1_SIZE];
		char hex[2 * sizeof digest + 1];

		hmac_sha1(rows[i].key, (struct bytes){rows[i].data, strlen(rows[i].data)}, digest);
		text_hex(digest, sizeof digest, hex);
		assert_string_equal(hex, rows[i].hex);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_published_examples_come_out),
		TEST(pieces_give_the_same_digest_as_the_whole),
		TEST(a_hashed_name_is_the_published_hmac),
	};

	return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
