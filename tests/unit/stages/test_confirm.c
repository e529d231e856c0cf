/* Confirm: the ledger as it was left, no index that this run left invalid, and the fingerprint kept. */
#include "unit/stages/looking.h"

static struct run *carried_out(struct pass_world *world, enum plan_action action)
{
	struct run *run = pass_world_run(world);
	struct plan_item *item = LIST_ADD(world->arena, &run->plan);

	*item = (struct plan_item){
		.action = action, .name = "a", .checksum = "c1", .row_id = "row"};
	run->carried_out = 1;
	return run;
}

static struct ledger_row *row(struct pass_world *world)
{
	struct ledger_row *row = LIST_ADD(world->arena, &world->server->ledger);

	*row = (struct ledger_row){.id = "row", .name = "a", .checksum = "c1", .finished_us = 5};
	return row;
}

static void rows_are_as_they_were_left(void **state)
{
	static const struct {
		const char *sentence;
		enum plan_action action;
		int64_t finished_us, rolled_back_us;
		const char *id, *checksum, *says; /* NULL: it passes */
	} rows[] = {
		{"applied", PLAN_APPLY, 5, 0, "row", "c1", NULL},
		{"rolled back", PLAN_ROLL_BACK, 5, 6, "row", "c1", NULL},
		{"applied, and rolled back by another hand", PLAN_APPLY, 5, 6, "row", "c1",
	         "should be applied"},
		{"never finished", PLAN_APPLY, 0, 0, "row", "c1", "should be applied"},
		{"still applied after the rollback", PLAN_ROLL_BACK, 5, 0, "row", "c1",
	         "should be rolled back"},
		{"another checksum", PLAN_APPLY, 5, 0, "row", "c2", "with checksum c1"},
		{"its row is gone", PLAN_APPLY, 5, 0, "another", "c1", "its row is gone"},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct pass_world *world = pass_world_new(*state);
		struct run *run = carried_out(world, rows[i].action);
		struct ledger_row *seen = row(world);
		struct error *error;

		CASE(rows[i].sentence);
		seen->id = rows[i].id;
		seen->checksum = rows[i].checksum;
		seen->finished_us = rows[i].finished_us;
		seen->rolled_back_us = rows[i].rolled_back_us;
		error = confirm_perform(run);
		if (!rows[i].says) {
			assert_fine(error);
			continue;
		}
		assert_error(error, ERR_LEDGER_DIFFERS);
		assert_contains(error->what, "'a'");
		assert_contains(error->why, rows[i].says);
	}
}

static void an_index_is_only_this_runs_fault_when_it_was_good_before(void **state)
{
	struct pass_world *world = pass_world_new(*state);
	struct run *run = carried_out(world, PLAN_APPLY);
	struct error *error;

	(void)row(world);
	*LIST_ADD(world->arena, &world->invalid) = "public.old_idx";
	*LIST_ADD(world->arena, &run->invalid_before) = "public.old_idx";
	assert_fine(confirm_perform(run));
	*LIST_ADD(world->arena, &world->invalid) = "public.new_idx";
	error = confirm_perform(run);
	assert_error(error, ERR_INVALID_INDEX);
	assert_contains(error->what, "public.new_idx");
	assert_null(strstr(error->what, "old_idx"));
	assert_contains(error->hint, "DROP INDEX CONCURRENTLY public.new_idx");
}

static void the_fingerprint_is_kept_with_its_description(void **state)
{
	struct pass_world *world = pass_world_new(*state);
	struct run *run = carried_out(world, PLAN_APPLY);
	const struct record *record = NULL;

	(void)row(world);
	*LIST_ADD(world->arena, &world->server->effects) = "CREATE a";
	assert_fine(confirm_perform(run));
	for (size_t i = 0; i < run->records.count; i++)
		if (run->records.items[i].kind == RECORD_FINGERPRINT)
			record = &run->records.items[i];
	assert_non_null(record);
	assert_memory_equal(record->archive.data, "CREATE a", record->archive.size);
	assert_string_equal(node_find_text(record->body, "digest"),
	                    sha256_text(world->arena, record->archive.data, record->archive.size));
	assert_int_equal(node_find_number(run->evidence, "objects", 0), 1);
	assert_string_equal(node_find_text(run->evidence, "fingerprint"), run->fingerprint.digest);
}

static void items_of_an_earlier_pass_are_confirmed_too(void **state)
{
	static const bool gone[] = {false, true};

	for (size_t i = 0; i < ROWS(gone); i++) {
		struct pass_world *world = pass_world_begun(*state);

		pass_world_push(world, "a=CREATE a,b=CREATE b", ADA, "Add both");
		world->faulty = (struct faulty){
			.fail_at = 1, .only = "database.fingerprint", .code = ERR_DB_LOST};
		assert_error(pass_world_pass(world),
		             ERR_DB_LOST); /* both are applied, nothing is confirmed */
		world->faulty.fail_at = 0;
		if (gone[i])
			world->server->ledger.items[1].checksum = "another";
		if (gone[i])
			assert_non_null(pass_world_pass(world));
		else
			assert_fine(pass_world_pass(world));
		assert_int_equal(pass_world_effects(world, "CREATE b"), 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_WORLD(rows_are_as_they_were_left),
		TEST_WORLD(an_index_is_only_this_runs_fault_when_it_was_good_before),
		TEST_WORLD(the_fingerprint_is_kept_with_its_description),
		TEST_WORLD(items_of_an_earlier_pass_are_confirmed_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
