/* The contract of ports/backup.h. Every test starts with no backup and its own arena. */
#include "contract/backup_contract.h"

#include "base/text.h"
#include "unit/base/check.h"

struct stage {
	struct arena *arena;
	struct backup *backup;
};

struct told {
	size_t calls;
	uint64_t done;
};

static struct backup_subject *running;

static int set_up(void **state)
{
	struct arena *arena = arena_new();
	struct stage *stage = ARENA_NEW(arena, struct stage);

	running->reset(running);
	*stage = (struct stage){arena, running->open(running, arena)};
	*state = stage;
	return 0;
}

static int tear_down(void **state)
{
	struct stage *stage = *state;

	backup_close(stage->backup);
	arena_free(stage->arena);
	return 0;
}

static struct backup_request request_of(const char *target, int64_t run)
{
	struct backup_request request = running->request;

	request.target = target;
	request.run = run;
	if (!request.keep)
		request.keep = 10;
	return request;
}

static struct backup_made take(struct stage *stage, const char *target, int64_t run)
{
	struct backup_request request = request_of(target, run);
	struct backup_made made = {0};

	assert_fine(backup_take(stage->backup, &request, NULL, stage->arena, &made));
	return made;
}

static bool is_there(struct stage *stage, const char *target, int64_t run)
{
	struct backup_made made = {0};
	bool found = false;

	assert_fine(backup_find(stage->backup, target, run, stage->arena, &found, &made));
	return found;
}

static void what_was_taken_is_found(void **state)
{
	struct stage *stage = *state;
	struct backup_made made = take(stage, "shop", 41), seen = {0};
	bool found = false;

	assert_false(made.again);
	assert_int_equal(made.file[0], '/');
	assert_true(text_is_hex(made.sha256, 64));
	assert_true(made.size > 0);
	assert_non_null(made.tool);
	assert_true(!made.roles != !made.roles_why);
	assert_fine(backup_find(stage->backup, "shop", 41, stage->arena, &found, &seen));
	assert_true(found);
	assert_true(seen.again);
	assert_string_equal(seen.file, made.file);
	assert_string_equal(seen.sha256, made.sha256);
	assert_string_equal(seen.tool, made.tool);
	assert_int_equal(seen.size, made.size);
	assert_int_equal(seen.took_ms, made.took_ms);
	assert_int_equal(seen.scope, made.scope);
	assert_true(text_equal(seen.roles, made.roles));
	assert_true(text_equal(seen.roles_why, made.roles_why));
}

static void nothing_is_found_before_it_was_taken(void **state)
{
	struct stage *stage = *state;
	struct backup_made untouched = {.file = "untouched"};
	bool found = true;

	assert_fine(backup_find(stage->backup, "shop", 41, stage->arena, &found, &untouched));
	assert_false(found);
	assert_string_equal(untouched.file, "untouched");
	(void)take(stage, "shop", 41);
	assert_false(is_there(stage, "shop", 42));
	assert_false(is_there(stage, "shop", 4));
	assert_false(is_there(stage, "sho", 41));
	assert_false(is_there(stage, "shop-2", 41));
}

static void asking_again_takes_no_other(void **state)
{
	struct stage *stage = *state;
	struct backup_made first = take(stage, "shop", 41), second;

	second = take(stage, "shop", 41);
	assert_true(second.again);
	assert_string_equal(second.file, first.file);
	assert_string_equal(second.sha256, first.sha256);
	assert_true(running->is_tidy(running, 1));
}

static void it_outlives_the_one_who_took_it(void **state)
{
	struct stage *stage = *state;

	(void)take(stage, "shop", 41);
	backup_close(stage->backup);
	stage->backup = running->open(running, stage->arena);
	assert_true(is_there(stage, "shop", 41));
}

static void a_damaged_one_is_none_and_is_taken_anew(void **state)
{
	struct stage *stage = *state;
	struct backup_made made = take(stage, "shop", 41);

	running->damage(running, &made);
	assert_false(is_there(stage, "shop", 41));
	made = take(stage, "shop", 41);
	assert_false(made.again);
	assert_true(is_there(stage, "shop", 41));
	assert_true(running->is_tidy(running, 1));
}

static void a_failed_try_leaves_nothing_behind(void **state)
{
	struct stage *stage = *state;
	struct backup_request request = request_of("shop", 41);
	struct backup_made untouched = {.file = "untouched"};
	struct error *error;

	running->break_next(running);
	error = backup_take(stage->backup, &request, NULL, stage->arena, &untouched);
	assert_non_null(error);
	assert_contains(error->what, "shop");
	assert_non_null(error->hint);
	assert_string_equal(untouched.file, "untouched");
	assert_false(is_there(stage, "shop", 41));
	assert_true(running->is_tidy(running, 0));
	assert_false(take(stage, "shop", 41).again);
}

static void the_oldest_go_and_the_new_one_stays(void **state)
{
	struct stage *stage = *state;
	uint64_t before = running->request.keep;

	(void)take(stage, "shop", 1);
	(void)take(stage, "shop", 2);
	(void)take(stage, "shop-2", 1);
	running->request.keep = 2;
	(void)take(stage, "shop", 3);
	assert_false(is_there(stage, "shop", 1));
	assert_true(is_there(stage, "shop", 2));
	assert_true(is_there(stage, "shop", 3));
	assert_true(is_there(stage, "shop-2", 1));
	running->request.keep = 1;
	(void)take(stage, "shop", 4);
	running->request.keep = before;
	assert_true(is_there(stage, "shop", 4));
	assert_false(is_there(stage, "shop", 3));
	assert_true(is_there(stage, "shop-2", 1));
	assert_true(running->is_tidy(running, 2));
}

static void count(void *context, const char *what, enum progress_unit unit, uint64_t done,
                  uint64_t total)
{
	struct told *told = context;

	assert_non_null(what);
	assert_int_equal(unit, PROGRESS_BYTES);
	assert_true(!total || done <= total);
	told->calls++;
	told->done = done > told->done ? done : told->done;
}

static void it_tells_how_far_it_is(void **state)
{
	struct stage *stage = *state;
	struct told told = {0};
	struct progress progress = {count, &told};
	struct backup_request request = request_of("shop", 41);
	struct backup_made made = {0};

	assert_fine(backup_take(stage->backup, &request, &progress, stage->arena, &made));
	assert_true(told.calls > 0);
	assert_true(told.done >= made.size);
}

static bool is_recent(struct stage *stage, const struct backup_request *request,
                      struct backup_made *ret_made)
{
	bool found = false;

	assert_fine(backup_find_recent(stage->backup, request, stage->arena, &found, ret_made));
	return found;
}

static void a_young_one_of_another_target_serves(void **state)
{
	struct stage *stage = *state;
	struct backup_made made = take(stage, "users", 41), seen = {0};
	struct backup_request request = request_of("billing", 42);

	request.max_age_ms = 3600 * 1000;
	assert_true(is_recent(stage, &request, &seen));
	assert_string_equal(seen.file, made.file);
	assert_string_equal(seen.sha256, made.sha256);
	assert_int_equal(seen.size, made.size);
	assert_string_equal(seen.from_target, "users");
	assert_int_equal(seen.from_run, 41);
	assert_true(seen.age_ms < request.max_age_ms);
	assert_false(seen.again);
	assert_false(is_there(stage, "billing", 42));
	assert_true(running->is_tidy(running, 1));
}

static void what_does_not_serve_is_not_found(void **state)
{
	static const char *const users[] = {"users"}, *const both[] = {"users", "billing"};
	static const struct {
		const char *sentence;
		enum backup_scope taken, asked;
		const char *const *taken_schemas, *const *asked_schemas;
		size_t taken_count, asked_count;
		const char *server;
		uint64_t max_age_ms;
		bool serves;
	} rows[] = {
		{"the whole database, for the whole database", BACKUP_DATABASE, BACKUP_DATABASE,
	         users, users, 1, 1, "7001", 60000, true},
		{"the whole database, for a schema", BACKUP_DATABASE, BACKUP_SCHEMA, users, both, 1,
	         2, "7001", 60000, true},
		{"a schema, for the whole database", BACKUP_SCHEMA, BACKUP_DATABASE, users, users,
	         1, 1, "7001", 60000, false},
		{"a schema, for the same one", BACKUP_SCHEMA, BACKUP_SCHEMA, users, users, 1, 1,
	         "7001", 60000, true},
		{"two schemas, for one of them", BACKUP_SCHEMA, BACKUP_SCHEMA, both, users, 2, 1,
	         "7001", 60000, true},
		{"one schema, for two", BACKUP_SCHEMA, BACKUP_SCHEMA, users, both, 1, 2, "7001",
	         60000, false},
		{"another server", BACKUP_DATABASE, BACKUP_DATABASE, users, users, 1, 1, "7002",
	         60000, false},
		{"a server that does not tell who it is", BACKUP_DATABASE, BACKUP_DATABASE, users,
	         users, 1, 1, NULL, 60000, false},
		{"too old", BACKUP_DATABASE, BACKUP_DATABASE, users, users, 1, 1, "7001", 0, false},
	};
	struct stage *stage = *state;

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct text_list taken = {0}, asked = {0};
		struct backup_request request = request_of("shop", 1);
		struct backup_made made = {0};

		CASE(rows[i].sentence);
		running->reset(running);
		for (size_t k = 0; k < rows[i].taken_count; k++)
			*LIST_ADD(stage->arena, &taken) = rows[i].taken_schemas[k];
		for (size_t k = 0; k < rows[i].asked_count; k++)
			*LIST_ADD(stage->arena, &asked) = rows[i].asked_schemas[k];
		request.scope = rows[i].taken;
		request.schemas = &taken;
		request.database_id = "7001";
		assert_fine(backup_take(stage->backup, &request, NULL, stage->arena, &made));
		request = request_of("shop-2", 2);
		request.scope = rows[i].asked;
		request.schemas = &asked;
		request.database_id = rows[i].server;
		request.max_age_ms = rows[i].max_age_ms;
		assert_int_equal(is_recent(stage, &request, &made), rows[i].serves);
	}
}

static void the_newest_that_is_whole_serves(void **state)
{
	struct stage *stage = *state;
	struct backup_made seen = {0}, newest;
	struct backup_request request = request_of("billing", 3);

	request.max_age_ms = 3600 * 1000;
	assert_false(is_recent(stage, &request, &seen));
	(void)take(stage, "users", 1);
	newest = take(stage, "users", 2);
	assert_true(is_recent(stage, &request, &seen));
	assert_int_equal(seen.from_run, 2);
	running->damage(running, &newest);
	assert_true(is_recent(stage, &request, &seen));
	assert_int_equal(seen.from_run, 1);
	request = request_of("users", 1);
	request.max_age_ms = 3600 * 1000;
	assert_false(is_recent(stage, &request, &seen)); /* its own is what find is for */
}

static void what_may_still_serve_is_not_removed(void **state)
{
	struct stage *stage = *state;
	struct backup_request request = request_of("shop", 2);
	struct backup_made made = {0};

	(void)take(stage, "shop", 1);
	request.keep = 1;
	request.keep_younger_ms = 3600 * 1000;
	assert_fine(backup_take(stage->backup, &request, NULL, stage->arena, &made));
	assert_true(is_there(stage, "shop", 1));
	request.run = 3;
	request.keep_younger_ms = 0;
	assert_fine(backup_take(stage->backup, &request, NULL, stage->arena, &made));
	assert_false(is_there(stage, "shop", 1));
	assert_false(is_there(stage, "shop", 2));
}

static void the_restore_line_names_the_file(void **state)
{
	struct stage *stage = *state;
	struct backup_made made = take(stage, "shop", 41);
	const char *line = backup_restore_line(stage->backup, made.file, made.scope, stage->arena);

	assert_contains(line, "pg_restore");
	assert_contains(line, made.file);
}

static void its_programs_are_there_for_the_server_and_not_for_one_to_come(void **state)
{
	struct stage *stage = *state;
	const char *tool = NULL, *untouched = NULL;
	struct error *error = backup_ready(stage->backup, 150000, stage->arena, &tool);

	assert_null(error);
	assert_non_null(tool);
	error = backup_ready(stage->backup, 990000, stage->arena, &untouched);
	assert_non_null(error);
	assert_string_equal(error->row->name, "BACKUP_VERSION");
	assert_non_null(error->hint);
	assert_null(untouched);
}

int backup_contract_run(struct backup_subject *subject)
{
#define CONTRACT_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CONTRACT_TEST(what_was_taken_is_found),
		CONTRACT_TEST(nothing_is_found_before_it_was_taken),
		CONTRACT_TEST(asking_again_takes_no_other),
		CONTRACT_TEST(it_outlives_the_one_who_took_it),
		CONTRACT_TEST(a_damaged_one_is_none_and_is_taken_anew),
		CONTRACT_TEST(a_failed_try_leaves_nothing_behind),
		CONTRACT_TEST(the_oldest_go_and_the_new_one_stays),
		CONTRACT_TEST(it_tells_how_far_it_is),
		CONTRACT_TEST(a_young_one_of_another_target_serves),
		CONTRACT_TEST(what_does_not_serve_is_not_found),
		CONTRACT_TEST(the_newest_that_is_whole_serves),
		CONTRACT_TEST(what_may_still_serve_is_not_removed),
		CONTRACT_TEST(the_restore_line_names_the_file),
		CONTRACT_TEST(its_programs_are_there_for_the_server_and_not_for_one_to_come),
	};

	running = subject;
	return cmocka_run_group_tests_name(subject->name, tests, NULL, NULL);
}
