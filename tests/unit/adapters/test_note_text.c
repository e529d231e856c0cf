/* What a note says after each word. */
#include "adapters/note_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

#define MOMENT ((int64_t)1795563135 * 1000000) /* 2026-11-24 23:32:15 UTC */
#define SECOND ((int64_t)1000000)

static struct status word(enum status_state state, const char *description, int64_t run,
                          const char *url)
{
	return (struct status){
		.target = "shop",
		.context = "headgate/shop",
		.state = state,
		.description = description,
		.run = run,
		.url = url,
	};
}

static void the_current_word_comes_first_and_earlier_ones_follow(void **state)
{
	AUTO_ARENA arena = arena_new();
	struct status pending =
		word(STATUS_PENDING, "backup 168 KiB done, applying 2 migrations", 0, NULL);
	struct status broken = word(STATUS_ERROR, "the database cannot be reached", 41, NULL);
	struct status success = word(STATUS_SUCCESS, "applied 2 migrations in 1.3 s", 41,
	                             "https://headgate.example/41");
	const char *note;

	(void)state;
	note = note_text_add(arena, "", &pending, MOMENT);
	assert_string_equal(note,
	                    "pending headgate/shop: backup 168 KiB done, applying 2 migrations\n"
	                    "  2026-11-24 23:32:15 UTC\n");
	note = note_text_add(arena, note, &broken, MOMENT + SECOND);
	note = note_text_add(arena, note, &success, MOMENT + 2 * SECOND);
	assert_string_equal(
		note,
		"success headgate/shop: applied 2 migrations in 1.3 s\n"
		"  2026-11-24 23:32:17 UTC, run 41, https://headgate.example/41\n"
		"  2026-11-24 23:32:16 UTC  error  the database cannot be reached\n"
		"  2026-11-24 23:32:15 UTC  pending  backup 168 KiB done, applying 2 migrations\n");
}

static void saying_it_again_changes_nothing(void **state)
{
	AUTO_ARENA arena = arena_new();
	struct status success = word(STATUS_SUCCESS, "applied 1 migration", 7, NULL);
	const char *note = note_text_add(arena, "", &success, MOMENT);

	(void)state;
	assert_ptr_equal(note_text_add(arena, note, &success, MOMENT + SECOND), note);
}

static void the_same_word_of_a_later_run_takes_its_place(void **state)
{
	AUTO_ARENA arena = arena_new();
	struct status first = word(STATUS_FAILURE, "not signed", 7, NULL);
	struct status second = word(STATUS_FAILURE, "not signed", 8, NULL);
	const char *note = note_text_add(arena, note_text_add(arena, "", &first, MOMENT), &second,
	                                 MOMENT + SECOND);

	(void)state;
	assert_string_equal(
		note, "failure headgate/shop: not signed\n  2026-11-24 23:32:16 UTC, run 8\n");
}

static void what_somebody_else_wrote_is_kept_below(void **state)
{
	static const struct {
		const char *note, *kept;
		const char *sentence;
	} cases[] = {
		{"reviewed by Ann\n\nall good", "  reviewed by Ann\n  all good\n",
	         "a person's own text"},
		{"success headgate/shop: x\n", "  success headgate/shop: x\n",
	         "a first line without its time"},
		{"success headgate/stock: x\n  2026-11-24 23:32:15 UTC\n",
	         "  success headgate/stock: x\n  2026-11-24 23:32:15 UTC\n", "another target's"},
		{"superb headgate/shop: x\n  2026-11-24 23:32:15 UTC\n",
	         "  superb headgate/shop: x\n  2026-11-24 23:32:15 UTC\n", "a state that is none"},
		{"success headgate/shop: x\n  2026-11-24 23:32 UTC\n",
	         "  success headgate/shop: x\n  2026-11-24 23:32 UTC\n", "a time that is none"},
		{"success headgate/shop: x\n  2026-11-24 23:32:15 UTC and more\n",
	         "  success headgate/shop: x\n  2026-11-24 23:32:15 UTC and more\n",
	         "more behind the time"},
		{"a\x1b[31mb\r\n\xff\n", "  a [31mb \n  \xef\xbf\xbd\n",
	         "control characters and broken UTF-8"},
	};
	struct status status = word(STATUS_PENDING, "applying", 0, NULL);

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO_ARENA arena = arena_new();
		const char *note = note_text_add(arena, cases[i].note, &status, MOMENT);

		print_message("%s\n", cases[i].sentence);
		assert_string_equal(note, arena_printf(arena,
		                                       "pending headgate/shop: applying\n"
		                                       "  2026-11-24 23:32:15 UTC\n%s",
		                                       cases[i].kept));
	}
}

static void words_cannot_make_lines(void **state)
{
	AUTO_ARENA arena = arena_new();
	struct status status =
		word(STATUS_FAILURE, "no\nsuccess headgate/shop: yes", 1, "https://x\nsuccess");
	const char *note = note_text_add(arena, "", &status, MOMENT);

	(void)state;
	assert_string_equal(note, "failure headgate/shop: no success headgate/shop: yes\n"
	                          "  2026-11-24 23:32:15 UTC, run 1, https://x success\n");
}

static void a_note_does_not_grow_for_ever(void **state)
{
	static const char filler[] =
		"of a long story, told in words that nearly fill a whole status line, "
		"as they do when every name is long";
	struct arena *arena = arena_new();
	const char *note = "";

	(void)state;
	for (int i = 0; i < 500; i++) {
		struct arena *next = arena_new();
		struct status status =
			word(STATUS_PENDING, arena_printf(next, "word %d %s", i, filler), 0, NULL);

		note = arena_text(next, note_text_add(next, note, &status, MOMENT));
		arena_free(arena);
		arena = next;
	}
	assert_true(strlen(note) <= NOTE_TEXT_MAXIMUM);
	assert_true(strlen(note) > NOTE_TEXT_MAXIMUM / 2);
	assert_non_null(strstr(note, "word 499 of"));
	assert_non_null(strstr(note, "word 498 of"));
	assert_null(strstr(note, "word 1 of")); /* the oldest went */
	assert_true(text_ends(note, "every name is long\n"));
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_current_word_comes_first_and_earlier_ones_follow),
		cmocka_unit_test(saying_it_again_changes_nothing),
		cmocka_unit_test(the_same_word_of_a_later_run_takes_its_place),
		cmocka_unit_test(what_somebody_else_wrote_is_kept_below),
		cmocka_unit_test(words_cannot_make_lines),
		cmocka_unit_test(a_note_does_not_grow_for_ever),
	};

	return cmocka_run_group_tests_name("note text", tests, NULL, NULL);
}
