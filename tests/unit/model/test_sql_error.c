/* What of a server's error may be read by everybody, and where in the file it points. */
#include "unit/base/check.h"

#include "base/text.h"
#include "model/sql_error.h"

#define SECRET "Key (email)=(ada@example.org) already exists."

static void only_names_become_public(void **state)
{
	static const struct {
		struct sql_error error;
		const char *expected, *sentence;
	} rows[] = {
		{{.sqlstate = "23505",
	          .message = "duplicate key",
	          .detail = SECRET,
	          .constraint = "users_email_key",
	          .table = "users",
	          .schema = "public"},
	         "23505 unique_violation on users_email_key: duplicate key",
	         "a constraint is the narrowest name; the detail stays out"},
		{{.sqlstate = "23502",
	          .message = "null value",
	          .table = "users",
	          .column = "email"},
	         "23502 not_null_violation on users.email: null value",
	         "a column comes with its table"},
		{{.sqlstate = "42P01", .message = "relation \"x\" does not exist"},
	         "42P01 undefined_table: relation \"x\" does not exist",
	         "messages of class 42 hold names"},
		{{.sqlstate = "22P02",
	          .message = "invalid input syntax for type integer: \"4711\""},
	         "22P02 invalid_text_representation",
	         "messages of class 22 hold values"},
		{{.sqlstate = "P0001", .message = "customer 4711 is bad"},
	         "P0001 raise_exception",
	         "a RAISE says anything"},
		{{.sqlstate = "23505",
	          .message = "customer 4711 is bad",
	          .context = "PL/pgSQL function f() line 3 at RAISE"},
	         "23505 unique_violation",
	         "under any code, so a CONTEXT silences the message"},
		{{.sqlstate = "40P01",
	          .message = "deadlock detected",
	          .detail = SECRET,
	          .hint = SECRET},
	         "40P01 deadlock_detected: deadlock detected",
	         "hints stay out as well"},
		{{.sqlstate = "XX999", .message = "4711"}, "XX999 error", "an unknown code"},
		{{.message = "server closed the connection, password=4711"},
	         "the connection was lost",
	         "no code: no message"},
		{{.sqlstate = "42704", .message = "a\nb\tc", .type = "mood"},
	         "42704 undefined_object on mood: a b c",
	         "one line"},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		const char *public = sql_error_public(*state, &rows[i].error, (struct bytes){0}, 1);

		CASE(rows[i].sentence);
		assert_string_equal(public, rows[i].expected);
	}
}

static void the_full_text_has_it_all(void **state)
{
	const struct sql_error error = {.sqlstate = "23505",
	                                .severity = "ERROR",
	                                .message = "m",
	                                .detail = SECRET,
	                                .hint = "h",
	                                .context = "c",
	                                .schema = "s",
	                                .table = "t",
	                                .column = "o",
	                                .constraint = "k",
	                                .type = "y",
	                                .position = 7};
	static const struct sql_error nothing;

	assert_string_equal(sql_error_full(*state, &error),
	                    "ERROR: m\nSQLSTATE: 23505\nDETAIL: " SECRET
	                    "\nHINT: h\nCONTEXT: c\nSCHEMA: s\nTABLE: t\n"
	                    "COLUMN: o\nCONSTRAINT: k\nTYPE: y\nPOSITION: 7\n");
	assert_string_equal(sql_error_full(*state, &nothing), "ERROR: no message\n");
}

static void a_position_counts_characters_and_not_bytes(void **state)
{
	static const struct {
		const char *sql;
		int position, line;
		const char *sentence;
	} rows[] = {
		{"SELECT 1", 0, 0, "no position"},
		{"SELECT 1", 1, 1, "the first character"},
		{"a\nb\nc", 3, 2, "the second line"},
		{"a\nb\nc", 2, 1, "the end of a line belongs to it"},
		{"\xc3\xa4\xc3\xb6\xc3\xbc\nx", 5, 2, "two bytes are one character"},
		{"\xf0\x9f\x90\x98\nx", 3, 2, "four bytes, too"},
		{"a\r\nb", 4, 2, "a carriage return is a character"},
		{"a\nb", 99, 2, "behind the end: the last line"},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		CASE(rows[i].sentence);
		assert_int_equal(sql_position_line((struct bytes){rows[i].sql, strlen(rows[i].sql)},
		                                   rows[i].position),
		                 rows[i].line);
	}
}

static void a_statements_line_is_told_as_the_files(void **state)
{
	const struct sql_error error = {.sqlstate = "42601", .position = 4};

	assert_string_equal(sql_error_public(*state, &error, (struct bytes){"a\nb\nc", 5}, 1),
	                    "42601 syntax_error, line 2");
	assert_string_equal(sql_error_public(*state, &error, (struct bytes){"a\nb\nc", 5}, 40),
	                    "42601 syntax_error, line 41");
}

static void every_state_finds_its_condition(void **state)
{
	static const struct {
		const char *code, *name;
	} rows[] = {
#define SQLSTATE(code, condition) {code, condition},
#include "model/sqlstates.def"
#undef SQLSTATE
	};

	(void)state;
	assert_true(ROWS(rows) > 250);
	for (size_t i = 0; i < ROWS(rows); i++) {
		assert_int_equal(strlen(rows[i].code), 5);
		assert_string_equal(sqlstate_condition(rows[i].code), rows[i].name);
		assert_true(!i || strcmp(rows[i - 1].code, rows[i].code) < 0);
	}
	assert_string_equal(sqlstate_condition("00999"), "error");
	assert_string_equal(sqlstate_condition(NULL), "error");
}

static void what_may_heal_is_told_from_what_a_file_did(void **state)
{
	static const struct {
		const char *sqlstate;
		bool lock, transient;
	} rows[] = {
		{"55P03", true, false}, {"40P01", true, false},  {"57014", false, false},
		{"08006", false, true}, {"57P01", false, true},  {"57P03", false, true},
		{"53300", false, true}, {"23505", false, false}, {"40001", false, false},
		{NULL, false, false},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		CASE(rows[i].sqlstate ? rows[i].sqlstate : "none");
		assert_int_equal(sqlstate_is_lock(rows[i].sqlstate), rows[i].lock);
		assert_int_equal(sqlstate_is_transient(rows[i].sqlstate), rows[i].transient);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_names_become_public),
		TEST(the_full_text_has_it_all),
		TEST(a_position_counts_characters_and_not_bytes),
		TEST(a_statements_line_is_told_as_the_files),
		TEST(every_state_finds_its_condition),
		TEST(what_may_heal_is_told_from_what_a_file_did),
	};

	return cmocka_run_group_tests_name("sql_error", tests, NULL, NULL);
}
