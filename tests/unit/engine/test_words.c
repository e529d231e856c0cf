/* What a commit shows: the verdict first, never longer than all forges allow, and what to type is never cut off. */
#include "unit/base/check.h"

#include "engine/work.h"

static size_t code_points(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += ((unsigned char)*text & 0xc0) != 0x80;
	return count;
}

static void a_plan_is_told_in_one_line(void **state)
{
	assert_string_equal(words_begun(*state, 1, 0), "planned: apply 1 migration");
	assert_string_equal(words_begun(*state, 2, 0), "planned: apply 2 migrations");
	assert_string_equal(words_begun(*state, 0, 3), "planned: roll back 3 migrations");
	assert_string_equal(words_begun(*state, 2, 1), "planned: roll back 1 migration, apply 2");
}

static void a_backup_is_told_before_the_work(void **state)
{
	const struct backup_made backup = {.size = UINT64_C(168) << 20};

	assert_string_equal(words_backed_up(*state, &backup, 2, 0),
	                    "backup 168 MiB done, applying 2 migrations");
	assert_string_equal(words_backed_up(*state, &backup, 0, 1),
	                    "backup 168 MiB done, rolling back 1 migration");
}

static void an_earlier_backup_says_whose_it_is_and_how_old(void **state)
{
	struct backup_made backup = {.size = UINT64_C(168) << 20,
	                             .from_target = "users",
	                             .from_run = 41,
	                             .age_ms = 12 * 60 * 1000};
	const char *words;

	assert_string_equal(
		words_backed_up(*state, &backup, 1, 0),
		"backup of 12 min ago, 168 MiB, from run 41 of 'users', applying 1 migration");
	backup.from_target = "a-name-of-the-forty-letters-that-may-be-x";
	backup.from_run = INT64_MAX;
	words = words_backed_up(*state, &backup, 1000, 1000);
	assert_true(strlen(words) <=
	            STATUS_DESCRIPTION_MAXIMUM + 2); /* the ellipsis is three bytes */
}

static void what_would_be_done_fits_and_keeps_its_code(void **state)
{
	const char *long_word = "a word that is repeated until nothing of it fits any more, ";
	const char *words;
	struct error *error =
		FAIL(*state, OPEN_FAILED_ROW,
	             .what = arena_printf(*state, "%s%s%s", long_word, long_word, long_word),
	             .hint = "Look.");

	assert_string_equal(words_would_do(*state, 2, 0), "would apply 2 migrations");
	assert_string_equal(words_would_do(*state, 0, 1), "would roll back 1 migration");
	assert_string_equal(words_observed_adopted(*state, 1), "observe: applied by another");
	words = words_observed_stop(*state, error);
	assert_true(text_starts(words, "observe: would halt: a word"));
	assert_true(text_ends(words, " (W015)"));
	assert_true(code_points(words) <= STATUS_DESCRIPTION_MAXIMUM);
	words = words_cannot_look(*state, error);
	assert_true(text_starts(words, "observe: cannot look: a word"));
	assert_true(text_ends(words, " (W015)"));
	assert_true(code_points(words) <= STATUS_DESCRIPTION_MAXIMUM);
}

static void success_says_what_it_could_not_rest_on(void **state)
{
	static const struct {
		const char *sentence;
		struct policy policy;
		const char *words;
	} rows[] = {
		{"production",
	         {.checklist = 1},
	         "applied 2 migrations in 1.3 s; not rehearsed, ticked, not measured"},
		{"staging", {.trust = TRUST_ALL}, "applied 2 migrations in 1.3 s; not rehearsed"},
		{"development",
	         {.trust = TRUST_BRANCH, .backup = BACKUP_NONE},
	         "applied 2 migrations in 1.3 s; not rehearsed, unverified, no backup"},
	};
	const struct tally tally = {.applied = 2, .took_ms = 1300},
			   both = {.applied = 1, .rolled_back = 2, .took_ms = 5},
			   lifted = {.applied = 1,
	                             .took_ms = 5,
	                             .lifted = "checklist lifted by ada@example.org "
	                                       "(override tag)"};

	for (size_t i = 0; i < ROWS(rows); i++) {
		CASE(rows[i].sentence);
		assert_string_equal(words_done(*state, &rows[i].policy, &tally, 0), rows[i].words);
	}
	assert_true(text_starts(words_done(*state, &rows[1].policy, &both, 0),
	                        "rolled back 2 migrations, applied 1 in "));
	assert_string_equal(words_done(*state, &rows[0].policy, &lifted, 0),
	                    "applied 1 migration in 5 ms; checklist lifted by ada@example.org "
	                    "(override tag); not rehearsed, ticked, not measured");
}

static struct error *error_of(struct arena *arena, enum error_code code, size_t size)
{
	char *text = arena_alloc(arena, size + 1);

	memset(text, 'x', size);
	return error_new(arena, code,
	                 &(struct error_text){.what = "cannot accept commit '1a2b'",
	                                      .why = text,
	                                      .hint = "Do it again."});
}

static void the_verdict_comes_first(void **state)
{
	static const struct {
		enum error_code code;
		const char *starts;
	} rows[] = {
		{ERR_SQL_FAILED, "failed: cannot accept commit '1a2b': xxxxxxxxx (A003)"},
		{ERR_LOCKS_BUSY, "waiting: cannot accept commit '1a2b': xxxxxxxxx (A005)"},
		{ERR_DB_UNREACHABLE, "trying again: cannot accept commit '1a2b': xxxxxxxxx (D001)"},
		{ERR_SQL_PARTLY,
	         "halted, a person is needed: cannot accept commit '1a2b': xxxxxxxxx (A004)"},
		{ERR_EDITED,
	         "refused: cannot accept commit '1a2b': xxxxxxxxx (W010). Do it again."},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		CASE(rows[i].starts);
		assert_true(text_starts(words_stopped(*state, error_of(*state, rows[i].code, 9), 0),
		                        rows[i].starts));
	}
	assert_string_equal(
		words_undone(*state, error_of(*state, ERR_UNSIGNED, 9), "3c4d"),
		"undone by 3c4d; it was refused: cannot accept commit '1a2b': xxxxxxxxx (V002)");
}

static void a_refusal_says_what_to_do_as_far_as_there_is_room(void **state)
{
	static const struct {
		const char *sentence, *what, *hint, *words;
	} rows[] = {
		{"all of it", "commit 'a' is not signed",
	         "Undo it (git revert -S a). Then sign it.",
	         "refused: commit 'a' is not signed (V002). Undo it (git revert -S a). Then sign it."},
		{"whole sentences only", "commit 'a' is not signed",
	         "Undo it (git revert -S a). Then bring the change again in a commit that is signed by a person who is known (git commit -S).",
	         "refused: commit 'a' is not signed (V002). Undo it (git revert -S a)."},
		{"a point within a word ends nothing", "commit 'a' is not signed",
	         "Put it into checklist.md of the folder prisma/migrations/20261124101500_a_name_that_takes_much_room_here_as_it_does/checklist.md",
	         "refused: commit 'a' is not signed (V002)"},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		CASE(rows[i].sentence);
		assert_string_equal(words_refused(*state,
		                                  FAIL((struct arena *)*state, UNSIGNED,
		                                       .what = rows[i].what, .hint = rows[i].hint),
		                                  0),
		                    rows[i].words);
	}
}

static void no_word_is_longer_than_140_and_its_end_stays(void **state)
{
	static const int64_t runs[] = {0, 1, 41, INT64_MAX};

	for (size_t size = 0; size < 400; size += 7)
		for (size_t i = 0; i < ROWS(runs); i++)
			for (int code = 0; code < ERR_COUNT; code++) {
				const struct error *error =
					error_of(*state, (enum error_code)code, size);
				const char *refused = words_refused(*state, error, runs[i]),
					   *stopped = words_stopped(*state, error, runs[i]);
				const char *tail =
					runs[i] ? arena_printf(*state,
				                               " (%s); `headgate history %lld`",
				                               error->row->code, (long long)runs[i])
						: arena_printf(*state, " (%s)", error->row->code);
				const char *undone = words_undone(*state, error, "1a2b3c4d5e");

				assert_true(code_points(refused) <= STATUS_DESCRIPTION_MAXIMUM);
				assert_true(code_points(stopped) <= STATUS_DESCRIPTION_MAXIMUM);
				assert_true(code_points(undone) <= STATUS_DESCRIPTION_MAXIMUM);
				assert_contains(refused, tail);
				assert_contains(stopped, tail);
				if (size > 200) {
					assert_true(text_ends(refused, tail));
					assert_true(text_ends(stopped, tail));
				}
				if (size > 200)
					assert_contains(stopped, "…");
			}
}

static void a_word_is_one_line_whatever_the_error_holds(void **state)
{
	const struct error *error = FAIL(*state, UNSIGNED, .what = "a\nb\033[31m",
	                                 .why = "\xc3\xa4\r\n\xff", .hint = "x");

	assert_false(text_has_control(words_refused(*state, error, 7)));
	assert_false(text_has_control(words_stopped(*state, error, 7)));
	assert_true(text_is_utf8(words_stopped(*state, error, 7),
	                         strlen(words_stopped(*state, error, 7))));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_plan_is_told_in_one_line),
		TEST(a_backup_is_told_before_the_work),
		TEST(what_would_be_done_fits_and_keeps_its_code),
		TEST(an_earlier_backup_says_whose_it_is_and_how_old),
		TEST(success_says_what_it_could_not_rest_on),
		TEST(the_verdict_comes_first),
		TEST(a_refusal_says_what_to_do_as_far_as_there_is_room),
		TEST(no_word_is_longer_than_140_and_its_end_stays),
		TEST(a_word_is_one_line_whatever_the_error_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
