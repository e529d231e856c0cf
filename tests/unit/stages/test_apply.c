/* Apply and roll back in way one: what is in target, ledger and journal afterwards. */
#include "unit/stages/apply_world.h"

#include "base/file.h"
#include "base/text.h"
#include "stages/run_log.h"

#define USERS "CREATE TABLE users ()"
#define ORDERS "CREATE TABLE orders ()"

static struct world *two_migrations(struct arena *arena)
{
	struct world *world = world_new(arena);

	world_apply(world, "1_users", USERS);
	world_apply(world, "2_orders", ORDERS);
	world_begin(world);
	return world;
}

static void two_migrations_land_with_their_rows(void **state)
{
	struct world *world = two_migrations(*state);

	assert_fine(apply_perform(&world->run));
	assert_int_equal(world->run.carried_out, 2);
	assert_true(world_has_effect(world, USERS) && world_has_effect(world, ORDERS));
	for (size_t i = 0; i < 2; i++) {
		const struct plan_item *item = &world->run.plan.items[i];
		const struct ledger_row *row = world_row(world, item->name);

		assert_int_equal(ledger_row_state(row), ROW_APPLIED);
		assert_string_equal(row->id, item->row_id);
		assert_string_equal(row->checksum, item->checksum);
	}
	assert_false(world->locked);
}

static void the_journal_knows_what_was_deployed(void **state)
{
	struct world *world = two_migrations(*state);

	world->run.plan.items[1].migration =
		&(struct migration){.has_down = true, .down = {"DROP TABLE orders", 17}};
	assert_fine(apply_perform(&world->run));
	world_remember(world);
	assert_int_equal(world->run.memory.deployed.count, 2);
	assert_null(world->run.memory.deployed.items[0].down_digest);
	assert_string_equal(world->run.memory.deployed.items[0].commit, "commit of 1_users");
	assert_string_equal(world->run.memory.deployed.items[1].down_digest,
	                    sha256_text(*state, "DROP TABLE orders", 17));
	assert_string_equal(world_result(world, "1_users"), "applied");
	assert_string_equal(world_result(world, "2_orders"), "applied");
}

/* The journal's disk and the server work at the same time: before the COMMIT nothing takes effect. */
static void an_intent_is_durable_before_its_file_commits(void **state)
{
	struct world *world = two_migrations(*state);

	world->faulty.fail_at = 1;
	world->faulty.only = "database.commit";
	world->faulty.code = ERR_DB_QUERY;
	assert_error(apply_perform(&world->run), ERR_DB_QUERY);
	world_crash(world);
	assert_int_equal(world->run.memory.open_run->intents.count, 1);
	assert_string_equal(world->run.memory.open_run->intents.items[0].xid, "1");
	assert_null(world->run.memory.open_run->intents.items[0].result);
}

static void a_file_whose_intent_cannot_be_written_is_undone(void **state)
{
	struct world *world = two_migrations(*state);
	struct faulty full = {.only = "journal.write", .fail_at = 1, .code = ERR_JOURNAL};

	world->run.ports.journal = faulty_journal(*state, &full, &world->journal->port);
	assert_error(apply_perform(&world->run), ERR_JOURNAL);
	assert_false(world->in_transaction);
	assert_int_equal(world->effects.count, 0);
	assert_int_equal(world->ledger.count, 0);
}

static void one_journal_commit_is_enough_for_an_item(void **state)
{
	struct world *world = two_migrations(*state);
	struct faulty counting = {.only = "journal.write"};

	world->run.ports.journal = faulty_journal(*state, &counting, &world->journal->port);
	assert_fine(apply_perform(&world->run));
	assert_int_equal(counting.calls, 2);
	assert_int_equal(world->run.records.count, 2); /* the last outcome goes with STAGE_DONE */
}

static void the_deployed_commit_moves_with_the_last_item(void **state)
{
	struct world *world = two_migrations(*state);

	world->run.memory.deployed_commit = "base";
	world_answer(world, ORDERS)->sqlstate = "42P07";
	assert_error(apply_perform(&world->run), ERR_SQL_FAILED);
	assert_string_equal(world->deployed_commit, "base");
	assert_string_equal(world->deployed_tree, "tree");
	world = two_migrations(*state);
	assert_fine(apply_perform(&world->run));
	assert_string_equal(world->deployed_commit, "head");
}

static void a_failing_file_leaves_a_resolved_row_and_nothing_else(void **state)
{
	struct world *world = two_migrations(*state);
	struct scripted_answer *answer = world_answer(world, ORDERS);
	struct error *error;

	answer->sqlstate = "23505";
	answer->message = "could not create unique index";
	error = apply_perform(&world->run);
	assert_error(error, ERR_SQL_FAILED);
	assert_string_equal(error->what, "'2_orders' failed in 'shop'");
	assert_string_equal(error->why,
	                    "23505 unique_violation, line 1: could not create unique index");
	assert_contains(error->hint, "headgate history 1");
	assert_int_equal(world->run.carried_out, 1);
	assert_false(world_has_effect(world, ORDERS));
	assert_int_equal(ledger_row_state(world_row(world, "2_orders")), ROW_FAILED_TRY);
	assert_int_equal(ledger_row_state(world_row(world, "1_users")), ROW_APPLIED);
	assert_false(world->locked);
	world_remember(world);
	assert_string_equal(world_result(world, "2_orders"), "failed");
	assert_int_equal(world->run.memory.deployed.count, 1);
}

static void row_data_goes_to_the_run_log_alone(void **state)
{
	struct place *place = *state;
	struct world *world = two_migrations(place->arena);
	struct scripted_answer *answer = world_answer(world, USERS);
	struct bytes log;
	struct error *error;
	struct stat stat_of;

	world->config.state = place->folder;
	*answer = (struct scripted_answer){.sql = USERS,
	                                   .sqlstate = "22001",
	                                   .message = "value of Ann is too long",
	                                   .context = "at row 7"};
	error = apply_perform(&world->run);
	assert_error(error, ERR_SQL_FAILED);
	assert_null(strstr(error_line(place->arena, error), "Ann"));
	assert_fine(file_read(place->arena, run_log_path(&world->run), 10000, &log));
	assert_contains(log.data, "Ann");
	assert_contains(log.data, "at row 7");
	assert_int_equal(stat(run_log_path(&world->run), &stat_of), 0);
	assert_int_equal(stat_of.st_mode & 0777, 0600);
}

static void copy_from_stdin_fails_the_file(void **state)
{
	struct world *world = two_migrations(*state);
	struct error *error;

	*world_answer(world, USERS) = (struct scripted_answer){.sql = USERS, .copy_ended = true};
	error = apply_perform(&world->run);
	assert_error(error, ERR_SQL_FAILED);
	assert_contains(error->why, "COPY");
	assert_false(world_has_effect(world, USERS));
}

static void locks_are_tried_again_until_they_are_had(void **state)
{
	static const struct {
		const char *sqlstate, *sentence;
	} cases[] = {{"55P03", "a lock that cannot be had"}, {"40P01", "a deadlock"}};

	for (size_t i = 0; i < ROWS(cases); i++) {
		struct world *world = two_migrations(*state);

		CASE(cases[i].sentence);
		*world_answer(world, USERS) = (struct scripted_answer){
			.sql = USERS, .sqlstate = cases[i].sqlstate, .times = 1};
		assert_fine(apply_perform(&world->run));
		assert_int_equal(world_times_sent(world, USERS), 2);
		assert_int_equal(world_times_effective(world, USERS), 1);
		assert_int_equal(world_rows(world, "1_users"), 1);
	}
}

static void locks_that_stay_away_are_waited_for_in_the_next_pass(void **state)
{
	struct world *world = two_migrations(*state);

	*world_answer(world, USERS) = (struct scripted_answer){.sql = USERS, .sqlstate = "55P03"};
	assert_error(apply_perform(&world->run), ERR_LOCKS_BUSY);
	assert_true(world_times_sent(world, USERS) > 1);
	assert_int_equal(world_rows(world, "1_users"), 0);
	world_remember(world);
	assert_string_equal(world_result(world, "1_users"), "withdrawn");
}

static void whoever_is_in_the_way_of_a_file_is_named_first(void **state)
{
	static struct blocker ann = {.pid = 4711,
	                             .application = "psql",
	                             .user = "ann",
	                             .state = "idle in transaction",
	                             .age_ms = 240000};
	static const struct {
		struct blockers blockers;
		const char *why, *hint, *sentence;
	} cases[] = {
		{{.items = &ann, .count = 1, .relation = "users"},
	         "blocked by pid 4711 (app 'psql', user 'ann', idle in transaction for 4 min) on 'users'; "
	         "55P03",
	         "SELECT pg_terminate_backend(4711)",
	         "somebody"},
		{{.unknown = "too many clients"},
	         "blockers not known: too many clients; 55P03",
	         "pg_stat_activity",
	         "nobody could look"},
		{{.count = 0}, "55P03", "pg_stat_activity", "nobody was looked for"},
	};

	for (size_t i = 0; i < ROWS(cases); i++) {
		struct world *world = two_migrations(*state);
		struct error *error;

		CASE(cases[i].sentence);
		*world_answer(world, USERS) = (struct scripted_answer){
			.sql = USERS, .sqlstate = "55P03", .blockers = cases[i].blockers};
		error = apply_perform(&world->run);
		assert_error(error, ERR_LOCKS_BUSY);
		assert_true(text_starts(error->why, cases[i].why));
		assert_contains(error->hint, cases[i].hint);
	}
}

static void a_deferred_constraint_fails_the_file_at_commit(void **state)
{
	struct world *world = two_migrations(*state);
	struct error *error;

	world->commit_fails = "23503 foreign_key_violation on orders_fkey";
	error = apply_perform(&world->run);
	assert_error(error, ERR_SQL_FAILED);
	assert_contains(error->why, "at COMMIT: 23503");
	assert_int_equal(ledger_row_state(world_row(world, "1_users")), ROW_FAILED_TRY);
}

static void a_ledger_that_changed_before_the_lock_is_planned_anew(void **state)
{
	struct world *world = two_migrations(*state);
	struct error *error;

	*LIST_ADD(*state, &world->ledger) = (struct ledger_row){.id = "theirs",
	                                                        .name = "1_users",
	                                                        .checksum = "x",
	                                                        .started_us = 5,
	                                                        .finished_us = 6};
	error = apply_perform(&world->run);
	assert_error(error, ERR_FENCED);
	assert_contains(error->why, "theirs");
	assert_int_equal(world->sent.count, 0);
	assert_false(world->locked);
}

static void a_file_that_drops_the_lock_makes_us_look_again(void **state)
{
	struct world *world = two_migrations(*state);

	world->drops_lock = USERS;
	assert_fine(apply_perform(&world->run));
	assert_int_equal(world->locks, 2);
	assert_int_equal(world->run.carried_out, 2);
}

static void a_reset_in_the_middle_of_a_run_ends_it(void **state)
{
	struct world *world = two_migrations(*state);
	struct plan_item *items = world->run.plan.items;

	/* Another session resets the ledger: the row of the first file is gone at the second. */
	world->run.plan.count = 1;
	assert_fine(apply_perform(&world->run));
	world->ledger.count = 0;
	world->run.plan.count = 2;
	items[0].action = PLAN_ROLL_BACK; /* not again */
	assert_error(apply_perform(&world->run), ERR_FENCED);
	assert_false(world_has_effect(world, ORDERS));
}

static void a_file_that_ends_its_transaction_unseen_leaves_an_open_row(void **state)
{
	struct world *world = two_migrations(*state);

	world->ends_transaction = USERS;
	assert_error(apply_perform(&world->run), ERR_SQL_PARTLY);
	assert_int_equal(ledger_row_state(world_row(world, "1_users")), ROW_OPEN);
	world_remember(world);
	assert_string_equal(world_result(world, "1_users"), "partly");
}

static void a_new_enum_value_used_at_once_is_sent_by_statements(void **state)
{
	struct world *world = world_new(*state);
	struct plan_item *item = world_apply(world, "1_enum", "ALTER TYPE a; INSERT b;");
	struct node *items;

	world_statements(world, item, WAY_ONE, "ALTER TYPE a", "INSERT b", NULL);
	world_begin(world);
	*world_answer(world, "ALTER TYPE a; INSERT b;") = (struct scripted_answer){
		.sql = "ALTER TYPE a; INSERT b;", .sqlstate = "55P04", .times = 1};
	assert_fine(apply_perform(&world->run));
	assert_true(world_has_effect(world, "ALTER TYPE a") && world_has_effect(world, "INSERT b"));
	assert_int_equal(world_rows(world, "1_enum"), 1);
	assert_int_equal(ledger_row_state(world_row(world, "1_enum")), ROW_APPLIED);
	items = (struct node *)(uintptr_t)node_find(world->run.evidence, "items");
	assert_contains(node_find_text(items->child, "note"), "55P04");
	assert_string_equal(node_find_text(items->child, "way"), "statement by statement");
}

static void where_the_policy_refuses_it_nothing_is_sent_by_statements(void **state)
{
	struct world *world = two_migrations(*state);

	world->policy.nonatomic = NONATOMIC_REFUSE;
	world_answer(world, USERS)->sqlstate = "2D000";
	assert_error(apply_perform(&world->run), ERR_NONATOMIC);
	assert_int_equal(world_times_sent(world, USERS), 1);
	assert_int_equal(ledger_row_state(world_row(world, "1_users")), ROW_FAILED_TRY);
}

static void a_server_that_goes_away_is_not_the_files_fault(void **state)
{
	struct world *world = two_migrations(*state);

	*world_answer(world, USERS) = (struct scripted_answer){
		.sql = USERS, .sqlstate = "57P01", .lost = true, .times = 1};
	assert_error(apply_perform(&world->run), ERR_DB_LOST);
	assert_int_equal(world_rows(world, "1_users"), 0);
	world_remember(world);
	assert_string_equal(world_result(world, "1_users"), "withdrawn");
}

static void a_commit_whose_answer_was_lost_is_found_and_gone_on_from(void **state)
{
	struct world *world = two_migrations(*state);

	world->faulty = (struct faulty){
		.code = ERR_DB_LOST, .only = "database.commit", .fail_at = 1, .after = true};
	assert_fine(apply_perform(&world->run));
	assert_int_equal(world->connects, 1);
	assert_int_equal(world_times_effective(world, USERS), 1);
	assert_int_equal(world_times_effective(world, ORDERS), 1);
	assert_int_equal(world->run.carried_out, 2);
}

static void id_and_row_that_disagree_are_a_persons_business(void **state)
{
	struct world *world = two_migrations(*state);
	struct error *error;

	world->outcome_said = "committed";
	world->faulty =
		(struct faulty){.code = ERR_DB_LOST, .only = "database.commit", .fail_at = 1};
	error = apply_perform(&world->run);
	assert_error(error, ERR_OUTCOME_UNKNOWN);
	assert_contains(error->hint, "headgate resolve --target shop --applied 1_users");
}

static void a_down_is_run_and_its_row_marked(void **state)
{
	struct world *world = world_new(*state);

	world_revert(world, "2_orders", "DROP TABLE orders");
	world_revert(world, "1_users", "DROP TABLE users");
	world_begin(world);
	assert_fine(revert_perform(&world->run));
	assert_int_equal(ledger_row_state(world_row(world, "2_orders")), ROW_ROLLED_BACK);
	assert_int_equal(world_row(world, "2_orders")->finished_us, 1000);
	world_remember(world);
	assert_int_equal(world->run.memory.deployed.count, 0);
	assert_int_equal(world->run.memory.held.count, 2);
	assert_string_equal(world->run.memory.held.items[0].commit, "commit of 2_orders");
}

static void a_down_that_fails_leaves_the_earlier_held_and_the_rest_applied(void **state)
{
	struct world *world = world_new(*state);
	struct error *error;

	world_revert(world, "2_orders", "DROP TABLE orders");
	world_revert(world, "1_users", "DROP TABLE users");
	world_begin(world);
	world_answer(world, "DROP TABLE users")->sqlstate = "2BP01";
	error = revert_perform(&world->run);
	assert_error(error, ERR_DOWN_FAILED);
	assert_contains(error->hint, "headgate retry");
	assert_int_equal(ledger_row_state(world_row(world, "2_orders")), ROW_ROLLED_BACK);
	assert_int_equal(ledger_row_state(world_row(world, "1_users")), ROW_APPLIED);
	world_remember(world);
	assert_int_equal(world->run.memory.deployed.count, 1);
	assert_int_equal(world->run.memory.held.count, 1);
}

/* What a pass does: settle, then what is left of the plan. */
static void passes_until_done(struct world *world)
{
	for (int pass = 0; pass < 5; pass++) {
		struct plan plan = world->run.plan;
		struct error *error;
		bool done = false;

		world_remember(world);
		assert_fine(apply_settle(&world->run, &done));
		assert_false(done);
		world_remember(world);
		assert_fine(database_connect(&world->database, &(struct session_limits){0}, true,
		                             world->arena, &world->run.server));
		assert_fine(database_ledger(&world->database, "public", world->arena,
		                            &world->run.ledger));
		world->run.plan.count = 0;
		for (size_t i = 0; i < plan.count; i++)
			if (!ledger_applied(&world->run.ledger, plan.items[i].name))
				world->run.plan.items[world->run.plan.count++] = plan.items[i];
		error = apply_perform(&world->run);
		if (!error)
			return;
	}
	fail_msg("five passes were not enough");
}

static void any_call_may_be_lost(void **state)
{
	for (int after = 0; after < 2; after++) {
		for (size_t n = 1;; n++) {
			struct world *world = two_migrations(*state);
			struct error *error;

			world->faulty =
				(struct faulty){.code = ERR_DB_LOST, .fail_at = n, .after = after};
			error = apply_perform(&world->run);
			if (world->faulty.calls < n) {
				assert_fine(error);
				break;
			}
			world->faulty.fail_at = 0;
			if (error) {
				assert_error(error, ERR_DB_LOST);
				passes_until_done(world);
			}
			assert_int_equal(world_times_effective(world, USERS), 1);
			assert_int_equal(world_times_effective(world, ORDERS), 1);
			assert_int_equal(world_rows(world, "1_users"), 1);
			assert_int_equal(world_rows(world, "2_orders"), 1);
			world_remember(world);
			assert_int_equal(world->run.memory.deployed.count, 2);
		}
	}
}

static void any_call_of_the_journal_may_fail(void **state)
{
	for (size_t n = 1;; n++) {
		struct world *world = two_migrations(*state);
		struct faulty faulty = {.code = ERR_JOURNAL, .fail_at = n};
		struct error *error;

		world->run.ports.journal = faulty_journal(*state, &faulty, &world->journal->port);
		error = apply_perform(&world->run);
		if (faulty.calls < n) {
			assert_fine(error);
			break;
		}
		assert_error(error, ERR_JOURNAL);
		assert_false(world->in_transaction);
		assert_false(world->locked);
		world_crash(world); /* what was not written is forgotten */
		world->run.ports.journal = &world->journal->port;
		passes_until_done(world);
		assert_int_equal(world_times_effective(world, USERS), 1);
		assert_int_equal(world_times_effective(world, ORDERS), 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(two_migrations_land_with_their_rows),
		TEST(the_journal_knows_what_was_deployed),
		TEST(an_intent_is_durable_before_its_file_commits),
		TEST(a_file_whose_intent_cannot_be_written_is_undone),
		TEST(one_journal_commit_is_enough_for_an_item),
		TEST(the_deployed_commit_moves_with_the_last_item),
		TEST(a_failing_file_leaves_a_resolved_row_and_nothing_else),
		TEST_IN_PLACE(row_data_goes_to_the_run_log_alone),
		TEST(copy_from_stdin_fails_the_file),
		TEST(locks_are_tried_again_until_they_are_had),
		TEST(locks_that_stay_away_are_waited_for_in_the_next_pass),
		TEST(whoever_is_in_the_way_of_a_file_is_named_first),
		TEST(a_deferred_constraint_fails_the_file_at_commit),
		TEST(a_ledger_that_changed_before_the_lock_is_planned_anew),
		TEST(a_file_that_drops_the_lock_makes_us_look_again),
		TEST(a_reset_in_the_middle_of_a_run_ends_it),
		TEST(a_file_that_ends_its_transaction_unseen_leaves_an_open_row),
		TEST(a_new_enum_value_used_at_once_is_sent_by_statements),
		TEST(where_the_policy_refuses_it_nothing_is_sent_by_statements),
		TEST(a_server_that_goes_away_is_not_the_files_fault),
		TEST(a_commit_whose_answer_was_lost_is_found_and_gone_on_from),
		TEST(id_and_row_that_disagree_are_a_persons_business),
		TEST(a_down_is_run_and_its_row_marked),
		TEST(a_down_that_fails_leaves_the_earlier_held_and_the_rest_applied),
		TEST(any_call_may_be_lost),
		TEST(any_call_of_the_journal_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
