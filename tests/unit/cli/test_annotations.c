/*
 * Findings in the forms of GitHub and GitLab: what is escaped where, and what stays the same between two runs. Foreign
 * text must never become an order to the runner.
 */
#include "unit/base/check.h"

#include "base/text.h"
#include "cli/annotations.h"

static struct preflight one_finding(struct arena *arena, const struct preflight_finding *finding)
{
	struct preflight found = {.migrations = "prisma/migrations", .base = "b", .head = "h"};

	*LIST_ADD(arena, &found.findings) = *finding;
	return found;
}

static struct error *syntax_error(struct arena *arena, const char *what, const char *why)
{
	return FAIL(arena, SQL_REFUSED, .what = what, .why = why, .hint = "Correct it.");
}

static void a_finding_is_one_command_whatever_it_is_made_of(void **state)
{
	static const struct {
		const char *sentence, *path, *what, *why, *file, *message;
	} rows[] = {
		{"plain words", "p/m.sql", "cannot read 'm.sql'", "line 3: no",
	         "file=p/m.sql,line=3,", "::cannot read 'm.sql': line 3: no.%0ACorrect it.\n"},
		{"no reason", "p/m.sql", "cannot read it", NULL, "file=p/m.sql,line=3,",
	         "::cannot read it.%0ACorrect it.\n"},
		{"a percent sign would begin an escape", "p/50%.sql", "'50%0A'", NULL,
	         "file=p/50%25.sql,line=3,", "::'50%250A'.%0A"},
		{"a comma or colon ends a property, not a message", "p/a,b:c::d.sql", "a,b:c::d",
	         NULL, "file=p/a%2Cb%3Ac%3A%3Ad.sql,line=3,", "::a,b:c::d.%0A"},
		{"a line end would begin a command of its own", "p/\n::error::x\r.sql",
	         "x\n::set-output name=a::b", NULL, "file=p/%0A%3A%3Aerror%3A%3Ax%0D.sql,",
	         "::x ::set-output name=a::b.%0A"},
		{"an escape sequence of a terminal", "p/\033[2J.sql", "\033[31mred", NULL,
	         "file=p/?[2J.sql,", ":: [31mred.%0A"},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		const struct preflight found = one_finding(
			*state, &(struct preflight_finding){
					.path = rows[i].path,
					.line = 3,
					.error = syntax_error(*state, rows[i].what, rows[i].why)});
		const char *text = annotations_github(*state, &found);

		CASE(rows[i].sentence);
		assert_true(text_starts(text, "::error file="));
		assert_non_null(strstr(text, rows[i].file));
		assert_non_null(strstr(text, "title=headgate P002%3A "));
		assert_non_null(strstr(text, rows[i].message));
		assert_ptr_equal(strpbrk(text, "\r\n"), text + strlen(text) - 1);
	}
}

static void a_note_refuses_nothing_and_is_shown(void **state)
{
	struct preflight found = {.migrations = "prisma/migrations"};
	const struct node *list;

	*LIST_ADD((struct arena *)*state, &found.notes) = "the name '5%\n' is odd";
	assert_string_equal(annotations_github(*state, &found),
	                    "::notice title=headgate::the name '5%25 ' is odd\n");
	list = annotations_gitlab(*state, &found);
	assert_int_equal(node_count(list), 1);
	assert_string_equal(node_find_text(list->child, "severity"), "info");
	assert_string_equal(node_find_text(node_find(list->child, "location"), "path"),
	                    "prisma/migrations");
}

static const char *fingerprint(struct arena *arena, const char *path, int line, const char *what,
                               const char *why)
{
	const struct preflight found = one_finding(
		arena, &(struct preflight_finding){.path = path,
	                                           .line = line,
	                                           .error = syntax_error(arena, what, why)});

	return node_find_text(annotations_gitlab(arena, &found)->child, "fingerprint");
}

static void a_fingerprint_stays_as_long_as_the_finding_does(void **state)
{
	const char *first = fingerprint(*state, "p/a.sql", 3, "a", "line 3: no");

	assert_int_equal(strlen(first), 64);
	assert_string_equal(first, fingerprint(*state, "p/a.sql", 4, "a", "line 4: no"));
	assert_string_not_equal(first, fingerprint(*state, "p/b.sql", 3, "a", "line 3: no"));
	assert_string_not_equal(first, fingerprint(*state, "p/a.sql", 3, "b", "line 3: no"));
}

static void a_report_has_what_gitlab_asks_for(void **state)
{
	const struct preflight found = one_finding(
		*state, &(struct preflight_finding){.path = "p/a.sql",
	                                            .line = 7,
	                                            .error = syntax_error(*state, "a", "b")});
	const struct node *row = annotations_gitlab(*state, &found)->child;
	const struct node *location = node_find(row, "location");

	assert_string_equal(node_find_text(row, "description"), "a: b. Correct it.");
	assert_string_equal(node_find_text(row, "check_name"), "headgate-P002");
	assert_string_equal(node_find_text(row, "severity"), "blocker");
	assert_string_equal(node_find_text(location, "path"), "p/a.sql");
	assert_int_equal(node_find_number(node_find(location, "lines"), "begin", 0), 7);
	assert_int_equal(node_count(annotations_gitlab(*state, &(struct preflight){0})), 0);
}

static void the_verdict_says_what_would_be_done(void **state)
{
	static const struct {
		size_t findings, applies, rollbacks;
		const char *words;
	} rows[] = {
		{0, 0, 0, "nothing to apply, nothing to roll back"},
		{0, 1, 0, "would apply 1 migration, roll back none"},
		{0, 2, 1, "would apply 2 migrations, roll back 1"},
		{0, 0, 2, "would apply none, roll back 2 migrations"},
		{1, 0, 0, "1 finding, this would be refused"},
		{2, 3, 1, "2 findings, this would be refused"},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		const struct preflight found = {
			.findings = {.count = rows[i].findings},
			.plan = {.count = rows[i].applies + rows[i].rollbacks,
		                 .rollbacks = rows[i].rollbacks},
		};

		assert_string_equal(annotations_verdict(*state, &found), rows[i].words);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_finding_is_one_command_whatever_it_is_made_of),
		TEST(a_note_refuses_nothing_and_is_shown),
		TEST(a_fingerprint_stays_as_long_as_the_finding_does),
		TEST(a_report_has_what_gitlab_asks_for),
		TEST(the_verdict_says_what_would_be_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
