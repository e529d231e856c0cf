/* The choice of the way, from kinds alone. */
#include "model/script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

#define MOST 5

struct wanted {
	enum way way;      /* 0: refused */
	const char *words; /* a part of why, of the script or of the error; NULL: why is NULL */
};

struct row {
	const char *sentence;
	struct statement statements[MOST];
	struct wanted wanted;
};

/* clang-format off */
#define PLAIN              {.kind = STATEMENT_PLAIN, .verb = "CREATE TABLE", .line = 2}
#define CONTROL(v, l)      {.kind = STATEMENT_TRANSACTION, .verb = (v), .line = (l)}
#define OTHER(k, v, l)     {.kind = STATEMENT_##k, .verb = (v), .line = (l)}
#define BUILD(l)           OTHER(CREATE_INDEX_CONCURRENTLY, "CREATE INDEX CONCURRENTLY", l)

static const struct row rows[] = {
	{"an empty file goes by way one", {{0}}, {WAY_ONE, NULL}},
	{"plain statements go in one transaction", {PLAIN, PLAIN}, {WAY_ONE, NULL}},
	{"a new enum value is transactional", {OTHER(ENUM_VALUE, "ALTER TYPE ADD VALUE", 1), PLAIN}, {WAY_ONE, NULL}},
	{"its own BEGIN and COMMIT", {CONTROL("BEGIN", 3), PLAIN, CONTROL("COMMIT", 9)}, {WAY_TWO, "holds its own BEGIN (line 3)"}},
	{"a savepoint alone is transaction control", {PLAIN, CONTROL("SAVEPOINT", 4)}, {WAY_TWO, "SAVEPOINT (line 4)"}},
	{"SET TRANSACTION is transaction control", {CONTROL("SET TRANSACTION", 1), PLAIN}, {WAY_TWO, "SET TRANSACTION (line 1)"}},
	{"CREATE INDEX CONCURRENTLY alone", {BUILD(1)}, {WAY_THREE, "CREATE INDEX CONCURRENTLY (line 1) cannot run inside a transaction"}},
	{"DROP INDEX CONCURRENTLY", {PLAIN, OTHER(DROP_INDEX_CONCURRENTLY, "DROP INDEX CONCURRENTLY", 5)}, {WAY_THREE, "line 5"}},
	{"REINDEX CONCURRENTLY", {OTHER(REINDEX_CONCURRENTLY, "REINDEX CONCURRENTLY", 1)}, {WAY_THREE, "REINDEX"}},
	{"DETACH CONCURRENTLY", {OTHER(DETACH_CONCURRENTLY, "ALTER TABLE DETACH PARTITION CONCURRENTLY", 1)}, {WAY_THREE, "DETACH"}},
	{"VACUUM", {OTHER(VACUUM, "VACUUM", 1)}, {WAY_THREE, "VACUUM"}},
	{"another statement outside", {OTHER(OUTSIDE, "CREATE SUBSCRIPTION", 1)}, {WAY_THREE, "SUBSCRIPTION"}},
	{"CONCURRENTLY behind its own COMMIT", {CONTROL("BEGIN", 1), PLAIN, CONTROL("COMMIT", 3), BUILD(4)}, {WAY_THREE, "its own BEGIN (line 1) is sent as a statement"}},
	{"CONCURRENTLY before its own BEGIN", {BUILD(1), CONTROL("BEGIN", 2), PLAIN, CONTROL("COMMIT", 4)}, {WAY_THREE, "CREATE INDEX CONCURRENTLY (line 1)"}},
	{"CONCURRENTLY inside its own BEGIN", {CONTROL("BEGIN", 1), PLAIN, BUILD(3), CONTROL("COMMIT", 4)}, {0, "line 3: CREATE INDEX CONCURRENTLY cannot run inside a transaction (25001 active_sql_transaction), and stands inside the BEGIN of line 1"}},
	{"a savepoint does not end the transaction", {CONTROL("START TRANSACTION", 1), CONTROL("SAVEPOINT", 2), CONTROL("ROLLBACK TO SAVEPOINT", 3), OTHER(VACUUM, "VACUUM", 4)}, {0, "inside the START TRANSACTION of line 1"}},
	{"COMMIT AND CHAIN goes on with another transaction", {CONTROL("BEGIN", 1), CONTROL("COMMIT AND CHAIN", 2), BUILD(3)}, {0, "inside the BEGIN of line 1"}},
	{"a statement that may run inside in some forms is left to the server", {CONTROL("BEGIN", 1), OTHER(OUTSIDE, "ALTER SUBSCRIPTION", 2), CONTROL("COMMIT", 3)}, {WAY_THREE, "ALTER SUBSCRIPTION (line 2)"}},
	{"a forbidden statement", {PLAIN, {.kind = STATEMENT_FORBIDDEN, .verb = "ALTER SYSTEM", .line = 7, .detail = "it changes the whole server"}}, {0, "line 7: ALTER SYSTEM: it changes the whole server"}},
	{"forbidden stands above everything else", {CONTROL("BEGIN", 1), BUILD(2), OTHER(FORBIDDEN, "LOAD", 3)}, {0, "line 3: LOAD"}},
	{"a function before an unqualified build may have moved it", {OTHER(PLAIN, "SELECT", 1), BUILD(2)}, {0, "line 2: the SELECT of line 1 may have changed where CREATE INDEX CONCURRENTLY looks"}},
	{"a build that names its schema stands where it stands", {OTHER(PLAIN, "SELECT", 1), {.kind = STATEMENT_CREATE_INDEX_CONCURRENTLY, .verb = "CREATE INDEX CONCURRENTLY", .line = 2, .schema = "public"}}, {WAY_THREE, "line 2"}},
	{"but what comes behind it would be adrift after an interruption", {OTHER(PLAIN, "DO", 1), {.kind = STATEMENT_CREATE_INDEX_CONCURRENTLY, .verb = "CREATE INDEX CONCURRENTLY", .line = 2, .schema = "public"}, PLAIN}, {0, "the DO of line 1"}},
	{"SET is sent again, so it moves nothing", {OTHER(PLAIN, "SET", 1), BUILD(2), PLAIN}, {WAY_THREE, "line 2"}},
	{"COPY FROM STDIN has nothing to read", {PLAIN, OTHER(COPY_STDIN, "COPY FROM STDIN", 4)}, {0, "line 4: COPY … FROM STDIN has no data"}},
};
/* clang-format on */

static void expect_words(const struct row *row, const char *why)
{
	if (!row->wanted.words) {
		if (why)
			fail_msg("%s: why is '%s'", row->sentence, why);
	} else if (!why || !strstr(why, row->wanted.words)) {
		fail_msg("%s: why is '%s', wanted '%s'", row->sentence, why ? why : "(NULL)",
		         row->wanted.words);
	}
}

static void check(struct arena *arena, const struct row *row)
{
	struct script script = {.why = "untouched"};
	struct error *error;

	for (size_t i = 0; i < MOST && row->statements[i].verb; i++)
		*LIST_ADD(arena, &script) = row->statements[i];
	error = script_choose_way(arena, "20261124_add/migration.sql", &script);
	if (!row->wanted.way) {
		if (!error)
			fail_msg("%s: was not refused", row->sentence);
		assert_string_equal(error->row->name, "SQL_REFUSED");
		assert_string_equal(error->what, "'20261124_add/migration.sql' will not be sent");
		assert_non_null(error->hint);
		expect_words(row, error->why);
		return;
	}
	if (error)
		fail_msg("%s: %s", row->sentence, error_line(arena, error));
	if (script.way != row->wanted.way)
		fail_msg("%s: by way %d, wanted %d", row->sentence, (int)script.way,
		         (int)row->wanted.way);
	expect_words(row, script.why);
}

static void the_way_follows_from_the_kinds(void **state)
{
	AUTO_ARENA arena = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		check(arena, &rows[i]);
}

static void a_refusal_leaves_the_script_untouched(void **state)
{
	AUTO_ARENA arena = arena_new();
	struct statement load = {.kind = STATEMENT_FORBIDDEN, .verb = "LOAD", .line = 1};
	struct script script = {.why = "untouched", .items = &load, .count = 1, .room = 1};

	(void)state;
	assert_non_null(script_choose_way(arena, "a.sql", &script));
	assert_string_equal(script.why, "untouched");
	assert_int_equal(script.way, 0);
}

static void every_way_has_its_name(void **state)
{
	(void)state;
	assert_string_equal(way_name(WAY_ONE), "one transaction");
	assert_string_equal(way_name(WAY_TWO), "its own transactions");
	assert_string_equal(way_name(WAY_THREE), "statement by statement");
}

static void lines_count_from_one_and_stop_at_the_end(void **state)
{
	struct bytes sql = {"a\nb\n\nc", 6};
	static const struct {
		size_t offset;
		int line;
	} places[] = {{0, 1}, {1, 1}, {2, 2}, {4, 3}, {5, 4}, {6, 4}, {600, 4}};

	(void)state;
	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		assert_int_equal(script_line(sql, places[i].offset), places[i].line);
	assert_int_equal(script_line((struct bytes){"", 0}, 0), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_way_follows_from_the_kinds),
		cmocka_unit_test(a_refusal_leaves_the_script_untouched),
		cmocka_unit_test(every_way_has_its_name),
		cmocka_unit_test(lines_count_from_one_and_stop_at_the_end),
	};

	return cmocka_run_group_tests_name("script", tests, NULL, NULL);
}
