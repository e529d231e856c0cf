/* Ways two and three: the open row, the units, and what a failure leaves (R9, R10). */
#include "unit/stages/apply_world.h"

#include "base/text.h"

#define BLOCK "BEGIN; CREATE a; COMMIT; CREATE b;"
#define INDEX "CREATE INDEX CONCURRENTLY users_email"
#define ADD "CREATE COLUMN"

static struct world *own_transactions(struct arena *arena)
{
	struct world *world = world_new(arena);

	world_apply(world, "1_block", BLOCK)->script.way = WAY_TWO;
	world_begin(world);
	return world;
}

static struct world *one_index(struct arena *arena)
{
	struct world *world = world_new(arena);
	struct plan_item *item = world_apply(world, "1_index", INDEX);

	world_statements(world, item, WAY_THREE, INDEX, NULL);
	world_begin(world);
	return world;
}

static struct world *column_then_index(struct arena *arena)
{
	struct world *world = world_new(arena);
	struct plan_item *item = world_apply(world, "1_both", ADD ";" INDEX);

	world_statements(world, item, WAY_THREE, ADD, INDEX, NULL);
	world_begin(world);
	return world;
}

static void assert_row(const struct world *world, const char *name, enum row_state state)
{
	assert_int_equal(world_rows(world, name), 1);
	assert_int_equal(ledger_row_state(world_row(world, name)), state);
}

static void a_file_with_its_own_transactions_goes_out_as_it_is(void **state)
{
	struct world *world = own_transactions(*state);

	assert_fine(apply_perform(&world->run));
	assert_int_equal(world->sent.count, 1);
	assert_true(world_has_effect(world, BLOCK));
	assert_row(world, "1_block", ROW_APPLIED);
	assert_string_equal(world->deployed_commit, "head");
	world_remember(world);
	assert_string_equal(world_result(world, "1_block"), "applied");
	assert_int_equal(world->run.memory.deployed.count, 1);
}

static void what_a_failure_in_way_two_leaves(void **state)
{
	static const struct {
		const char *sqlstate, *tags;
		enum transaction_state transaction;
		enum error_code code;
		enum row_state row;
		const char *sentence;
	} cases[] = {
		{"42P01", "BEGIN,CREATE TABLE", TRANSACTION_FAILED, ERR_SQL_FAILED, ROW_FAILED_TRY,
	         "an error before any COMMIT undid all"},
		{"42P01", "BEGIN,CREATE TABLE,COMMIT", TRANSACTION_NONE, ERR_SQL_PARTLY, ROW_OPEN,
	         "an error after a COMMIT leaves a part"},
		{"42P01", "BEGIN,PREPARE TRANSACTION", TRANSACTION_NONE, ERR_SQL_PARTLY, ROW_OPEN,
	         "a prepared transaction outlives the error"},
		{"42P01", "BEGIN,CREATE TABLE,ROLLBACK", TRANSACTION_NONE, ERR_SQL_FAILED,
	         ROW_FAILED_TRY, "a ROLLBACK is no effect"},
		{NULL, "BEGIN,CREATE TABLE", TRANSACTION_OPEN, ERR_LEFT_OPEN, ROW_FAILED_TRY,
	         "a BEGIN without COMMIT is rolled back"},
		{NULL, "BEGIN,COMMIT,BEGIN", TRANSACTION_OPEN, ERR_SQL_PARTLY, ROW_OPEN,
	         "a second BEGIN without COMMIT, after a part committed"},
	};

	for (size_t i = 0; i < ROWS(cases); i++) {
		struct world *world = own_transactions(*state);

		CASE(cases[i].sentence);
		*world_answer(world, BLOCK) =
			(struct scripted_answer){.sql = BLOCK,
		                                 .sqlstate = cases[i].sqlstate,
		                                 .tags = cases[i].tags,
		                                 .transaction = cases[i].transaction};
		assert_error(apply_perform(&world->run), cases[i].code);
		assert_row(world, "1_block", cases[i].row);
		assert_false(world->locked);
		world_remember(world);
		assert_string_equal(world_result(world, "1_block"),
		                    cases[i].row == ROW_OPEN ? "partly" : "failed");
	}
}

static void a_partly_applied_file_names_what_took_effect(void **state)
{
	struct world *world = own_transactions(*state);
	struct error *error;

	*world_answer(world, BLOCK) =
		(struct scripted_answer){.sql = BLOCK,
	                                 .sqlstate = "42P01",
	                                 .message = "no b",
	                                 .tags = "BEGIN,CREATE TABLE,COMMIT,DROP TABLE"};
	error = apply_perform(&world->run);
	assert_error(error, ERR_SQL_PARTLY);
	assert_contains(error->why, "took effect: BEGIN, CREATE TABLE, COMMIT");
	assert_null(strstr(error->why, "DROP TABLE"));
	assert_contains(error->hint, "headgate resolve --target shop --applied 1_block");
	assert_contains(error->hint, "--rolled-back 1_block");
}

static void locks_in_way_two_are_tried_again(void **state)
{
	struct world *world = own_transactions(*state);

	*world_answer(world, BLOCK) = (struct scripted_answer){.sql = BLOCK,
	                                                       .sqlstate = "55P03",
	                                                       .tags = "BEGIN",
	                                                       .transaction = TRANSACTION_FAILED,
	                                                       .times = 1};
	assert_fine(apply_perform(&world->run));
	assert_int_equal(world_times_sent(world, BLOCK), 2);
	assert_row(world, "1_block", ROW_APPLIED);
}

static void a_lost_connection_in_way_two_leaves_the_row_to_settle(void **state)
{
	struct world *world = own_transactions(*state);

	*world_answer(world, BLOCK) = (struct scripted_answer){.sql = BLOCK, .lost = true};
	assert_error(apply_perform(&world->run), ERR_DB_LOST);
	assert_row(world, "1_block", ROW_OPEN);
	world_remember(world);
	assert_null(world_result(world, "1_block"));
}

static void an_index_is_built_and_looked_at(void **state)
{
	struct world *world = one_index(*state);

	WORLD_PROBE(world, "users_email", PROBE_NOTHING, PROBE_DONE);
	assert_fine(apply_perform(&world->run));
	assert_row(world, "1_index", ROW_APPLIED);
	assert_int_equal(world->cleaned.count, 0);
}

static void an_index_that_is_not_there_afterwards_is_not_believed(void **state)
{
	struct world *world = one_index(*state);
	struct error *error;

	WORLD_PROBE(world, "users_email", PROBE_NOTHING, PROBE_REMNANT);
	error = apply_perform(&world->run);
	assert_error(error, ERR_SQL_PARTLY);
	assert_contains(error->why, "the catalog does not show it");
	assert_row(world, "1_index", ROW_OPEN);
}

static void what_the_server_says_it_did_is_believed_when_nothing_was_there(void **state)
{
	static const struct {
		enum statement_kind kind;
		const char *verb, *sql, *tags;
		size_t looks;
		const char *sentence;
	} cases[] = {
		{STATEMENT_CREATE_INDEX_CONCURRENTLY, "CREATE INDEX", INDEX, "CREATE INDEX", 1,
	         "said to be built"},
		{STATEMENT_CREATE_INDEX_CONCURRENTLY, "CREATE INDEX", INDEX, NULL, 2,
	         "another word than its own"},
		{STATEMENT_CREATE_INDEX_CONCURRENTLY, "CREATE INDEX",
	         "CREATE INDEX CONCURRENTLY if not exists users_email", "CREATE INDEX", 2,
	         "content with whatever has that name"},
		{STATEMENT_DROP_INDEX_CONCURRENTLY, "DROP INDEX",
	         "DROP INDEX CONCURRENTLY IF EXISTS users_email", "DROP INDEX", 1,
	         "content when it is gone, and that it is"},
		{STATEMENT_DETACH_CONCURRENTLY, "ALTER TABLE",
	         "ALTER TABLE users DETACH PARTITION users_email CONCURRENTLY", "ALTER TABLE", 2,
	         "a kind that is always looked at"},
	};

	for (size_t i = 0; i < ROWS(cases); i++) {
		struct world *world = world_new(*state);
		struct plan_item *item = world_apply(world, "1_index", cases[i].sql);
		struct faulty counting = {.only = "database.probe"};

		CASE(cases[i].sentence);
		world_statements(world, item, WAY_THREE, cases[i].sql, NULL);
		item->script.items[0].kind = cases[i].kind;
		item->script.items[0].verb = cases[i].verb;
		item->script.items[0].name = "users_email";
		world_begin(world);
		world_answer(world, cases[i].sql)->tags = cases[i].tags;
		WORLD_PROBE(world, "users_email", PROBE_NOTHING, PROBE_DONE);
		world->run.ports.database =
			faulty_database(*state, &counting, world->run.ports.database);
		assert_fine(apply_perform(&world->run));
		assert_int_equal(counting.calls, cases[i].looks);
		assert_row(world, "1_index", ROW_APPLIED);
	}
}

static void one_journal_commit_is_enough_for_an_index(void **state)
{
	struct world *world = one_index(*state);
	struct faulty counting = {.only = "journal.write"};

	WORLD_PROBE(world, "users_email", PROBE_NOTHING, PROBE_DONE);
	world->run.ports.journal = faulty_journal(*state, &counting, &world->journal->port);
	assert_fine(apply_perform(&world->run));
	assert_int_equal(counting.calls, 1);
	assert_int_equal(world->run.memory.open_run->intents.count, 0);
	assert_int_equal(world->run.records.count, 3); /* they go with STAGE_DONE */
}

/* Then the row must be durable before it, and its intent after the row. */
static void an_index_that_something_is_known_of_has_an_intent_of_its_own(void **state)
{
	static const enum probe_result seen[] = {PROBE_DONE, PROBE_REMNANT, PROBE_UNKNOWN};

	for (size_t i = 0; i < ROWS(seen); i++) {
		struct world *world = one_index(*state);

		WORLD_PROBE(world, "users_email", seen[i]);
		world->faulty = (struct faulty){
			.code = ERR_DB_LOST, .only = "database.write", .fail_at = 1, .after = true};
		assert_error(apply_perform(&world->run), ERR_DB_LOST);
		world_crash(world);
		assert_int_equal(world->run.memory.open_run->intents.count, 1);
		assert_int_equal(world->sent.count, 0);
		assert_row(world, "1_index", ROW_OPEN);
	}
}

/* The lock is another's to take while it is not ours: the row waits until it is again. */
static void a_row_is_not_closed_without_the_lock(void **state)
{
	struct world *world = one_index(*state);

	WORLD_PROBE(world, "users_email", PROBE_NOTHING, PROBE_DONE);
	world->drops_lock = INDEX;
	assert_fine(apply_perform(&world->run));
	assert_int_equal(world->locks, 2);
	assert_row(world, "1_index", ROW_APPLIED);
}

static void a_remnant_of_an_earlier_try_is_removed_first(void **state)
{
	struct world *world = one_index(*state);

	WORLD_PROBE(world, "users_email", PROBE_REMNANT, PROBE_REMNANT, PROBE_NOTHING, PROBE_DONE);
	assert_fine(apply_perform(&world->run));
	assert_int_equal(world->cleaned.count, 1);
	assert_string_equal(world->cleaned.items[0], "users_email");
}

static void a_failed_build_is_cleaned_up_and_leaves_nothing(void **state)
{
	struct world *world = one_index(*state);

	WORLD_PROBE(world, "users_email", PROBE_NOTHING, PROBE_REMNANT, PROBE_NOTHING);
	world_answer(world, INDEX)->sqlstate = "23505";
	assert_error(apply_perform(&world->run), ERR_SQL_FAILED);
	assert_int_equal(world->cleaned.count, 1);
	assert_row(world, "1_index", ROW_FAILED_TRY);
}

static void an_index_that_was_there_before_proves_nothing_was_done(void **state)
{
	struct world *world = one_index(*state);

	WORLD_PROBE(world, "users_email", PROBE_DONE);
	world_answer(world, INDEX)->sqlstate = "42P07";
	assert_error(apply_perform(&world->run), ERR_SQL_FAILED);
	assert_row(world, "1_index", ROW_FAILED_TRY);
}

static void a_build_that_a_waiter_blocks_lets_the_waiter_go(void **state)
{
	struct world *world = one_index(*state);

	WORLD_PROBE(world, "users_email", PROBE_NOTHING, PROBE_REMNANT, PROBE_NOTHING,
	            PROBE_NOTHING, PROBE_DONE);
	*world_answer(world, INDEX) =
		(struct scripted_answer){.sql = INDEX, .sqlstate = "40P01", .times = 1};
	assert_fine(apply_perform(&world->run));
	assert_int_equal(world->cleaned.count, 1);
	assert_int_equal(world->unlocks, 2);
	assert_int_equal(world->locks, 2);
	assert_row(world, "1_index", ROW_APPLIED);
}

static void a_build_that_is_blocked_for_long_waits_for_the_next_pass(void **state)
{
	static struct blocker writer = {.pid = 4711, .user = "ann"};
	struct world *world = one_index(*state);
	struct error *error;

	WORLD_PROBE(world, "users_email", PROBE_NOTHING);
	*world_answer(world, INDEX) = (struct scripted_answer){
		.sql = INDEX, .sqlstate = "40P01", .blockers = {.items = &writer, .count = 1}};
	error = apply_perform(&world->run);
	assert_error(error, ERR_LOCKS_BUSY);
	assert_true(text_starts(error->why, "blocked by pid 4711 (user 'ann'); "));
	assert_row(world, "1_index", ROW_FAILED_TRY);
	world_remember(world);
	assert_string_equal(world_result(world, "1_index"), "withdrawn");
}

static void a_half_dropped_index_is_dropped_to_the_end(void **state)
{
	struct world *world = world_new(*state);
	struct plan_item *item =
		world_revert(world, "1_index", "DROP INDEX CONCURRENTLY users_email");

	world_statements(world, item, WAY_THREE, "DROP INDEX CONCURRENTLY users_email", NULL);
	world_begin(world);
	WORLD_PROBE(world, "users_email", PROBE_NOTHING, PROBE_REMNANT, PROBE_DONE);
	world_answer(world, item->sql.data)->sqlstate = "57014";
	assert_fine(revert_perform(&world->run));
	assert_row(world, "1_index", ROW_ROLLED_BACK);
	assert_int_equal(world_row(world, "1_index")->finished_us, 1000);
}

static void an_error_after_a_statement_took_effect_leaves_the_row_open(void **state)
{
	struct world *world = column_then_index(*state);
	struct error *error;

	WORLD_PROBE(world, "users_email", PROBE_NOTHING);
	world_answer(world, INDEX)->sqlstate = "42703";
	error = apply_perform(&world->run);
	assert_error(error, ERR_SQL_PARTLY);
	assert_contains(error->why, "statement 2 of 2, CREATE INDEX CONCURRENTLY (line 2)");
	assert_contains(error->why, "took effect: CREATE TABLE (line 1)");
	assert_row(world, "1_both", ROW_OPEN);
}

static void an_error_at_the_first_statement_leaves_nothing(void **state)
{
	struct world *world = column_then_index(*state);

	world_answer(world, ADD)->sqlstate = "42703";
	assert_error(apply_perform(&world->run), ERR_SQL_FAILED);
	assert_row(world, "1_both", ROW_FAILED_TRY);
	assert_int_equal(world_times_sent(world, INDEX), 0);
}

static void a_do_that_fails_may_have_committed(void **state)
{
	struct world *world = world_new(*state);
	struct plan_item *item = world_apply(world, "1_do", "DO x;VACUUM");

	world_statements(world, item, WAY_THREE, "DO x", "VACUUM", NULL);
	world_begin(world);
	world_answer(world, "DO x")->sqlstate = "22012";
	assert_error(apply_perform(&world->run), ERR_SQL_PARTLY);
	assert_row(world, "1_do", ROW_OPEN);
}

static void a_setting_is_no_effect(void **state)
{
	struct world *world = world_new(*state);
	struct plan_item *item = world_apply(world, "1_set", "SET x;" INDEX);

	world_statements(world, item, WAY_THREE, "SET x", INDEX, NULL);
	world_begin(world);
	WORLD_PROBE(world, "users_email", PROBE_NOTHING);
	world_answer(world, INDEX)->sqlstate = "42703";
	assert_error(apply_perform(&world->run), ERR_SQL_FAILED);
	assert_row(world, "1_set", ROW_FAILED_TRY);
}

static struct world *block_then_vacuum(struct arena *arena)
{
	struct world *world = world_new(arena);
	struct plan_item *item = world_apply(world, "1_mixed", "BEGIN;CREATE a;COMMIT;VACUUM");

	world_statements(world, item, WAY_THREE, "BEGIN", "CREATE a", "COMMIT", "VACUUM", NULL);
	world_begin(world);
	*world_answer(world, "BEGIN") =
		(struct scripted_answer){.sql = "BEGIN", .transaction = TRANSACTION_OPEN};
	return world;
}

static void statements_inside_a_transaction_count_when_it_commits(void **state)
{
	static const struct {
		const char *fails;
		enum transaction_state after_create;
		enum error_code code;
		enum row_state row;
		const char *sentence;
	} cases[] = {
		{"CREATE a", TRANSACTION_FAILED, ERR_SQL_FAILED, ROW_FAILED_TRY,
	         "inside it: the rollback undoes all"},
		{"COMMIT", TRANSACTION_OPEN, ERR_SQL_FAILED, ROW_FAILED_TRY, "its COMMIT fails"},
		{"VACUUM", TRANSACTION_OPEN, ERR_SQL_PARTLY, ROW_OPEN, "after it"},
	};

	for (size_t i = 0; i < ROWS(cases); i++) {
		struct world *world = block_then_vacuum(*state);

		CASE(cases[i].sentence);
		*world_answer(world, "CREATE a") = (struct scripted_answer){
			.sql = "CREATE a",
			.sqlstate = text_equal(cases[i].fails, "CREATE a") ? "42P01" : NULL,
			.transaction = cases[i].after_create};
		if (!text_equal(cases[i].fails, "CREATE a"))
			world_answer(world, cases[i].fails)->sqlstate = "23503";
		assert_error(apply_perform(&world->run), cases[i].code);
		assert_row(world, "1_mixed", cases[i].row);
	}
}

static void a_transaction_that_met_a_lock_is_sent_again_from_its_begin(void **state)
{
	struct world *world = block_then_vacuum(*state);

	*world_answer(world, "CREATE a") =
		(struct scripted_answer){.sql = "CREATE a",
	                                 .sqlstate = "55P03",
	                                 .transaction = TRANSACTION_FAILED,
	                                 .times = 1};
	*world_answer(world, "CREATE a") =
		(struct scripted_answer){.sql = "CREATE a", .transaction = TRANSACTION_OPEN};
	assert_fine(apply_perform(&world->run));
	assert_int_equal(world_times_sent(world, "BEGIN"), 2);
	assert_row(world, "1_mixed", ROW_APPLIED);
}

static void a_down_in_way_two_that_left_nothing_writes_its_row_back(void **state)
{
	struct world *world = world_new(*state);

	world_revert(world, "1_block", BLOCK)->script.way = WAY_TWO;
	world_begin(world);
	*world_answer(world, BLOCK) = (struct scripted_answer){.sql = BLOCK,
	                                                       .sqlstate = "42P01",
	                                                       .tags = "BEGIN",
	                                                       .transaction = TRANSACTION_FAILED};
	assert_error(revert_perform(&world->run), ERR_DOWN_FAILED);
	assert_row(world, "1_block", ROW_APPLIED);
	assert_int_equal(world_row(world, "1_block")->finished_us, 1000);
}

static void the_session_is_tidied_before_the_row_is_closed(void **state)
{
	struct world *world = world_new(*state);
	struct plan_item *item = world_apply(world, "1_role", "SET role;VACUUM");

	world_statements(world, item, WAY_THREE, "SET role", "VACUUM", NULL);
	world_begin(world);
	assert_fine(apply_perform(
		&world->run)); /* the world refuses to write a row under a file's role */
	assert_row(world, "1_role", ROW_APPLIED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_file_with_its_own_transactions_goes_out_as_it_is),
		TEST(what_a_failure_in_way_two_leaves),
		TEST(a_partly_applied_file_names_what_took_effect),
		TEST(locks_in_way_two_are_tried_again),
		TEST(a_lost_connection_in_way_two_leaves_the_row_to_settle),
		TEST(an_index_is_built_and_looked_at),
		TEST(an_index_that_is_not_there_afterwards_is_not_believed),
		TEST(what_the_server_says_it_did_is_believed_when_nothing_was_there),
		TEST(one_journal_commit_is_enough_for_an_index),
		TEST(an_index_that_something_is_known_of_has_an_intent_of_its_own),
		TEST(a_row_is_not_closed_without_the_lock),
		TEST(a_remnant_of_an_earlier_try_is_removed_first),
		TEST(a_failed_build_is_cleaned_up_and_leaves_nothing),
		TEST(an_index_that_was_there_before_proves_nothing_was_done),
		TEST(a_build_that_a_waiter_blocks_lets_the_waiter_go),
		TEST(a_build_that_is_blocked_for_long_waits_for_the_next_pass),
		TEST(a_half_dropped_index_is_dropped_to_the_end),
		TEST(an_error_after_a_statement_took_effect_leaves_the_row_open),
		TEST(an_error_at_the_first_statement_leaves_nothing),
		TEST(a_do_that_fails_may_have_committed),
		TEST(a_setting_is_no_effect),
		TEST(statements_inside_a_transaction_count_when_it_commits),
		TEST(a_transaction_that_met_a_lock_is_sent_again_from_its_begin),
		TEST(a_down_in_way_two_that_left_nothing_writes_its_row_back),
		TEST(the_session_is_tidied_before_the_row_is_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
