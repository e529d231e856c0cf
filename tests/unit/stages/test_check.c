/*
 * Check: whose ticks count and for what, and who may ask for a rollback. Only bytes that a person signed for this very
 * folder count; a merge inherits and says nothing.
 */
#include "unit/stages/looking.h"

#define A "a=CREATE a|DROP a"
#define B "b=CREATE b|DROP b"
#define TRAILER "Revert b\n\nHeadgate-Rollback: down\n"

static void demand(struct pass_world *world, unsigned items)
{
	world->policy.checklist = items;
}

static void what_nobody_demands_is_not_asked_for(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	struct run *run;

	pass_world_push(world, A, ADA, "Add a");
	run = verified(world);
	assert_fine(check_perform(run));
	assert_left(run, "a", NULL, ERR_COUNT);
}

static void each_missing_item_is_named_with_the_line_to_add(void **state)
{
	for (int item = 0; item < ITEM_COUNT; item++) {
		struct pass_world *world = pass_world_begun(*state);
		const char *commit = pass_world_push(world, A, ADA, "Add a");
		struct run *run;
		struct error *error;

		CASE(checklist_item_names[item]);
		world->policy.backup = BACKUP_NONE;
		demand(world, 1u << item);
		run = verified(world);
		error = check_perform(run);
		assert_error(error, ERR_CHECKLIST_MISSING);
		assert_contains(error->what,
		                arena_printf(world->arena, "'a' lacks the checklist item '%s'",
		                             checklist_item_names[item]));
		assert_contains(error->hint, checklist_line_to_add((enum checklist_item)item));
		assert_contains(error->hint, "prisma/migrations/a/checklist.md");
		assert_left(run, "", commit, ERR_CHECKLIST_MISSING);
		assert_string_equal(run->refused_step->refused_at, "check");
	}
}

static void a_tick_counts_where_a_person_signed_it_for_this_folder(void **state)
{
	static const struct {
		const char *sentence, *tree, *message;
		bool passes;
	} rows[] = {
		{"in checklist.md", A ",a/checklist.md=- [x] tested\n", "Add a", true},
		{"an empty box", A ",a/checklist.md=- [ ] tested\n", "Add a", false},
		{"in the message", A, "Add a\n\n- [x] tested\n", true},
		{"an empty box in the message", A, "Add a\n\n- [ ] tested\n", false},
		{"in the checklist of another folder", A "," B ",b/checklist.md=- [x] tested\n",
	         "Add both", false},
		{"other tasks of the message are no noise", A,
	         "Add a\n\n- [x] tested\n- [ ] buy milk\n", true},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct pass_world *world = pass_world_begun(*state);
		struct run *run;

		CASE(rows[i].sentence);
		demand(world, 1u << ITEM_TESTED);
		pass_world_push(world, rows[i].tree, ADA, rows[i].message);
		run = verified(world);
		if (rows[i].passes)
			assert_fine(check_perform(run));
		else
			assert_error(check_perform(run), ERR_CHECKLIST_MISSING);
	}
}

static void a_message_says_nothing_about_what_its_commit_inherits(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *const base[] = {world->head, NULL};
	const char *a = pass_world_commit(world, base, A, ADA, "Add a");
	const char *const above[] = {a, NULL};
	const char *b = pass_world_commit(world, above, A "," B, ADA, "Add b\n\n- [x] tested\n");
	const char *const parents[] = {world->head, b, NULL};
	struct run *run;

	demand(world, 1u << ITEM_TESTED);
	world->head = pass_world_commit(world, parents, A "," B, ADA, "Merge\n\n- [x] tested\n");
	source_memory_set_branch(world->source, "main", world->head);
	run = verified(world);
	assert_contains(check_perform(run)->what, "'a' lacks"); /* b's own commit ticked it for b */
	assert_left(run, "", world->head, ERR_CHECKLIST_MISSING);
}

static void an_earlier_step_is_not_held_up_by_a_later_one(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *refused;
	struct run *run;

	demand(world, 1u << ITEM_TESTED);
	pass_world_push(world, A, ADA, "Add a\n\n- [x] tested\n");
	refused = pass_world_push(world, A "," B, ADA, "Add b");
	pass_world_push(world, A "," B ",c=CREATE c", ADA, "Add c\n\n- [x] tested\n");
	run = verified(world);
	assert_fine(check_perform(run));
	assert_left(run, "a", refused, ERR_CHECKLIST_MISSING);
}

static void a_later_signed_tick_cures_it(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	struct run *run;

	demand(world, 1u << ITEM_TESTED);
	pass_world_push(world, A, ADA, "Add a");
	pass_world_push(world, A ",a/checklist.md=- [x] tested\n", ADA, "Tick it");
	run = verified(world);
	assert_fine(check_perform(run));
	assert_left(run, "a", NULL, ERR_COUNT);
}

static void the_backup_of_the_run_answers_for_itself(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	struct run *run;

	demand(world, 1u << ITEM_BACKUP);
	pass_world_push(world, A, ADA, "Add a");
	run = verified(world);
	assert_fine(check_perform(run));
	world->policy.backup = BACKUP_NONE;
	run = verified(world);
	assert_error(check_perform(run), ERR_CHECKLIST_MISSING);
}

static void an_unknown_item_refuses_the_step(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *commit =
		pass_world_push(world, A ",a/checklist.md=- [x] testet\n", ADA, "Add a");
	struct run *run = verified(world);

	assert_error(check_perform(run), ERR_CHECKLIST_ODD);
	assert_left(run, "", commit, ERR_CHECKLIST_ODD);
}

static void under_trust_branch_ticks_count_as_claims(void **state)
{
	struct pass_world *world = pass_world_begun(*state);

	world->policy.trust = TRUST_BRANCH;
	demand(world, 1u << ITEM_TESTED);
	pass_world_push(world, A, NULL, "Add a\n\n- [x] tested\n");
	assert_fine(check_perform(verified(world)));
	pass_world_push(world, A "," B, NULL, "Add b");
	assert_left(verified(world), "a b", NULL, ERR_COUNT);
}

static void what_came_with_the_baseline_needs_no_checklist(void **state)
{
	struct pass_world *world = pass_world_new(*state);
	struct baseline_made made = {0};

	pass_world_push(world, A, NULL, "Long ago");
	assert_fine(engine_baseline(&world->engine, &world->target,
	                            &(struct baseline_wish){.commit = "HEAD"}, world->arena,
	                            &made));
	demand(world, (1u << ITEM_COUNT) - 1);
	assert_fine(check_perform(verified(world)));
}

/* a and b are deployed; the branch removes b. */
static struct pass_world *deployed(struct place *place, const char *trees)
{
	struct pass_world *world = pass_world_begun(place);

	pass_world_push(world, trees, ADA, "Add both");
	assert_fine(pass_world_pass(world));
	world->policy.rollback = ROLLBACK_TRAILER;
	return world;
}

static void a_revert_must_say_how_to_go_back(void **state)
{
	static const struct {
		const char *sentence, *message;
		bool passes;
	} rows[] = {
		{"the trailer", TRAILER, true},
		{"among others",
	         "Revert b\n\nReviewed-by: Bo <bo@example.org>\nheadgate-rollback: down\n", true},
		{"none", "Revert b\n\nThis reverts commit 1.\n", false},
		{"another way that is not there yet", "Revert b\n\nHeadgate-Rollback: restore\n",
	         false},
		{"twice", "Revert b\n\nHeadgate-Rollback: down\nHeadgate-Rollback: down\n", false},
		{"not in the last paragraph",
	         "Revert b\n\nHeadgate-Rollback: down\n\nMore words.\n", false},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct pass_world *world = deployed(*state, A "," B);
		const char *commit = pass_world_push(world, A, ADA, rows[i].message);
		struct run *run = verified(world);
		struct error *error = check_perform(run);

		CASE(rows[i].sentence);
		if (rows[i].passes) {
			assert_fine(error);
			assert_left(run, "b", NULL, ERR_COUNT);
			continue;
		}
		assert_error(error, ERR_ROLLBACK_UNASKED);
		assert_contains(error->hint, "--trailer 'Headgate-Rollback: down'");
		assert_left(run, "", commit, ERR_ROLLBACK_UNASKED);
	}
}

static void a_revert_that_was_merged_speaks_for_itself(void **state)
{
	static const struct {
		const char *sentence, *revert, *merge;
		bool passes;
	} rows[] = {
		{"the revert has the trailer", TRAILER, "Merge\n", true},
		{"only the merge has it", "Revert b\n", "Merge\n\nHeadgate-Rollback: down\n",
	         false},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct pass_world *world = deployed(*state, A "," B);
		const char *const base[] = {world->head, NULL};
		const char *revert = pass_world_commit(world, base, A, ADA, rows[i].revert);
		const char *const parents[] = {world->head, revert, NULL};
		struct run *run;

		CASE(rows[i].sentence);
		world->head = pass_world_commit(world, parents, A, ADA, rows[i].merge);
		source_memory_set_branch(world->source, "main", world->head);
		run = verified(world);
		if (rows[i].passes)
			assert_fine(check_perform(run));
		else
			assert_error(check_perform(run), ERR_ROLLBACK_UNASKED);
	}
}

static void a_free_policy_asks_for_no_trailer(void **state)
{
	struct pass_world *world = deployed(*state, A "," B);

	world->policy.rollback = ROLLBACK_FREE;
	pass_world_push(world, A, ADA, "Revert b");
	assert_fine(check_perform(verified(world)));
}

static void without_a_down_script_there_is_no_way_back(void **state)
{
	struct pass_world *world = deployed(*state, A ",b=CREATE b");
	const char *commit = pass_world_push(world, A, ADA, TRAILER);
	struct run *run = verified(world);
	struct error *error = check_perform(run);

	assert_error(error, ERR_NO_WAY_BACK);
	assert_contains(error->hint, arena_printf(world->arena, "git revert -S %.10s", commit));
	assert_contains(error->hint, "headgate history 1");
	assert_left(run, "", commit, ERR_NO_WAY_BACK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_WORLD(what_nobody_demands_is_not_asked_for),
		TEST_WORLD(each_missing_item_is_named_with_the_line_to_add),
		TEST_WORLD(a_tick_counts_where_a_person_signed_it_for_this_folder),
		TEST_WORLD(a_message_says_nothing_about_what_its_commit_inherits),
		TEST_WORLD(an_earlier_step_is_not_held_up_by_a_later_one),
		TEST_WORLD(a_later_signed_tick_cures_it),
		TEST_WORLD(the_backup_of_the_run_answers_for_itself),
		TEST_WORLD(an_unknown_item_refuses_the_step),
		TEST_WORLD(under_trust_branch_ticks_count_as_claims),
		TEST_WORLD(what_came_with_the_baseline_needs_no_checklist),
		TEST_WORLD(a_revert_must_say_how_to_go_back),
		TEST_WORLD(a_revert_that_was_merged_speaks_for_itself),
		TEST_WORLD(a_free_policy_asks_for_no_trailer),
		TEST_WORLD(without_a_down_script_there_is_no_way_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
