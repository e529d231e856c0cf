/*
 * Beside another program, and beside people who make mistakes: what Prisma applied is adopted, what a person asks for
 * is done, and a disposable target that was reset goes on. Names of migrations are letters.
 */
#include "unit/engine/pass_world.h"

#include "base/text.h"

#define A "a=CREATE a|DROP a"
#define B "b=CREATE b|DROP b"

static void another_applies(struct pass_world *world, const char *name, const char *sql)
{
	struct world *server = world->server;

	server->ledger.has_table = true;
	*LIST_ADD(server->arena, &server->ledger) = (struct ledger_row){
		.id = arena_printf(server->arena, "other-%zu", server->ledger.count),
		.name = name,
		.checksum = sha256_text(server->arena, sql, strlen(sql)),
		.started_us = 1,
		.finished_us = 2000000,
	};
	*LIST_ADD(server->arena, &server->effects) = sql;
}

static void database_is_reset(struct pass_world *world)
{
	world->server->ledger.count = world->server->effects.count = 0;
	world->server->ledger.has_deployed = false;
}

/* A person's word, as the command writes it; keys and values, then NULL. */
static void person_says(struct pass_world *world, enum record_kind kind, const char *migration,
                        const char *const *words)
{
	struct node *body = node_map(world->arena);
	struct record record = {
		.kind = kind, .target = "shop", .migration = migration, .body = body};

	for (size_t i = 0; words[i]; i += 2)
		node_set_text(world->arena, body, words[i], words[i + 1]);
	assert_fine(journal_write(&world->server->journal->port,
	                          &(struct records){.items = &record, .count = 1}, world->arena,
	                          NULL));
}
#define SAYS(world, kind, migration, ...)                                                          \
	person_says((world), (kind), (migration), (const char *const[]){__VA_ARGS__, NULL})

static void ask_rollback(struct pass_world *world, const char *name)
{
	SAYS(world, RECORD_ROLLBACK_ASKED, name, "row_id",
	     ledger_applied(&world->server->ledger, name)->id, "by", "ann", "reason", "too slow");
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

static const char *down_of(struct pass_world *world, const char *name)
{
	const struct memory memory = pass_world_memory(world);
	const struct deployed_migration *deployed = memory_deployed(&memory, name);
	struct bytes bytes = {0};

	assert_non_null(deployed);
	if (!deployed->down_digest)
		return "(none)";
	assert_fine(journal_archive(&world->server->journal->port, deployed->down_digest,
	                            world->arena, &bytes));
	return arena_copy(world->arena, bytes.data, bytes.size);
}

static void what_another_applied_is_adopted_and_its_commit_says_so(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *commit = pass_world_push(world, A, ADA, "Add a");
	struct memory memory;
	size_t records;

	another_applies(world, "a", "CREATE a");
	assert_fine(pass_world_pass(world));
	memory = pass_world_memory(world);
	assert_words(world, commit, "success: already applied by another, unverified");
	assert_int_equal(pass_world_effects(world, "CREATE a"), 1);
	assert_int_equal(world->pass.adopted, 1);
	assert_contains(world->pass.notes.items[0], "'a' was applied by another program");
	assert_string_equal(pass_world_runs(world), "");
	assert_int_equal(world->backup->takes, 0);
	assert_string_equal(memory.deployed_commit, commit);
	assert_true(memory_deployed(&memory, "a")->adopted);
	assert_string_equal(memory_deployed(&memory, "a")->commit, commit);
	assert_string_equal(memory.fingerprint, sha256_text(world->arena, "CREATE a", 8));
	assert_string_equal(down_of(world, "a"), "DROP a");
	records = pass_world_records(world);
	assert_fine(pass_world_pass(world));
	assert_int_equal(pass_world_records(world), records);
	assert_int_equal(world->pass.adopted, 0);
}

static void it_is_adopted_beside_what_is_applied(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *commit = pass_world_push(world, A "," B, ADA, "Add both");

	another_applies(world, "a", "CREATE a");
	assert_fine(pass_world_pass(world));
	assert_int_equal(pass_world_effects(world, "CREATE a"), 1);
	assert_int_equal(pass_world_effects(world, "CREATE b"), 1);
	assert_starts(world, commit, "success: applied 1 migration in ");
	assert_contains(pass_world_status(world, commit), ", 1 already applied by another");
	assert_string_equal(pass_world_memory(world).deployed_commit, commit);
}

static void what_came_with_the_baseline_is_adopted_on_its_commit(void **state)
{
	struct pass_world *world = pass_world_new(*state);
	struct baseline_made made = {0};
	const char *commit = pass_world_push(world, A "," B, NULL, "Begin");

	assert_fine(engine_baseline(&world->engine, &world->target,
	                            &(struct baseline_wish){.commit = "HEAD"}, world->arena,
	                            &made));
	another_applies(world, "a", "CREATE a");
	another_applies(world, "b", "CREATE b");
	assert_fine(pass_world_pass(world));
	assert_words(world, commit, "success: 2 migrations already applied by another, unverified");
	assert_string_equal(down_of(world, "a"), "DROP a");
}

static void it_needs_no_voucher_but_its_down_script_does(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *commit = pass_world_push(world, A, NULL, "Add a"), *later;

	another_applies(world, "a", "CREATE a");
	assert_fine(pass_world_pass(world));
	assert_words(world, commit, "success: already applied by another, unverified");
	assert_string_equal(down_of(world, "a"), "(none)");
	later = pass_world_push(world, "a=CREATE a|DROP a now", NULL, "Another down");
	assert_error(pass_world_pass(world), ERR_UNSIGNED);
	assert_starts(world, later, "failure: refused: ");
	assert_string_equal(down_of(world, "a"), "(none)");
	pass_world_push(world, "a=CREATE a|DROP a CASCADE", ADA, "A down that ada vouches for");
	assert_fine(pass_world_pass(world));
	assert_string_equal(down_of(world, "a"), "DROP a CASCADE");
}

static void a_tick_does_not_vouch_for_the_down_script_beside_it(void **state)
{
	struct pass_world *world = pass_world_begun(*state);

	pass_world_push(world, A, NULL, "Add a");
	pass_world_push(world, A ",a/checklist.md=- [x] tested", ADA, "Tick it");
	another_applies(world, "a", "CREATE a");
	assert_fine(pass_world_pass(world));
	assert_string_equal(down_of(world, "a"), "(none)");
	assert_string_equal(pass_world_memory(world).deployed_commit, world->head);
}

static void what_was_not_applied_yet_still_needs_a_voucher(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *before = world->head,
		   *commit = pass_world_push(world, A "," B, NULL, "Add both");
	struct memory memory;
	size_t records;

	another_applies(world, "a", "CREATE a");
	assert_error(pass_world_pass(world), ERR_UNSIGNED);
	memory = pass_world_memory(world);
	assert_true(memory_deployed(&memory, "a")->adopted);
	assert_string_equal(memory_deployed(&memory, "a")->commit, commit);
	assert_string_equal(down_of(world, "a"), "(none)");
	assert_string_equal(memory.deployed_commit, before);
	assert_starts(world, commit, "failure: refused: ");
	assert_int_equal(pass_world_effects(world, "CREATE b"), 0);
	records = pass_world_records(world);
	assert_error(pass_world_pass(world), ERR_UNSIGNED);
	assert_int_equal(pass_world_records(world), records);
	pass_world_push(world, A, ADA, "Take b back");
	assert_fine(pass_world_pass(world));
	assert_starts(world, commit, "failure: undone by ");
	assert_int_equal(pass_world_memory(world).deployed.count, 1);
	assert_string_equal(pass_world_memory(world).deployed_commit, world->head);
}

static void a_folder_that_was_there_before_needs_a_voucher_for_every_change(void **state)
{
	static const char *const trees[] = {
		"a=CREATE a\r\n|DROP everything",
		"a=CREATE a\n|DROP everything",
		"",
	};

	for (size_t i = 0; i < ROWS(trees); i++) {
		struct pass_world *world = pass_world_begun(*state);

		CASE(trees[i]);
		pass_world_push(world, "a=CREATE a\n|DROP a", ADA, "Add a");
		another_applies(world, "a", "CREATE a\n");
		assert_fine(pass_world_pass(world));
		pass_world_push(world, trees[i], NULL, "Change it");
		assert_error(pass_world_pass(world), ERR_UNSIGNED);
		assert_string_equal(down_of(world, "a"), "DROP a");
	}
}

static void a_draft_of_it_needs_no_voucher_either(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *draft = pass_world_push(world, "a=CREATE draft|DROP a", NULL, "Draft a"),
		   *commit = pass_world_push(world, A, NULL, "Correct a");

	another_applies(world, "a", "CREATE a");
	assert_fine(pass_world_pass(world));
	assert_starts(world, draft, "success: superseded by ");
	assert_words(world, commit, "success: already applied by another, unverified");
}

static void what_cannot_be_read_beside_it_is_refused(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *commit = pass_world_push(world, "a=CREATE a|\xff", NULL, "Add a");

	another_applies(world, "a", "CREATE a");
	assert_error(pass_world_pass(world), ERR_FILE_NOT_TEXT);
	assert_starts(world, commit, "failure: refused: ");
}

static void under_elsewhere_refuse_a_person_accepts_it_first(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *commit = pass_world_push(world, A, ADA, "Add a");

	world->policy.elsewhere = ELSEWHERE_REFUSE;
	another_applies(world, "a", "CREATE a");
	assert_error(pass_world_pass(world), ERR_ELSEWHERE);
	assert_starts(world, commit, "failure: refused: 'a' was applied by another program");
	SAYS(world, RECORD_ACCEPTED, "a", "row_id", world->server->ledger.items[0].id, "what",
	     "row");
	assert_fine(pass_world_pass(world));
	assert_starts(world, commit, "success: already applied by another, unverified");
}

static void a_held_migration_that_another_applied_is_refused_until_a_person_says_so(void **state)
{
	struct pass_world *world = pass_world_begun(*state);

	pass_world_push(world, A "," B, ADA, "Add both");
	assert_fine(pass_world_pass(world));
	pass_world_push(world, B, ADA, "Remove a");
	assert_fine(pass_world_pass(world));
	another_applies(world, "a", "CREATE a");
	assert_error(pass_world_pass(world), ERR_UNEXPLAINED);
	ask_rollback(world, "a");
	assert_fine(pass_world_pass(world));
	assert_int_equal(pass_world_effects(world, "DROP a"), 2);
	assert_null(ledger_applied(&world->server->ledger, "a"));
	another_applies(world, "a", "CREATE a");
	assert_error(pass_world_pass(world), ERR_UNEXPLAINED);
	SAYS(world, RECORD_ACCEPTED, "a", "row_id", ledger_applied(&world->server->ledger, "a")->id,
	     "what", "row");
	assert_fine(pass_world_pass(world));
	assert_contains(world->pass.notes.items[0], "its row was accepted");
}

static void a_rollback_by_hand_is_done_and_its_commit_says_who(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *commit = pass_world_push(world, A, ADA, "Add a"), *later;
	struct memory memory;

	assert_fine(pass_world_pass(world));
	world->policy.rollback = ROLLBACK_TRAILER;
	world->policy.max_rollback = 0;
	later = pass_world_push(world, A "," B, ADA, "Add b");
	ask_rollback(world, "a");
	assert_fine(pass_world_pass(world));
	memory = pass_world_memory(world);
	assert_string_equal(pass_world_runs(world),
	                    "1 deploy done, 2 rollback done, 3 deploy done");
	assert_starts(world, commit,
	              "success: rolled back 1 migration by hand (ann: too slow) in ");
	assert_starts(world, later, "success: applied 1 migration in ");
	assert_non_null(memory_held(&memory, "a"));
	assert_int_equal(memory.asked.count, 0);
	assert_string_equal(memory.deployed_commit, later);
	assert_contains(text_join(world->arena, &world->pass.notes, "\n"),
	                "headgate unhold --target shop a");
	assert_fine(pass_world_pass(world));
	assert_int_equal(pass_world_effects(world, "CREATE a"), 1);
}

static void a_rollback_by_hand_that_has_no_way_back_turns_no_commit_red(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *commit = pass_world_push(world, "a=CREATE a", ADA, "Add a");
	struct error *error;

	assert_fine(pass_world_pass(world));
	ask_rollback(world, "a");
	error = pass_world_pass(world);
	assert_error(error, ERR_NO_WAY_BACK);
	assert_contains(error->hint, "headgate history 1");
	assert_starts(world, commit, "success: applied 1 migration");
	SAYS(world, RECORD_ROLLBACK_WITHDRAWN, "a", "why", "no way back");
	assert_fine(pass_world_pass(world));
	assert_int_equal(pass_world_memory(world).refusals.count, 0);
}

static void a_suspended_target_is_left_alone(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *commit = pass_world_push(world, A "," B, ADA, "Add both");
	struct error *error;

	SAYS(world, RECORD_SUSPENDED, NULL, "by", "ann", "reason", "freeze");
	another_applies(world, "a", "CREATE a");
	error = pass_world_pass(world);
	assert_error(error, ERR_SUSPENDED);
	assert_contains(error->hint, "headgate resume --target shop");
	assert_words(world, commit, "pending: waiting: suspended by ann: freeze (W025)");
	assert_int_equal(world->backup->takes, 0);
	assert_int_equal(world->server->sent.count, 0);
	assert_string_equal(pass_world_runs(world), "");
	SAYS(world, RECORD_RESUMED, NULL, "by", "ann");
	assert_fine(pass_world_pass(world));
	assert_starts(world, commit, "success: applied 1 migration");
	assert_int_equal(pass_world_memory(world).refusals.count, 0);
}

static void a_database_that_went_back_halts(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	struct error *error;

	pass_world_push(world, A, ADA, "Add a");
	assert_fine(pass_world_pass(world));
	world->server->ledger.deployed.epoch = 0;
	error = pass_world_pass(world);
	assert_error(error, ERR_DATABASE_WENT_BACK);
	assert_contains(error->why,
	                "the epoch of headgate.deployed is 0, and this journal had it at 1");
	database_is_reset(world);
	error = pass_world_pass(world);
	assert_error(error, ERR_DATABASE_WENT_BACK);
	assert_contains(error->hint, "headgate baseline --target shop COMMIT");
}

static void a_disposable_target_that_was_reset_is_filled_again(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *commit = pass_world_push(world, A, ADA, "Add a");

	world->target.disposable = true;
	assert_fine(pass_world_pass(world));
	pass_world_push(world, A "," B, ADA, "Add b");
	database_is_reset(world);
	assert_fine(pass_world_pass(world));
	assert_int_equal(pass_world_effects(world, "CREATE a"), 1);
	assert_int_equal(pass_world_effects(world, "CREATE b"), 1);
	assert_contains(world->pass.notes.items[0], "since the target is disposable");
	assert_starts(world, commit, "success: applied 1 migration");
	assert_string_equal(pass_world_memory(world).baseline, commit);
}

static void a_disposable_target_that_another_program_reset_is_adopted_again(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	struct memory memory;

	world->target.disposable = true;
	pass_world_push(world, A, ADA, "Add a");
	assert_fine(pass_world_pass(world));
	world->server->ledger.count = 0;
	another_applies(world, "a", "CREATE a");
	assert_fine(pass_world_pass(world));
	memory = pass_world_memory(world);
	assert_true(memory_deployed(&memory, "a")->adopted);
	assert_string_equal(memory_deployed(&memory, "a")->row_id,
	                    world->server->ledger.items[0].id);
	assert_string_equal(down_of(world, "a"), "DROP a");
}

static void a_disposable_target_of_another_journal_halts(void **state)
{
	struct pass_world *world = pass_world_begun(*state);

	world->target.disposable = true;
	pass_world_push(world, A, ADA, "Add a");
	assert_fine(pass_world_pass(world));
	database_is_reset(world);
	world->foreign_journal = "another";
	assert_error(pass_world_pass(world), ERR_JOURNAL_FOREIGN);
}

static void an_edit_on_a_disposable_target_is_only_reported(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *edit;

	world->target.disposable = true;
	pass_world_push(world, A, ADA, "Add a");
	assert_fine(pass_world_pass(world));
	edit = pass_world_push(world, "a=CREATE better|DROP a", ADA, "Edit a");
	assert_fine(pass_world_pass(world));
	assert_words(world, edit, "success: nothing to run; 'a' was edited after it was applied");
	assert_int_equal(world->pass.notes.count, 1);
}

/* Settle goes on from the archive: an older script there would be gone on with in the middle. */
static void the_script_that_leads_back_is_in_the_archive_also_of_a_row_that_is_not_ours(
	void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	struct memory memory;

	pass_world_push(world, A "," B, ADA, "Add both");
	assert_fine(pass_world_pass(world));
	ask_rollback(world, "b");
	assert_fine(pass_world_settle(world, 3));
	another_applies(world, "b", "CREATE b");
	pass_world_push(world, A ",b=CREATE b|DROP b better", ADA, "Mend the way back");
	assert_error(pass_world_pass(world), ERR_UNEXPLAINED);
	ask_rollback(world, "b");
	assert_fine(pass_world_settle(world, 3));
	assert_string_equal(world->server->sent.items[world->server->sent.count - 1],
	                    "DROP b better");
	memory = pass_world_memory(world);
	assert_string_equal(memory_down(&memory, "b", sha256_text(world->arena, "CREATE b", 8)),
	                    sha256_text(world->arena, "DROP b better", 13));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_WORLD(what_another_applied_is_adopted_and_its_commit_says_so),
		TEST_WORLD(it_is_adopted_beside_what_is_applied),
		TEST_WORLD(what_came_with_the_baseline_is_adopted_on_its_commit),
		TEST_WORLD(it_needs_no_voucher_but_its_down_script_does),
		TEST_WORLD(a_tick_does_not_vouch_for_the_down_script_beside_it),
		TEST_WORLD(what_was_not_applied_yet_still_needs_a_voucher),
		TEST_WORLD(a_folder_that_was_there_before_needs_a_voucher_for_every_change),
		TEST_WORLD(a_draft_of_it_needs_no_voucher_either),
		TEST_WORLD(what_cannot_be_read_beside_it_is_refused),
		TEST_WORLD(under_elsewhere_refuse_a_person_accepts_it_first),
		TEST_WORLD(a_held_migration_that_another_applied_is_refused_until_a_person_says_so),
		TEST_WORLD(a_rollback_by_hand_is_done_and_its_commit_says_who),
		TEST_WORLD(a_rollback_by_hand_that_has_no_way_back_turns_no_commit_red),
		TEST_WORLD(a_suspended_target_is_left_alone),
		TEST_WORLD(a_database_that_went_back_halts),
		TEST_WORLD(a_disposable_target_that_was_reset_is_filled_again),
		TEST_WORLD(a_disposable_target_that_another_program_reset_is_adopted_again),
		TEST_WORLD(a_disposable_target_of_another_journal_halts),
		TEST_WORLD(an_edit_on_a_disposable_target_is_only_reported),
		TEST_WORLD(
			the_script_that_leads_back_is_in_the_archive_also_of_a_row_that_is_not_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
