/* The checklist: what counts as a tick, what does not, and what is an error instead of noise. */
#include "unit/base/check.h"

#include "model/checklist.h"

#define BIT(item) (1u << (item))
#define TESTED BIT(ITEM_TESTED)
#define BACKUP BIT(ITEM_BACKUP)
#define ROLLBACK BIT(ITEM_ROLLBACK_PLAN)
#define NOTIFIED BIT(ITEM_TEAM_NOTIFIED)
#define COMPATIBLE BIT(ITEM_BACKWARD_COMPATIBLE)

static struct error *try_read(struct arena *arena, const char *text, bool strict,
                              struct checklist *checklist)
{
	return checklist_read(arena, (struct bytes){text, strlen(text)}, "checklist.md of 'x'",
	                      strict, checklist);
}

static void ticks_count_where_a_person_sees_a_box(void **state)
{
	/* clang-format off */
	static const struct {
		const char *sentence, *text;
		unsigned ticked, present;
	} rows[] = {
		{"nothing", "", 0, 0},
		{"a tick", "- [x] tested", TESTED, TESTED},
		{"a capital tick", "- [X] tested\n", TESTED, TESTED},
		{"an empty box", "- [ ] tested\n", 0, TESTED},
		{"all markers of a list",
		  "* [x] tested\n+ [x] backup\n1. [x] team-notified\n23) [x] backward-compatible\n",
		  TESTED | BACKUP | NOTIFIED | COMPATIBLE, TESTED | BACKUP | NOTIFIED | COMPATIBLE},
		{"lines that end in CRLF", "- [x] tested\r\n- [ ] backup\r\n", TESTED, TESTED | BACKUP},
		{"among text", "# Before we deploy\n\nSome text.\n\n- [x] tested\n\nMore.\n", TESTED, TESTED},
		{"a nested item", "- Before\n    - [x] tested\n\t- [x] backup\n", TESTED | BACKUP, TESTED | BACKUP},
		{"more space than needed", "  -   [x] \t tested  \n", TESTED, TESTED},
		{"names in any case, with emphasis", "- [x] **Tested** on staging\n- [x] `backup`\n", TESTED | BACKUP,
		  TESTED | BACKUP},
		{"a name that is followed by a colon", "- [x] tested: on staging\n", TESTED, TESTED},
		{"an item twice with the same mark", "- [x] tested\n- [x] tested again\n", TESTED, TESTED},
		{"the long sentences",
		  "- [x] All migrations tested in development\n"
		  "- [X] Migration is backward compatible (if zero-downtime required)\n"
		  "- [ ] Database backup created\n"
		  "- [x] Migration rollback plan documented: restore takes 4 min\n"
		  "- [x] Team notified of deployment.\n",
		  TESTED | COMPATIBLE | ROLLBACK | NOTIFIED, TESTED | COMPATIBLE | ROLLBACK | NOTIFIED | BACKUP},
		{"an item that is named by a comment",
		  "- [x] We tried it <!-- id:tested -->\n- [x] x<!--ID: backup-->\n",
		  TESTED | BACKUP, TESTED | BACKUP},
		{"another comment in the line", "- [x] tested <!-- on Monday --> <!-- by Ada -->\n", TESTED, TESTED},

		{"no box", "- tested\n- [] tested\n- [y] tested\n- [x]tested\n[x] tested\n-[x] tested\n", 0, 0},
		{"in a code fence", "```\n- [x] tested\n```\n- [x] backup\n", BACKUP, BACKUP},
		{"in a fence of tildes with a language", "~~~ md\n- [x] tested\n```\n~~~\n- [x] backup\n", BACKUP,
		  BACKUP},
		{"a longer fence is not ended by a shorter one", "````\n```\n- [x] tested\n````\n", 0, 0},
		{"a fence inside a list item", "- ```\n  - [x] tested\n  ```\n- [x] backup\n", BACKUP, BACKUP},
		{"a fence that never ends", "```\n- [x] tested\n", 0, 0},
		{"three backticks inside a line are no fence", "```x``` y\n- [x] tested\n", TESTED, TESTED},
		{"indented code", "Text.\n\n    - [x] tested\n\t- [x] backup\n", 0, 0},
		{"in a quote", "> - [x] tested\n>> - [x] backup\n- > - [x] team-notified\n", 0, 0},
		{"in a comment of several lines", "<!--\n- [x] tested\n-->\n- [x] backup\n", BACKUP, BACKUP},
		{"in a comment of one line", "<!-- - [x] tested -->\n", 0, 0},
		{"behind a comment in its line", "<!-- x --> - [x] tested\n", 0, 0},
		{"in a comment inside a list", "- <!--\n  - [x] tested\n  -->\n", 0, 0},
		{"a fence inside a comment ends with it", "<!--\n```\n-->\n- [x] tested\n", TESTED, TESTED},
		{"a comment inside a fence does not begin", "```\n<!--\n```\n- [x] tested\n", TESTED, TESTED},
		{"a comment that never ends", "<!-- x\n- [x] tested\n", 0, 0},
		{"words about a comment hide nothing", "Ends at <!-- in a line.\n- [x] tested\n", TESTED, TESTED},
		{"in HTML that is not shown",
		  "<style>\n- [x] tested\n</style>\n<SCRIPT a=b>\n- [x] backup\n</script>\n", 0, 0},
		{"in preformatted HTML", "<pre>\n- [x] tested\n</pre>\n", 0, 0},
		{"words about HTML hide nothing", "We escape <script> now.\n- [x] tested\n", TESTED, TESTED},
	};
	/* clang-format on */

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct checklist checklist = {0};

		CASE(rows[i].sentence);
		assert_fine(try_read(*state, rows[i].text, true, &checklist));
		assert_int_equal(checklist.ticked, rows[i].ticked);
		assert_int_equal(checklist.present, rows[i].present);
	}
}

static void what_cannot_be_meant_is_an_error(void **state)
{
	/* clang-format off */
	static const struct {
		const char *sentence, *text;
		bool strict;
		const char *what, *why, *hint;
	} rows[] = {
		{"an unknown item", "\n- [x] tessted\n", true, "line 2 of checklist.md of 'x'",
		  "'tessted' is no item",
		  "Did you mean 'tested'?"},
		{"an unknown one without a tick", "- [ ] Buy milk\n", true, "line 1", "'Buy' is no item",
		  "Items are tested"},
		{"a box without words", "- [ ]  \n", true, "line 1", "'' is no item", "Items are"},
		{"two marks for one item", "- [x] tested\n- [ ] Tested\n", true, "line 2", "'tested' stands twice",
		  "Keep one"},
		{"the other way round, by sentence and name", "- [ ] Database backup created\n- [x] backup\n", true,
		  "line 2",
		  "'backup' stands twice", "Keep one"},
		{"also in a message", "- [x] tested\n- [ ] tested\n", false, "line 2", "stands twice", "Keep one"},
		{"a rollback plan without a plan", "- [x] rollback-plan\n", true, "line 1", "without saying how",
		  "rollback-plan: how"},
		{"nothing but punctuation", "- [x] rollback-plan: -\n", false, "line 1", "without saying how",
		  "- [x] rollback-plan"},
		{"its sentence alone", "- [x] Migration rollback plan documented.\n", true, "line 1",
		  "without saying how", "how"},
		{"an unknown name in a comment, in a message as well", "- [x] tested <!-- id:texted -->\n", false,
		  "line 1",
		  "'texted' is no item", "Did you mean 'tested'?"},
		{"a comment that contradicts the sentence", "- [x] Database backup created <!-- id:tested -->\n",
		  true, "line 1",
		  "'tested' is no item", "Items are"},
	};
	/* clang-format on */

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct checklist checklist = {.ticked = NOTIFIED};
		struct error *error;

		CASE(rows[i].sentence);
		error = try_read(*state, rows[i].text, rows[i].strict, &checklist);
		assert_error(error, ERR_CHECKLIST_ODD);
		assert_contains(error->what, rows[i].what);
		assert_contains(error->why, rows[i].why);
		assert_contains(error->hint, rows[i].hint);
		assert_int_equal(checklist.ticked, NOTIFIED);
		assert_int_equal(checklist.present, 0);
	}
}

static void a_message_may_hold_other_lists(void **state)
{
	struct checklist checklist = {0};

	assert_fine(try_read(
		*state, "Add a table\n\n- [ ] write a blog post\n- [x] Tests pass\n- [x] tested\n",
		false, &checklist));
	assert_int_equal(checklist.present, TESTED);
}

static void nul_is_refused(void **state)
{
	struct checklist checklist = {0};

	assert_error(
		checklist_read(*state, (struct bytes){"- [x] tes\0ted", 13}, "x", true, &checklist),
		ERR_CHECKLIST_ODD);
}

static void reasons_are_what_follows_the_name(void **state)
{
	static const struct {
		const char *text, *reason;
	} rows[] = {
		{"- [x] rollback-plan: restore takes 4 min", "restore takes 4 min"},
		{"- [x] rollback-plan restore takes 4 min", "restore takes 4 min"},
		{"- [x] **rollback-plan** \xE2\x80\x94 down.sql", "down.sql"},
		{"- [x] rollback-plan (see wiki)", "(see wiki)"},
		{"- [x] Migration rollback plan documented: down.sql", "down.sql"},
		{"- [x] Plan: drop the column <!-- id:rollback-plan -->", "drop the column"},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct checklist checklist = {0};

		CASE(rows[i].text);
		assert_fine(try_read(*state, rows[i].text, true, &checklist));
		assert_int_equal(checklist.ticked, ROLLBACK);
		assert_string_equal(checklist.reasons[ITEM_ROLLBACK_PLAN], rows[i].reason);
	}
}

static void two_places_add_up(void **state)
{
	struct checklist checklist = {0};

	assert_fine(try_read(*state, "- [ ] tested\n- [x] backup: nightly\n", true, &checklist));
	assert_fine(try_read(*state, "- [x] tested on staging\n", false, &checklist));
	assert_int_equal(checklist.ticked, TESTED | BACKUP);
	assert_int_equal(checklist.present, TESTED | BACKUP);
	assert_string_equal(checklist.reasons[ITEM_BACKUP], "nightly");
	assert_string_equal(checklist.reasons[ITEM_TESTED], "on staging");
}

static void the_line_to_add_is_one_that_counts(void **state)
{
	for (int item = 0; item < ITEM_COUNT; item++) {
		struct checklist checklist = {0};
		const char *line = checklist_line_to_add((enum checklist_item)item);

		CASE(line);
		assert_fine(try_read(*state, line, true, &checklist));
		assert_int_equal(checklist.ticked, BIT(item));
		assert_contains(line, checklist_item_names[item]);
	}
	assert_null(checklist_item_names[ITEM_COUNT]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ticks_count_where_a_person_sees_a_box), TEST(what_cannot_be_meant_is_an_error),
		TEST(a_message_may_hold_other_lists),        TEST(nul_is_refused),
		TEST(reasons_are_what_follows_the_name),     TEST(two_places_add_up),
		TEST(the_line_to_add_is_one_that_counts),
	};

	return cmocka_run_group_tests_name("checklist", tests, NULL, NULL);
}
