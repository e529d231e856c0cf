/* Settle: a run was killed, and the next one finds out what it left. */
#include "unit/stages/apply_world.h"

#include "base/text.h"

#define USERS "CREATE TABLE users ()"
#define BLOCK "BEGIN; CREATE a; COMMIT;"
#define INDEX "CREATE INDEX CONCURRENTLY users_email"
#define ADD "CREATE COLUMN"

/* Performs, and is killed at the n-th call of that name: before it takes place, or after. */
static void kill_at(struct world *world, const char *call, size_t n, bool after)
{
	struct error *error;

	/* ERR_STOPPED stands for a process that is no more: nobody connects again or looks. */
	world->faulty = (struct faulty){
		.code = ERR_STOPPED, .only = call, .fail_at = n, .times = 1000, .after = after};
	error = world->run.plan.rollbacks ? revert_perform(&world->run)
	                                  : apply_perform(&world->run);
	assert_error(error, ERR_STOPPED);
	world->faulty = (struct faulty){0};
	world_crash(world);
}

static struct error *settle(struct world *world)
{
	bool done = false;
	struct error *error;

	world->run.plan = (struct plan){0};
	error = apply_settle(&world->run, &done);
	assert_false(done);
	assert_false(world->locked);
	world_remember(world);
	return error;
}

static const char *found(struct world *world, const char *name)
{
	struct error *error = settle(world);

	assert_fine(error);
	return world_result(world, name);
}

static struct world *one_table(struct arena *arena)
{
	struct world *world = world_new(arena);
	struct migration *migration = ARENA_NEW(arena, struct migration);

	*migration = (struct migration){.has_down = true, .down = {"DROP TABLE users", 16}};
	world_apply(world, "1_users", USERS)->migration = migration;
	world_begin(world);
	return world;
}

static struct world *own_transactions(struct arena *arena)
{
	struct world *world = world_new(arena);

	world_apply(world, "1_block", BLOCK)->script.way = WAY_TWO;
	world_begin(world);
	return world;
}

static struct world *three_statements(struct arena *arena)
{
	struct world *world = world_new(arena);
	struct plan_item *item = world_apply(world, "1_three", "SET x;" INDEX ";" ADD);

	world_statements(world, item, WAY_THREE, "SET x", INDEX, ADD, NULL);
	world_begin(world);
	return world;
}

static void assert_row(const struct world *world, const char *name, enum row_state state)
{
	assert_int_equal(world_rows(world, name), 1);
	assert_int_equal(ledger_row_state(world_row(world, name)), state);
}

static void a_run_without_intents_asks_nobody(void **state)
{
	struct world *world = one_table(*state);

	assert_fine(settle(world));
	assert_int_equal(world->connects, 0);
}

static void a_transaction_that_committed_is_recorded(void **state)
{
	struct world *world = one_table(*state);

	kill_at(world, "database.commit", 1, true);
	assert_int_equal(world->run.memory.deployed.count, 0);
	assert_string_equal(found(world, "1_users"), "applied");
	assert_int_equal(world->run.memory.deployed.count, 1);
	assert_string_equal(world->run.memory.deployed.items[0].row_id,
	                    world_row(world, "1_users")->id);
	assert_string_equal(world->run.memory.deployed.items[0].commit, "commit of 1_users");
	assert_string_equal(world->run.memory.deployed.items[0].down_digest,
	                    sha256_text(*state, "DROP TABLE users", 16));
}

static void a_transaction_that_did_not_commit_is_withdrawn(void **state)
{
	struct world *world = one_table(*state);

	kill_at(world, "database.commit", 1, false);
	assert_string_equal(found(world, "1_users"), "withdrawn");
	assert_int_equal(world->run.memory.deployed.count, 0);
	assert_int_equal(world_rows(world, "1_users"), 0);
}

static void what_is_settled_stays_settled(void **state)
{
	struct world *world = one_table(*state);

	kill_at(world, "database.commit", 1, true);
	assert_fine(settle(world));
	world->connects = 0;
	assert_fine(settle(world));
	assert_int_equal(world->connects, 0);
}

static void what_transaction_and_row_say_together(void **state)
{
	static const struct {
		bool committed;
		const char *said;
		enum error_code code; /* ERR_COUNT: none */
		const char *result, *sentence;
	} cases[] = {
		{true, "aborted", ERR_OUTCOME_UNKNOWN, NULL,
	         "the row is there, the transaction was undone"},
		{false, "committed", ERR_OUTCOME_UNKNOWN, NULL,
	         "it committed, and the row is gone"},
		{false, "in progress", ERR_LOCKS_BUSY, NULL, "it is still at work"},
		{true, "too old", ERR_COUNT, "applied",
	         "the server forgot it, and the row is there"},
		{false, "too old", ERR_OUTCOME_UNKNOWN, NULL,
	         "the server forgot it, and there is no row"},
	};

	for (size_t i = 0; i < ROWS(cases); i++) {
		struct world *world = one_table(*state);
		struct error *error;

		CASE(cases[i].sentence);
		kill_at(world, "database.commit", 1, cases[i].committed);
		world->outcome_said = cases[i].said;
		error = settle(world);
		if (cases[i].code == ERR_COUNT)
			assert_fine(error);
		else
			assert_error(error, cases[i].code);
		assert_true(text_equal(world_result(world, "1_users"), cases[i].result));
	}
}

static void a_way_one_file_that_a_person_resolved_is_taken_over(void **state)
{
	struct world *world = one_table(*state);

	kill_at(world, "database.commit", 1, false);
	world->outcome_said = "committed";
	assert_error(settle(world), ERR_OUTCOME_UNKNOWN);
	*LIST_ADD(*state, &world->ledger) = (struct ledger_row){.id = "by hand",
	                                                        .name = "1_users",
	                                                        .checksum = "x",
	                                                        .started_us = 7,
	                                                        .finished_us = 7};
	assert_string_equal(found(world, "1_users"), "applied");
	assert_string_equal(world->run.memory.deployed.items[0].row_id, "by hand");
}

static void a_rollback_that_committed_is_held(void **state)
{
	struct world *world = world_new(*state);

	world_revert(world, "1_users", "DROP TABLE users");
	world_begin(world);
	kill_at(world, "database.commit", 1, true);
	assert_string_equal(found(world, "1_users"), "rolled_back");
	assert_int_equal(world->run.memory.held.count, 1);
	assert_int_equal(world->run.memory.deployed.count, 0);
}

static void without_an_intent_of_a_statement_nothing_was_sent(void **state)
{
	struct world *world = own_transactions(*state);

	kill_at(world, "database.write", 1, true); /* the open row is there */
	assert_row(world, "1_block", ROW_OPEN);
	assert_string_equal(found(world, "1_block"), "applied");
	assert_int_equal(world_times_effective(world, BLOCK), 1);
	assert_row(world, "1_block", ROW_APPLIED);
}

static void without_an_open_row_nothing_was_begun(void **state)
{
	struct world *world = own_transactions(*state);

	kill_at(world, "database.write", 1, false);
	assert_string_equal(found(world, "1_block"), "withdrawn");
	assert_int_equal(world->sent.count, 0);
}

/* The intents of file and statement are durable together, and the row may be lost by a crash. */
static void without_row_and_trace_nothing_took_effect(void **state)
{
	static const struct {
		enum probe_result seen;
		enum way way;
		const char *call;
		bool after, row_goes;
		const char *result; /* NULL: for a person */
		const char *sentence;
	} cases[] = {
		{PROBE_NOTHING, WAY_THREE, "database.open_row", false, false, "withdrawn",
	         "killed before the row was written"},
		{PROBE_NOTHING, WAY_THREE, "database.open_row", true, true, "withdrawn",
	         "a crash of the server took the row back"},
		{PROBE_NOTHING, WAY_THREE, "database.send", true, true, "withdrawn",
	         "a crash of the server took row and index back"},
		{PROBE_DONE, WAY_THREE, "database.send", true, true, NULL,
	         "the index is there, so somebody removed the row"},
		{PROBE_REMNANT, WAY_THREE, "database.send", true, true, NULL,
	         "an invalid index is there, so somebody removed the row"},
		{PROBE_RUNNING, WAY_THREE, "database.send", true, true, NULL,
	         "it is still being built, and the row is gone"},
		{PROBE_UNKNOWN, WAY_THREE, "database.send", true, true, NULL,
	         "the catalog cannot tell"},
		{PROBE_NOTHING, WAY_TWO, "database.send", true, true, NULL,
	         "of a whole file no probe tells"},
	};

	for (size_t i = 0; i < ROWS(cases); i++) {
		struct world *world = world_new(*state);
		struct plan_item *item = world_apply(world, "1_index", INDEX);
		struct error *error;

		CASE(cases[i].sentence);
		world_statements(world, item, cases[i].way, INDEX, NULL);
		world_begin(world);
		WORLD_PROBE(world, "users_email", PROBE_NOTHING, cases[i].seen);
		kill_at(world, cases[i].call, 1, cases[i].after);
		if (cases[i].row_goes)
			world->ledger.count = 0;
		error = settle(world);
		if (cases[i].result)
			assert_fine(error);
		else
			assert_error(error, ERR_OUTCOME_UNKNOWN);
		assert_true(text_equal(world_result(world, "1_index"), cases[i].result));
		assert_int_equal(world->cleaned.count, 0);
	}
}

static void a_row_that_goes_after_a_later_statement_is_a_persons_business(void **state)
{
	struct world *world = world_new(*state);
	struct plan_item *item = world_apply(world, "1_two", INDEX ";" ADD);

	world_statements(world, item, WAY_THREE, INDEX, ADD, NULL);
	world_begin(world);
	WORLD_PROBE(world, "users_email", PROBE_NOTHING, PROBE_DONE, PROBE_NOTHING);
	kill_at(world, "database.send", 2, true);
	world->ledger.count = 0;
	assert_error(settle(world), ERR_OUTCOME_UNKNOWN);
}

static void own_transactions_whose_answer_was_never_read_are_a_persons_business(void **state)
{
	struct world *world = own_transactions(*state);
	struct error *error;

	kill_at(world, "database.send", 1, true);
	error = settle(world);
	assert_error(error, ERR_OUTCOME_UNKNOWN);
	assert_contains(error->what, "1_block");
	assert_contains(error->hint, "headgate resolve --target shop --applied 1_block");
	assert_row(world, "1_block", ROW_OPEN);
	assert_error(settle(world), ERR_OUTCOME_UNKNOWN);
}

static void what_a_person_resolved_is_recorded(void **state)
{
	static const struct {
		bool applied;
		const char *result;
		size_t deployed;
		const char *sentence;
	} cases[] = {
		{true, "applied", 1, "migrate resolve --applied"},
		{false, "withdrawn", 0, "migrate resolve --rolled-back"},
	};

	for (size_t i = 0; i < ROWS(cases); i++) {
		struct world *world = own_transactions(*state);

		CASE(cases[i].sentence);
		kill_at(world, "database.send", 1, true);
		world->ledger.items[0].rolled_back_us = 9;
		if (cases[i].applied)
			*LIST_ADD(*state, &world->ledger) = (struct ledger_row){.id = "by hand",
			                                                        .name = "1_block",
			                                                        .checksum = "x",
			                                                        .started_us = 9,
			                                                        .finished_us = 9};
		assert_string_equal(found(world, "1_block"), cases[i].result);
		assert_int_equal(world->run.memory.deployed.count, cases[i].deployed);
		if (cases[i].applied)
			assert_string_equal(world->run.memory.deployed.items[0].row_id, "by hand");
	}
}

static void a_file_that_failed_partly_waits_for_a_person(void **state)
{
	struct world *world = own_transactions(*state);

	*world_answer(world, BLOCK) = (struct scripted_answer){
		.sql = BLOCK, .sqlstate = "42P01", .tags = "BEGIN,CREATE TABLE,COMMIT"};
	assert_error(apply_perform(&world->run), ERR_SQL_PARTLY);
	world_remember(world);
	assert_error(settle(world), ERR_SQL_PARTLY);
	assert_string_equal(world_result(world, "1_block"), "partly");
	world->ledger.items[0].rolled_back_us = 9;
	assert_string_equal(found(world, "1_block"), "withdrawn");
}

static void all_sent_and_the_row_not_closed_closes_it(void **state)
{
	struct world *world = own_transactions(*state);

	kill_at(world, "database.tidy_and_write", 1, false);
	assert_row(world, "1_block", ROW_OPEN);
	assert_string_equal(found(world, "1_block"), "applied");
	assert_int_equal(world_times_sent(world, BLOCK), 1);
	assert_row(world, "1_block", ROW_APPLIED);
}

static void an_interrupted_build_is_decided_by_its_probe(void **state)
{
	static const struct {
		enum probe_result results[4];
		size_t count, sent;
		enum error_code code;
		const char *sentence;
	} cases[] = {
		{{PROBE_DONE}, 1, 1, ERR_COUNT, "the index is there"},
		{{PROBE_NOTHING, PROBE_NOTHING, PROBE_DONE},
	         3,
	         2,
	         ERR_COUNT,
	         "there is no trace: again"},
		{{PROBE_REMNANT, PROBE_NOTHING, PROBE_NOTHING, PROBE_DONE},
	         4,
	         2,
	         ERR_COUNT,
	         "an invalid one: removed, again"},
		{{PROBE_RUNNING}, 1, 1, ERR_LOCKS_BUSY, "the server is still building"},
		{{PROBE_UNKNOWN}, 1, 1, ERR_OUTCOME_UNKNOWN, "nobody can say"},
	};

	for (size_t i = 0; i < ROWS(cases); i++) {
		struct world *world = three_statements(*state);
		struct error *error;

		CASE(cases[i].sentence);
		WORLD_PROBE(world, "users_email", PROBE_NOTHING);
		kill_at(world, "database.send", 2, true);
		assert_int_equal(world_times_sent(world, INDEX), 1);
		world->probes.count = 0;
		world_probe(world, "users_email", cases[i].results, cases[i].count);
		error = settle(world);
		assert_int_equal(world_times_sent(world, INDEX), cases[i].sent);
		if (cases[i].code != ERR_COUNT) {
			assert_error(error, cases[i].code);
			assert_row(world, "1_three", ROW_OPEN);
			continue;
		}
		assert_fine(error);
		assert_row(world, "1_three", ROW_APPLIED);
		assert_int_equal(world_times_sent(world, ADD), 1);
		/* the session is a new one: once before the probe, once before the rest */
		assert_int_equal(world_times_sent(world, "SET x"), 3);
		assert_int_equal(world->run.memory.deployed.count, 1);
	}
}

static void a_plain_statement_without_an_answer_is_a_persons_business(void **state)
{
	struct world *world = three_statements(*state);
	struct error *error;

	WORLD_PROBE(world, "users_email", PROBE_NOTHING, PROBE_DONE);
	kill_at(world, "database.send", 3, true);
	error = settle(world);
	assert_error(error, ERR_OUTCOME_UNKNOWN);
	assert_contains(error->why, "statement 3 of 3");
	assert_int_equal(world_times_sent(world, ADD), 1);
}

static void a_transaction_of_its_own_that_was_cut_is_sent_again(void **state)
{
	struct world *world = world_new(*state);
	struct plan_item *item = world_apply(world, "1_mixed", "BEGIN;CREATE a;COMMIT;VACUUM");

	world_statements(world, item, WAY_THREE, "BEGIN", "CREATE a", "COMMIT", "VACUUM", NULL);
	world_begin(world);
	*world_answer(world, "BEGIN") =
		(struct scripted_answer){.sql = "BEGIN", .transaction = TRANSACTION_OPEN};
	*world_answer(world, "CREATE a") =
		(struct scripted_answer){.sql = "CREATE a", .transaction = TRANSACTION_OPEN};
	kill_at(world, "database.send", 2, true);
	assert_string_equal(found(world, "1_mixed"), "applied");
	assert_int_equal(world_times_sent(world, "BEGIN"), 2);
}

static void a_commit_without_an_answer_is_a_persons_business(void **state)
{
	struct world *world = world_new(*state);
	struct plan_item *item = world_apply(world, "1_mixed", "BEGIN;CREATE a;COMMIT;VACUUM");

	world_statements(world, item, WAY_THREE, "BEGIN", "CREATE a", "COMMIT", "VACUUM", NULL);
	world_begin(world);
	*world_answer(world, "BEGIN") =
		(struct scripted_answer){.sql = "BEGIN", .transaction = TRANSACTION_OPEN};
	*world_answer(world, "CREATE a") =
		(struct scripted_answer){.sql = "CREATE a", .transaction = TRANSACTION_OPEN};
	kill_at(world, "database.send", 3, true);
	assert_error(settle(world), ERR_OUTCOME_UNKNOWN);
}

static void a_down_by_statements_is_finished_by_settle(void **state)
{
	struct world *world = world_new(*state);
	struct plan_item *item =
		world_revert(world, "1_index", "DROP INDEX CONCURRENTLY users_email");

	world_statements(world, item, WAY_THREE, "DROP INDEX CONCURRENTLY users_email", NULL);
	world_begin(world);
	WORLD_PROBE(world, "users_email", PROBE_NOTHING);
	kill_at(world, "database.send", 1, true);
	assert_row(world, "1_index", ROW_OPEN);
	world->probes.count = 0;
	WORLD_PROBE(world, "users_email", PROBE_DONE);
	assert_string_equal(found(world, "1_index"), "rolled_back");
	assert_row(world, "1_index", ROW_ROLLED_BACK);
	assert_int_equal(world->run.memory.held.count, 1);
}

static void a_down_that_a_person_resolved_as_applied_stays_deployed(void **state)
{
	struct world *world = world_new(*state);

	world_revert(world, "1_block", BLOCK)->script.way = WAY_TWO;
	world_begin(world);
	kill_at(world, "database.send", 1, true);
	assert_error(settle(world), ERR_OUTCOME_UNKNOWN);
	world->ledger.items[0].rolled_back_us = 9;
	*LIST_ADD(*state, &world->ledger) = (struct ledger_row){.id = "by hand",
	                                                        .name = "1_block",
	                                                        .checksum = "x",
	                                                        .started_us = 9,
	                                                        .finished_us = 9};
	assert_string_equal(found(world, "1_block"), "withdrawn");
	assert_int_equal(world->run.memory.deployed.count, 1);
	assert_string_equal(world->run.memory.deployed.items[0].row_id, "by hand");
	assert_non_null(world->run.memory.deployed.items[0].down_digest);
}

static void an_earlier_try_of_the_same_run_says_nothing(void **state)
{
	struct world *world = three_statements(*state);
	struct plan plan = world->run.plan;

	/* The first try got as far as the setting; the second one only as far as its row. */
	WORLD_PROBE(world, "users_email", PROBE_NOTHING, PROBE_NOTHING, PROBE_NOTHING, PROBE_DONE);
	*world_answer(world, INDEX) =
		(struct scripted_answer){.sql = INDEX, .sqlstate = "57P03", .times = 1};
	assert_error(apply_perform(&world->run), ERR_DB_LOST);
	world_remember(world);
	world->run.plan = plan;
	assert_fine(database_connect(&world->database, &(struct session_limits){0}, true, *state,
	                             &world->run.server));
	assert_fine(database_ledger(&world->database, "public", *state, &world->run.ledger));
	kill_at(world, "database.write", 1, true);
	assert_fine(settle(world));
	assert_int_equal(world_times_sent(world, "SET x"), 2);
	assert_int_equal(world_times_effective(world, INDEX), 1);
	assert_int_equal(ledger_row_state(world_row(world, "1_three")), ROW_APPLIED);
}

static void another_server_is_not_asked(void **state)
{
	struct world *world = one_table(*state);

	kill_at(world, "database.commit", 1, false);
	world->run.memory.system_identifier = "1";
	world->system_identifier = "2";
	assert_error(settle(world), ERR_DB_OTHER);
}

/* What a person need not decide ends as if nothing had happened. */
static void a_kill_after_any_call_ends_as_an_undisturbed_run(void **state)
{
	static const char *const calls[] = {"database.begin", "database.send", "database.commit",
	                                    "database.unlock", "database.take_fence"};

	for (size_t i = 0; i < ROWS(calls); i++)
		for (int after = 0; after < 2; after++) {
			struct world *world = one_table(*state);
			struct plan plan = world->run.plan;

			CASE(calls[i]);
			world->faulty = (struct faulty){.code = ERR_STOPPED,
			                                .only = calls[i],
			                                .fail_at = 1,
			                                .times = 1000,
			                                .after = after};
			if (apply_perform(&world->run) == NULL)
				assert_string_equal(
					calls[i],
					"database.unlock"); /* its failure means nothing */
			world->faulty = (struct faulty){0};
			world_crash(world);
			assert_fine(settle(world));
			assert_fine(database_connect(&world->database, &(struct session_limits){0},
			                             true, *state, &world->run.server));
			assert_fine(database_ledger(&world->database, "public", *state,
			                            &world->run.ledger));
			if (!world->run.memory.deployed.count) {
				world->run.plan = plan;
				assert_fine(apply_perform(&world->run));
				world_remember(world);
			}
			assert_int_equal(world_times_effective(world, USERS), 1);
			assert_row(world, "1_users", ROW_APPLIED);
			assert_int_equal(world->run.memory.deployed.count, 1);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_run_without_intents_asks_nobody),
		TEST(a_transaction_that_committed_is_recorded),
		TEST(a_transaction_that_did_not_commit_is_withdrawn),
		TEST(what_is_settled_stays_settled),
		TEST(what_transaction_and_row_say_together),
		TEST(a_way_one_file_that_a_person_resolved_is_taken_over),
		TEST(a_rollback_that_committed_is_held),
		TEST(without_an_intent_of_a_statement_nothing_was_sent),
		TEST(without_an_open_row_nothing_was_begun),
		TEST(without_row_and_trace_nothing_took_effect),
		TEST(a_row_that_goes_after_a_later_statement_is_a_persons_business),
		TEST(own_transactions_whose_answer_was_never_read_are_a_persons_business),
		TEST(what_a_person_resolved_is_recorded),
		TEST(a_file_that_failed_partly_waits_for_a_person),
		TEST(all_sent_and_the_row_not_closed_closes_it),
		TEST(an_interrupted_build_is_decided_by_its_probe),
		TEST(a_plain_statement_without_an_answer_is_a_persons_business),
		TEST(a_transaction_of_its_own_that_was_cut_is_sent_again),
		TEST(a_commit_without_an_answer_is_a_persons_business),
		TEST(a_down_by_statements_is_finished_by_settle),
		TEST(a_down_that_a_person_resolved_as_applied_stays_deployed),
		TEST(an_earlier_try_of_the_same_run_says_nothing),
		TEST(another_server_is_not_asked),
		TEST(a_kill_after_any_call_ends_as_an_undisturbed_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
