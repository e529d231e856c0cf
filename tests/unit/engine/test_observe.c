/*
 * A target that is only observed, beside a program that deploys: what its commits say, how the ledger is followed, and
 * that nothing is written to the database (the world fails the test at a lock, a fence or a session for writing). Names of
 * migrations are letters.
 */
#include "unit/engine/pass_world.h"

#include "base/text.h"
#include "engine/person.h"

#define A "a=CREATE a|DROP a"
#define B "b=CREATE b|DROP b"
#define C "c=CREATE c|DROP c"

static struct pass_world *world_observed(struct place *place)
{
	struct pass_world *world = pass_world_begun(place);

	world->target.mode = MODE_OBSERVE;
	return world;
}

static struct ledger_row *another_applies(struct pass_world *world, const char *name,
                                          const char *sql)
{
	struct world *server = world->server;
	struct ledger_row *row = LIST_ADD(server->arena, &server->ledger);

	server->ledger.has_table = true;
	*row = (struct ledger_row){
		.id = arena_printf(server->arena, "other-%zu", server->ledger.count),
		.name = name,
		.checksum = sha256_text(server->arena, sql, strlen(sql)),
		.started_us = 1,
		.finished_us = 2000000,
	};
	return row;
}

static void assert_words(const struct pass_world *world, const char *commit, const char *words)
{
	assert_string_equal(pass_world_words(world, commit), words);
}

static void assert_starts(const struct pass_world *world, const char *commit, const char *starts)
{
	const char *status = pass_world_status(world, commit);

	if (!text_starts(status, starts))
		fail_msg("the status is '%s' instead of '%s'", status, starts);
}

static void assert_nothing_red(const struct pass_world *world)
{
	for (size_t i = 0; i < world->forge->posted.count; i++)
		if (world->forge->posted.items[i].state != STATUS_SUCCESS &&
		    world->forge->posted.items[i].state != STATUS_PENDING)
			fail_msg("a commit turned red: %s",
			         world->forge->posted.items[i].description);
}

/* Several passes find nothing more to write, and none of them sent anything or began a run. */
static void assert_settled(struct pass_world *world)
{
	const size_t records = pass_world_records(world);

	assert_fine(pass_world_pass(world));
	assert_fine(pass_world_pass(world));
	assert_int_equal(pass_world_records(world), records);
	assert_int_equal(world->server->sent.count, 0);
	assert_string_equal(pass_world_runs(world), "");
	assert_int_equal(world->backup->takes, 0);
	assert_nothing_red(world);
}

static void what_would_be_applied_is_said_and_not_done(void **state)
{
	struct pass_world *world = world_observed(*state);
	const char *begun = world->head, *first = pass_world_push(world, A, ADA, "Add a"),
		   *second = pass_world_push(world, A "," B "," C, ADA, "Add b and c");

	assert_fine(pass_world_pass(world));
	assert_string_equal(world->pass.observes, "would apply 3 migrations");
	assert_words(world, first, "success: observe: would apply 1 migration");
	assert_words(world, second, "success: observe: would apply 2 migrations");
	assert_string_equal(pass_world_memory(world).deployed_commit, begun);
	assert_settled(world);
}

static void the_ledger_is_followed_and_the_rows_are_adopted(void **state)
{
	struct pass_world *world = world_observed(*state);
	const char *first = pass_world_push(world, A, ADA, "Add a"),
		   *second = pass_world_push(world, A "," B, ADA, "Add b");
	struct memory memory;

	assert_fine(pass_world_pass(world));
	another_applies(world, "a", "CREATE a");
	assert_fine(pass_world_pass(world));
	memory = pass_world_memory(world);
	assert_string_equal(memory.deployed_commit, first);
	assert_true(memory_deployed(&memory, "a")->adopted);
	assert_non_null(memory_deployed(&memory, "a")->down_digest);
	assert_string_equal(memory_deployed(&memory, "a")->commit, first);
	assert_string_equal(world->pass.observes, "would apply 1 migration");
	assert_words(
		world, first,
		"success: observe: would apply 1 migration / success: observe: applied by another");
	another_applies(world, "b", "CREATE b");
	assert_fine(pass_world_pass(world));
	assert_string_equal(pass_world_memory(world).deployed_commit, second);
	assert_string_equal(world->pass.observes, "agrees");
	assert_string_equal(world->pass.deployed, second);
	assert_starts(world, second, "success: observe: applied by another");
	assert_settled(world);
}

static void a_step_that_nobody_signed_is_followed_and_vouches_for_nothing(void **state)
{
	struct pass_world *world = world_observed(*state);
	const char *commit = pass_world_push(world, A, NULL, "Add a");
	struct memory memory;

	assert_fine(pass_world_pass(world));
	assert_starts(world, commit, "success: observe: would refuse: commit ");
	assert_contains(pass_world_status(world, commit), " (V002)");
	assert_contains(world->pass.observes, "would refuse: commit ");
	assert_non_null(world->pass.next);
	another_applies(world, "a", "CREATE a");
	assert_fine(pass_world_pass(world));
	memory = pass_world_memory(world);
	assert_string_equal(memory.deployed_commit, commit);
	assert_starts(world, commit, "success: observe: applied by another");
	assert_null(memory_deployed(&memory, "a")->down_digest);
	assert_settled(world);
}

/* A step that waits (R6.12) is no reason not to see: the ledger decides what is followed, as with a refused one. */
static void a_step_that_waits_for_tags_is_followed_all_the_same(void **state)
{
	struct pass_world *world = world_observed(*state);
	const char *commit;

	world->policy.trust = TRUST_TAG;
	world->policy.threshold = 1;
	commit = pass_world_push(world, A, NULL, "Add a");
	assert_fine(pass_world_pass(world));
	assert_starts(world, commit, "success: observe: would wait: commit ");
	assert_contains(pass_world_status(world, commit), " (V013)");
	another_applies(world, "a", "CREATE a");
	assert_fine(pass_world_pass(world));
	assert_string_equal(pass_world_memory(world).deployed_commit, commit);
	assert_starts(world, commit, "success: observe: applied by another");
	assert_settled(world);
}

static void what_comes_behind_a_refused_step_would_wait(void **state)
{
	struct pass_world *world = world_observed(*state);
	const char *first = pass_world_push(world, A, ADA, "Add a"),
		   *second = pass_world_push(world, A "," B, NULL, "Add b"),
		   *third = pass_world_push(world, A "," B "," C, ADA, "Add c");

	assert_fine(pass_world_pass(world));
	assert_starts(world, first, "success: observe: would apply 1 migration");
	assert_starts(world, second, "success: observe: would refuse: ");
	assert_starts(world, third, "success: observe: would wait behind ");
	assert_true(
		text_starts(world->pass.observes, "would apply 1 migration, then would refuse: "));
	assert_settled(world);
}

static void a_revert_would_be_rolled_back(void **state)
{
	struct pass_world *world = world_observed(*state);
	const char *brought = pass_world_push(world, B "," A, ADA, "Add a and b"), *reverted;

	another_applies(world, "a", "CREATE a");
	another_applies(world, "b", "CREATE b");
	assert_fine(pass_world_pass(world));
	assert_starts(world, brought, "success: observe: 2 migrations applied by another");
	reverted = pass_world_push(world, A, ADA, "Revert b");
	assert_fine(pass_world_pass(world));
	assert_starts(world, reverted, "success: observe: would roll back 1 migration");
	assert_string_equal(pass_world_memory(world).deployed_commit, brought);
	assert_settled(world);
}

static void a_halt_is_said_and_is_no_error(void **state)
{
	struct pass_world *world = world_observed(*state);
	const char *commit = pass_world_push(world, A, ADA, "Add a");
	struct ledger_row *row = another_applies(world, "a", "CREATE a");

	row->finished_us = 0;
	assert_fine(pass_world_pass(world));
	assert_starts(world, commit, "success: observe: would halt: ");
	assert_contains(pass_world_status(world, commit), " (W015)");
	assert_contains(world->pass.next, "--rolled-back a");
	assert_settled(world);
}

static void a_migration_that_is_at_work_has_not_failed(void **state)
{
	struct pass_world *world = world_observed(*state);
	const char *commit = pass_world_push(world, A, ADA, "Add a");
	struct ledger_row *row = another_applies(world, "a", "CREATE a");

	row->finished_us = 0;
	world->another_at_work = true;
	assert_fine(pass_world_pass(world));
	assert_words(world, commit, "");
	assert_string_equal(world->pass.observes, "another program is at work");
	world->another_at_work = false;
	row->finished_us = 2000000;
	assert_fine(pass_world_pass(world));
	assert_words(world, commit, "success: observe: applied by another");
}

static void rows_that_the_branch_lacks_would_be_refused(void **state)
{
	struct pass_world *world = world_observed(*state);
	const char *begun = world->head, *commit;

	another_applies(world, "x", "CREATE x");
	assert_fine(pass_world_pass(world));
	assert_contains(world->pass.observes, "the ledger has 'x', which the branch has not");
	commit = pass_world_push(world, A, ADA, "Add a");
	assert_fine(pass_world_pass(world));
	assert_starts(world, commit, "success: observe: would refuse: the ledger has 'x'");
	assert_string_equal(pass_world_memory(world).deployed_commit, begun);
	commit = pass_world_push(world, A ",x=CREATE x", ADA, "Add x");
	another_applies(world, "a", "CREATE a");
	assert_fine(pass_world_pass(world));
	assert_string_equal(pass_world_memory(world).deployed_commit, commit);
	assert_settled(world);
}

static void who_applies_is_followed_whatever_the_policy_says_of_it(void **state)
{
	struct pass_world *world = world_observed(*state);
	const char *commit = pass_world_push(world, A, ADA, "Add a");

	world->policy.elsewhere = ELSEWHERE_REFUSE;
	another_applies(world, "a", "CREATE a");
	assert_fine(pass_world_pass(world));
	assert_words(world, commit, "success: observe: applied by another");
	assert_settled(world);
}

static void another_headgate_and_another_server_are_only_told(void **state)
{
	struct pass_world *world = world_observed(*state);
	const char *commit = pass_world_push(world, A, ADA, "Add a");

	world->foreign_journal = "0123456789abcdef";
	assert_fine(pass_world_pass(world));
	assert_words(world, commit, "success: observe: would apply 1 migration");
	assert_contains(world->pass.notes.items[0], "of another journal");
	world->foreign_journal = NULL;
	world->server->system_identifier = "999";
	world->in_recovery = true;
	assert_fine(pass_world_pass(world));
	assert_string_equal(world->pass.observes, "would apply 1 migration");
	assert_contains(world->pass.notes.items[0], "standby");
	assert_settled(world);
}

static void what_another_headgate_rolled_back_is_held_here_too(void **state)
{
	struct pass_world *world = world_observed(*state);
	const char *commit;
	struct memory memory;
	struct ledger_row *row;

	pass_world_push(world, A "," B, ADA, "Add both");
	another_applies(world, "a", "CREATE a");
	row = another_applies(world, "b", "CREATE b");
	assert_fine(pass_world_pass(world));
	row->rolled_back_us = 3000000;
	commit = pass_world_push(world, A, ADA, "Revert b");
	assert_fine(pass_world_pass(world));
	memory = pass_world_memory(world);
	assert_null(memory_deployed(&memory, "b"));
	assert_string_equal(memory_held(&memory, "b")->commit, commit);
	assert_string_equal(memory.deployed_commit, commit);
	assert_string_equal(world->pass.observes, "agrees");
	assert_settled(world);
}

/* Once it is released it would run as it stands at the deployed commit, and no step would be judged any more. */
static void an_unsigned_change_of_what_is_held_is_not_followed(void **state)
{
	struct pass_world *world = world_observed(*state);
	const char *commit, *later;
	struct ledger_row *row;
	struct error *error;

	commit = pass_world_push(world, A "," B, ADA, "Add both");
	another_applies(world, "a", "CREATE a");
	row = another_applies(world, "b", "CREATE b");
	assert_fine(pass_world_pass(world));
	row->rolled_back_us = 3000000;
	assert_fine(pass_world_pass(world));
	assert_string_equal(pass_world_memory(world).deployed_commit, commit);
	later = pass_world_push(world, A ",b=GRANT b", NULL, "Change b");
	assert_fine(pass_world_pass(world));
	assert_string_equal(pass_world_memory(world).deployed_commit, commit);
	assert_starts(world, later, "success: observe: would refuse: commit ");
	another_applies(world, "c", "CREATE c");
	pass_world_push(world, A ",b=GRANT b," C, ADA, "Add c");
	assert_fine(pass_world_pass(world));
	assert_string_equal(pass_world_memory(world).deployed_commit, commit);
	world->target.mode = MODE_APPLY;
	assert_fine(engine_unhold(&world->engine, &world->target, "b", NULL, world->arena));
	error = pass_world_pass(world);
	assert_error(error, ERR_UNSIGNED);
	assert_int_equal(pass_world_effects(world, "GRANT b"), 0);
}

static void a_branch_that_cannot_be_read_turns_nothing_red(void **state)
{
	struct pass_world *world = world_observed(*state);
	const char *commit = pass_world_push(world, A, ADA, "Add a");

	for (unsigned call = 1; call < 60; call++) {
		world->faulty.fail_at = call;
		world->faulty.calls = 0;
		(void)pass_world_pass(world);
		assert_nothing_red(world);
		assert_int_equal(world->server->sent.count, 0);
	}
	world->faulty.fail_at = 0;
	assert_fine(pass_world_pass(world));
	assert_starts(world, commit, "success: observe: would apply 1 migration");
	assert_settled(world);
}

static void without_a_baseline_there_is_nothing_to_observe(void **state)
{
	struct pass_world *world = pass_world_new(*state);

	world->target.mode = MODE_OBSERVE;
	pass_world_push(world, A, ADA, "Add a");
	assert_error(pass_world_pass(world), ERR_NO_BASELINE);
}

static void the_mode_may_change_and_change_back(void **state)
{
	struct pass_world *world = world_observed(*state);
	const char *first = pass_world_push(world, A, NULL, "Add a"), *second, *third;
	struct memory memory;

	another_applies(world, "a", "CREATE a");
	assert_fine(pass_world_pass(world));
	second = pass_world_push(world, A "," B, ADA, "Add b");
	assert_fine(pass_world_pass(world));
	assert_starts(world, first, "success: observe: applied by another");
	assert_starts(world, second, "success: observe: would apply 1 migration");
	world->target.mode = MODE_APPLY;
	assert_fine(pass_world_pass(world));
	assert_starts(world, second, "success: applied 1 migration in ");
	assert_int_equal(pass_world_effects(world, "CREATE a"), 0);
	assert_int_equal(pass_world_effects(world, "CREATE b"), 1);
	assert_true(world->server->ledger.has_deployed);
	assert_string_equal(pass_world_runs(world), "1 deploy done");
	world->target.mode = MODE_OBSERVE;
	third = pass_world_push(world, A "," B "," C, ADA, "Add c");
	assert_fine(pass_world_pass(world));
	assert_starts(world, second, "success: applied 1 migration in ");
	assert_starts(world, third, "success: observe: would apply 1 migration");
	another_applies(world, "c", "CREATE c");
	assert_fine(pass_world_pass(world));
	memory = pass_world_memory(world);
	assert_string_equal(memory.deployed_commit, third);
	assert_false(memory_deployed(&memory, "b")->adopted);
	assert_true(memory_deployed(&memory, "c")->adopted);
	assert_nothing_red(world);
}

static void what_was_suspended_would_wait(void **state)
{
	struct pass_world *world = world_observed(*state);
	const char *commit = pass_world_push(world, A, ADA, "Add a");
	struct node *body = node_map(world->arena);
	struct record record = {.kind = RECORD_SUSPENDED, .target = "shop", .body = body};

	node_set_text(world->arena, body, "reason", "freeze");
	node_set_text(world->arena, body, "by", "ann");
	assert_fine(journal_write(&world->server->journal->port,
	                          &(struct records){.items = &record, .count = 1}, world->arena,
	                          NULL));
	assert_fine(pass_world_pass(world));
	assert_starts(world, commit, "success: observe: would wait: suspended by ann: freeze");
	assert_contains(world->pass.observes, "would apply 1 migration, but would wait: suspended");
	assert_settled(world);
}

/* Of an open run: something was about to be sent, and nobody knows what became of it. */
static bool has_intent(struct pass_world *world)
{
	const struct memory memory = pass_world_memory(world);

	return memory.open_run && memory.open_run->intents.count &&
	       !memory.open_run->intents.items[memory.open_run->intents.count - 1].result;
}

static void a_run_that_is_unsettled_waits_for_the_mode_that_settles_it(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *begun = world->head, *commit = pass_world_push(world, A, ADA, "Add a");
	size_t records;

	for (world->faulty.fail_at = 1; !has_intent(world); world->faulty.fail_at++) {
		world->faulty.calls = 0;
		world->faulty.times = 1000; /* nothing works any more from there on */
		assert_true(world->faulty.fail_at < 200);
		assert_non_null(pass_world_pass(world));
	}
	world->faulty.fail_at = 0;
	world->target.mode = MODE_OBSERVE;
	records = pass_world_records(world);
	assert_fine(pass_world_pass(world));
	assert_string_equal(world->pass.observes,
	                    "run 1 is unsettled; the next pass in mode apply settles it");
	assert_int_equal(pass_world_records(world), records);
	assert_string_equal(pass_world_memory(world).deployed_commit, begun);
	world->target.mode = MODE_APPLY;
	assert_fine(pass_world_pass(world));
	assert_starts(world, commit, "success: applied 1 migration");
	assert_int_equal(pass_world_effects(world, "CREATE a"), 1);
	assert_string_equal(pass_world_runs(world), "1 deploy done");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_WORLD(what_would_be_applied_is_said_and_not_done),
		TEST_WORLD(the_ledger_is_followed_and_the_rows_are_adopted),
		TEST_WORLD(a_step_that_nobody_signed_is_followed_and_vouches_for_nothing),
		TEST_WORLD(a_step_that_waits_for_tags_is_followed_all_the_same),
		TEST_WORLD(what_comes_behind_a_refused_step_would_wait),
		TEST_WORLD(a_revert_would_be_rolled_back),
		TEST_WORLD(a_halt_is_said_and_is_no_error),
		TEST_WORLD(a_migration_that_is_at_work_has_not_failed),
		TEST_WORLD(rows_that_the_branch_lacks_would_be_refused),
		TEST_WORLD(who_applies_is_followed_whatever_the_policy_says_of_it),
		TEST_WORLD(another_headgate_and_another_server_are_only_told),
		TEST_WORLD(what_another_headgate_rolled_back_is_held_here_too),
		TEST_WORLD(an_unsigned_change_of_what_is_held_is_not_followed),
		TEST_WORLD(a_branch_that_cannot_be_read_turns_nothing_red),
		TEST_WORLD(without_a_baseline_there_is_nothing_to_observe),
		TEST_WORLD(the_mode_may_change_and_change_back),
		TEST_WORLD(what_was_suspended_would_wait),
		TEST_WORLD(a_run_that_is_unsettled_waits_for_the_mode_that_settles_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
