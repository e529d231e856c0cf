/* Which row speaks for a name. */
#include "unit/base/check.h"

#include "model/ledger.h"

static struct ledger_row row(const char *id, const char *name, int64_t finished_us,
                             int64_t rolled_back_us)
{
	return (struct ledger_row){.id = id,
	                           .name = name,
	                           .finished_us = finished_us,
	                           .rolled_back_us = rolled_back_us};
}

static void a_row_has_one_of_four_states(void **state)
{
	static const struct {
		int64_t finished_us, rolled_back_us;
		enum row_state expected;
		const char *sentence;
	} rows[] = {
		{1, 0, ROW_APPLIED, "finished and not rolled back: applied"},
		{0, 0, ROW_OPEN, "neither: open, and in everybody's way"},
		{1, 2, ROW_ROLLED_BACK, "both: rolled back on purpose"},
		{0, 2, ROW_FAILED_TRY, "rolled back and never finished: a failed try"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		const struct ledger_row one =
			row("1", "a", rows[i].finished_us, rows[i].rolled_back_us);

		CASE(rows[i].sentence);
		assert_int_equal(ledger_row_state(&one), rows[i].expected);
	}
}

static void an_applied_row_speaks_for_its_name_whatever_came_later(void **state)
{
	struct ledger ledger = {0};

	*LIST_ADD(*state, &ledger) = row("1", "a", 1, 0);
	*LIST_ADD(*state, &ledger) = row("2", "a", 0, 2);
	*LIST_ADD(*state, &ledger) = row("3", "b", 0, 2);
	assert_string_equal(ledger_applied(&ledger, "a")->id, "1");
	assert_string_equal(ledger_newest(&ledger, "a")->id, "2");
	assert_null(ledger_applied(&ledger, "b"));
	assert_string_equal(ledger_newest(&ledger, "b")->id, "3");
	assert_null(ledger_applied(&ledger, "c"));
	assert_null(ledger_newest(&ledger, "c"));
}

static void the_last_of_several_applied_rows_counts(void **state)
{
	struct ledger ledger = {0};

	*LIST_ADD(*state, &ledger) = row("1", "a", 1, 0);
	*LIST_ADD(*state, &ledger) = row("2", "a", 2, 0);
	assert_string_equal(ledger_applied(&ledger, "a")->id, "2");
}

static void rows_are_found_by_id_and_the_first_open_one_by_its_state(void **state)
{
	struct ledger ledger = {0};

	assert_null(ledger_open_row(&ledger));
	assert_null(ledger_find(&ledger, "1"));
	*LIST_ADD(*state, &ledger) = row("1", "a", 1, 0);
	assert_null(ledger_open_row(&ledger));
	*LIST_ADD(*state, &ledger) = row("2", "b", 0, 0);
	*LIST_ADD(*state, &ledger) = row("3", "c", 0, 0);
	assert_string_equal(ledger_open_row(&ledger)->id, "2");
	assert_string_equal(ledger_find(&ledger, "3")->name, "c");
	assert_null(ledger_find(&ledger, "4"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_row_has_one_of_four_states),
		TEST(an_applied_row_speaks_for_its_name_whatever_came_later),
		TEST(the_last_of_several_applied_rows_counts),
		TEST(rows_are_found_by_id_and_the_first_open_one_by_its_state),
	};

	return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
