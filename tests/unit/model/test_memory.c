/* What is asked of a memory is found by its name exactly, or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "model/memory.h"

static void migrations_are_found_by_name(void **state)
{
	struct deployed_migration deployed[] = {{.name = "20260101_a"}, {.name = "20260102_b"}};
	struct held_migration held[] = {{.name = "20260103_c"}};
	struct memory memory = {
		.deployed = {.items = deployed, .count = 2},
		.held = {.items = held, .count = 1},
	};

	(void)state;
	assert_ptr_equal(memory_deployed(&memory, "20260102_b"), &deployed[1]);
	assert_null(memory_deployed(&memory, "20260103_c"));
	assert_null(memory_deployed(&memory, "20260102"));
	assert_ptr_equal(memory_held(&memory, "20260103_c"), &held[0]);
	assert_null(memory_held(&memory, "20260101_a"));
}

static void a_down_script_is_found_for_its_bytes_alone(void **state)
{
	struct deployed_migration deployed[] = {{.name = "a", .checksum = "1", .down_digest = "x"}};
	struct archived_down downs[] = {{"b", "1", "y"}, {"b", "2", "z"}};
	struct memory memory = {
		.deployed = {.items = deployed, .count = 1},
		.downs = {.items = downs, .count = 2},
	};

	(void)state;
	assert_string_equal(memory_down(&memory, "a", "1"), "x");
	assert_null(memory_down(&memory, "a", "2"));
	assert_string_equal(memory_down(&memory, "b", "2"), "z");
	assert_null(memory_down(&memory, "b", "3"));
}

static void refusals_are_found_by_commit_and_migration(void **state)
{
	struct refusal refusals[] = {
		{.commit = "c1", .migration = "m1", .code = "P001"},
		{.commit = "c1", .migration = NULL, .code = "V002"},
		{.commit = NULL, .migration = NULL, .code = "W003"},
	};
	static const struct {
		const char *commit, *migration, *code, *sentence;
	} cases[] = {
		{"c1", "m1", "P001", "both name it"},
		{"c1", NULL, "V002", "the step itself, not one of its migrations"},
		{NULL, NULL, "W003", "the whole target"},
		{"c1", "m2", NULL, "another migration of the step"},
		{NULL, "m1", NULL, "a migration without its step"},
		{"c2", NULL, NULL, "another step"},
	};
	struct memory memory = {.refusals = {.items = refusals, .count = 3}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct refusal *found =
			memory_refusal(&memory, cases[i].commit, cases[i].migration);

		if ((found != NULL) != (cases[i].code != NULL))
			fail_msg("%s: %s", cases[i].sentence, found ? "found" : "not found");
		if (found)
			assert_string_equal(found->code, cases[i].code);
	}
}

static void stages_are_found_by_name(void **state)
{
	struct stage_memory stages[] = {{.name = "watch"}, {.name = "verify"}};
	struct run_memory run = {.stages = {.items = stages, .count = 2}};

	(void)state;
	assert_ptr_equal(run_memory_stage(&run, "verify"), &stages[1]);
	assert_null(run_memory_stage(&run, "apply"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(migrations_are_found_by_name),
		cmocka_unit_test(a_down_script_is_found_for_its_bytes_alone),
		cmocka_unit_test(refusals_are_found_by_commit_and_migration),
		cmocka_unit_test(stages_are_found_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
