/*
 * The plan: each row of R4 (docs/rules.md), drawn as words (plan_drawing.h). Names of one letter order as letters do. D is
 * the deployed commit.
 */
#include "unit/base/check.h"

#include "unit/model/plan_drawing.h"

static const struct policy otherwise = {.max_rollback = 3};
static const struct policy refuses_late = {.max_rollback = 3, .late = LATE_REFUSE};
static const struct policy refuses_others = {.max_rollback = 3, .elsewhere = ELSEWHERE_REFUSE};
static const struct policy reports = {.max_rollback = 3, .unexplained = UNEXPLAINED_REPORT};

static void tell(struct arena *arena, const struct policy *policy, const struct drawn_plan *drawn)
{
	static const char *const untouched = "untouched";
	struct plan plan = {.digest = "untouched"};
	const char *culprit = untouched;
	struct plan_input *input = plan_draw(arena, policy, drawn);
	struct error *error = plan_make(arena, input, &plan, &culprit);

	CASE(drawn->sentence);
	if (drawn->outcome) {
		assert_fine(error);
		assert_string_equal(plan_words(arena, &plan), drawn->outcome);
		assert_ptr_equal(culprit, untouched);
		return;
	}
	assert_error(error, drawn->code);
	if (culprit ? !text_equal(culprit, drawn->culprit) : drawn->culprit != NULL)
		fail_msg("the culprit is '%s'", culprit ? culprit : "(nobody)");
	if (drawn->says)
		assert_contains(error_words(arena, error), drawn->says);
	assert_string_equal(plan.digest, untouched);
}

static void tell_all(struct arena *arena, const struct policy *policy,
                     const struct drawn_plan *drawn, size_t count)
{
	for (size_t i = 0; i < count; i++)
		tell(arena, policy, &drawn[i]);
}

static void what_the_ledger_has_not_is_applied_in_order(void **state)
{
	static const struct drawn_plan rows[] = {
		{"nothing is there and nothing is asked for", .outcome = ""},
		{"an empty database and a baseline's tree", .tree = "b=2 a=1",
	         .outcome = "+a@D +b@D"},
		{"all is applied", .tree = "a=1 b=2", .ledger = "a=1 b=2", .outcome = ""},
		{"one is missing", .tree = "a=1 b=2", .ledger = "a=1", .steps = "S:+b",
	         .outcome = "+b@S"},
		{"each is attributed to the step that brought it", .tree = "a=1 b=2 c=3",
	         .ledger = "a=1", .steps = "S:+c T:+b U:", .outcome = "+b@T +c@S"},
		{"the step that changed the SQL last counts, not who touched the rest of the folder",
	         .tree = "a=2", .steps = "S:+a T:~a U:=a", .outcome = "+a@T"},
		{"what a refused step brought and a passed one set anew is the passed one's",
	         .tree = "a=1", .steps = "S:+a !T:~a U:~a", .outcome = "+a@U"},
		{"Prisma's order, where an underscore comes before a digit",
	         .tree = "2_b=1 20_a=1 2_a=1", .outcome = "+2_a@D +2_b@D +20_a@D"},
	};

	tell_all(*state, &otherwise, rows, ROWS(rows));
}

static void a_failed_try_counts_as_never_applied(void **state)
{
	static const struct drawn_plan rows[] = {
		{"as it was", .tree = "a=1 b=2", .ledger = "a=1 b=2:failed", .steps = "S:+b",
	         .outcome = "+b@S"},
		{"edited since", .tree = "a=1 b=3", .ledger = "a=1 b=2:failed", .steps = "S:~b",
	         .outcome = "+b@S"},
		{"removed since", .tree = "a=1", .ledger = "a=1 b=2:failed", .steps = "S:-b",
	         .outcome = ""},
		{"many of them", .tree = "a=1", .ledger = "a=1:failed a=2:failed",
	         .outcome = "+a@D"},
		{"a failed try beside the applied row", .tree = "a=1",
	         .ledger = "a=2:failed a=1 a=3:failed", .outcome = ""},
	};

	tell_all(*state, &otherwise, rows, ROWS(rows));
}

static void a_late_migration_is_applied_and_marked(void **state)
{
	static const struct drawn_plan rows[] = {
		{"older than the newest applied one", .tree = "a=1 b=2 c=3", .ledger = "a=1 c=3",
	         .steps = "S:+b", .outcome = "+b@S*"},
		{"between late ones and new ones", .tree = "a=1 b=2 c=3 d=4", .ledger = "b=2",
	         .outcome = "+a@D* +c@D +d@D"},
		{"only an applied row makes late", .tree = "a=1 b=2", .ledger = "b=2:failed",
	         .outcome = "+a@D +b@D"},
	};

	tell_all(*state, &otherwise, rows, ROWS(rows));
}

static void a_late_migration_is_refused_when_the_policy_says_so(void **state)
{
	static const struct drawn_plan rows[] = {
		{"older than the newest applied one", .tree = "a=1 b=2 c=3", .ledger = "a=1 c=3",
	         .steps = "S:+b", .code = ERR_LATE, .culprit = "b", .says = "'c' is applied"},
		{"not when it is newer", .tree = "a=1 b=2", .ledger = "a=1", .outcome = "+b@D"},
		{"not when what is newer is rolled back first", .tree = "a=1 b=2",
	         .ledger = "a=1 c=3", .steps = "S:-c T:+b", .outcome = "-c@S +b@T"},
		{"but when something newer stays", .tree = "a=1 b=2 c=3", .ledger = "a=1 c=3 d=4",
	         .steps = "S:-d T:+b", .code = ERR_LATE, .culprit = "b", .says = "'c' is applied"},
	};

	tell_all(*state, &refuses_late, rows, ROWS(rows));
}

static void a_folder_that_a_passed_step_removed_is_rolled_back(void **state)
{
	static const struct drawn_plan rows[] = {
		{"one", .tree = "a=1", .ledger = "a=1 b=2", .steps = "S:-b", .outcome = "-b@S"},
		{"an older one, and the newer ones stay", .tree = "a=1 c=3",
	         .ledger = "a=1 b=2 c=3", .steps = "S:-b", .outcome = "-b@S"},
		{"newest first, whatever the order of the rows", .tree = "a=1",
	         .ledger = "c=3 a=1 d=4 b=2", .steps = "S:-b,-c,-d", .outcome = "-d@S -c@S -b@S"},
		{"each is attributed to the step that removed it", .tree = "a=1",
	         .ledger = "a=1 b=2 c=3", .steps = "S:-c T:-b", .outcome = "-c@S -b@T"},
		{"then what is new is applied", .tree = "a=1 c=3", .ledger = "a=1 b=2",
	         .steps = "S:-b T:+c", .outcome = "-b@S +c@T"},
		{"one step that removes one and brings a newer one", .tree = "a=1 c=3",
	         .ledger = "a=1 b=2", .steps = "S:-b,+c", .outcome = "-b@S +c@S"},
		{"removed, brought back and removed again", .tree = "a=1", .ledger = "a=1 b=2",
	         .steps = "S:-b T:+b U:-b", .outcome = "-b@U"},
		{"removed and brought back as it was: nothing", .tree = "a=1 b=2",
	         .ledger = "a=1 b=2", .steps = "S:-b T:+b", .outcome = ""},
		{"exactly as many as the policy allows", .tree = "a=1", .ledger = "a=1 b=2 c=3 d=4",
	         .steps = "S:-b T:-c U:-d", .outcome = "-d@U -c@T -b@S"},
		{"what never ran is not rolled back", .tree = "a=1",
	         .ledger = "a=1 b=2:rolled c=3:failed", .steps = "S:-b,-c", .outcome = ""},
	};

	tell_all(*state, &otherwise, rows, ROWS(rows));
}

static void a_folder_that_is_gone_without_a_passed_step_is_refused(void **state)
{
	static const struct drawn_plan rows[] = {
		{"no step removed it", .tree = "a=1", .ledger = "a=1 b=2",
	         .code = ERR_REMOVED_UNVOUCHED, .says = "'b' is gone"},
		{"a refused step removed it", .tree = "a=1", .ledger = "a=1 b=2",
	         .steps = "!S:-b T:", .code = ERR_REMOVED_UNVOUCHED, .says = "git revert -S"},
		{"a passed step changed it, and nobody removed it", .tree = "a=1",
	         .ledger = "a=1 b=2", .steps = "S:~b", .code = ERR_REMOVED_UNVOUCHED},
		{"applied once, and brought by a later step that is refused by now: it stays",
	         .tree = "a=1", .head = "a=1 b=2", .ledger = "a=1 b=2", .outcome = ""},
	};

	tell_all(*state, &otherwise, rows, ROWS(rows));
}

static void more_than_max_rollback_is_never_a_rollback(void **state)
{
	static const struct policy none = {.max_rollback = 0};
	static const struct drawn_plan four = {"four are gone",
	                                       .tree = "a=1",
	                                       .ledger = "a=1 b=2 c=3 d=4 e=5",
	                                       .steps = "S:-b,-c T:-d,-e",
	                                       .code = ERR_MAX_ROLLBACK,
	                                       .says = "4 deployed migrations"};
	static const struct drawn_plan one = {"one is gone, and the policy allows none",
	                                      .tree = "a=1",
	                                      .ledger = "a=1 b=2",
	                                      .steps = "S:-b",
	                                      .code = ERR_MAX_ROLLBACK,
	                                      .says = "1 deployed migration is gone"};

	tell(*state, &otherwise, &four);
	tell(*state, &none, &one);
}

static void a_renamed_migration_is_never_a_rollback(void **state)
{
	static const struct drawn_plan rows[] = {
		{"by one step", .tree = "a=1 c=2", .ledger = "a=1 b=2", .steps = "S:-b,+c",
	         .code = ERR_RENAMED, .says = "'b' was renamed to 'c'"},
		{"by two steps", .tree = "a=1 c=2", .ledger = "a=1 b=2", .steps = "S:-b T:+c",
	         .code = ERR_RENAMED, .says = "git mv prisma/migrations/c prisma/migrations/b"},
		{"with other line ends", .tree = "a=1 c=2\r\n", .ledger = "a=1 b=2\n",
	         .steps = "S:-b T:+c", .code = ERR_RENAMED},
		{"the new name stands in a later step that is refused for now", .tree = "a=1",
	         .head = "a=1 c=2", .ledger = "a=1 b=2", .steps = "S:-b", .code = ERR_RENAMED,
	         .says = "'b' was renamed to 'c'"},
		{"a refused step brings it back under its own name: that is no rename",
	         .tree = "a=1", .head = "a=1 b=2", .ledger = "a=1 b=2", .steps = "S:-b",
	         .outcome = "-b@S"},
		{"another SQL under another name is no rename", .tree = "a=1 c=3",
	         .ledger = "a=1 b=2", .steps = "S:-b,+c", .outcome = "-b@S +c@S"},
	};

	tell_all(*state, &otherwise, rows, ROWS(rows));
}

static void a_squash_is_never_a_rollback(void **state)
{
	static const struct drawn_plan rows[] = {
		{"one step removes deployed ones and brings an older-named one", .tree = "0=9",
	         .ledger = "a=1 b=2", .steps = "S:-a,-b,+0", .code = ERR_SQUASHED,
	         .says = "git revert -S S"},
		{"older than the newest of them is enough", .tree = "a=1 c=9",
	         .ledger = "a=1 b=2 d=4", .steps = "S:-b,-d,+c", .code = ERR_SQUASHED,
	         .says = "looks like a squash"},
		{"also when more are gone than may be rolled back: what was recognised is said",
	         .tree = "0=9", .ledger = "a=1 b=2 c=3 d=4 e=5", .steps = "S:-a,-b,-c,-d,-e,+0",
	         .code = ERR_SQUASHED},
		{"two steps are no squash", .tree = "a=1 b=2", .ledger = "a=1 c=3",
	         .steps = "S:-c T:+b", .outcome = "-c@S +b@T"},
		{"a loose file is no migration", .tree = "b=2", .ledger = "b=2 c=3",
	         .steps = "S:-c,+.a", .outcome = "-c@S"},
	};

	tell_all(*state, &otherwise, rows, ROWS(rows));
}

static void the_undoing_of_a_squash_that_was_a_merge_names_its_parent(void **state)
{
	static const struct drawn_plan drawn = {"a merge", .tree = "0=9", .ledger = "a=1",
	                                        .steps = "S:-a,+0"};
	struct plan_input *input = plan_draw(*state, &otherwise, &drawn);
	struct plan plan;
	const char *culprit;

	input->steps->items[0].parents.count = 2;
	assert_contains(error_words(*state, plan_make(*state, input, &plan, &culprit)),
	                "git revert -S -m 1 S");
}

static void a_migrations_folder_that_vanished_is_never_a_rollback(void **state)
{
	static const struct drawn_plan rows[] = {
		{"gone or moved", .tree = "-", .ledger = "a=1", .steps = "S:-a",
	         .code = ERR_FOLDER_MISSING,
	         .says = "'prisma/migrations' is not there at commit S"},
		{"empty", .tree = "", .ledger = "a=1", .steps = "S:-a", .code = ERR_FOLDER_MISSING,
	         .says = "is empty"},
		{"where nothing is deployed there is nothing to lose", .tree = "-",
	         .ledger = "a=1:failed", .outcome = ""},
	};

	tell_all(*state, &otherwise, rows, ROWS(rows));
}

static void a_folder_that_is_not_there_is_told_where_nothing_is_deployed(void **state)
{
	static const struct drawn_plan drawn = {"a wrong path in the configuration", .tree = "-"};
	struct plan_input *input = plan_draw(*state, &otherwise, &drawn);
	struct plan plan;
	const char *culprit;

	assert_fine(plan_make(*state, input, &plan, &culprit));
	assert_int_equal(plan.notes.count, 1);
	assert_contains(plan.notes.items[0], "'prisma/migrations'");
}

static void an_edited_migration_is_refused_with_both_checksums(void **state)
{
	static const struct drawn_plan rows[] = {
		{"another SQL", .tree = "a=2", .ledger = "a=1", .steps = "S:~a", .code = ERR_EDITED,
	         .culprit = "a",
	         .says = "applied with checksum 6b86b273ff34…, the branch has d4735e3a265e…"},
		{"its migration.sql is missing", .tree = "a", .ledger = "a=1", .steps = "S:~a",
	         .code = ERR_EDITED, .culprit = "a", .says = "the branch has no migration.sql"},
		{"the branch has CRLF", .tree = "a=1\r\n2\r\n", .ledger = "a=1\n2\n",
	         .outcome = ""},
		{"the branch has LF", .tree = "a=1\n2\n", .ledger = "a=1\r\n2\r\n", .outcome = ""},
		{"a line end that was added is an edit", .tree = "a=1\n2\n", .ledger = "a=1\n2",
	         .code = ERR_EDITED, .culprit = "a"},
		{"a step that changes only the rest of the folder", .tree = "a=1", .ledger = "a=1",
	         .steps = "S:=a", .outcome = ""},
		{"edited beside one that is new", .tree = "a=2 b=1", .ledger = "a=1",
	         .steps = "S:~a,+b", .code = ERR_EDITED, .culprit = "a"},
		{"one that another program applied", .tree = "a=2", .ledger = "a=1:other",
	         .code = ERR_EDITED, .culprit = "a"},
	};

	tell_all(*state, &otherwise, rows, ROWS(rows));
}

static void an_edit_that_a_person_accepted_is_none(void **state)
{
	static const struct drawn_plan rows[] = {
		{"of ours", .tree = "a=2", .ledger = "a=1", .accepted = "a=2", .steps = "S:~a",
	         .outcome = ""},
		{"with other line ends", .tree = "a=2\r\n", .ledger = "a=1", .accepted = "a=2\n",
	         .outcome = ""},
		{"edited once more", .tree = "a=3", .ledger = "a=1", .accepted = "a=2",
	         .code = ERR_EDITED, .culprit = "a",
	         .says = "headgate resolve --target shop --accept-edit a"},
		{"that the row may stand says nothing about the file", .tree = "a=2",
	         .ledger = "a=1", .accepted = "a", .code = ERR_EDITED, .culprit = "a"},
		{"of another's: it is adopted", .tree = "a=2", .ledger = "a=1:other",
	         .accepted = "a=2", .steps = "S:~a", .outcome = "=a@S"},
	};

	tell_all(*state, &otherwise, rows, ROWS(rows));
}

static void a_disposable_target_only_reports_an_edit(void **state)
{
	static const struct drawn_plan rows[] = {
		{"another SQL, and one that is new", .tree = "a=2 b=1", .ledger = "a=1",
	         .steps = "S:~a,+b", .disposable = true, .outcome = "+b@S"},
		{"its migration.sql is missing", .tree = "a", .ledger = "a=1", .disposable = true,
	         .outcome = ""},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct plan plan = {0};
		const char *culprit = NULL;

		tell(*state, &otherwise, &rows[i]);
		assert_fine(plan_make(*state, plan_draw(*state, &otherwise, &rows[i]), &plan,
		                      &culprit));
		assert_string_equal(text_join(*state, &plan.edited, " "), "a");
		assert_contains(plan.notes.items[0], "'a' was edited after it was applied");
	}
}

static void what_another_program_applied_is_adopted(void **state)
{
	static const struct drawn_plan rows[] = {
		{"a migration of the branch", .tree = "a=1 b=2", .ledger = "a=1 b=2:other",
	         .steps = "S:+b", .outcome = "=b@S"},
		{"beside what is to be applied", .tree = "a=1 b=2 c=3", .ledger = "a=1 b=2:other",
	         .steps = "S:+b,+c", .outcome = "+c@S =b@S"},
		{"what came with the baseline is the baseline's", .tree = "a=1 b=2",
	         .ledger = "a=1:other b=2:other", .outcome = "=a@D =b@D"},
		{"the step that set its SQL last, passed or not", .tree = "a=2",
	         .ledger = "a=2:other", .steps = "S:+a !T:~a U:=a", .outcome = "=a@T"},
		{"it stands in a step that waits or is refused", .tree = "a=1", .head = "a=1 b=2",
	         .ledger = "a=1 b=2:other", .ahead = "!T:+b", .outcome = "=b@T"},
		{"as the branch will have it once a later step passes", .tree = "a=1",
	         .head = "a=2", .ledger = "a=2:other", .steps = "S:+a", .ahead = "!T:~a",
	         .outcome = "=a@T"},
		{"with other line ends", .tree = "a=1\r\n", .ledger = "a=1\n:other",
	         .outcome = "=a@D"},
		{"it was held, and a passed step had brought it back", .tree = "a=1 b=2",
	         .ledger = "a=1 b=2:rolled b=2:other", .held = "b@R", .steps = "S:+b",
	         .outcome = "=b@S"},
		{"it was held, and a person accepted the row", .tree = "a=1 b=2",
	         .ledger = "a=1 b=2:rolled b=2:other", .held = "b@R", .accepted = "b",
	         .outcome = "=b@D"},
	};

	tell_all(*state, &otherwise, rows, ROWS(rows));
}

static void what_another_program_applied_is_refused_when_the_policy_says_so(void **state)
{
	static const struct drawn_plan rows[] = {
		{"a migration of the branch", .tree = "a=1 b=2", .ledger = "a=1 b=2:other",
	         .steps = "S:+b", .code = ERR_ELSEWHERE,
	         .says = "headgate resolve --target shop --accept b"},
		{"until a person accepts the row", .tree = "a=1 b=2", .ledger = "a=1 b=2:other",
	         .accepted = "b", .steps = "S:+b", .outcome = "=b@S"},
	};

	tell_all(*state, &refuses_others, rows, ROWS(rows));
}

static void a_second_row_of_a_migration_is_not_adopted(void **state)
{
	static const struct drawn_plan rows[] = {
		{"one is ours", .tree = "a=1", .ledger = "a=1 a=1:other", .code = ERR_UNEXPLAINED,
	         .says = "a second applied row of 'a'"},
		{"both are others'", .tree = "a=1", .ledger = "a=1:other a=1:other",
	         .code = ERR_UNEXPLAINED},
		{"a person accepted it", .tree = "a=1", .ledger = "a=1 a=1:other", .accepted = "a",
	         .outcome = ""},
	};

	tell_all(*state, &otherwise, rows, ROWS(rows));
}

static void only_a_down_that_a_passed_step_set_is_adopted_with_its_migration(void **state)
{
	static const struct drawn_plan drawn = {"one folder", .tree = "a=1", .ledger = "a=1:other",
	                                        .steps = "S:+a"};
	static const struct {
		const char *sentence, *path;
		bool passed, settled, has_down;
	} rows[] = {
		{"the step passed", "a/down.sql", true, false, true},
		{"it passed only for what the ledger has", "a/down.sql", true, true, false},
		{"it did not pass", "a/down.sql", false, false, false},
		{"nobody changed it since the deployed commit", "b/down.sql", true, true, true},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct plan_input *input = plan_draw(*state, &otherwise, &drawn);
		struct step *step = &input->steps->items[0];
		struct plan plan = {0};
		const char *culprit = NULL;

		CASE(rows[i].sentence);
		step->passed = rows[i].passed;
		step->settled = rows[i].settled;
		*LIST_ADD((struct arena *)*state, &step->files) =
			(struct step_file){.path = rows[i].path};
		input->tree->items[0].down = (struct bytes){"DROP", 4};
		assert_fine(plan_make(*state, input, &plan, &culprit));
		assert_int_equal(plan.adopted.count, 1);
		assert_int_equal(plan.adopted.items[0].down.size, rows[i].has_down ? 4 : 0);
	}
}

static void what_persons_ask_to_roll_back_goes_first_and_alone(void **state)
{
	static const struct drawn_plan rows[] = {
		{"its folder is there", .tree = "a=1 b=2", .ledger = "a=1 b=2", .asked = "b",
	         .outcome = "-b@B"},
		{"a step took the folder away", .tree = "a=1", .ledger = "a=1 b=2", .asked = "b",
	         .steps = "S:-b", .outcome = "-b@S"},
		{"newest first", .tree = "a=1 b=2 c=3", .ledger = "a=1 b=2 c=3", .asked = "a c b",
	         .outcome = "-c@B -b@B -a@B"},
		{"what is to be applied waits for another look", .tree = "a=1 b=2 c=3",
	         .ledger = "a=1 b=2", .asked = "b", .steps = "S:+c", .outcome = "-b@B"},
		{"more than max_rollback are gone", .tree = "a=1", .ledger = "a=1 b=2 c=3 d=4 e=5",
	         .asked = "e", .steps = "S:-b,-c,-d,-e", .outcome = "-e@S"},
		{"a row that nobody explains", .tree = "a=1", .ledger = "a=1 x=9:other y=9:other",
	         .asked = "x", .outcome = "-x@D"},
		{"applied again while it was held", .tree = "a=1", .ledger = "b=2:rolled b=2:other",
	         .held = "b@R", .asked = "b", .outcome = "-b@R"},
		{"it is not applied any more", .tree = "a=1 b=2", .ledger = "a=1 b=2:rolled",
	         .held = "b@R", .asked = "b", .outcome = ""},
		{"not while the database is not the one that was left", .tree = "a=1 b=2",
	         .ledger = "a=1 b=2 c=3:lost", .asked = "b", .code = ERR_DATABASE_WENT_BACK},
	};

	tell_all(*state, &otherwise, rows, ROWS(rows));
}

static void what_a_person_asks_to_roll_back_has_the_down_that_was_archived(void **state)
{
	static const struct drawn_plan drawn = {"a row that another wrote while it was held",
	                                        .ledger = "b=2:rolled b=2:other", .held = "b@R",
	                                        .asked = "b", .downs = "b=1 b=2"};
	struct plan plan = {0};
	const char *culprit = NULL;

	assert_fine(plan_make(*state, plan_draw(*state, &otherwise, &drawn), &plan, &culprit));
	assert_int_equal(plan.count, 1);
	assert_true(plan.by_hand);
	assert_int_equal(plan.rollbacks, 1);
	assert_string_equal(plan.items[0].asked->by, "ann");
	assert_string_equal(plan.items[0].down_digest, "down");
}

static void an_unexplained_row_is_refused(void **state)
{
	static const struct drawn_plan rows[] = {
		{"the branch has it not, and it is not ours", .tree = "a=1",
	         .ledger = "a=1 x=9:other", .code = ERR_UNEXPLAINED,
	         .says = "'x', which the branch has not"},
		{"also when a step removed the folder: who did not deploy it does not roll it back",
	         .tree = "a=1", .ledger = "a=1 x=9:other", .steps = "S:-x",
	         .code = ERR_UNEXPLAINED},
		{"a second row of a migration that is gone", .tree = "a=1",
	         .ledger = "a=1 b=2 b=2:other", .steps = "S:-b", .code = ERR_UNEXPLAINED},
		{"the ways out", .tree = "a=1", .ledger = "a=1 x=9:other", .code = ERR_UNEXPLAINED,
	         .says = "(headgate rollback --target shop x), or let it stand (headgate resolve "
	                 "--target shop --accept x)"},
		{"a person accepted the row", .tree = "a=1", .ledger = "a=1 x=9:other",
	         .accepted = "x", .outcome = ""},
		{"another applied it while it was held", .tree = "a=1 b=2",
	         .ledger = "a=1 b=2:rolled b=2:other", .held = "b@R", .code = ERR_UNEXPLAINED,
	         .says = "while it was held"},
		{"another applied it while it was held, and the branch has it not", .tree = "a=1",
	         .ledger = "a=1 b=2:rolled b=2:other", .held = "b@R", .code = ERR_UNEXPLAINED},
	};

	tell_all(*state, &otherwise, rows, ROWS(rows));
}

static void an_unexplained_row_is_only_reported_when_the_policy_says_so(void **state)
{
	static const struct drawn_plan rows[] = {
		{"the branch has it not", .tree = "a=1 b=2", .ledger = "a=1 x=9:other",
	         .outcome = "+b@D*"},
		{"another applied it while it was held", .tree = "a=1 b=2 c=3",
	         .ledger = "a=1 b=2:rolled b=2:other", .held = "b@R", .outcome = "+c@D"},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct plan plan = {0};
		const char *culprit = NULL;

		tell(*state, &reports, &rows[i]);
		assert_fine(
			plan_make(*state, plan_draw(*state, &reports, &rows[i]), &plan, &culprit));
		assert_contains(text_join(*state, &plan.notes, "\n"),
		                i ? "'b' was applied by another" : "the ledger has 'x'");
	}
}

static void an_open_row_halts_before_anything_else_is_looked_at(void **state)
{
	static const struct drawn_plan rows[] = {
		{"a failed try that nobody resolved", .tree = "a=1 b=2", .ledger = "a=1 b=2:open",
	         .code = ERR_OPEN_FAILED_ROW,
	         .says = "headgate resolve --target shop --rolled-back b"},
		{"beside an edited one and an unexplained one", .tree = "a=2",
	         .ledger = "a=1 x=1:other b=2:open", .code = ERR_OPEN_FAILED_ROW},
		{"while the folder is gone", .tree = "-", .ledger = "a=1 b=2:open",
	         .code = ERR_OPEN_FAILED_ROW},
	};

	tell_all(*state, &otherwise, rows, ROWS(rows));
}

static void a_database_that_is_not_as_it_was_left_halts(void **state)
{
	static const struct drawn_plan rows[] = {
		{"a row of ours is gone", .tree = "a=1 b=2", .ledger = "a=1 b=2:lost",
	         .code = ERR_DATABASE_WENT_BACK, .says = "headgate baseline --target shop COMMIT"},
		{"all rows are gone", .tree = "a=1", .ledger = "a=1:lost",
	         .code = ERR_DATABASE_WENT_BACK},
		{"also when the folder is gone, too", .tree = "-", .ledger = "a=1:lost",
	         .code = ERR_DATABASE_WENT_BACK},
		{"another one of that name took its place", .tree = "a=1",
	         .ledger = "a=1:lost a=1:other", .code = ERR_DATABASE_WENT_BACK},
		{"another hand set rolled_back_at", .tree = "a=1", .ledger = "a=1:undone",
	         .code = ERR_LEDGER_ODD, .says = "another hand"},
	};

	tell_all(*state, &otherwise, rows, ROWS(rows));
}

static void a_folder_without_migration_sql_is_refused(void **state)
{
	static const struct drawn_plan rows[] = {
		{"a new one", .tree = "a=1 b", .ledger = "a=1", .steps = "S:+b",
	         .code = ERR_FILE_MISSING, .culprit = "b"},
	};

	tell_all(*state, &otherwise, rows, ROWS(rows));
}

static void a_held_migration_waits_for_the_revert_of_the_revert(void **state)
{
	static const struct drawn_plan rows[] = {
		{"the branch has it not", .tree = "a=1", .ledger = "a=1 b=2:rolled", .held = "b@R",
	         .outcome = ""},
		{"a later passed step brought it back", .tree = "a=1 b=2",
	         .ledger = "a=1 b=2:rolled", .held = "b@R", .steps = "S:+b", .outcome = "+b@S^S"},
		{"with another SQL", .tree = "b=3", .ledger = "b=2:rolled", .held = "b@R",
	         .steps = "S:+b", .outcome = "+b@S^S"},
		{"and a still later one changed it", .tree = "b=3", .ledger = "b=2:rolled",
	         .held = "b@R", .steps = "S:+b T:~b", .outcome = "+b@T^S"},
		{"the removal stands among the steps, too", .tree = "b=2", .ledger = "b=2:rolled",
	         .held = "b@R", .steps = "R:-b S:+b", .outcome = "+b@S^S"},
		{"a step that did not pass does not release it", .tree = "a=1 b=2",
	         .ledger = "a=1 b=2:rolled", .held = "b@R", .steps = "!S:+b", .outcome = ""},
		{"nor one that changed it", .tree = "b=3", .ledger = "b=2:rolled", .held = "b@R",
	         .steps = "S:~b", .outcome = ""},
		{"nor one that brought it before it was removed", .tree = "b=2",
	         .ledger = "b=2:rolled", .held = "b@R", .steps = "S:+b R:-b !T:+b", .outcome = ""},
		{"others are not kept from being applied", .tree = "a=1 b=2 c=3",
	         .ledger = "b=2:rolled", .held = "b@R", .outcome = "+a@D +c@D"},
	};

	tell_all(*state, &otherwise, rows, ROWS(rows));
}

static void what_is_worth_telling_stands_in_the_notes(void **state)
{
	static const struct {
		struct drawn_plan drawn;
		const char *note;
	} rows[] = {
		{{"held", .tree = "a=1 b=2", .ledger = "b=2:rolled", .held = "b@R"}, "'b' is held"},
		{{"an odd name", .tree = "Add=1", .outcome = ""},
	         "'Add' is not YYYYMMDDHHMMSS_lower_case"},
		{{"not ASCII", .tree = "\xc3\xa4=1", .outcome = ""}, "is not ASCII"},
	};
	static const struct drawn_plan regular = {"a regular name",
	                                          .tree = "20261124000000_add_index=1"};
	struct plan plan = {0};
	const char *culprit = NULL;

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct plan told = {0};

		CASE(rows[i].drawn.sentence);
		assert_fine(plan_make(*state, plan_draw(*state, &otherwise, &rows[i].drawn), &told,
		                      &culprit));
		assert_contains(text_join(*state, &told.notes, "\n"), rows[i].note);
	}
	CASE(regular.sentence);
	assert_fine(plan_make(*state, plan_draw(*state, &otherwise, &regular), &plan, &culprit));
	assert_int_equal(plan.notes.count, 0);
}

static void an_item_carries_all_that_apply_needs(void **state)
{
	static const struct drawn_plan drawn = {"both kinds", .tree = "a=1 c=SELECT",
	                                        .ledger = "a=1 b=2", .steps = "S:-b,+c"};
	struct plan_input *input = plan_draw(*state, &otherwise, &drawn);
	struct plan plan = {0};
	const char *culprit = NULL;

	input->memory->deployed.items[1].down_digest = "down of b";
	assert_fine(plan_make(*state, input, &plan, &culprit));
	assert_int_equal(plan.count, 2);
	assert_int_equal(plan.rollbacks, 1);
	assert_int_equal(plan.items[0].action, PLAN_ROLL_BACK);
	assert_string_equal(plan.items[0].row_id, "row-1-b");
	assert_string_equal(plan.items[0].checksum, sha256_text(*state, "2", 1));
	assert_string_equal(plan.items[0].down_digest, "down of b");
	assert_int_equal(plan.items[0].finished_us, 1);
	assert_false(plan.items[0].has_sql); /* the archive is asked later */
	assert_int_equal(plan.items[1].action, PLAN_APPLY);
	assert_null(plan.items[1].row_id);
	assert_true(plan.items[1].has_sql);
	assert_memory_equal(plan.items[1].sql.data, "SELECT", 6);
	assert_string_equal(plan.items[1].migration->name, "c");
}

static const char *digest_of(struct arena *arena, struct plan_item *items, size_t count)
{
	struct plan plan = {.items = items, .count = count};

	plan_digest(&plan);
	assert_true(text_is_hex(plan.digest, 64));
	if (count)
		assert_string_equal(plan.digest, items[count - 1].upto);
	return arena_text(arena, plan.digest);
}

static void the_digest_holds_what_is_done_and_in_which_order(void **state)
{
	static const struct plan_item first = {.action = PLAN_APPLY, .name = "a", .checksum = "1"};
	static const struct plan_item others[] = {
		{.action = PLAN_ROLL_BACK, .name = "a", .checksum = "1"},
		{.action = PLAN_APPLY, .name = "b", .checksum = "1"},
		{.action = PLAN_APPLY, .name = "a", .checksum = "2"},
		{.action = PLAN_APPLY, .name = "a", .checksum = "1", .down_digest = "3"},
		{.action = PLAN_APPLY, .name = "a1", .checksum = ""},
		{.action = PLAN_APPLY, .name = "", .checksum = "a1"},
	};
	struct plan_item pair[2] = {first, others[1]}, turned[2] = {others[1], first}, same = first;
	const char *digest = digest_of(*state, &same, 1), *of_pair = digest_of(*state, pair, 2);

	same.commit = "another step"; /* who asked does not change what is done */
	assert_string_equal(digest_of(*state, &same, 1), digest);
	for (size_t i = 0; i < ROWS(others); i++) {
		struct plan_item other = others[i];

		assert_string_not_equal(digest_of(*state, &other, 1), digest);
	}
	assert_string_not_equal(digest_of(*state, turned, 2), of_pair);
	assert_string_not_equal(digest_of(*state, NULL, 0), digest);
}

static void an_item_knows_the_digest_of_the_plan_up_to_it(void **state)
{
	struct plan_item items[3] = {
		{.action = PLAN_APPLY, .name = "a", .checksum = "1"},
		{.action = PLAN_APPLY, .name = "b", .checksum = "2"},
		{.action = PLAN_APPLY, .name = "c", .checksum = "3"},
	};
	const char *two = digest_of(*state, items, 2);

	(void)digest_of(*state, items, 3);
	assert_string_equal(items[1].upto, two);
	items[2].checksum = "4";
	(void)digest_of(*state, items, 3);
	assert_string_equal(items[1].upto, two); /* what comes behind does not count */
	items[0].checksum = "5";
	(void)digest_of(*state, items, 3);
	assert_string_not_equal(items[1].upto, two);
}

static void the_summary_says_what_will_be_done(void **state)
{
	static const struct {
		size_t count, rollbacks;
		const char *summary;
	} rows[] = {
		{0, 0, "nothing to do"},
		{1, 0, "apply 1 migration"},
		{2, 0, "apply 2 migrations"},
		{1, 1, "roll back 1 migration"},
		{3, 1, "roll back 1 migration, apply 2"},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		const struct plan plan = {.count = rows[i].count, .rollbacks = rows[i].rollbacks};

		CASE(rows[i].summary);
		assert_string_equal(plan_summary(*state, &plan), rows[i].summary);
	}
	assert_string_equal(plan_action_name(PLAN_APPLY), "apply");
	assert_string_equal(plan_action_name(PLAN_ROLL_BACK), "roll back");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_the_ledger_has_not_is_applied_in_order),
		TEST(a_failed_try_counts_as_never_applied),
		TEST(a_late_migration_is_applied_and_marked),
		TEST(a_late_migration_is_refused_when_the_policy_says_so),
		TEST(a_folder_that_a_passed_step_removed_is_rolled_back),
		TEST(a_folder_that_is_gone_without_a_passed_step_is_refused),
		TEST(more_than_max_rollback_is_never_a_rollback),
		TEST(a_renamed_migration_is_never_a_rollback),
		TEST(a_squash_is_never_a_rollback),
		TEST(the_undoing_of_a_squash_that_was_a_merge_names_its_parent),
		TEST(a_migrations_folder_that_vanished_is_never_a_rollback),
		TEST(a_folder_that_is_not_there_is_told_where_nothing_is_deployed),
		TEST(an_edited_migration_is_refused_with_both_checksums),
		TEST(an_edit_that_a_person_accepted_is_none),
		TEST(a_disposable_target_only_reports_an_edit),
		TEST(what_another_program_applied_is_adopted),
		TEST(what_another_program_applied_is_refused_when_the_policy_says_so),
		TEST(a_second_row_of_a_migration_is_not_adopted),
		TEST(only_a_down_that_a_passed_step_set_is_adopted_with_its_migration),
		TEST(what_persons_ask_to_roll_back_goes_first_and_alone),
		TEST(what_a_person_asks_to_roll_back_has_the_down_that_was_archived),
		TEST(an_unexplained_row_is_refused),
		TEST(an_unexplained_row_is_only_reported_when_the_policy_says_so),
		TEST(an_open_row_halts_before_anything_else_is_looked_at),
		TEST(a_database_that_is_not_as_it_was_left_halts),
		TEST(a_folder_without_migration_sql_is_refused),
		TEST(a_held_migration_waits_for_the_revert_of_the_revert),
		TEST(what_is_worth_telling_stands_in_the_notes),
		TEST(an_item_carries_all_that_apply_needs),
		TEST(the_digest_holds_what_is_done_and_in_which_order),
		TEST(an_item_knows_the_digest_of_the_plan_up_to_it),
		TEST(the_summary_says_what_will_be_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
