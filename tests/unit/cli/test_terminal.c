/* The screen: what comes from outside is shown, never obeyed; long texts stand under their label. */
#include "unit/cli/capture.h"

#include "cli/terminal.h"

static void control_characters_never_get_through(void **state)
{
	static const struct {
		const char *sentence, *text, *shown;
	} rows[] = {
		{"plain text", "shop", "shop"},
		{"letters of all languages", "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x9a\xaa",
	         "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x9a\xaa"},
		{"an escape sequence", "a\033[31mb", "a?[31mb"},
		{"a carriage return", "a\rb", "a?b"},
		{"a backspace and a bell", "a\b\a", "a??"},
		{"DEL", "a\x7f", "a?"},
		{"C1: a control sequence of one character",
	         "a\xc2\x9b"
	         "31mb",
	         "a?31mb"},
		{"the last of C1 and the first behind it", "\xc2\x9f\xc2\xa0", "?\xc2\xa0"},
		{"a raw byte of C1 is no UTF-8",
	         "a\x9b"
	         "31m",
	         "a\xef\xbf\xbd"
	         "31m"},
		{"a cut character", "a\xc3", "a\xef\xbf\xbd"},
	};
	struct place *place = *state;

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct capture capture = capture_begin(place);
		const struct error error = {.row = &error_rows()[ERR_USAGE],
		                            .what = rows[i].text,
		                            .why = rows[i].text,
		                            .hint = rows[i].text};
		struct captured captured;

		terminal_print(COLOUR_GOOD, "%s|", rows[i].text);
		terminal_field(COLOUR_BAD, rows[i].text, rows[i].text);
		terminal_error(&error);
		captured = capture_end(&capture);
		CASE(rows[i].sentence);
		assert_true(text_starts(captured.out,
		                        arena_printf(place->arena, "%s|", rows[i].shown)));
		for (const char *text = captured.out; *text; text++)
			assert_true((unsigned char)*text >= 0x20 || *text == '\n');
		for (const char *text = captured.err; *text; text++)
			assert_true((unsigned char)*text >= 0x20 || *text == '\n');
		assert_null(strstr(captured.out, "\xc2\x9b"));
		assert_null(strstr(captured.err, "\xc2\x9b"));
		assert_contains(captured.err, rows[i].shown);
	}
}

static void a_field_stands_under_its_label(void **state)
{
	static const struct {
		const char *sentence, *label, *text, *shown;
	} rows[] = {
		{"a short one", "why", "because", "  why       because\n"},
		{"no label", "", "because", "            because\n"},
		{"no text", "why", "", "  why       \n"},
		{"a label as wide as its column", "0123456789", "x", "  0123456789 x\n"},
		{"a label that is too wide", "0123456789ab", "x", "  0123456789ab x\n"},
		{"a text of several lines", "why", "one\ntwo",
	         "  why       one\n            two\n"},
		{"lines that would look like another field", "why", "one\n  next      rm",
	         "  why       one\n              next      rm\n"},
		{"a line end at the end", "why", "one\n", "  why       one\n"},
	};
	struct place *place = *state;

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct capture capture = capture_begin(place);
		struct captured captured;

		terminal_field(COLOUR_NONE, rows[i].label, rows[i].text);
		captured = capture_end(&capture);
		CASE(rows[i].sentence);
		assert_string_equal(captured.out, rows[i].shown);
	}
}

static void a_long_field_is_wrapped_between_words(void **state)
{
	struct place *place = *state;
	struct text text = TEXT_IN(place->arena), back = TEXT_IN(place->arena);
	struct capture capture;
	struct captured captured;
	struct text_list lines = {0};

	for (int i = 0; i < 60; i++)
		text_printf(&text, "%sword%d", i ? " " : "", i);
	capture = capture_begin(place);
	terminal_field(COLOUR_NONE, "why", text_get(&text));
	captured = capture_end(&capture);
	text_split(place->arena, captured.out, '\n', &lines);
	assert_true(lines.count > 4);
	for (size_t i = 0; i + 1 < lines.count; i++) {
		assert_true(strlen(lines.items[i]) <= 100);
		assert_true(
			text_starts(lines.items[i], i ? "            word" : "  why       word0"));
		text_printf(&back, "%s%s", i ? " " : "", lines.items[i] + 12);
	}
	assert_string_equal(text_get(&back), text_get(&text));
}

static void a_word_without_a_space_is_not_cut(void **state)
{
	struct place *place = *state;
	char *word = arena_alloc(place->arena, 301);
	struct capture capture = capture_begin(place);
	struct captured captured;

	memset(word, 'x', 300);
	terminal_field(COLOUR_NONE, "why", arena_printf(place->arena, "%s y", word));
	captured = capture_end(&capture);
	assert_string_equal(captured.out,
	                    arena_printf(place->arena, "  why       %s\n            y\n", word));
}

static void an_error_says_what_why_and_next(void **state)
{
	struct place *place = *state;
	struct capture capture = capture_begin(place);
	struct captured captured;

	terminal_error(FAIL(place->arena, UNSIGNED, .what = "cannot accept 'a'",
	                    .why = "it is not signed", .hint = "Sign it."));
	terminal_error(FAIL(place->arena, USAGE, .what = "too much"));
	captured = capture_end(&capture);
	assert_string_equal(captured.out, "");
	assert_string_equal(captured.err,
	                    "headgate: cannot accept 'a'  [V002]\n"
	                    "  why       it is not signed\n"
	                    "  next      Sign it.\n"
	                    "headgate: too much  [U001]\n"
	                    "  next      Type 'headgate explain U001' to read what it means.\n");
}

static void json_is_printed_as_it_is(void **state)
{
	struct place *place = *state;
	struct capture capture = capture_begin(place);
	struct node *node = node_map(place->arena);
	struct captured captured;
	const char *why = NULL;

	node_set_text(place->arena, node, "a", "x\033[31m\n");
	terminal_json(place->arena, node);
	captured = capture_end(&capture);
	assert_null(strchr(captured.out, '\033'));
	node = node_from_json(place->arena, captured.out, strlen(captured.out), &why);
	assert_non_null(node);
	assert_string_equal(node_find_text(node, "a"), "x\033[31m\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_IN_PLACE(control_characters_never_get_through),
		TEST_IN_PLACE(a_field_stands_under_its_label),
		TEST_IN_PLACE(a_long_field_is_wrapped_between_words),
		TEST_IN_PLACE(a_word_without_a_space_is_not_cut),
		TEST_IN_PLACE(an_error_says_what_why_and_next),
		TEST_IN_PLACE(json_is_printed_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
