/* Errors: the table is walked row by row; texts are copies; wrapping adds a noun in front and nothing else. */
#include "unit/base/check.h"

#include "base/text.h"

static void every_row_has_a_code_of_its_own_and_a_sentence(void **state)
{
	const struct error_row *rows = error_rows();

	(void)state;
	for (size_t i = 0; i < ERR_COUNT; i++) {
		assert_int_equal(strlen(rows[i].code), 4);
		assert_ptr_equal(error_find(rows[i].code), &rows[i]); /* the first of its code */
		assert_true(strlen(rows[i].sentence) > 10);
		assert_false(text_ends(rows[i].sentence, "."));
	}
	assert_string_equal(rows[ERR_UNSIGNED].code, "V002");
	assert_string_equal(rows[ERR_UNSIGNED].name, "UNSIGNED");
}

static void every_exit_status_is_one_of_the_documented(void **state)
{
	static const int documented[] = {1, 2, 3, 4, 5, 6, 64};

	(void)state;
	for (size_t i = 0; i < ERR_COUNT; i++) {
		bool found = false;

		for (size_t j = 0; j < ROWS(documented); j++)
			found = found || error_rows()[i].exit_status == documented[j];
		assert_true(found);
	}
}

static void every_reaction_has_a_name(void **state)
{
	(void)state;
	assert_string_equal(reaction_name(REACT_RETRY), "retry");
	assert_string_equal(reaction_name(REACT_WAIT), "wait");
	assert_string_equal(reaction_name(REACT_REFUSE), "refuse");
	assert_string_equal(reaction_name(REACT_HALT), "halt");
}

static void an_unknown_code_is_not_found(void **state)
{
	(void)state;
	assert_null(error_find("Z999"));
	assert_null(error_find(""));
	assert_null(error_find(NULL));
}

static void the_texts_of_an_error_are_copies(void **state)
{
	char what[] = "cannot do 'it'", why[] = "no";
	struct error *error = FAIL(*state, FILE, .what = what, .why = why, .hint = "Try: ls");

	what[0] = why[0] = 'X';
	assert_string_equal(error->what, "cannot do 'it'");
	assert_string_equal(error->why, "no");
	assert_string_equal(error->hint, "Try: ls");
	assert_int_equal(error->row->reaction, REACT_HALT);
}

static void an_error_without_a_hint_points_to_its_explanation(void **state)
{
	struct error *error = FAIL(*state, UNSIGNED, .what = "commit 'a' is not signed");

	assert_null(error->why);
	assert_contains(error->hint, "headgate explain V002");
}

static void an_empty_reason_is_no_reason(void **state)
{
	struct error *error = FAIL(*state, FILE, .what = "x", .why = "");

	assert_null(error->why);
}

static void wrapping_puts_a_noun_in_front(void **state)
{
	struct error *error = FAIL(*state, GIT_UNREACHABLE, .what = "no answer", .why = "timed out",
	                           .hint = "Wait.");
	struct error *wrapped = error_wrap(*state, error, "fetch of '%s'", "main");

	assert_string_equal(wrapped->what, "fetch of 'main': no answer");
	assert_string_equal(wrapped->why, "timed out");
	assert_string_equal(wrapped->hint, "Wait.");
	assert_error(wrapped, ERR_GIT_UNREACHABLE);
	assert_string_equal(error->what, "no answer");
	assert_null(error_wrap(*state, NULL, "fetch"));
}

static void a_copy_outlives_the_arena_of_its_error(void **state)
{
	struct arena *other = arena_new();
	struct error *copy =
		error_copy(*state, FAIL(other, FILE, .what = "a", .why = "b", .hint = "c"));

	arena_free(other);
	assert_string_equal(copy->what, "a");
	assert_string_equal(copy->why, "b");
	assert_string_equal(copy->hint, "c");
	assert_null(error_copy(*state, NULL));
}

static void a_line_is_one_line(void **state)
{
	struct error *error =
		FAIL(*state, DB_AUTH, .what = "cannot connect", .why = "FATAL: no\n\tdetail\n");

	assert_string_equal(error_line(*state, error), "cannot connect: FATAL: no  detail");
	assert_string_equal(error_line(*state, FAIL(*state, FILE, .what = "alone")), "alone");
}

static void a_system_error_is_named(void **state)
{
	assert_string_equal(errno_text(*state, 28), "No space left on device (ENOSPC)");
	assert_contains(errno_text(*state, 99999), "99999");
}

static struct error *leave_early(struct arena *arena, int *reached)
{
	TRY(NULL);
	*reached = 1;
	TRY(FAIL(arena, FILE, .what = "stop here"));
	*reached = 2;
	return NULL;
}

static void try_leaves_at_the_first_error(void **state)
{
	int reached = 0;

	assert_error(leave_early(*state, &reached), ERR_FILE);
	assert_int_equal(reached, 1);
}

static void make_a_bug(void *context)
{
	(void)context;
	BUG("on purpose %d", 1);
}

static void a_bug_aborts(void **state)
{
	(void)state;
	assert_true(is_bug(status_of_child(make_a_bug, NULL)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_row_has_a_code_of_its_own_and_a_sentence),
		TEST(every_exit_status_is_one_of_the_documented),
		TEST(every_reaction_has_a_name),
		TEST(an_unknown_code_is_not_found),
		TEST(the_texts_of_an_error_are_copies),
		TEST(an_error_without_a_hint_points_to_its_explanation),
		TEST(an_empty_reason_is_no_reason),
		TEST(wrapping_puts_a_noun_in_front),
		TEST(a_copy_outlives_the_arena_of_its_error),
		TEST(a_line_is_one_line),
		TEST(a_system_error_is_named),
		TEST(try_leaves_at_the_first_error),
		TEST(a_bug_aborts),
	};

	return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
