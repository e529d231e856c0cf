/*
 * Passes on a bad day: each call of repository, database and journal fails once, locks and forges are not to be had,
 * halts stay until their cause is gone. Whatever happens, the SQL takes effect once and the commit gets its word.
 */
#include "engine/verify.h"
#include "unit/engine/pass_world.h"

#include "base/text.h"

#define A "a=CREATE a|DROP a"
#define B "b=CREATE b|DROP b"

static void assert_status(const struct pass_world *world, const char *commit, const char *starts)
{
	const char *status = pass_world_status(world, commit);

	if (!text_starts(status, starts))
		fail_msg("the status is '%s' instead of '%s'", status, starts);
}

/* The verdict first, and the code behind the reason. */
static void assert_verdict(const struct pass_world *world, const char *commit, const char *starts,
                           const char *code)
{
	assert_status(world, commit, starts);
	assert_contains(pass_world_status(world, commit),
	                arena_printf(world->arena, " (%s)", code));
}

/* What must be true after any bad day with these two commits. */
static void assert_both_done(struct pass_world *world, const char *first, const char *second,
                             const char *failed)
{
	int64_t records = 0;
	struct memory memory = pass_world_memory(world);

	print_message("         - %s failed\n", failed);
	assert_int_equal(pass_world_effects(world, "CREATE a"), 1);
	assert_int_equal(pass_world_effects(world, "CREATE b"), 1);
	assert_int_equal(ledger_row_state(world_row(world->server, "a")), ROW_APPLIED);
	assert_int_equal(world_rows(world->server, "a") + world_rows(world->server, "b"), 2);
	assert_status(world, first, "success: applied 1 migration");
	assert_status(world, second, "success: applied 1 migration");
	assert_string_equal(memory.deployed_commit, world->head);
	assert_null(memory.open_run);
	assert_int_equal(memory.undelivered, 0);
	assert_int_equal(memory.refusals.count, 0);
	assert_non_null(memory.fingerprint);
	assert_true(text_ends(pass_world_runs(world), "deploy done"));
	assert_null(strstr(pass_world_runs(world), "superseded"));
	assert_int_equal(world->backup->takes, 1);
	assert_fine(journal_check(&world->server->journal->port, world->arena, &records));
}

/* One world for each n; the last has no call that fails. */
static void fail_each_call(void **state, bool after, const char *only, enum error_code code)
{
	bool failed = true;

	for (size_t n = 1; failed; n++) {
		struct pass_world *world = pass_world_begun(*state);
		const char *first = pass_world_push(world, A, ADA, "Add a"),
			   *second = pass_world_push(world, A "," B, ADA, "Add b");

		world->faulty =
			(struct faulty){.fail_at = n, .after = after, .only = only, .code = code};
		(void)pass_world_pass(world);
		failed = world->faulty.failed;
		world->faulty.fail_at = 0;
		assert_fine(pass_world_settle(world, 4));
		assert_both_done(world, first, second, failed ? world->faulty.failed : "nothing");
	}
}

static void every_call_may_fail_before_it_is_made(void **state)
{
	fail_each_call(state, false, NULL, ERR_DB_LOST);
}

static void every_write_to_the_journal_may_fail(void **state)
{
	fail_each_call(state, false, "journal.write", ERR_JOURNAL);
}

static void the_answer_of_every_commit_may_be_lost(void **state)
{
	fail_each_call(state, true, "database.commit", ERR_DB_LOST);
}

static void the_answer_of_every_read_of_the_ledger_may_be_lost(void **state)
{
	fail_each_call(state, true, "database.ledger", ERR_DB_LOST);
}

static void a_rollback_survives_a_failing_call_anywhere(void **state)
{
	bool failed = true;

	for (size_t n = 1; failed; n++) {
		struct pass_world *world = pass_world_begun(*state);
		const char *revert;

		pass_world_push(world, A "," B, ADA, "Add both");
		assert_fine(pass_world_pass(world));
		revert = pass_world_push(world, A, ADA, "Revert b");
		world->faulty = (struct faulty){.fail_at = n, .code = ERR_DB_LOST};
		(void)pass_world_pass(world);
		failed = world->faulty.failed;
		world->faulty.fail_at = 0;
		assert_fine(pass_world_settle(world, 4));
		print_message("         - %s failed\n", failed ? world->faulty.failed : "nothing");
		assert_int_equal(pass_world_effects(world, "DROP b"), 1);
		assert_int_equal(ledger_row_state(world_row(world->server, "b")), ROW_ROLLED_BACK);
		assert_status(world, revert, "success: rolled back 1 migration");
		assert_string_equal(pass_world_memory(world).deployed_commit, world->head);
		assert_null(pass_world_memory(world).open_run);
		assert_null(strstr(pass_world_runs(world), "superseded"));
	}
}

static void a_repository_that_is_away_is_tried_again_and_writes_no_run(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	size_t records;

	pass_world_push(world, A, ADA, "Add a");
	source_memory_set_down(world->source, true);
	assert_error(pass_world_pass(world), ERR_GIT_UNREACHABLE);
	records = pass_world_records(world);
	assert_error(pass_world_pass(world), ERR_GIT_UNREACHABLE);
	assert_int_equal(pass_world_records(world), records);
	assert_string_equal(pass_world_runs(world), "");
	source_memory_set_down(world->source, false);
	assert_fine(pass_world_pass(world));
	assert_int_equal(pass_world_memory(world).refusals.count, 0);
}

static void what_is_tried_again_for_over_ten_minutes_is_an_error(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *commit = pass_world_push(world, A, ADA, "Add a");

	world->backup->failures = 3;
	world->backup->code = ERR_BACKUP;
	world->server->journal->at_us = 1000000; /* the run begins long ago */
	assert_error(pass_world_pass(world), ERR_BACKUP);
	world->server->journal->at_us = 0;
	assert_error(pass_world_pass(world), ERR_BACKUP);
	assert_verdict(world, commit, "error: trying again: ", "B001");
	assert_error(pass_world_pass(world), ERR_BACKUP);
	assert_fine(pass_world_pass(world));
	assert_status(world, commit, "success: applied 1 migration");
	assert_string_equal(pass_world_runs(world), "1 deploy done");
}

static void no_backup_no_apply(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *commit = pass_world_push(world, A, ADA, "Add a");
	size_t records;

	world->backup->failures = 1;
	world->backup->code = ERR_BACKUP_SPACE;
	assert_error(pass_world_pass(world), ERR_BACKUP_SPACE);
	assert_int_equal(world->server->sent.count, 0);
	assert_verdict(world, commit, "failure: refused: ", "B002");
	assert_string_equal(pass_world_runs(world), "1 deploy refused");
	records = pass_world_records(world);
	assert_error(pass_world_pass(world), ERR_BACKUP_SPACE);
	assert_int_equal(world->backup->takes, 1); /* it stands */
	assert_int_equal(pass_world_records(world), records);
	assert_fine(engine_retry(&world->engine, &world->target, world->arena));
	assert_fine(pass_world_pass(world));
	assert_status(world, commit, "success: applied 1 migration");
}

static void a_halt_in_apply_keeps_its_run_open_until_its_cause_is_gone(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *commit = pass_world_push(world, A, ADA, "Add a");
	size_t records;

	world->server->ends_transaction = "CREATE a";
	assert_error(pass_world_pass(world), ERR_SQL_PARTLY);
	assert_string_equal(pass_world_runs(world), "1 deploy open");
	assert_verdict(world, commit, "failure: halted, a person is needed: ", "A004");
	assert_non_null(pass_world_pass(world));
	records = pass_world_records(world);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(pass_world_pass(world)->row->reaction, REACT_HALT);
		assert_true(world->pass.standing);
	}
	assert_int_equal(pass_world_records(world), records);
	assert_string_equal(pass_world_runs(world), "1 deploy open");
	assert_int_equal(world_times_sent(world->server, "CREATE a"), 1);

	world->server->ledger.items[0].rolled_back_us =
		1; /* npx prisma migrate resolve --rolled-back a */
	world->server->ends_transaction = NULL;
	assert_fine(pass_world_settle(world, 3));
	assert_status(world, commit, "success: applied 1 migration");
	assert_int_equal(pass_world_memory(world).refusals.count, 0);
	assert_null(pass_world_memory(world).open_run);
}

static void an_index_that_was_left_invalid_halts_until_it_is_gone(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *commit = pass_world_push(world, A, ADA, "Add a");

	*LIST_ADD(world->arena, &world->invalid) =
		"public.old_idx"; /* was there before: nobody's fault */
	assert_fine(pass_world_pass(world));
	assert_status(world, commit, "success: applied 1 migration");
	commit = pass_world_push(world, A "," B, ADA, "Add b");
	world->invalid_after = "public.b_idx";
	for (int i = 0; i < 3; i++) {
		struct error *error = pass_world_pass(world);

		assert_error(error, ERR_INVALID_INDEX);
		assert_contains(error->what, "public.b_idx");
		assert_null(strstr(error->what, "old_idx"));
		assert_verdict(world, commit, "failure: halted, a person is needed: ", "N002");
	}
	assert_string_not_equal(pass_world_memory(world).deployed_commit, world->head);
	world->invalid_after = NULL;
	world->invalid.count = 1;
	assert_fine(pass_world_pass(world));
	assert_status(world, commit, "success: applied 1 migration");
	assert_string_equal(pass_world_memory(world).deployed_commit, world->head);
	assert_int_equal(world_times_sent(world->server, "CREATE b"), 1);
}

static void a_forge_that_is_away_keeps_nothing_from_being_done(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *commit = pass_world_push(world, A, ADA, "Add a");

	world->forge->failures = 1000;
	assert_fine(pass_world_pass(world));
	assert_int_equal(pass_world_effects(world, "CREATE a"), 1);
	assert_string_equal(pass_world_status(world, commit), "none");
	assert_int_equal(pass_world_memory(world).undelivered, 1);
	world->forge->failures = 0;
	assert_int_equal(setenv("HEADGATE_TEST_CLOCK", "4000000000", 1), 0);
	assert_fine(pass_world_pass(world));
	assert_int_equal(unsetenv("HEADGATE_TEST_CLOCK"), 0);
	assert_status(world, commit, "success: applied 1 migration");
	assert_int_equal(pass_world_memory(world).undelivered, 0);
}

static void a_status_that_the_forge_never_takes_stays_visible_and_is_not_tried_again(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	struct outbox outbox = {0};
	size_t posts;

	pass_world_push(world, A, ADA, "Add a");
	*LIST_ADD(world->arena, &world->forge->commits) = "another";
	assert_fine(pass_world_pass(world));
	posts = world->forge->posts;
	assert_int_equal(setenv("HEADGATE_TEST_CLOCK", "4000000000", 1), 0);
	assert_fine(pass_world_pass(world));
	assert_int_equal(unsetenv("HEADGATE_TEST_CLOCK"), 0);
	assert_int_equal(world->forge->posts, posts);
	assert_fine(journal_outbox(&world->server->journal->port, "shop", 0, 10, true, world->arena,
	                           &outbox));
	assert_true(outbox.count > 0);
	assert_true(outbox.items[0].final);
}

static void looking_writes_nothing(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	struct run run = {0};
	size_t records;

	pass_world_push(world, A, ADA, "Add a");
	records = pass_world_records(world);
	assert_fine(engine_look(&world->engine, &world->target, world->arena, &run));
	assert_int_equal(run.plan.count, 1);
	assert_int_equal(run.plan.items[0].script.way, WAY_ONE);
	assert_int_equal(run.records.count, 0);
	assert_int_equal(pass_world_records(world), records);
	assert_int_equal(world->server->sent.count, 0);
	assert_int_equal(world->backup->takes, 0);
	assert_int_equal(world->forge->posts, 0);
	pass_world_push(world, "", NULL, "Remove a");
	assert_fine(engine_look(&world->engine, &world->target, world->arena, &run));
	assert_error(run.refusal, ERR_UNSIGNED); /* there is something to do before it */
	assert_int_equal(pass_world_records(world), records);
	assert_string_equal(run.refused_step->id, world->head);
}

static void looking_without_a_journal_still_knows_its_target(void **state)
{
	struct pass_world *world = pass_world_new(*state);
	struct run run = {0};

	world->has_no_journal = true;
	assert_error(engine_look(&world->engine, &world->target, world->arena, &run), ERR_JOURNAL);
	assert_ptr_equal(run.target, &world->target); /* `headgate plan` prints its name */
}

static void verify_says_who_vouches(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *good = pass_world_push(world, A, ADA, "Add a");
	const char *bare = pass_world_push(world, A "," B, NULL, "Add b");
	const char *names[] = {good, "HEAD"}; /* HEAD is the branch's */
	struct text_list asked = {.items = names, .count = 2};
	struct verified_object *objects = NULL;
	struct verified_steps steps = {0};
	size_t records = pass_world_records(world);

	assert_fine(engine_verify(&world->engine, &world->target, &asked, world->arena, &objects,
	                          &steps));
	assert_string_equal(objects[0].verdict.principal, ADA);
	assert_string_equal(objects[1].id, bare);
	assert_int_equal(objects[1].verdict.kind, VERDICT_UNSIGNED);
	assert_int_equal(steps.count, 2);
	assert_int_equal(steps.items[0].outcome, STEP_PASS);
	assert_int_equal(steps.items[1].outcome, STEP_REFUSE);
	assert_error(steps.items[1].refusal, ERR_UNSIGNED);
	names[0] = "nowhere";
	assert_error(engine_verify(&world->engine, &world->target, &asked, world->arena, &objects,
	                           &steps),
	             ERR_UNKNOWN_COMMIT);
	world->config.keys.allowed_signers = NULL;
	assert_error(engine_verify(&world->engine, &world->target, &asked, world->arena, &objects,
	                           &steps),
	             ERR_KEYRING);
	assert_int_equal(pass_world_records(world), records);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_WORLD(every_call_may_fail_before_it_is_made),
		TEST_WORLD(every_write_to_the_journal_may_fail),
		TEST_WORLD(the_answer_of_every_commit_may_be_lost),
		TEST_WORLD(the_answer_of_every_read_of_the_ledger_may_be_lost),
		TEST_WORLD(a_rollback_survives_a_failing_call_anywhere),
		TEST_WORLD(a_repository_that_is_away_is_tried_again_and_writes_no_run),
		TEST_WORLD(what_is_tried_again_for_over_ten_minutes_is_an_error),
		TEST_WORLD(no_backup_no_apply),
		TEST_WORLD(a_halt_in_apply_keeps_its_run_open_until_its_cause_is_gone),
		TEST_WORLD(an_index_that_was_left_invalid_halts_until_it_is_gone),
		TEST_WORLD(a_forge_that_is_away_keeps_nothing_from_being_done),
		TEST_WORLD(
			a_status_that_the_forge_never_takes_stays_visible_and_is_not_tried_again),
		TEST_WORLD(looking_writes_nothing),
		TEST_WORLD(looking_without_a_journal_still_knows_its_target),
		TEST_WORLD(verify_says_who_vouches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
