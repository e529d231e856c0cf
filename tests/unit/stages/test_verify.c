/*
 * Verify: the verdict on each commit that touches the migrations, remembered by commit and keys, and dated by the moment
 * in which the agent first saw the commit.
 */
#include "unit/stages/looking.h"

#define A "a=CREATE a|DROP a"
#define B "b=CREATE b|DROP b"

/* What the engine does with the records of a stage that passed. */
static void remember(struct run *run)
{
	for (size_t i = 0; i < run->records.count; i++)
		run->records.items[i].run = RUN_NONE;
	if (run->records.count)
		assert_fine(journal_write(run->ports.journal, &run->records, run->arena, NULL));
}

static struct error *verify(struct pass_world *world, struct run **ret_run)
{
	struct run *run = pass_world_run(world);
	struct error *error;

	assert_fine(watch_perform(run));
	error = verify_perform(run);
	remember(run);
	*ret_run = run;
	return error;
}

static void a_signature_is_judged_once_while_the_keys_stay(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	struct run *run;

	pass_world_push(world, A, ADA, "Add a");
	assert_fine(verify(world, &run));
	assert_int_equal(world->keyring->judged, 1);
	assert_fine(verify(world, &run));
	assert_int_equal(world->keyring->judged, 1);
	assert_string_equal(node_find_text(node_find(run->evidence, "signed_by"), world->head),
	                    ADA);
}

static void changed_keys_are_asked_again(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	struct run *run;

	pass_world_push(world, A, ADA, "Add a");
	assert_fine(verify(world, &run));
	world->keyring->lines.items[0].revoked = true;
	assert_error(verify(world, &run), ERR_REVOKED);
	assert_left(run, "", world->head, ERR_REVOKED);
	assert_string_equal(run->refused_step->refused_at, "verify");
}

static void a_key_counts_as_of_the_first_sight_of_the_commit(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	struct keyring_memory_line *line;
	struct run *run;

	world->now = 946684800; /* the commit's own claim means nothing */
	pass_world_push(world, A, ADA, "Add a");
	line = &world->keyring->lines.items[0];
	world->server->journal->at_us = INT64_C(1800000000) * 1000000;
	assert_fine(verify(world, &run)); /* seen now */
	line->valid_before = 1800000001;
	assert_fine(verify(world, &run)); /* a leaver's key: the commit was seen before */
	line->valid_before = 1799999999;
	assert_error(verify(world, &run), ERR_EXPIRED);
}

static void a_commit_of_tomorrow_waits_for_its_date(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	struct run *run;

	for (int trust = TRUST_ALL; trust <= TRUST_SIGNED; trust++) {
		world->policy.trust = trust;
		world->policy.threshold = 1;
		world->now = 4000000000;
		pass_world_push(world, trust == TRUST_ALL ? A : A " b", ADA, "Add");
		if (trust == TRUST_BRANCH)
			continue; /* nothing there looks younger for it */
		assert_error(verify(world, &run), ERR_FROM_FUTURE);
		assert_string_equal(run->refused_step->refused_at, "verify");
	}
}

static void a_date_that_no_clock_will_show_is_told_all_the_same(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	struct run *run;

	world->now = INT64_MAX / 2;
	pass_world_push(world, A, ADA, "Add a");
	assert_error(verify(world, &run), ERR_FROM_FUTURE);
}

static void a_keyring_that_cannot_be_read_refuses_everything_and_nobody(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	struct run *run;

	pass_world_push(world, A, ADA, "Add a");
	world->keyring->failures = 1;
	assert_error(verify(world, &run), ERR_KEYRING);
	assert_null(run->refused_step);
}

static void under_trust_branch_nobody_is_asked(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	struct run *run;

	world->policy.trust = TRUST_BRANCH;
	pass_world_push(world, A, NULL, "Add a");
	assert_fine(verify(world, &run));
	assert_left(run, "a", NULL, ERR_COUNT);
	assert_int_equal(world->keyring->judged, 0);
	assert_string_equal(node_find_text(run->evidence, "trust"), "branch");
}

static void the_plan_reaches_up_to_the_first_refused_step(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *before = pass_world_push(world, A, ADA, "Add a"),
		   *refused = pass_world_push(world, A "," B, NULL, "Add b");
	struct run *run;

	pass_world_push(world, A "," B ",c=CREATE c", ADA, "Add c");
	assert_fine(verify(world, &run));
	assert_left(run, "a", refused, ERR_UNSIGNED);
	assert_string_equal(run->horizon, before);
	assert_int_equal(run->head_tree.migrations.count, 3);
	assert_int_equal(run->tree.migrations.count, 1);
}

static void an_edit_refuses_the_step_that_made_it(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *edit;
	struct run *run;

	pass_world_push(world, A, ADA, "Add a");
	assert_fine(pass_world_pass(world));
	pass_world_push(world, A "," B, ADA, "Add b");
	edit = pass_world_push(world, "a=CREATE better|DROP a," B, ADA, "Edit a");
	assert_fine(verify(world, &run));
	assert_left(run, "b", edit, ERR_EDITED);
	assert_string_equal(run->refused_step->refused_at, "watch");
}

/* Such a message packs to next to nothing. What is kept of a commit that nobody vouches for is bounded. */
static void long_messages_of_many_commits_cost_little_memory(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	char *words = arena_alloc(world->arena, 512 * 1024);
	struct run *run;
	size_t before;

	memset(words, 'x', 512 * 1024 - 1);
	for (int i = 0; i < 20; i++)
		pass_world_push(world, i % 2 ? "a=CREATE a" : "b=CREATE b", NULL,
		                arena_printf(world->arena, "%d\n\n%s", i, words));
	for (int i = 0; i < 20; i++)
		pass_world_push(world, "a=CREATE a", NULL,
		                arena_printf(world->arena, "%d\n\n%s", i, words));
	run = pass_world_run(world);
	before = arena_used(run->arena);
	assert_fine(watch_perform(run));
	assert_in_range(arena_used(run->arena) - before, 1, 1024 * 1024);
	before = arena_used(run->arena);
	assert_error(verify_perform(run), ERR_UNSIGNED);
	assert_in_range(arena_used(run->arena) - before, 1, 2 * 1024 * 1024);
}

/* Whoever may push can make one. It is malformed, and no more: nothing else waits for it once it is undone. */
static void a_commit_above_the_maximum_is_in_nobodys_way(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	char *words = arena_alloc(world->arena, COMMIT_MAXIMUM + 1);
	struct run *run;

	memset(words, 'x', COMMIT_MAXIMUM);
	pass_world_push(world, "", NULL, words);
	pass_world_push(world, A, ADA, "Add a");
	assert_fine(verify(world, &run));
	assert_string_equal(run->horizon, world->head);
	for (int trust = TRUST_ALL; trust <= TRUST_SIGNED; trust++) {
		world->policy.trust = trust;
		world->policy.threshold = 1;
		pass_world_push(world, A "," B, NULL, words);
		if (trust == TRUST_BRANCH) {
			assert_fine(verify(world, &run));
		} else {
			(void)verify(world, &run);
			assert_error(run->refusal, ERR_MALFORMED);
			assert_contains(run->refusal->why, "1048576 are allowed");
		}
		pass_world_push(world, A, ADA, "Take b back");
		assert_fine(verify(world, &run));
		assert_string_equal(run->horizon, world->head);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_WORLD(a_signature_is_judged_once_while_the_keys_stay),
		TEST_WORLD(changed_keys_are_asked_again),
		TEST_WORLD(a_key_counts_as_of_the_first_sight_of_the_commit),
		TEST_WORLD(a_commit_of_tomorrow_waits_for_its_date),
		TEST_WORLD(a_date_that_no_clock_will_show_is_told_all_the_same),
		TEST_WORLD(a_keyring_that_cannot_be_read_refuses_everything_and_nobody),
		TEST_WORLD(under_trust_branch_nobody_is_asked),
		TEST_WORLD(the_plan_reaches_up_to_the_first_refused_step),
		TEST_WORLD(an_edit_refuses_the_step_that_made_it),
		TEST_WORLD(long_messages_of_many_commits_cost_little_memory),
		TEST_WORLD(a_commit_above_the_maximum_is_in_nobodys_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
