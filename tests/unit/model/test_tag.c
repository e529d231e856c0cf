/*
 * The strict tag parser. Each row is an object as raw bytes; most are one well-formed tag with one thing changed. What a
 * reader gets wrong: git verifies several of the refused ones, since it takes the last armor and what stands behind it.
 */
#include "unit/base/check.h"

#include "model/tag.h"

#define ID "1234567890abcdef1234567890abcdef12345678"
#define OBJECT "object aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
#define TYPE "type commit\n"
#define NAME "tag approve/shop/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/ada\n"
#define TAGGER "tagger Ada Example <ada@example.org> 1764000000 +0100\n"
#define HEADERS OBJECT TYPE NAME TAGGER
#define MESSAGE "\napproved\n"
#define BEGIN "-----BEGIN SSH SIGNATURE-----\n"
#define END "-----END SSH SIGNATURE-----\n"
#define SSH BEGIN "U1NIU0lHAAAAAQ==\n" END
#define PGP "-----BEGIN PGP SIGNATURE-----\n\niQ==\n-----END PGP SIGNATURE-----\n"
#define PGP_MESSAGE "-----BEGIN PGP MESSAGE-----\n\niQ==\n-----END PGP MESSAGE-----\n"
#define X509 "-----BEGIN SIGNED MESSAGE-----\nMII=\n-----END SIGNED MESSAGE-----\n"

static struct bytes bytes_of(const char *text)
{
	return (struct bytes){text, strlen(text)};
}

static void check_malformed(struct arena *arena, struct bytes raw, const char *why)
{
	struct tag tag = {.id = "untouched"};
	struct error *error = tag_parse(arena, ID, raw, &tag);

	assert_error(error, ERR_MALFORMED);
	assert_string_equal(error->what, "cannot read tag '1234567890'");
	assert_contains(error->why, why);
	assert_contains(error->hint, "git tag -s");
	assert_string_equal(tag.id, "untouched");
}

static void a_signed_tag_is_read_whole(void **state)
{
	struct tag tag;

	assert_fine(tag_parse(*state, ID, bytes_of(HEADERS MESSAGE SSH), &tag));
	assert_string_equal(tag.id, ID);
	assert_string_equal(tag.object, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	assert_string_equal(tag.type, "commit");
	assert_string_equal(tag.name, "approve/shop/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/ada");
	assert_string_equal(tag.tagger.name, "Ada Example");
	assert_string_equal(tag.tagger.email, "ada@example.org");
	assert_int_equal(tag.tagger.when, 1764000000);
	assert_string_equal(tag.tagger.zone, "+0100");
	assert_string_equal(tag.message, "approved\n");
	assert_string_equal(tag.seal.id, ID);
	assert_string_equal(tag.seal.signature.data, SSH);
	assert_int_equal(tag.seal.signature.size, strlen(SSH));
	assert_string_equal(tag.seal.payload.data, HEADERS MESSAGE);
	assert_int_equal(tag.seal.payload.size, strlen(HEADERS MESSAGE));
}

static void well_formed_tags_are_read(void **state)
{
	static const struct {
		const char *sentence, *raw;
		enum signature_format format;
		const char *payload, *message;
	} rows[] = {
		{"an unsigned tag", HEADERS MESSAGE, SIGNATURE_NONE, HEADERS MESSAGE, "approved\n"},
		{"an empty message", HEADERS "\n", SIGNATURE_NONE, HEADERS "\n", ""},
		{"an empty message that is signed", HEADERS "\n" SSH, SIGNATURE_SSH, HEADERS "\n",
	         ""},
		{"an SSH signature", HEADERS MESSAGE SSH, SIGNATURE_SSH, HEADERS MESSAGE,
	         "approved\n"},
		{"an OpenPGP signature", HEADERS MESSAGE PGP, SIGNATURE_OPENPGP, HEADERS MESSAGE,
	         "approved\n"},
		{"one with an empty line behind its end", HEADERS MESSAGE PGP "\n",
	         SIGNATURE_OPENPGP, HEADERS MESSAGE, "approved\n"},
		{"an inline OpenPGP message", HEADERS MESSAGE PGP_MESSAGE, SIGNATURE_OPENPGP,
	         HEADERS MESSAGE, "approved\n"},
		{"an X.509 signature", HEADERS MESSAGE X509, SIGNATURE_X509, HEADERS MESSAGE,
	         "approved\n"},
		{"a tag of a tag, which is none of ours but a tag",
	         OBJECT "type tag\n" NAME TAGGER MESSAGE, SIGNATURE_NONE,
	         OBJECT "type tag\n" NAME TAGGER MESSAGE, "approved\n"},
		{"armor that does not stand at the begin of a line is text", HEADERS "\nsee " SSH,
	         SIGNATURE_NONE, HEADERS "\nsee " SSH, "see " SSH},
		{"armor of a kind that nobody knows is text",
	         HEADERS "\n-----BEGIN QUANTUM-----\nx\n", SIGNATURE_NONE,
	         HEADERS "\n-----BEGIN QUANTUM-----\nx\n", "-----BEGIN QUANTUM-----\nx\n"},
		{"a header in the message is text", HEADERS "\ngpgsig x\n", SIGNATURE_NONE,
	         HEADERS "\ngpgsig x\n", "gpgsig x\n"},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct tag tag;

		CASE(rows[i].sentence);
		assert_fine(tag_parse(*state, ID, bytes_of(rows[i].raw), &tag));
		assert_int_equal(tag.seal.format, rows[i].format);
		assert_string_equal(tag.seal.payload.data, rows[i].payload);
		assert_int_equal(tag.seal.payload.size, strlen(rows[i].payload));
		assert_string_equal(tag.message, rows[i].message);
	}
}

static void malformed_tags_are_refused(void **state)
{
	static const struct {
		const char *sentence, *raw, *why;
	} rows[] = {
		{"nothing", "", "no blank line"},
		{"no blank line", HEADERS, "no blank line"},
		{"a commit", "tree aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n\nx\n",
	         "'tree' where 'object' belongs"},
		{"another order", TYPE OBJECT NAME TAGGER MESSAGE, "'type' where 'object' belongs"},
		{"the name before the type", OBJECT NAME TYPE TAGGER MESSAGE,
	         "'tag' where 'type' belongs"},
		{"a second object", OBJECT OBJECT TYPE NAME TAGGER MESSAGE,
	         "'object' where 'type' belongs"},
		{"a second type", OBJECT TYPE TYPE NAME TAGGER MESSAGE,
	         "'type' where 'tag' belongs"},
		{"a second name", OBJECT TYPE NAME NAME TAGGER MESSAGE,
	         "'tag' where 'tagger' belongs"},
		{"a second tagger", HEADERS TAGGER MESSAGE, "'tagger', which has no place"},
		{"no tagger, as very old tags are", OBJECT TYPE NAME MESSAGE, "ends too early"},
		{"no name", OBJECT TYPE TAGGER MESSAGE, "'tagger' where 'tag' belongs"},
		{"an empty name", OBJECT TYPE "tag \n" TAGGER MESSAGE, "empty"},
		{"a control character in the name", OBJECT TYPE "tag a\tb\n" TAGGER MESSAGE,
	         "odd characters"},
		{"a name that goes on in the next line", OBJECT TYPE "tag a\n b\n" TAGGER MESSAGE,
	         "goes on"},
		{"an object id in capitals",
	         "object AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n" TYPE NAME TAGGER MESSAGE,
	         "not one object id"},
		{"a short object id", "object aaaa\n" TYPE NAME TAGGER MESSAGE,
	         "not one object id"},
		{"a type that git has not", OBJECT "type branch\n" NAME TAGGER MESSAGE,
	         "no type of git's"},
		{"an ident with angle brackets inside",
	         OBJECT TYPE NAME "tagger A <b> <a@b> 1 +0000\n" MESSAGE, "not written"},
		{"a time that is no number", OBJECT TYPE NAME "tagger A <a@b> now +0000\n" MESSAGE,
	         "no time as git writes it"},
		{"a signature in the header", HEADERS "gpgsig " BEGIN " x\n " END MESSAGE,
	         "'gpgsig', which has no place"},
		{"the other object format's signature",
	         HEADERS "gpgsig-sha256 " BEGIN " x\n " END MESSAGE SSH,
	         "'gpgsig-sha256', which has no place"},
		{"a header that nobody knows", HEADERS "change-id zzzz\n" MESSAGE,
	         "'change-id', which has no place"},
		{"text behind the armor", HEADERS MESSAGE SSH "and more\n", "behind its end"},
		{"an empty line behind an SSH armor", HEADERS MESSAGE SSH "\n", "behind its end"},
		{"two empty lines behind an OpenPGP armor", HEADERS MESSAGE PGP "\n\n",
	         "behind its end"},
		{"two armors", HEADERS MESSAGE SSH SSH, "more than one armor"},
		{"two armors of two kinds", HEADERS MESSAGE PGP SSH, "behind its end"},
		{"an armor, text, and another armor", HEADERS "\n" SSH "approved\n" SSH,
	         "more than one armor"},
		{"an armor that is cut off", HEADERS MESSAGE BEGIN "U1NI\n", "cut off"},
		{"an armor without its last newline",
	         HEADERS MESSAGE BEGIN "U1NI\n-----END SSH SIGNATURE-----", "cut off"},
		{"an empty armor", HEADERS MESSAGE BEGIN END, "is empty"},
		{"carriage returns in the armor", HEADERS MESSAGE BEGIN "U1NI\r\n" END,
	         "control characters"},
		{"an armor's first line with text behind, which git takes for one",
	         HEADERS MESSAGE "-----BEGIN SSH SIGNATURE-----x\nU1NI\n" END, "odd beginning"},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		CASE(rows[i].sentence);
		check_malformed(*state, bytes_of(rows[i].raw), rows[i].why);
	}
}

static void nul_is_refused_wherever_it_stands(void **state)
{
	static const char raw[] = HEADERS MESSAGE SSH;

	for (size_t i = 0; i < sizeof raw; i++) {
		char *copy = arena_copy(*state, raw, sizeof raw);

		copy[i] = '\0';
		check_malformed(
			*state,
			(struct bytes){copy, i == sizeof raw - 1 ? sizeof raw : sizeof raw - 1},
			"NUL");
	}
}

static const char *fill(struct arena *arena, size_t size)
{
	char *filled = arena_alloc(arena, size + 1);

	memset(filled, 'x', size);
	return filled;
}

static void sizes_have_a_limit(void **state)
{
	const char *long_message = arena_printf(*state, HEADERS "\n%s",
	                                        fill(*state, TAG_MAXIMUM - strlen(HEADERS) - 1));
	const char *armor = arena_printf(*state, BEGIN "%s\n" END,
	                                 fill(*state, SIGNATURE_MAXIMUM - strlen(BEGIN END) - 1));
	struct tag tag;

	assert_fine(tag_parse(*state, ID, bytes_of(long_message), &tag));
	check_malformed(*state, bytes_of(arena_printf(*state, "%sx", long_message)),
	                "larger than 1048576 bytes");
	assert_fine(tag_parse(*state, ID,
	                      bytes_of(arena_printf(*state, HEADERS MESSAGE "%s", armor)), &tag));
	assert_int_equal(tag.seal.signature.size, SIGNATURE_MAXIMUM);
	check_malformed(
		*state,
		bytes_of(arena_printf(*state, HEADERS MESSAGE BEGIN "x%s", armor + strlen(BEGIN))),
		"signature is larger than 65536 bytes");
}

/* Whatever byte is changed: what is read as the payload changes too, or the armor does. */
static void a_damaged_tag_never_keeps_its_payload(void **state)
{
	static const char raw[] = HEADERS MESSAGE SSH;
	const size_t signed_size = strlen(HEADERS MESSAGE);

	for (size_t i = 0; i < sizeof raw - 1; i++)
		for (const char *with = "x\n <>"; *with; with++) {
			char *copy = arena_copy(*state, raw, sizeof raw - 1);
			struct tag tag;

			if (copy[i] == *with)
				continue;
			copy[i] = *with;
			if (tag_parse(*state, ID, (struct bytes){copy, sizeof raw - 1}, &tag) ||
			    tag.seal.format == SIGNATURE_NONE)
				continue;
			assert_true(tag.seal.payload.size != signed_size || i >= signed_size ||
			            memcmp(tag.seal.payload.data, raw, signed_size) != 0);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_signed_tag_is_read_whole), TEST(well_formed_tags_are_read),
		TEST(malformed_tags_are_refused), TEST(nul_is_refused_wherever_it_stands),
		TEST(sizes_have_a_limit),         TEST(a_damaged_tag_never_keeps_its_payload),
	};

	return cmocka_run_group_tests_name("tag", tests, NULL, NULL);
}
