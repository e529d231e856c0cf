/*
 * One pass, over a site in memory: what it does, what it writes down, what each commit shows. Names of migrations are
 * letters; their SQL is any text, and the scripted server answers what the test says.
 */
#include "unit/engine/pass_world.h"

#include "base/file.h"
#include "base/text.h"
#include "engine/verify.h"

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

static void without_a_baseline_a_person_is_needed(void **state)
{
	struct pass_world *world = pass_world_new(*state);
	struct error *error;

	pass_world_push(world, A, ADA, "Add a");
	error = pass_world_pass(world);
	assert_error(error, ERR_NO_BASELINE);
	assert_contains(error->hint, "headgate baseline --target shop");
	assert_int_equal(world->server->sent.count, 0);
}

static void a_merge_is_applied_and_its_commit_says_so(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *commit = pass_world_push(world, A, ADA, "Add a");

	assert_fine(pass_world_pass(world));
	assert_int_equal(pass_world_effects(world, "CREATE a"), 1);
	assert_int_equal(world->pass.applied, 1);
	assert_int_equal(world->pass.run, 1);
	assert_string_equal(world->pass.deployed, commit);
	assert_string_equal(pass_world_memory(world).deployed_commit, commit);
	assert_string_equal(pass_world_runs(world), "1 deploy done");
	assert_true(text_starts(
		pass_world_words(world, commit),
		"pending: planned: apply 1 migration / pending: backup 168 MiB done, applying 1 migration / "
		"success: applied 1 migration in "));
	assert_string_equal(
		memory_deployed(&(struct memory){.deployed = pass_world_memory(world).deployed},
	                        "a")
			->commit,
		commit);
}

static void a_pass_with_nothing_to_do_writes_nothing(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	size_t records, posts;

	pass_world_push(world, A, ADA, "Add a");
	assert_fine(pass_world_pass(world));
	records = pass_world_records(world);
	posts = world->forge->posts;
	for (int i = 0; i < 3; i++)
		assert_fine(pass_world_pass(world));
	assert_int_equal(pass_world_records(world), records);
	assert_int_equal(world->forge->posts, posts);
	assert_int_equal(world->backup->takes, 1);
	assert_int_equal(world->pass.run, 0);
}

static void a_commit_that_touches_nothing_moves_only_the_deployed_commit(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *commit = pass_world_push(world, "", NULL, "Write the README");

	assert_fine(pass_world_pass(world));
	assert_string_equal(pass_world_memory(world).deployed_commit, commit);
	assert_string_equal(pass_world_status(world, commit), "none");
	assert_string_equal(pass_world_runs(world), "");
	assert_int_equal(world->keyring->judged, 0);
}

static void report_all_gives_every_commit_a_word(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *readme, *commit;

	world->target.report = REPORT_ALL;
	readme = pass_world_push(world, "", NULL, "Write the README");
	commit = pass_world_push(world, A, ADA, "Add a");
	assert_fine(pass_world_pass(world));
	assert_string_equal(pass_world_words(world, readme), "success: no migrations changed");
	assert_status(world, commit, "success: applied 1 migration");
	readme = pass_world_push(world, A, NULL, "Write more");
	assert_fine(pass_world_pass(world));
	assert_string_equal(pass_world_words(world, readme), "success: no migrations changed");
}

static void commits_that_land_at_once_each_get_their_own_outcome(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *first = pass_world_push(world, A, ADA, "Add a"),
		   *second = pass_world_push(world, A "," B, ADA, "Add b");

	assert_fine(pass_world_pass(world));
	assert_status(world, first, "success: applied 1 migration in ");
	assert_status(world, second, "success: applied 1 migration in ");
	assert_string_equal(pass_world_runs(world), "1 deploy done");
}

static void an_unsigned_commit_is_refused_and_nothing_is_sent(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *before = world->head, *commit = pass_world_push(world, A, NULL, "Add a");

	assert_error(pass_world_pass(world), ERR_UNSIGNED);
	assert_int_equal(world->server->sent.count, 0);
	assert_int_equal(world->backup->takes, 0);
	assert_string_equal(pass_world_memory(world).deployed_commit, before);
	assert_true(text_starts(pass_world_words(world, commit), "failure: refused: commit '"));
	assert_string_equal(pass_world_runs(world), "1 deploy refused");
	assert_int_equal(pass_world_memory(world).refusals.count, 1);
	assert_string_equal(pass_world_memory(world).refusals.items[0].commit, commit);
}

static void the_same_refusal_again_writes_nothing(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	size_t records, posts;

	pass_world_push(world, A, NULL, "Add a");
	assert_error(pass_world_pass(world), ERR_UNSIGNED);
	assert_false(world->pass.standing);
	records = pass_world_records(world);
	posts = world->forge->posts;
	for (int i = 0; i < 3; i++) {
		assert_error(pass_world_pass(world), ERR_UNSIGNED);
		assert_true(world->pass.standing);
	}
	assert_int_equal(pass_world_records(world), records);
	assert_int_equal(world->forge->posts, posts);
	assert_string_equal(pass_world_runs(world), "1 deploy refused");
}

static void what_stands_behind_a_refused_commit_waits(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *before = pass_world_push(world, A, ADA, "Add a");
	const char *refused = pass_world_push(world, A "," B, NULL, "Add b");
	const char *behind = pass_world_push(world, A "," B ",c=CREATE c", ADA, "Add c");

	assert_error(pass_world_settle(world, 3), ERR_UNSIGNED);
	assert_int_equal(pass_world_effects(world, "CREATE a"), 1);
	assert_int_equal(
		pass_world_effects(world, "CREATE b") + pass_world_effects(world, "CREATE c"), 0);
	assert_status(world, before, "success: applied 1 migration");
	assert_verdict(world, refused, "failure: refused: ", "V002");
	assert_status(world, behind,
	              arena_printf(world->arena, "pending: behind %.10s, refused", refused));
	assert_string_not_equal(pass_world_memory(world).deployed_commit, world->head);
}

static void a_refusal_beside_work_is_noted_in_the_same_pass(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *refused;
	size_t records;

	pass_world_push(world, A, ADA, "Add a");
	refused = pass_world_push(world, A "," B, NULL, "Add b");
	assert_error(pass_world_pass(world), ERR_UNSIGNED);
	assert_int_equal(pass_world_effects(world, "CREATE a"), 1);
	assert_non_null(memory_refusal(
		&(struct memory){.refusals = pass_world_memory(world).refusals}, refused, NULL));
	records = pass_world_records(world);
	assert_error(pass_world_pass(world), ERR_UNSIGNED);
	assert_int_equal(pass_world_records(world), records);
}

static void a_signed_revert_undoes_a_refused_commit(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *refused = pass_world_push(world, A, NULL, "Add a"), *revert, *after;

	assert_error(pass_world_pass(world), ERR_UNSIGNED);
	revert = pass_world_push(world, "", ADA, "Revert");
	after = pass_world_push(world, B, ADA, "Add b");
	assert_fine(pass_world_pass(world));
	assert_int_equal(pass_world_effects(world, "CREATE a"), 0);
	assert_int_equal(pass_world_effects(world, "CREATE b"), 1);
	assert_status(world, refused,
	              arena_printf(world->arena, "failure: undone by %.10s", revert));
	assert_status(world, after, "success: applied 1 migration");
	assert_status(world, revert, "success: ");
	assert_int_equal(pass_world_memory(world).refusals.count, 0);
	assert_string_equal(pass_world_memory(world).deployed_commit, world->head);
	assert_fine(pass_world_pass(world));
}

static void sql_that_failed_is_not_sent_again_until_somebody_says_so(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	struct scripted_answer *answer = world_answer(world->server, "CREATE a");
	const char *commit = pass_world_push(world, A, ADA, "Add a");
	size_t records;

	answer->sqlstate = "42P07";
	answer->times = 2;
	assert_error(pass_world_pass(world), ERR_SQL_FAILED);
	assert_string_equal(pass_world_runs(world), "1 deploy refused");
	assert_verdict(world, commit, "failure: failed: ", "A003");
	assert_true(text_ends(pass_world_status(world, commit), "; `headgate history 1`"));
	records = pass_world_records(world);
	for (int i = 0; i < 3; i++) {
		assert_error(pass_world_pass(world), ERR_SQL_FAILED);
		assert_true(world->pass.standing);
	}
	assert_int_equal(world_times_sent(world->server, "CREATE a"), 1);
	assert_int_equal(pass_world_records(world), records);
	assert_int_equal(world_rows(world->server, "a"), 1);

	assert_fine(engine_retry(&world->engine, &world->target, world->arena));
	assert_error(pass_world_pass(world), ERR_SQL_FAILED);
	assert_error(pass_world_pass(world), ERR_SQL_FAILED);
	assert_int_equal(world_times_sent(world->server, "CREATE a"), 2);
	assert_fine(engine_retry(&world->engine, &world->target, world->arena));
	assert_fine(pass_world_pass(world));
	assert_status(world, commit, "success: applied 1 migration");
	assert_int_equal(pass_world_memory(world).refusals.count, 0);
}

static void a_corrected_file_is_sent_at_once(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *corrected, *failed;

	world_answer(world->server, "CREATE a")->sqlstate = "42601";
	failed = pass_world_push(world, A, ADA, "Add a");
	assert_error(pass_world_pass(world), ERR_SQL_FAILED);
	corrected = pass_world_push(world, "a=CREATE better|DROP a", ADA, "Correct a");
	assert_fine(pass_world_pass(world));
	assert_int_equal(pass_world_effects(world, "CREATE better"), 1);
	assert_status(world, corrected, "success: applied 1 migration");
	assert_status(world, failed,
	              arena_printf(world->arena, "failure: corrected by %.10s", corrected));
	assert_string_equal(pass_world_runs(world), "1 deploy refused, 2 deploy done");
}

static void another_policy_decides_anew(void **state)
{
	struct pass_world *world = pass_world_begun(*state);

	world_answer(world->server, "CREATE a")->sqlstate = "42601";
	pass_world_push(world, A, ADA, "Add a");
	assert_error(pass_world_pass(world), ERR_SQL_FAILED);
	world->policy.digest = "policy 2";
	assert_error(pass_world_pass(world), ERR_SQL_FAILED);
	assert_int_equal(world_times_sent(world->server, "CREATE a"), 2);
}

static void the_second_of_two_fails_and_is_not_sent_again(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *first = pass_world_push(world, A, ADA, "Add a"),
		   *second = pass_world_push(world, A "," B, ADA, "Add b");
	const char *third = pass_world_push(world, A "," B ",c=CREATE c", ADA, "Add c");

	world_answer(world->server, "CREATE b")->sqlstate = "42601";
	for (int i = 0; i < 3; i++) {
		assert_error(pass_world_pass(world), ERR_SQL_FAILED);
		assert_int_equal(world_times_sent(world->server, "CREATE b"), 1);
	}
	assert_int_equal(pass_world_effects(world, "CREATE a"), 1);
	assert_int_equal(pass_world_effects(world, "CREATE c"), 0);
	assert_status(world, first, "success: applied 1 migration");
	assert_verdict(world, second, "failure: failed: ", "A003");
	assert_status(world, third,
	              arena_printf(world->arena, "pending: behind %.10s, refused", second));
	assert_int_equal(world_rows(world->server, "b"), 1);
	pass_world_push(world, "", ADA, "Revert all");
	assert_error(pass_world_pass(world), ERR_FOLDER_MISSING);
	pass_world_push(world, "d=CREATE d", ADA, "Revert all, and go on");
	assert_fine(pass_world_pass(world));
	assert_string_equal(pass_world_runs(world),
	                    "1 deploy refused, 2 deploy halted, 3 rollback done, 4 deploy done");
}

static void a_run_that_waits_is_gone_on_with(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *commit = pass_world_push(world, A, ADA, "Add a");

	world->locks_busy = 2;
	assert_error(pass_world_pass(world), ERR_LEDGER_LOCK);
	assert_string_equal(pass_world_runs(world), "1 deploy open");
	assert_verdict(world, commit, "pending: waiting: ", "A001");
	assert_error(pass_world_pass(world), ERR_LEDGER_LOCK);
	assert_fine(pass_world_pass(world));
	assert_int_equal(world->pass.run, 1);
	assert_string_equal(pass_world_runs(world), "1 deploy done");
	assert_int_equal(world->backup->takes, 1);
	assert_status(world, commit, "success: applied 1 migration");
}

static void a_run_that_waits_is_superseded_when_the_branch_asks_for_more(void **state)
{
	struct pass_world *world = pass_world_begun(*state);

	pass_world_push(world, A, ADA, "Add a");
	world->locks_busy = 1;
	assert_error(pass_world_pass(world), ERR_LEDGER_LOCK);
	pass_world_push(world, A "," B, ADA, "Add b");
	assert_fine(pass_world_pass(world));
	assert_string_equal(pass_world_runs(world), "1 deploy superseded, 2 deploy done");
	assert_int_equal(world->backup->takes, 2);
}

static void a_refusal_while_a_run_waits_is_written_down(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *refused;

	pass_world_push(world, A, ADA, "Add a");
	world->locks_busy = 1;
	assert_error(pass_world_pass(world), ERR_LEDGER_LOCK);
	refused = pass_world_push(world, "", NULL, "Remove a");
	assert_error(pass_world_settle(world, 2), ERR_UNSIGNED);
	assert_verdict(world, refused, "failure: refused: ", "V002");
	assert_int_equal(pass_world_effects(world, "CREATE a"), 1);
}

static void a_branch_that_is_refused_as_a_whole_ends_the_run_that_waits(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *refused;

	pass_world_push(world, A, ADA, "Add a");
	world->locks_busy = 1;
	assert_error(pass_world_pass(world), ERR_LEDGER_LOCK);
	world->keyring->lines.items[0].revoked = true;
	refused = pass_world_push(world, A, NULL, "Another README");
	assert_error(pass_world_pass(world), ERR_REVOKED);
	assert_string_equal(pass_world_status(world, refused), "none");
	assert_string_equal(pass_world_runs(world), "1 deploy superseded, 2 deploy refused");
	assert_int_equal(pass_world_effects(world, "CREATE a"), 0);
}

static void a_revert_rolls_back_and_its_revert_applies_again(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *revert, *again;

	pass_world_push(world, A, ADA, "Add a");
	pass_world_push(world, A "," B, ADA, "Add b");
	assert_fine(pass_world_pass(world));
	revert = pass_world_push(world, A, ADA, "Revert b");
	assert_fine(pass_world_pass(world));
	assert_int_equal(world->pass.rolled_back, 1);
	assert_int_equal(pass_world_effects(world, "DROP b"), 1);
	assert_status(world, revert, "success: rolled back 1 migration");
	assert_int_equal(world->backup->takes, 2);
	assert_int_equal(ledger_row_state(world_row(world->server, "b")), ROW_ROLLED_BACK);
	assert_int_equal(pass_world_memory(world).held.count, 1);
	again = pass_world_push(world, A "," B, ADA, "Revert the revert");
	assert_fine(pass_world_pass(world));
	assert_int_equal(pass_world_effects(world, "CREATE b"), 2);
	assert_status(world, again, "success: applied 1 migration");
	assert_int_equal(pass_world_memory(world).held.count, 0);
	assert_string_equal(pass_world_runs(world),
	                    "1 deploy done, 2 rollback done, 3 deploy done");
}

static void a_revert_that_also_brings_a_migration_goes_back_first_in_two_runs(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *commit;

	pass_world_push(world, A "," B, ADA, "Add both");
	assert_fine(pass_world_pass(world));
	commit = pass_world_push(world, A ",c=CREATE c", ADA, "c instead of b");
	assert_fine(pass_world_pass(world));
	assert_string_equal(pass_world_runs(world),
	                    "1 deploy done, 2 rollback done, 3 deploy done");
	assert_string_equal(text_join(world->arena, &world->server->effects, "; "),
	                    "CREATE a; CREATE b; DROP b; CREATE c");
	assert_int_equal(world->pass.applied, 1);
	assert_int_equal(world->pass.rolled_back, 1);
	assert_status(world, commit, "success: rolled back 1 migration, applied 1");
	assert_int_equal(world->backup->takes, 3);
}

static void a_revert_without_a_down_script_is_refused(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *commit;

	pass_world_push(world, A ",b=CREATE b", ADA, "Add both");
	assert_fine(pass_world_pass(world));
	commit = pass_world_push(world, A, ADA, "Revert b");
	assert_error(pass_world_pass(world), ERR_NO_WAY_BACK);
	assert_verdict(world, commit, "failure: refused: ", "A006");
	assert_int_equal(world->backup->takes, 1);
}

static void a_down_script_that_comes_later_is_kept(void **state)
{
	struct pass_world *world = pass_world_begun(*state);

	pass_world_push(world, A ",b=CREATE b", ADA, "Add both");
	assert_fine(pass_world_pass(world));
	pass_world_push(world, A ",b=CREATE b|DROP later", ADA, "Write the way back");
	assert_fine(pass_world_pass(world));
	pass_world_push(world, A, ADA, "Revert b");
	assert_fine(pass_world_pass(world));
	assert_int_equal(pass_world_effects(world, "DROP later"), 1);
}

static void a_down_script_of_an_unsigned_commit_is_not_kept(void **state)
{
	struct pass_world *world = pass_world_begun(*state);

	pass_world_push(world, A "," B, ADA, "Add both");
	assert_fine(pass_world_pass(world));
	pass_world_push(world, A ",b=CREATE b|DROP everything", NULL, "Another way back");
	assert_error(pass_world_pass(world), ERR_UNSIGNED);
	pass_world_push(world, A, ADA, "Revert both");
	assert_fine(pass_world_settle(world, 2));
	assert_int_equal(pass_world_effects(world, "DROP everything"), 0);
	assert_int_equal(pass_world_effects(world, "DROP b"), 1);
}

static void a_baseline_that_is_repeated_keeps_what_was_deployed(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	struct baseline_made made = {0};

	pass_world_push(world, A "," B, ADA, "Add both");
	assert_fine(pass_world_pass(world));
	assert_fine(engine_baseline(&world->engine, &world->target,
	                            &(struct baseline_wish){.commit = "HEAD"}, world->arena,
	                            &made));
	assert_true(made.again);
	assert_int_equal(made.migrations, 2);
	assert_fine(pass_world_pass(world));
	pass_world_push(world, A, ADA, "Revert b");
	assert_fine(pass_world_pass(world));
	assert_int_equal(pass_world_effects(world, "DROP b"), 1);
}

static void the_migrations_of_a_baseline_are_trusted_as_they_stand(void **state)
{
	struct pass_world *world = pass_world_new(*state);
	struct baseline_made made = {0};
	const char *commit = pass_world_push(world, A, NULL, "Long ago");

	assert_fine(engine_baseline(&world->engine, &world->target,
	                            &(struct baseline_wish){.commit = commit}, world->arena,
	                            &made));
	assert_int_equal(made.migrations, 1);
	assert_false(made.again);
	assert_int_equal(world->server->sent.count, 0);
	assert_fine(pass_world_pass(world));
	assert_int_equal(pass_world_effects(world, "CREATE a"), 1);
	assert_status(world, commit, "success: applied 1 migration");
}

static void a_baseline_on_a_filled_database_needs_a_word(void **state)
{
	struct pass_world *world = pass_world_new(*state);
	struct baseline_made made = {0};
	const struct baseline_wish head = {.commit = "HEAD"};
	struct ledger_row row = {.id = "r", .name = "a", .checksum = "c", .finished_us = 1};
	struct memory memory;

	pass_world_push(world, A, NULL, "Long ago");
	world->is_not_empty = true;
	assert_error(engine_baseline(&world->engine, &world->target, &head, world->arena, &made),
	             ERR_BASELINE_FILLED);
	row.finished_us = 0;
	*LIST_ADD(world->arena, &world->server->ledger) = row;
	assert_error(engine_baseline(&world->engine, &world->target, &head, world->arena, &made),
	             ERR_OPEN_FAILED_ROW);
	world->server->ledger.items[0].finished_us = 1;
	assert_error(engine_baseline(&world->engine, &world->target, &head, world->arena, &made),
	             ERR_BASELINE_DIFFERS);
	assert_int_equal(made.differences.count, 1);
	assert_false(pass_world_memory(world).has_baseline);
	assert_error(engine_baseline(&world->engine, &world->target,
	                             &(struct baseline_wish){.commit = "nowhere"}, world->arena,
	                             &made),
	             ERR_UNKNOWN_COMMIT);
	assert_fine(engine_baseline(&world->engine, &world->target,
	                            &(struct baseline_wish){.commit = "HEAD", .accept = true},
	                            world->arena, &made));
	assert_int_equal(made.adopted, 1);
	assert_int_equal(world->server->sent.count, 0);
	memory = pass_world_memory(world);
	assert_non_null(memory_deployed(&memory, "a"));
}

/* Whatever call breaks: said again, it ends as if nothing had happened; and forgotten, the rest is not taken for new. */
static void a_baseline_that_was_cut_off_between_two_rows_is_said_again(void **state)
{
	const struct baseline_wish wish = {.commit = "HEAD", .applied_up_to = "b"},
				   head = {.commit = "HEAD"},
				   none = {.commit = "HEAD", .applied_up_to = "none"};
	size_t cut_off = 0;
	bool failed = true;

	for (size_t n = 1; failed; n++) {
		struct pass_world *world = pass_world_new(*state);
		struct baseline_made made = {0};
		struct memory memory;
		struct error *error;

		pass_world_push(world, A "," B, NULL, "Long ago");
		world->is_not_empty = world->server->person_resolves = true;
		world->faulty = (struct faulty){.fail_at = n, .code = ERR_DB_LOST};
		error = engine_baseline(&world->engine, &world->target, &wish, world->arena, &made);
		failed = world->faulty.failed;
		assert_true(!error || failed);
		world->faulty.fail_at = 0;
		if (error && !world->server->ledger.count)
			assert_error(engine_baseline(&world->engine, &world->target, &head,
			                             world->arena, &made),
			             ERR_BASELINE_FILLED);
		if (error && world->server->ledger.count == 1) {
			cut_off++;
			assert_error(engine_baseline(&world->engine, &world->target, &none,
			                             world->arena, &made),
			             ERR_USAGE);
		}
		if (error)
			assert_fine(engine_baseline(&world->engine, &world->target, &wish,
			                            world->arena, &made));
		memory = pass_world_memory(world);
		assert_int_equal(memory.deployed.count, 2);
		assert_int_equal(world->server->ledger.count, 2);
		assert_int_equal(world->server->sent.count, 0);
		assert_fine(pass_world_pass(world));
		assert_int_equal(world->server->sent.count, 0);
	}
	assert_true(cut_off > 0);
}

/* `headgate resolve` would meet the other's fence, and send the person back here. */
static void a_failed_row_in_a_ledger_of_another_journal_is_resolved_by_prisma(void **state)
{
	struct pass_world *world = pass_world_new(*state);
	const struct baseline_wish head = {.commit = "HEAD"};
	struct baseline_made made = {0};
	struct error *error;

	pass_world_push(world, A, NULL, "Long ago");
	*LIST_ADD(world->arena, &world->server->ledger) =
		(struct ledger_row){.id = "r", .name = "a b", .checksum = "c", .started_us = 1};
	error = engine_baseline(&world->engine, &world->target, &head, world->arena, &made);
	assert_error(error, ERR_OPEN_FAILED_ROW);
	assert_contains(error->hint, "headgate resolve --target shop --rolled-back 'a b' (");
	world->foreign_journal = "another";
	error = engine_baseline(&world->engine, &world->target, &head, world->arena, &made);
	assert_error(error, ERR_OPEN_FAILED_ROW);
	assert_contains(error->hint, "npx prisma migrate resolve --rolled-back 'a b' (");
}

static void a_ledger_of_another_journal_is_left_alone(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *commit = pass_world_push(world, A, ADA, "Add a");
	struct error *error;

	world->foreign_journal = "another";
	error = pass_world_pass(world);
	assert_error(error, ERR_JOURNAL_FOREIGN);
	assert_contains(error->why, "another");
	assert_int_equal(world->server->sent.count, 0);
	assert_verdict(world, commit, "failure: halted, a person is needed: ", "J004");
	world->foreign_journal = NULL;
	assert_fine(pass_world_pass(world)); /* its cause is gone */
	assert_status(world, commit, "success: applied 1 migration");
}

static void a_rewritten_branch_halts_and_names_what_vanished(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *root = world->head, *vanished = pass_world_push(world, A, ADA, "Add a");
	struct error *error;

	assert_fine(pass_world_pass(world));
	world->head = root;
	pass_world_push(world, "", NULL, "Another history");
	error = pass_world_pass(world);
	assert_error(error, ERR_HISTORY_REWRITTEN);
	assert_contains(error->why, arena_printf(world->arena, "%.10s", vanished));
}

static void one_target_is_worked_on_by_one_process(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *holder = NULL;
	AUTO_FD lock = -1;

	pass_world_push(world, A, ADA, "Add a");
	assert_fine(folder_private(world->arena, world->config.state));
	assert_fine(file_lock(world->arena,
	                      arena_printf(world->arena, "%s/shop.lock", world->config.state),
	                      "pid 7", &lock, &holder));
	assert_error(pass_world_pass(world), ERR_TARGET_BUSY);
	assert_int_equal(world->server->sent.count, 0);
}

/* Another target of the same repository may have fetched already. */
static void without_a_baseline_nothing_is_verified(void **state)
{
	struct pass_world *world = pass_world_new(*state);
	struct verified_object *objects = NULL;
	struct verified_steps steps = {0};

	world->config.keys.allowed_signers = "signers";
	pass_world_push(world, "a=CREATE a", NULL, "Add a");
	assert_error(engine_verify(&world->engine, &world->target, &(struct text_list){0},
	                           world->arena, &objects, &steps),
	             ERR_NO_BASELINE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_WORLD(without_a_baseline_a_person_is_needed),
		TEST_WORLD(a_merge_is_applied_and_its_commit_says_so),
		TEST_WORLD(a_pass_with_nothing_to_do_writes_nothing),
		TEST_WORLD(a_commit_that_touches_nothing_moves_only_the_deployed_commit),
		TEST_WORLD(report_all_gives_every_commit_a_word),
		TEST_WORLD(commits_that_land_at_once_each_get_their_own_outcome),
		TEST_WORLD(an_unsigned_commit_is_refused_and_nothing_is_sent),
		TEST_WORLD(the_same_refusal_again_writes_nothing),
		TEST_WORLD(what_stands_behind_a_refused_commit_waits),
		TEST_WORLD(a_refusal_beside_work_is_noted_in_the_same_pass),
		TEST_WORLD(a_signed_revert_undoes_a_refused_commit),
		TEST_WORLD(sql_that_failed_is_not_sent_again_until_somebody_says_so),
		TEST_WORLD(a_corrected_file_is_sent_at_once),
		TEST_WORLD(another_policy_decides_anew),
		TEST_WORLD(the_second_of_two_fails_and_is_not_sent_again),
		TEST_WORLD(a_run_that_waits_is_gone_on_with),
		TEST_WORLD(a_run_that_waits_is_superseded_when_the_branch_asks_for_more),
		TEST_WORLD(a_refusal_while_a_run_waits_is_written_down),
		TEST_WORLD(a_branch_that_is_refused_as_a_whole_ends_the_run_that_waits),
		TEST_WORLD(a_revert_rolls_back_and_its_revert_applies_again),
		TEST_WORLD(a_revert_that_also_brings_a_migration_goes_back_first_in_two_runs),
		TEST_WORLD(a_revert_without_a_down_script_is_refused),
		TEST_WORLD(a_down_script_that_comes_later_is_kept),
		TEST_WORLD(a_down_script_of_an_unsigned_commit_is_not_kept),
		TEST_WORLD(a_baseline_that_is_repeated_keeps_what_was_deployed),
		TEST_WORLD(the_migrations_of_a_baseline_are_trusted_as_they_stand),
		TEST_WORLD(a_baseline_on_a_filled_database_needs_a_word),
		TEST_WORLD(a_baseline_that_was_cut_off_between_two_rows_is_said_again),
		TEST_WORLD(a_failed_row_in_a_ledger_of_another_journal_is_resolved_by_prisma),
		TEST_WORLD(a_ledger_of_another_journal_is_left_alone),
		TEST_WORLD(a_rewritten_branch_halts_and_names_what_vanished),
		TEST_WORLD(one_target_is_worked_on_by_one_process),
		TEST_WORLD(without_a_baseline_nothing_is_verified),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
