/*
 * Version 2 of git's protocol as bytes: what is asked, and what is made of answers, most of them hostile.
 */
#include "unit/base/check.h"

#include "adapters/git_lsrefs.h"

#define ID "0123456789012345678901234567890123456789"
#define OTHER "9876543210987654321098765432109876543210"
#define BYTES(text)                                                                                \
	{                                                                                          \
		(text), sizeof(text) - 1                                                           \
	}

static const char *const wanted[] = {"refs/heads/main", "refs/pull/7/"};
static const struct text_list prefixes = {(const char **)wanted, 2, 2};

static void packets_are_taken_off_one_by_one(void **state)
{
	static const struct {
		const char *sentence;
		struct bytes bytes;
		enum packet packet;
		const char *line;
		size_t left;
	} rows[] = {
		{"a line", BYTES("000ahello\n0000"), PACKET_DATA, "hello", 4},
		{"a line without its end", BYTES("0009hello"), PACKET_DATA, "hello", 0},
		{"capital digits", BYTES("000Ahello\n"), PACKET_DATA, "hello", 0},
		{"an empty line", BYTES("0004"), PACKET_DATA, "", 0},
		{"flush", BYTES("00000009hello"), PACKET_FLUSH, "", 9},
		{"delimiter", BYTES("0001"), PACKET_DELIMITER, "", 0},
		{"end of the response", BYTES("0002"), PACKET_RESPONSE_END, "", 0},
		{"a length that cannot be", BYTES("0003"), PACKET_BROKEN, "", 0},
		{"nothing", BYTES(""), PACKET_NONE, NULL, 0},
		{"half a length", BYTES("000"), PACKET_CUT, NULL, 3},
		{"a line that is missing", BYTES("0009hell"), PACKET_CUT, NULL, 8},
		{"no length", BYTES("<html>"), PACKET_BROKEN, NULL, 6},
		{"a zero byte",
	         BYTES("00\0"
	               "9hello"),
	         PACKET_BROKEN, NULL, 9},
		{"a sign", BYTES("-009hello"), PACKET_BROKEN, NULL, 9},
		{"longer than any line", BYTES("fff1"), PACKET_BROKEN, NULL, 4},
		{"the longest line", BYTES("fff0"), PACKET_CUT, NULL, 4},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct bytes bytes = rows[i].bytes, line = {0};

		print_message("         - %s\n", rows[i].sentence);
		assert_int_equal(lsrefs_packet(&bytes, &line), rows[i].packet);
		assert_int_equal(bytes.size, rows[i].left);
		if (!rows[i].line)
			continue;
		assert_int_equal(line.size, strlen(rows[i].line));
		assert_memory_equal(line.size ? line.data : "", rows[i].line, line.size);
	}
}

static void what_a_server_can_is_read(void **state)
{
	static const struct {
		const char *sentence;
		struct bytes bytes;
		enum lsrefs_answer answer;
		bool has_object_format;
		const char *part; /* of the words */
	} rows[] = {
		{"git over HTTP",
	         BYTES("000eversion 2\n0013ls-refs=unborn\n0017object-format=sha1\n0000"),
	         LSREFS_GOOD, true, NULL},
		{"with the line of the older versions before it",
	         BYTES("001e# service=git-upload-pack\n0000000eversion 2\n000cls-refs\n0000"),
	         LSREFS_GOOD, false, NULL},
		{"it cannot list", BYTES("000eversion 2\n000afetch\n0000"), LSREFS_OLDER, false,
	         NULL},
		{"something that only begins like it", BYTES("000eversion 2\n000dls-refsx\n0000"),
	         LSREFS_OLDER, false, NULL},
		{"the first version",
	         BYTES("001e# service=git-upload-pack\n0000000eversion 1\n0000"), LSREFS_OLDER,
	         false, NULL},
		{"version 23", BYTES("000fversion 23\n000cls-refs\n0000"), LSREFS_OLDER, false,
	         NULL},
		{"the oldest version",
	         BYTES("001e# service=git-upload-pack\n00000048" ID
	               " refs/heads/main\0 ofs-delta\n0000"),
	         LSREFS_OLDER, false, NULL},
		{"nothing behind the service", BYTES("001e# service=git-upload-pack\n00000000"),
	         LSREFS_OLDER, false, NULL},
		{"SHA-256", BYTES("000eversion 2\n000cls-refs\n0019object-format=sha256\n0000"),
	         LSREFS_FORMAT, false, "sha256"},
		{"it refuses", BYTES("0012ERR not\033yours\n"), LSREFS_SAYS, false, "not yours"},
		{"an end is missing", BYTES("000eversion 2\n000cls-refs\n"), LSREFS_BROKEN, false,
	         "too early"},
		{"cut off in a line", BYTES("000eversion 2\n000cls"), LSREFS_BROKEN, false,
	         "too early"},
		{"no flush behind the service", BYTES("001e# service=git-upload-pack\n"),
	         LSREFS_BROKEN, false, "protocol"},
		{"a page", BYTES("<html>"), LSREFS_BROKEN, false, "protocol"},
		{"nothing", BYTES(""), LSREFS_BROKEN, false, "too early"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		AUTO_ARENA arena = arena_new();
		struct lsrefs_server server = {0};
		const char *words = NULL;

		print_message("         - %s\n", rows[i].sentence);
		assert_int_equal(lsrefs_read_server(arena, rows[i].bytes, &server, &words),
		                 rows[i].answer);
		assert_int_equal(server.has_object_format, rows[i].has_object_format);
		if (rows[i].part && (!words || !strstr(words, rows[i].part)))
			fail_msg("'%s' does not hold '%s'", words ? words : "", rows[i].part);
	}
}

static void a_request_names_each_prefix_and_our_format_where_the_server_has_one(void **state)
{
	AUTO_ARENA arena = arena_new();
	struct bytes bytes;

	(void)state;
	bytes = lsrefs_write(arena, &(struct lsrefs_server){.has_object_format = true}, &prefixes);
	assert_string_equal(bytes.data,
	                    "0014command=ls-refs\n0017object-format=sha1\n0001000csymrefs\n"
	                    "001fref-prefix refs/heads/main\n001cref-prefix refs/pull/7/\n0000");
	bytes = lsrefs_write(arena, &(struct lsrefs_server){0}, &(struct text_list){0});
	assert_string_equal(bytes.data, "0014command=ls-refs\n0001000csymrefs\n0000");
}

static void what_would_not_fit_into_a_line_is_not_asked_for(void **state)
{
	AUTO_ARENA arena = arena_new();
	const char *text = "refs/heads/a\nb";
	struct text_list one = {.items = &text, .count = 1}, many = {0};
	struct text name = TEXT_IN(arena);

	(void)state;
	assert_true(lsrefs_may_ask(&prefixes));
	assert_false(lsrefs_may_ask(&one));
	while (name.size < GIT_REF_NAME_MAXIMUM)
		text_add(&name, "x");
	text = text_get(&name);
	assert_true(lsrefs_may_ask(&one));
	text_add(&name, "x");
	text = text_get(&name);
	assert_false(lsrefs_may_ask(&one));
	while (many.count < LSREFS_PREFIXES_MAXIMUM)
		*LIST_ADD(arena, &many) = "refs/";
	assert_true(lsrefs_may_ask(&many));
	*LIST_ADD(arena, &many) = "refs/";
	assert_false(lsrefs_may_ask(&many));
}

static void only_what_was_asked_for_is_let_in(void **state)
{
	static const struct {
		const char *sentence;
		struct bytes bytes;
		bool is_cut;
		enum lsrefs_answer answer;
		size_t count;
		const char *first, *head;
	} rows[] = {
		{"one", BYTES("003d" ID " refs/heads/main\n0000"), false, LSREFS_GOOD, 1,
	         "refs/heads/main", NULL},
		{"none", BYTES("0000"), false, LSREFS_GOOD, 0, NULL, NULL},
		{"HEAD under its branch's name",
	         BYTES("0051" ID " HEAD symref-target:refs/heads/trunk\n0000"), false, LSREFS_GOOD,
	         1, "refs/heads/trunk", "refs/heads/trunk"},
		{"HEAD without a branch", BYTES("0032" ID " HEAD\n0000"), false, LSREFS_GOOD, 0,
	         NULL, NULL},
		{"HEAD that names no branch",
	         BYTES("0050" ID " HEAD symref-target:refs/tags/trunk\n0000"), false, LSREFS_GOOD,
	         0, NULL, "refs/tags/trunk"},
		{"HEAD before the first commit",
	         BYTES("002eunborn HEAD symref-target:refs/heads/main\n0000"), false, LSREFS_GOOD,
	         0, NULL, NULL},
		{"a name that was not asked for", BYTES("003c" ID " refs/heads/mai\n0000"), false,
	         LSREFS_GOOD, 0, NULL, NULL},
		{"an attribute behind the name",
	         BYTES("006f" ID " refs/heads/main peeled:" OTHER "  \n0000"), false, LSREFS_GOOD,
	         1, "refs/heads/main", NULL},
		{"a control character", BYTES("003e" ID " refs/heads/main\033\n0000"), false,
	         LSREFS_GOOD, 0, NULL, NULL},
		{"a zero byte", BYTES("003e" ID " refs/heads/main\0\n0000"), false, LSREFS_GOOD, 0,
	         NULL, NULL},
		{"a name that is not UTF-8", BYTES("003e" ID " refs/heads/main\xff\n0000"), false,
	         LSREFS_GOOD, 0, NULL, NULL},
		{"a star, as it stands", BYTES("003e" ID " refs/heads/main*\n0000"), false,
	         LSREFS_GOOD, 1, "refs/heads/main*", NULL},
		{"longer ids", BYTES("0045" ID "01234567 refs/heads/main\n0000"), false,
	         LSREFS_FORMAT, 0, NULL, NULL},
		{"shorter ids", BYTES("000a0123 x0000"), false, LSREFS_BROKEN, 0, NULL, NULL},
		{"an error", BYTES("0009ERR x0000"), false, LSREFS_SAYS, 0, NULL, NULL},
		{"an end that is missing", BYTES("003d" ID " refs/heads/main\n"), false,
	         LSREFS_BROKEN, 0, NULL, NULL},
		{"a delimiter", BYTES("0001"), false, LSREFS_BROKEN, 0, NULL, NULL},
		{"cut off by us, between lines", BYTES("003d" ID " refs/heads/main\n"), true,
	         LSREFS_GOOD, 1, "refs/heads/main", NULL},
		{"cut off by us, in a line", BYTES("003d" ID " refs/heads/main\n003d0123"), true,
	         LSREFS_GOOD, 1, "refs/heads/main", NULL},
		{"cut off by us, and broken", BYTES("zzzz"), true, LSREFS_BROKEN, 0, NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		AUTO_ARENA arena = arena_new();
		struct git_refs refs = {0};
		const char *words = NULL;

		print_message("         - %s\n", rows[i].sentence);
		assert_int_equal(
			lsrefs_read(arena, rows[i].bytes, rows[i].is_cut, &prefixes, &refs, &words),
			rows[i].answer);
		assert_int_equal(refs.count, rows[i].count);
		if (rows[i].answer != LSREFS_GOOD) {
			assert_non_null(words);
			continue;
		}
		assert_int_equal(refs.is_cut, rows[i].is_cut);
		if (rows[i].first) {
			assert_string_equal(refs.items[0].name, rows[i].first);
			assert_string_equal(refs.items[0].id, ID);
		}
		if (rows[i].head)
			assert_string_equal(refs.head, rows[i].head);
		else
			assert_null(refs.head);
	}
}

static void a_name_of_64_kb_is_passed_over(void **state)
{
	AUTO_ARENA arena = arena_new();
	struct text answer = TEXT_IN(arena);
	struct git_refs refs = {0};
	const char *words = NULL;

	(void)state;
	text_printf(&answer, "%04x" ID " refs/heads/main", 65520);
	while (answer.size < 65520)
		text_add(&answer, "x");
	text_add(&answer, "003d" ID " refs/heads/main\n0000");
	assert_int_equal(lsrefs_read(arena, text_bytes(&answer), false, &prefixes, &refs, &words),
	                 LSREFS_GOOD);
	assert_int_equal(refs.count, 1);
	assert_string_equal(refs.items[0].name, "refs/heads/main");
}

static void refs_are_settled_in_order_each_once_and_not_too_many(void **state)
{
	AUTO_ARENA arena = arena_new();
	struct source_refs refs = {0};

	(void)state;
	for (size_t i = SOURCE_REFS_MAXIMUM; i > 0; i--)
		*LIST_ADD(arena, &refs) =
			(struct source_ref){arena_printf(arena, "refs/pull/%06zu/head", i), ID};
	*LIST_ADD(arena, &refs) = (struct source_ref){"refs/pull/000001/head", ID};
	git_refs_settle(&refs);
	assert_false(refs.is_cut);
	assert_int_equal(refs.count, SOURCE_REFS_MAXIMUM);
	assert_string_equal(refs.items[0].name, "refs/pull/000001/head");
	*LIST_ADD(arena, &refs) = (struct source_ref){"refs/pull/a/head", ID};
	git_refs_settle(&refs);
	assert_true(refs.is_cut);
	assert_int_equal(refs.count, SOURCE_REFS_MAXIMUM);
	refs = (struct source_refs){.is_cut = true};
	git_refs_settle(&refs);
	assert_true(refs.is_cut);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_are_taken_off_one_by_one),
		cmocka_unit_test(what_a_server_can_is_read),
		cmocka_unit_test(
			a_request_names_each_prefix_and_our_format_where_the_server_has_one),
		cmocka_unit_test(what_would_not_fit_into_a_line_is_not_asked_for),
		cmocka_unit_test(only_what_was_asked_for_is_let_in),
		cmocka_unit_test(a_name_of_64_kb_is_passed_over),
		cmocka_unit_test(refs_are_settled_in_order_each_once_and_not_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
