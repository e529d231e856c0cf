/* Watch, and reading the folder of a commit: what is a migration, what is not, and what may not stand there. */
#include "unit/stages/looking.h"

#define P "prisma/migrations/"

static const char *commit_files(struct pass_world *world, const struct build_file *files,
                                size_t count)
{
	const char *tree = build_tree(&world->build, files, count);

	return build_commit(&world->build,
	                    &(struct build_commit){.tree = tree, .when = world->now++});
}

#define COMMIT(world, ...)                                                                         \
	commit_files((world), (const struct build_file[]){__VA_ARGS__},                            \
	             ROWS(((const struct build_file[]){__VA_ARGS__})))

static struct tree read_tree(struct pass_world *world, const char *commit)
{
	struct tree tree = {0};

	assert_fine(run_read_tree(pass_world_run(world), commit, &tree));
	return tree;
}

static void only_folders_are_migrations(void **state)
{
	struct pass_world *world = pass_world_new(*state);
	const struct tree tree = read_tree(
		world,
		COMMIT(world, {.path = P "2_b/migration.sql", .text = "B"},
	               {.path = P "2_b/down.sql", .text = "D"},
	               {.path = P "2_b/checklist.md", .text = "C"},
	               {.path = P "2_b/notes.txt", .text = "N"},
	               {.path = P "1_a/readme.md", .text = "no SQL"},
	               {.path = P "README.md", .text = "R"},
	               {.path = P "migration_lock.toml", .text = "provider = \"postgresql\"\n"}));

	assert_true(tree.exists);
	assert_null(tree.problem);
	assert_int_equal(tree.migrations.count, 2);
	assert_string_equal(tree.migrations.items[0].name, "1_a");
	assert_false(tree.migrations.items[0].has_sql);
	assert_string_equal(tree.migrations.items[1].name, "2_b");
	assert_true(tree.migrations.items[1].has_sql);
	assert_string_equal(tree.migrations.items[1].checksum, sha256_text(world->arena, "B", 1));
	assert_memory_equal(tree.migrations.items[1].down.data, "D", 1);
	assert_memory_equal(tree.migrations.items[1].checklist.data, "C", 1);
}

static void a_folder_that_is_not_there_is_no_error(void **state)
{
	struct pass_world *world = pass_world_new(*state);
	const struct tree tree =
		read_tree(world, COMMIT(world, {.path = "README.md", .text = "R"}));

	assert_false(tree.exists);
	assert_null(tree.id);
	assert_int_equal(tree.migrations.count, 0);
}

static void what_may_not_stand_there_names_its_entry(void **state)
{
	static const char long_name[] = P
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/migration.sql";
	static const struct {
		const char *sentence;
		struct build_file file;
		enum error_code code;
		const char *culprit;
	} rows[] = {
		{"a file that is no text",
	         {.path = P "b/migration.sql", .text = "\xff"},
	         ERR_FILE_NOT_TEXT,
	         "b"},
		{"a down script that is no text",
	         {.path = P "b/down.sql", .text = "\xff"},
	         ERR_FILE_NOT_TEXT,
	         "b"},
		{"another provider",
	         {.path = P "migration_lock.toml", .text = "provider = \"mysql\"\n"},
	         ERR_LOCK_PROVIDER,
	         "migration_lock.toml"},
		{"Prisma 8, by its file",
	         {.path = P "b/ops.json", .text = "{}"},
	         ERR_PRISMA_8,
	         "b"},
		{"Prisma 8, by its folder",
	         {.path = P "app/b/migration.json", .text = "{}"},
	         ERR_PRISMA_8,
	         "app"},
		{"a name that the ledger cannot hold",
	         {.path = long_name, .text = "B"},
	         ERR_FOLDER_ENTRY,
	         NULL},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct pass_world *world = pass_world_new(*state);
		const struct tree tree =
			read_tree(world, COMMIT(world, {.path = P "1_a/migration.sql", .text = "A"},
		                                rows[i].file));

		CASE(rows[i].sentence);
		assert_error(tree.problem, rows[i].code);
		if (rows[i].culprit)
			assert_string_equal(tree.culprit, rows[i].culprit);
	}
}

static void a_folder_holds_no_more_than_its_maximum(void **state)
{
	struct pass_world *world = pass_world_new(*state);
	struct build_file files[MIGRATION_FILES_MAXIMUM + 1];

	for (size_t i = 0; i < ROWS(files); i++)
		files[i] = (struct build_file){.path = arena_printf(world->arena, P "1_a/%zu", i),
		                               .text = "x"};
	assert_null(read_tree(world, commit_files(world, files, MIGRATION_FILES_MAXIMUM)).problem);
	assert_error(read_tree(world, commit_files(world, files, ROWS(files))).problem,
	             ERR_GIT_LIMIT);
}

static void a_step_that_brings_it_is_refused_until_it_is_gone(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *refused = pass_world_push(world, "a=\xff", ADA, "Add a");
	struct run *run = pass_world_run(world);

	assert_fine(watch_perform(run));
	assert_error(verify_perform(run), ERR_FILE_NOT_TEXT);
	assert_left(run, "", refused, ERR_FILE_NOT_TEXT);
	pass_world_push(world, "", ADA, "Remove it");
	pass_world_push(world, "b=CREATE b", ADA, "Add b");
	run = verified(world);
	assert_left(run, "b", NULL, ERR_COUNT);
	assert_null(steps_find(&run->steps, refused)->refusal); /* one net plan: it left no trace */
}

static void another_server_is_never_touched(void **state)
{
	struct pass_world *world = pass_world_new(*state);
	struct baseline_made made = {0};
	struct run *run;

	world->server->system_identifier = "7001";
	pass_world_push(world, "", NULL, "Begin");
	assert_fine(engine_baseline(&world->engine, &world->target,
	                            &(struct baseline_wish){.commit = "HEAD"}, world->arena,
	                            &made));
	world->server->system_identifier = "7002";
	run = pass_world_run(world);
	assert_error(watch_perform(run), ERR_DB_OTHER);
	world->server->system_identifier =
		NULL; /* the role may not ask: nothing is known, nothing is claimed */
	run = pass_world_run(world);
	assert_fine(watch_perform(run));
}

static void a_database_that_forgot_headgate_halts(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	struct run *run;

	pass_world_push(world, "a=CREATE a", ADA, "Add a");
	assert_fine(pass_world_pass(world));
	world->server->ledger.has_deployed = false;
	run = pass_world_run(world);
	assert_error(watch_perform(run), ERR_DATABASE_WENT_BACK);
}

static void a_deployed_commit_that_is_gone_halts(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	struct run *run = pass_world_run(world);
	struct error *error;

	run->memory.deployed_commit = "0123456789012345678901234567890123456789";
	error = watch_perform(run);
	assert_error(error, ERR_HISTORY_REWRITTEN);
	assert_contains(error->why, "not in the repository any more");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_WORLD(only_folders_are_migrations),
		TEST_WORLD(a_folder_that_is_not_there_is_no_error),
		TEST_WORLD(what_may_not_stand_there_names_its_entry),
		TEST_WORLD(a_folder_holds_no_more_than_its_maximum),
		TEST_WORLD(a_step_that_brings_it_is_refused_until_it_is_gone),
		TEST_WORLD(another_server_is_never_touched),
		TEST_WORLD(a_database_that_forgot_headgate_halts),
		TEST_WORLD(a_deployed_commit_that_is_gone_halts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
