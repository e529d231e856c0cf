/* Which pull requests a commit's message names, and what is looked for there. */
#include "stages/pull_heads.h"
#include "unit/stages/looking.h"

static void numbers_are_read_as_the_forges_write_them(void **state)
{
	static const struct {
		const char *sentence, *message;
		uint64_t first, second;
	} rows[] = {
		{"GitHub's merge button", "Merge pull request #7 from acme/add-table\n\nAdd a table\n", 7, 0},
		{"GitHub's squash button", "Add a table (#7)\n\n* draft\n* done\n", 7, 0},
		{"the last one of several", "Revert \"Add a table (#7)\" (#12)\n", 12, 0},
		{"GitLab's merge commit", "Merge branch 'add' into 'main'\n\nAdd a table\n\nSee merge request acme/shop!31\n", 31, 0},
		{"Gitea's merge button", "Merge pull request 'Add a table' (#9) from add into main\n", 9, 0},
		{"two numbers at most", "Merge pull request #1 from a (#2)\n\nSee merge request a/b!3\n", 1, 2},
		{"the same number once", "Merge pull request #7 from acme/add (#7)\n", 7, 0},
		{"none", "Add a table\n\nfixes #7\n", 0, 0},
		{"zero is none", "Add a table (#0)\n", 0, 0},
		{"no number", "Add a table (#x)\n\nSee merge request acme/shop!\n", 0, 0},
		{"something behind it", "Add a table (#7x)\n", 0, 0},
		{"too many digits", "Add a table (#12345678901)\n", 0, 0},
		{"in the body only GitLab's line counts", "Add a table\n\n(#7)\nMerge pull request #8\n", 0, 0},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct commit commit = {
			.subject = arena_copy(*state, rows[i].message, strcspn(rows[i].message, "\n")),
			.message = rows[i].message,
		};
		struct pull_numbers numbers = pull_numbers_of(*state, &commit);

		CASE(rows[i].sentence);
		assert_int_equal(numbers.count, (size_t)!!rows[i].first + !!rows[i].second);
		assert_int_equal(numbers.items[0], rows[i].first);
		assert_int_equal(numbers.items[1], rows[i].second);
	}
}

/* Anybody may open a pull request, and its ref stays: what hangs there must not hold the branch up. */
static void a_head_that_is_too_large_is_left_out(void **state)
{
	static const char huge[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	struct pass_world *world = pass_world_begun(*state);
	const char *head = world->head, *branch, *commit;
	size_t fetches;

	world->policy.trust = TRUST_SIGNED;
	world->policy.threshold = 1;
	source_memory_set_huge(world->source, huge);
	source_memory_set_ref(world->source, "refs/pull/7/head", huge);
	commit = pass_world_push(world, "a=CREATE a|DROP a", NULL, "Add a (#7)");
	assert_error(pass_world_pass(world), ERR_UNSIGNED);
	assert_contains(pass_world_status(world, commit), "(V002)");
	assert_contains(world->pass.notes.items[0], "refs/pull/7/head");
	assert_contains(world->pass.notes.items[0], "2 GiB");
	pass_world_push(world, "a=CREATE more|DROP a", NULL, "Change a (#7)");
	pass_world_push(world, "a=CREATE a|DROP a", NULL, "Change it back (#7)");
	fetches = source_memory_fetches(world->source);
	assert_error(pass_world_pass(world), ERR_UNSIGNED);
	assert_in_range(source_memory_fetches(world->source) - fetches, 1, 2); /* and the branch */

	branch = pass_world_commit(world, (const char *const[]){head, NULL}, "a=CREATE a|DROP a",
	                           ADA, "Add a");
	source_memory_set_ref(world->source, "refs/merge-requests/7/head", branch);
	assert_fine(pass_world_pass(world));
	assert_contains(pass_world_status(world, world->head), "success: applied 1 migration");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(numbers_are_read_as_the_forges_write_them),
		TEST_WORLD(a_head_that_is_too_large_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
