/* Which of an application's migrations a ledger has. */
#include "unit/base/check.h"

#include "base/text.h"
#include "model/arrival.h"

#define OTHER "0000000000000000000000000000000000000000000000000000000000000000"

enum { NOBODY, APPLIED, OPEN, ROLLED_BACK, FAILED_TRY };

static void add_migration(struct arena *arena, struct migrations *folder, const char *name,
                          const char *sql)
{
	struct migration *migration = LIST_ADD(arena, folder);

	migration->name = name;
	migration->sql = arena_bytes(arena, sql, strlen(sql));
	migration->has_sql = true;
	sha256_hex(sql, strlen(sql), migration->checksum);
}

static void add_row(struct arena *arena, struct ledger *ledger, const char *name, int state,
                    const char *sql)
{
	struct ledger_row *row = LIST_ADD(arena, ledger);

	row->id = arena_printf(arena, "row %zu", ledger->count);
	row->name = name;
	row->checksum = sql ? sha256_text(arena, sql, strlen(sql)) : OTHER;
	row->started_us = (int64_t)ledger->count;
	row->finished_us = state == APPLIED || state == ROLLED_BACK;
	row->rolled_back_us = state == ROLLED_BACK || state == FAILED_TRY;
}

/* "arrived a, held b; open c", what is not empty. */
static const char *draw(struct arena *arena, const struct arrival *arrival)
{
	const struct {
		const char *word;
		const struct text_list *list;
	} rows[] = {
		{"arrived", &arrival->arrived},
		{"lacking", &arrival->lacking},
		{"held", &arrival->held},
		{"open", &arrival->open},
	};
	struct text text = TEXT_IN(arena);

	for (size_t i = 0; i < ROWS(rows); i++)
		if (rows[i].list->count)
			text_printf(&text, "%s%s %s", text.size ? ", " : "", rows[i].word,
			            text_join(arena, rows[i].list, " "));
	for (size_t i = 0; i < arrival->differing.count; i++)
		text_printf(&text, "%sdiffering %s", text.size ? ", " : "",
		            arrival->differing.items[i].name);
	return text_get(&text);
}

static void each_migration_is_in_one_list(void **state)
{
	static const struct {
		const char *sentence;
		struct {
			const char *name;
			int state;
			const char *sql; /* NULL: another one */
		} rows[4];
		const char *expected;
		bool complete;
	} rows[] = {
		{"an empty ledger", {{0}}, "lacking a b", false},
		{"both are applied",
	         {{"a", APPLIED, "A\n"}, {"b", APPLIED, "B\n"}},
	         "arrived a b",
	         true},
		{"rows that the folder has not do not matter",
	         {{"a", APPLIED, "A\n"}, {"b", APPLIED, "B\n"}, {"c", APPLIED, NULL}},
	         "arrived a b",
	         true},
		{"applied from other line ends",
	         {{"a", APPLIED, "A\r\n"}, {"b", APPLIED, "B\n"}},
	         "arrived a b",
	         true},
		{"applied from other bytes",
	         {{"a", APPLIED, "A \n"}, {"b", APPLIED, "B\n"}},
	         "arrived b, differing a",
	         false},
		{"rolled back on purpose",
	         {{"a", APPLIED, "A\n"}, {"b", ROLLED_BACK, "B\n"}},
	         "arrived a, held b",
	         false},
		{"rolled back, and applied again",
	         {{"a", APPLIED, "A\n"}, {"b", ROLLED_BACK, "B\n"}, {"b", APPLIED, "B\n"}},
	         "arrived a b",
	         true},
		{"a failed try counts as never applied",
	         {{"a", APPLIED, "A\n"}, {"b", FAILED_TRY, "B\n"}},
	         "arrived a, lacking b",
	         false},
		{"held, then tried and failed: lacking, as Prisma has it",
	         {{"a", APPLIED, "A\n"}, {"b", ROLLED_BACK, "B\n"}, {"b", FAILED_TRY, "B\n"}},
	         "arrived a, lacking b",
	         false},
		{"a failed try after an applied row takes nothing away",
	         {{"a", APPLIED, "A\n"}, {"b", APPLIED, "B\n"}, {"b", FAILED_TRY, NULL}},
	         "arrived a b",
	         true},
		{"an open row",
	         {{"a", APPLIED, "A\n"}, {"b", OPEN, "B\n"}},
	         "arrived a, lacking b, open b",
	         false},
		{"an open row of a stranger is in the way, too, and named once",
	         {{"a", APPLIED, "A\n"},
	          {"b", APPLIED, "B\n"},
	          {"c", OPEN, NULL},
	          {"c", OPEN, NULL}},
	         "arrived a b, open c",
	         false},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct migrations folder = {0};
		struct ledger ledger = {0};
		struct arrival arrival;

		CASE(rows[i].sentence);
		add_migration(*state, &folder, "a", "A\n");
		add_migration(*state, &folder, "b", "B\n");
		for (size_t k = 0; k < ROWS(rows[i].rows) && rows[i].rows[k].name; k++)
			add_row(*state, &ledger, rows[i].rows[k].name, rows[i].rows[k].state,
			        rows[i].rows[k].sql);
		arrival_compare(*state, &folder, &ledger, &arrival);
		assert_string_equal(draw(*state, &arrival), rows[i].expected);
		assert_int_equal(arrival_is_complete(&arrival), rows[i].complete);
	}
}

static void a_difference_names_both_checksums(void **state)
{
	struct migrations folder = {0};
	struct ledger ledger = {0};
	struct arrival arrival;

	add_migration(*state, &folder, "a", "A\n");
	add_row(*state, &ledger, "a", APPLIED, NULL);
	arrival_compare(*state, &folder, &ledger, &arrival);
	assert_int_equal(arrival.differing.count, 1);
	assert_string_equal(arrival.differing.items[0].brought, folder.items[0].checksum);
	assert_string_equal(arrival.differing.items[0].applied, OTHER);
}

static void a_copy_outlives_what_it_was_made_of(void **state)
{
	struct arena *source = arena_new();
	struct migrations folder = {0};
	struct ledger ledger = {0};
	struct arrival arrival, copy;
	const char *drawn;

	add_migration(source, &folder, arena_text(source, "a"), "A\n");
	add_migration(source, &folder, arena_text(source, "b"), "B\n");
	add_migration(source, &folder, arena_text(source, "c"), "C\n");
	add_row(source, &ledger, arena_text(source, "a"), APPLIED, NULL);
	add_row(source, &ledger, arena_text(source, "b"), ROLLED_BACK, NULL);
	add_row(source, &ledger, arena_text(source, "c"), OPEN, NULL);
	arrival_compare(source, &folder, &ledger, &arrival);
	drawn = draw(*state, &arrival);
	copy = arrival_copy(*state, &arrival);
	arena_free(source);
	assert_string_equal(draw(*state, &copy), drawn);
	assert_string_equal(copy.differing.items[0].applied, OTHER);
}

static void an_empty_folder_is_there_at_once(void **state)
{
	const struct migrations folder = {0};
	const struct ledger ledger = {0};
	struct arrival arrival;

	arrival_compare(*state, &folder, &ledger, &arrival);
	assert_true(arrival_is_complete(&arrival));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_migration_is_in_one_list),
		TEST(a_difference_names_both_checksums),
		TEST(a_copy_outlives_what_it_was_made_of),
		TEST(an_empty_folder_is_there_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
