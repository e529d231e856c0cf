/* SHA-256 against the examples of FIPS 180-4 (NIST) and its own pieces. */
#include "unit/base/check.h"

#include "base/hash.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_published_examples_come_out),
		TEST(pieces_give_the_same_digest_as_the_whole),
	};

	return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
