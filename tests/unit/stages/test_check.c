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

static void a_tick_is_stale_once_something_else_of_the_folder_changed(void **state)
{
	static const struct {
		const char *sentence, *first, *message, *then, *changed;
		enum trust trust;
	} rows[] = {
		{"checklist.md, then the SQL", A ",a/checklist.md=- [x] tested\n", "Add a",
	         "a=CREATE more|DROP a,a/checklist.md=- [x] tested\n", "migration.sql", TRUST_ALL},
		{"checklist.md, then the way back", A ",a/checklist.md=- [x] tested\n", "Add a",
	         "a=CREATE a|DROP other,a/checklist.md=- [x] tested\n", "down.sql", TRUST_ALL},
		{"the message, then the SQL", A, "Add a\n\n- [x] tested\n", "a=CREATE more|DROP a",
	         "migration.sql", TRUST_ALL},
		{"through any button", A ",a/checklist.md=- [x] tested\n", "Add a",
	         "a=CREATE more|DROP a,a/checklist.md=- [x] tested\n", "migration.sql",
	         TRUST_SIGNED},
		{"a claim", A ",a/checklist.md=- [x] tested\n", "Add a",
	         "a=CREATE more|DROP a,a/checklist.md=- [x] tested\n", "migration.sql",
	         TRUST_BRANCH},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct pass_world *world = pass_world_begun(*state);
		const char *ticked, *changed;
		struct run *run;

		CASE(rows[i].sentence);
		world->policy.trust = rows[i].trust;
		world->policy.threshold = 1;
		demand(world, 1u << ITEM_TESTED);
		ticked = pass_world_push(world, rows[i].first, ADA, rows[i].message);
		assert_fine(check_perform(verified(world)));
		changed = pass_world_push(world, rows[i].then, ADA, "Change a");
		run = verified(world);
		assert_fine(check_perform(run)); /* as far as it was ticked */
		assert_left(run, "a", changed, ERR_CHECKLIST_MISSING);
		assert_string_equal(
			run->refusal->why,
			arena_printf(
				world->arena,
				"it was ticked in %.10s, and '%s' was changed after that in %.10s",
				ticked, rows[i].changed, changed));
	}
}

static void who_set_back_what_nobody_signed_changed_nothing(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *tick = ",a/checklist.md=- [x] tested\n", *changed;
	const char *more = arena_printf(world->arena, "a=CREATE more|DROP a%s", tick);
	struct run *run;

	world->policy.trust = TRUST_SIGNED;
	world->policy.threshold = 1;
	demand(world, 1u << ITEM_TESTED);
	pass_world_push(world, arena_printf(world->arena, A "%s", tick), ADA, "Add a");
	changed = pass_world_push(world, more, ADA, "Change a");
	pass_world_push(world, arena_printf(world->arena, "a=CREATE evil|DROP a%s", tick), NULL,
	                "Evil");
	pass_world_push(world, more, NULL, "Revert evil");
	run = verified(world);
	assert_fine(check_perform(run));
	assert_left(run, "a", changed, ERR_CHECKLIST_MISSING);
}

/* A comma would begin another file of the drawing. */
static const char *without_comma(struct pass_world *world, const char *line)
{
	const char *comma = strchr(line, ',');

	return comma ? arena_printf(world->arena, "%.*s%s", (int)(comma - line), line, comma + 1)
	             : line;
}

/* What the refusal says to write, written. */
static void a_stale_tick_is_renewed_by_the_line_that_is_printed(void **state)
{
	for (int item = 0; item < ITEM_COUNT; item++) {
		struct pass_world *world = pass_world_begun(*state);
		const char *line, *begin;
		struct run *run;

		CASE(checklist_item_names[item]);
		world->policy.backup = BACKUP_NONE;
		demand(world, 1u << item);
		line = without_comma(world, checklist_line_to_add((enum checklist_item)item));
		pass_world_push(world, arena_printf(world->arena, A ",a/checklist.md=%s\n", line),
		                ADA, "Add a");
		pass_world_push(world,
		                arena_printf(world->arena,
		                             "a=CREATE more|DROP a,a/checklist.md=%s\n", line),
		                ADA, "Change a");
		run = verified(world);
		assert_fine(check_perform(run));
		begin = strstr(run->refusal->hint, "'- [x]");
		assert_non_null(begin);
		line = without_comma(world,
		                     arena_copy(world->arena, begin + 1, strcspn(begin + 1, "'")));
		assert_contains(line, "again");
		pass_world_push(world,
		                arena_printf(world->arena,
		                             "a=CREATE more|DROP a,a/checklist.md=%s\n", line),
		                ADA, "Tick again");
		run = verified(world);
		assert_fine(check_perform(run));
		assert_left(run, "a", NULL, ERR_COUNT);
	}
}

/* The branch of the pull request that was squashed is not in the step's history. */
static struct run *squashed(struct pass_world *world, const char *tree, const char *branch)
{
	struct given_pulls *pulls = ARENA_NEW(world->arena, struct given_pulls);
	struct run *run;

	world->policy.trust = TRUST_SIGNED;
	world->policy.threshold = 1;
	LIST_ADD(world->arena, pulls)->commit = branch;
	pulls->items[0].number = 7;
	pass_world_push(world, tree, NULL, "Squashed (#7)");
	run = pass_world_run(world);
	run->given_pulls = pulls;
	assert_fine(watch_perform(run));
	assert_fine(verify_perform(run));
	return run;
}

static void what_persons_said_before_a_squash_counts(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *const base[] = {world->head, NULL};
	const char *ticked = pass_world_commit(world, base, A, ADA, "Add a\n\n- [x] tested\n");
	const char *const above[] = {ticked, NULL};
	const char *changed =
		pass_world_commit(world, above, "a=CREATE more|DROP a", ADA, "Change a");

	demand(world, 1u << ITEM_TESTED);
	assert_fine(check_perform(squashed(world, A, ticked)));
	world->head = base[0];
	assert_contains(check_perform(squashed(world, "a=CREATE more|DROP a", changed))->why,
	                "'migration.sql' was changed after that in");
}

/* Behind what a person signed, a writer takes the tick away and puts it back: that is no tick of anybody's. */
static void a_stale_tick_is_not_renewed_by_who_signs_nothing(void **state)
{
	const char *tick = ",a/checklist.md=- [x] tested\n", *more = "a=CREATE more|DROP a";
	struct pass_world *world = pass_world_begun(*state);
	const char *parents[] = {world->head, NULL, NULL}, *begun = world->head, *evil;
	struct run *run;

	world->policy.trust = TRUST_SIGNED;
	world->policy.threshold = 1;
	demand(world, 1u << ITEM_TESTED);
	parents[0] = pass_world_commit(world, parents, arena_printf(world->arena, A "%s", tick),
	                               ADA, "Add a");
	parents[0] = pass_world_commit(
		world, parents, arena_printf(world->arena, "%s%s", more, tick), ADA, "Change a");
	parents[0] = pass_world_commit(world, parents, more, NULL, "Take the tick");
	evil = pass_world_commit(world, parents, arena_printf(world->arena, "%s%s", more, tick),
	                         NULL, "Put it back");
	world->head =
		pass_world_commit(world, (const char *const[]){begun, evil, NULL},
	                          arena_printf(world->arena, "%s%s", more, tick), NULL, "Merge");
	source_memory_set_branch(world->source, "main", world->head);
	run = verified(world);
	assert_int_equal(run->plan.count, 1);
	assert_error(check_perform(run), ERR_CHECKLIST_MISSING);
	assert_left(run, "", world->head, ERR_CHECKLIST_MISSING);
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

static void a_revert_that_was_squashed_speaks_for_itself(void **state)
{
	struct pass_world *world = deployed(*state, A "," B);
	const char *const base[] = {world->head, NULL};
	const char *silent = pass_world_commit(world, base, A, ADA, "Revert b\n");
	const char *revert = pass_world_commit(world, base, A, ADA, TRAILER);

	assert_fine(check_perform(squashed(world, A, revert)));
	world->head = base[0];
	assert_error(check_perform(squashed(world, A, silent)), ERR_ROLLBACK_UNASKED);
}

static void who_only_changed_it_before_does_not_ask_for_its_removal(void **state)
{
	struct pass_world *world = deployed(*state, A "," B);
	const char *const base[] = {world->head, NULL};
	const char *changed =
		pass_world_commit(world, base, A ",b=CREATE b|DROP more", ADA, TRAILER);
	const char *const above[] = {changed, NULL};
	const char *revert = pass_world_commit(world, above, A, ADA, "Revert b\n");
	const char *const parents[] = {world->head, revert, NULL};

	world->head = pass_world_commit(world, parents, A, ADA, "Merge\n");
	source_memory_set_branch(world->source, "main", world->head);
	assert_error(check_perform(verified(world)), ERR_ROLLBACK_UNASKED);
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
		TEST_WORLD(a_tick_is_stale_once_something_else_of_the_folder_changed),
		TEST_WORLD(who_set_back_what_nobody_signed_changed_nothing),
		TEST_WORLD(a_stale_tick_is_renewed_by_the_line_that_is_printed),
		TEST_WORLD(what_persons_said_before_a_squash_counts),
		TEST_WORLD(a_stale_tick_is_not_renewed_by_who_signs_nothing),
		TEST_WORLD(the_backup_of_the_run_answers_for_itself),
		TEST_WORLD(an_unknown_item_refuses_the_step),
		TEST_WORLD(under_trust_branch_ticks_count_as_claims),
		TEST_WORLD(what_came_with_the_baseline_needs_no_checklist),
		TEST_WORLD(a_revert_must_say_how_to_go_back),
		TEST_WORLD(a_revert_that_was_merged_speaks_for_itself),
		TEST_WORLD(a_revert_that_was_squashed_speaks_for_itself),
		TEST_WORLD(who_only_changed_it_before_does_not_ask_for_its_removal),
		TEST_WORLD(a_free_policy_asks_for_no_trailer),
		TEST_WORLD(without_a_down_script_there_is_no_way_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
