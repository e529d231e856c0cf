/*
 * Migrations as Prisma sees them. The orders were measured with Prisma 6.19 and with node 20's
 * localeCompare (all pairs of 900 names), the checksums with sha256sum.
 */
#include "unit/base/check.h"

#include "base/text.h"
#include "model/migration.h"

#define BYTES(text) ((struct bytes){(text), sizeof(text) - 1})

static int sign(int value)
{
	return (value > 0) - (value < 0);
}

static void names_order_as_prisma_orders_them(void **state)
{
	static const struct {
		const char *sentence;
		const char *names[40];
	} rows[] = {
		{"measured with Prisma itself",
	         {"_x", ".hid", "1_x", "1-x", "10_x", "1a_x", "2_x", "a_x", "A_x", "b_x", "B_x"}},
		{"punctuation, digits, letters",
	         {" ", "_", "-", ",", ";", ":", "!", "?",  ".", "'", "\"", "(", ")",
	          "[", "]", "{", "}", "@", "*", "/", "\\", "&", "#", "%",  "`", "^",
	          "+", "<", "=", ">", "|", "~", "$", "0",  "9", "a", "A",  "z", "Z"}},
		{"case counts only where nothing else does",
	         {"ab", "aB", "Ab", "AB", "ac", "AC", "b"}},
		{"the first case decides, the length before it", {"A", "aa", "Aaa", "aaB", "aAb"}},
		{"ordinary names",
	         {"20240101000000_init", "20240101000000_init_2", "20240101000001_a",
	          "20250101000000_z"}},
		{"bytes beyond ASCII stand behind, by value",
	         {"z", "\xC3\xA4", "\xC3\xBC", "\xE2\x82\xAC"}},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		size_t count = 0;

		CASE(rows[i].sentence);
		while (count < ROWS(rows[i].names) && rows[i].names[count])
			count++;
		for (size_t a = 0; a < count; a++)
			for (size_t b = 0; b < count; b++)
				if (migration_name_order(rows[i].names[a], rows[i].names[b]) !=
				    sign((int)a - (int)b))
					fail_msg("'%s' and '%s'", rows[i].names[a],
					         rows[i].names[b]);
	}
}

static void the_order_is_one_over_all_names(void **state)
{
	static const char letters[] = "_-aAbB1. ";
	char names[9 * 9 * 9][4];
	size_t count = 0;

	(void)state;
	for (size_t i = 0; i < 9; i++)
		for (size_t j = 0; j < 9; j++)
			for (size_t k = 0; k < 9; k += 4)
				(void)snprintf(names[count++], 4, "%c%c%c", letters[i], letters[j],
				               letters[k]);
	for (size_t a = 0; a < count; a++)
		for (size_t b = 0; b < count; b++) {
			int order = migration_name_order(names[a], names[b]);

			assert_int_equal(order == 0, a == b);
			assert_int_equal(order, -migration_name_order(names[b], names[a]));
			for (size_t c = 0; order < 0 && c < count; c += 7)
				if (migration_name_order(names[b], names[c]) < 0)
					assert_true(migration_name_order(names[a], names[c]) < 0);
		}
}

static void a_list_is_sorted_and_searched(void **state)
{
	struct migration items[] = {
		{.name = "b_x"},
		{.name = "1-x", .checksum = "cafe", .has_sql = true},
		{.name = "1_x", .checksum = "cafe"},
		{.name = ".hid"},
	};
	struct migrations migrations = {.items = items, .count = ROWS(items)};
	const char *const order[] = {".hid", "1_x", "1-x", "b_x"};

	(void)state;
	migrations_sort(&migrations);
	migrations_sort(&(struct migrations){0});
	for (size_t i = 0; i < ROWS(order); i++)
		assert_string_equal(items[i].name, order[i]);
	assert_ptr_equal(migration_find(&migrations, "b_x"), &items[3]);
	assert_null(migration_find(&migrations, "b_"));
	assert_ptr_equal(migration_find_checksum(&migrations, "cafe"),
	                 &items[2]); /* the one with a file */
	assert_null(migration_find_checksum(&migrations, ""));
}

static void regular_names_are_told_from_others(void **state)
{
	static const struct {
		const char *name;
		bool regular, ascii;
	} rows[] = {
		{"20240101000000_init", true, true},
		{"20240101000000_init_2", true, true},
		{"20240101000000__", true, true},
		{"20240101000000_", false, true},
		{"20240101000000", false, true},
		{"2024010100000_init", false, true},
		{"202401010000000_init", false, true},
		{"20240101000000-init", false, true},
		{"20240101000000_Init", false, true},
		{"20240101000000_add users", false, true},
		{"0_init", false, true},
		{"", false, true},
		{"20240101000000_\xC3\xBC", false, false},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		CASE(rows[i].name);
		assert_int_equal(migration_name_is_regular(rows[i].name), rows[i].regular);
		assert_int_equal(migration_name_is_ascii(rows[i].name), rows[i].ascii);
	}
}

#define HELLO "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
#define HELLO_OLD "2cf24dba5fb0a3e26e83b2ac5b9e29e1b161e5c1fa7425e7343362938b9824"
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void a_checksum_is_that_of_the_bytes(void **state)
{
	struct arena *arena = *state;
	const struct bytes lf = BYTES("a;\nb;\n"), crlf = BYTES("a;\r\nb;\r\n"),
			   mixed = BYTES("a;\r\nb;\n");
	const char *of_lf = sha256_text(arena, lf.data, lf.size),
		   *of_crlf = sha256_text(arena, crlf.data, crlf.size);
	const char *of_mixed = sha256_text(arena, mixed.data, mixed.size);
	const struct {
		const char *sentence, *stored;
		struct bytes sql;
		bool matches;
	} rows[] = {
		{"as it is", HELLO, BYTES("hello"), true},
		{"an empty file", EMPTY, BYTES(""), true},
		{"one byte more", HELLO, BYTES("hello "), false},
		{"other letters of the digits",
	         "2CF24DBA5FB0A30E26E83B2AC5B9E29E1B161E5C1FA7425E73043362938B9824", BYTES("hello"),
	         false},
		{"the old form without leading zeros", HELLO_OLD, BYTES("hello"), true},
		{"the old form of something else", HELLO_OLD, BYTES("hello!"), false},
		{"the old form cut short",
	         "2cf24dba5fb0a3e26e83b2ac5b9e29e1b161e5c1fa7425e7343362938b98", BYTES("hello"),
	         false},
		{"the old form with more behind it", HELLO_OLD "00", BYTES("hello"), false},
		{"nothing stored", "", BYTES("hello"), false},
		{"applied with CRLF, checked out with LF", of_crlf, lf, true},
		{"applied with LF, checked out with CRLF", of_lf, crlf, true},
		{"applied with LF, checked out mixed", of_lf, mixed, true},
		{"applied mixed, checked out with LF", of_mixed, lf, false},
		{"another text with the same line ends", of_lf, BYTES("a;\nc;\n"), false},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		CASE(rows[i].sentence);
		assert_int_equal(checksum_matches(arena, rows[i].stored, rows[i].sql),
		                 rows[i].matches);
	}
}

static void what_is_not_text_is_refused_with_its_line(void **state)
{
	const struct {
		const char *sentence;
		struct bytes bytes;
		const char *why; /* NULL: it passes */
	} rows[] = {
		{"nothing", BYTES(""), NULL},
		{"ASCII", BYTES("SELECT 1;\n"), NULL},
		{"UTF-8", BYTES("-- \xC3\xBC \xF0\x9F\x90\x98\n"), NULL},
		{"a byte order mark", BYTES("\xEF\xBB\xBFSELECT 1;"), NULL},
		{"NUL", BYTES("a\nb\nc\0d"), "line 3 holds a NUL"},
		{"NUL at the very end", BYTES("a\n\0"), "line 2 holds a NUL"},
		{"UTF-16", BYTES("\xFF\xFES\0E\0"), "line 1 holds a NUL"},
		{"Latin-1", BYTES("a\n-- \xFC\n"), "line 2 is not valid UTF-8"},
		{"a character cut off at the end", BYTES("a\n\n\xC3"), "line 3 is not valid UTF-8"},
		{"a character across a line end", BYTES("a\xC3\n\xBC"),
	         "line 1 is not valid UTF-8"},
		{"a surrogate", BYTES("\xED\xA0\x80"), "line 1 is not valid UTF-8"},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct error *error =
			migration_check_text(*state, "1_a/migration.sql", rows[i].bytes);

		CASE(rows[i].sentence);
		if (!rows[i].why) {
			assert_fine(error);
			continue;
		}
		assert_error(error, ERR_FILE_NOT_TEXT);
		assert_contains(error->what, "'1_a/migration.sql'");
		assert_contains(error->why, rows[i].why);
	}
}

static void the_lock_file_is_read_as_prisma_reads_it(void **state)
{
	const struct {
		const char *sentence;
		struct bytes toml;
		const char *why; /* NULL: it passes */
	} rows[] = {
		{"as Prisma writes it",
	         BYTES("# Please do not edit this file manually\n# It should be added\nprovider = \"postgresql\"\n"),
	         NULL},
		{"with CRLF", BYTES("# x\r\nprovider = \"postgresql\"\r\n"), NULL},
		{"without a line end", BYTES("provider = \"postgresql\""), NULL},
		{"without quotes", BYTES("provider = postgresql\n"), NULL},
		{"another provider", BYTES("provider = \"mysql\"\n"), "'mysql'"},
		{"Prisma's other word for it", BYTES("provider = \"postgres\"\n"), "'postgres'"},
		{"the first of two", BYTES("provider = \"mysql\"\nprovider = \"postgresql\"\n"),
	         "'mysql'"},
		{"without spaces", BYTES("provider=\"postgresql\"\n"), "provider="},
		{"a comment behind it", BYTES("provider = \"postgresql\" # x\n"), "# x"},
		{"indented", BYTES(" provider = \"postgresql\"\n"), "no line"},
		{"in a comment", BYTES("# provider = \"postgresql\"\n"), "no line"},
		{"an empty file", BYTES(""), "no line"},
	};

	assert_fine(migration_lock_check(*state, false, (struct bytes){0}));
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct error *error = migration_lock_check(*state, true, rows[i].toml);

		CASE(rows[i].sentence);
		if (!rows[i].why) {
			assert_fine(error);
			continue;
		}
		assert_error(error, ERR_LOCK_PROVIDER);
		assert_contains(error->why, rows[i].why);
		assert_contains(error->hint, "provider = \"postgresql\"");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(names_order_as_prisma_orders_them),
		TEST(the_order_is_one_over_all_names),
		TEST(a_list_is_sorted_and_searched),
		TEST(regular_names_are_told_from_others),
		TEST(a_checksum_is_that_of_the_bytes),
		TEST(what_is_not_text_is_refused_with_its_line),
		TEST(the_lock_file_is_read_as_prisma_reads_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
