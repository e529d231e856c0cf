/* A target that comes after another: it waits, says where the other is and why, and goes on by itself. */
#include "unit/engine/pass_world.h"

#include "base/text.h"

#define A "a=CREATE a|DROP a"
#define B "b=CREATE b|DROP b"

/* A record about `users`, which is reconciled by somebody else. */
static void tell(struct pass_world *world, enum record_kind kind, const char *commit,
                 struct node *body)
{
	struct records records = {0};

	*LIST_ADD(world->arena, &records) = (struct record){
		.kind = kind, .target = "users", .commit = commit, .body = body, .stage = "verify"};
	if (kind != RECORD_REFUSAL)
		records.items[0].stage = NULL;
	assert_fine(journal_write(&world->server->journal->port, &records, world->arena, NULL));
}

static struct node *body_of(struct arena *arena, const char *const *pairs)
{
	struct node *body = node_map(arena);

	for (; *pairs; pairs += 2)
		node_set_text(arena, body, pairs[0], pairs[1]);
	return body;
}

static struct pass_world *begin(void **state)
{
	struct pass_world *world = pass_world_begun(*state);

	*LIST_ADD(world->arena, &world->target.after) = "users";
	return world;
}

static void users_at(struct pass_world *world, const char *commit)
{
	tell(world, RECORD_BASELINE, commit,
	     body_of(world->arena,
	             (const char *const[]){"journal", "j", "system_identifier", "7", NULL}));
}

static void it_waits_until_the_other_is_there(void **state)
{
	struct pass_world *world = begin(state);
	const char *before = world->head, *commit;
	struct error *error;
	size_t records;

	users_at(world, before);
	commit = pass_world_push(world, A, ADA, "Add a");
	error = pass_world_pass(world);
	assert_error(error, ERR_AFTER);
	assert_int_equal(error->row->reaction, REACT_WAIT);
	assert_int_equal(error->row->exit_status, 5);
	assert_string_equal(error->what,
	                    arena_printf(world->arena, "'shop' waits until 'users' is at %s",
	                                 commit_short(world->arena, commit)));
	assert_string_equal(error->why, arena_printf(world->arena,
	                                             "it is at %s: its next pass has not come yet",
	                                             commit_short(world->arena, before)));
	assert_contains(error->hint, "headgate status --target users");
	assert_true(
		text_starts(pass_world_status(world, commit), "pending: waiting: 'shop' waits"));
	assert_contains(pass_world_status(world, commit), " (W029)");
	assert_int_equal(world->server->sent.count, 0);
	assert_int_equal(world->backup->takes, 0);
	assert_string_equal(pass_world_runs(world), "");

	records = pass_world_records(world);
	assert_error(pass_world_pass(world), ERR_AFTER);
	assert_int_equal(pass_world_records(world), records);

	tell(world, RECORD_DEPLOYED_COMMIT, commit, NULL);
	assert_fine(pass_world_pass(world));
	assert_int_equal(pass_world_effects(world, "CREATE a"), 1);
	assert_true(text_starts(pass_world_status(world, commit), "success: applied 1 migration"));
	assert_int_equal(pass_world_memory(world).refusals.count, 0);
}

static void one_that_is_further_is_there(void **state)
{
	struct pass_world *world = begin(state);
	const char *good = pass_world_push(world, A, ADA, "Add a"),
		   *refused = pass_world_push(world, A "," B, NULL, "Add b");

	users_at(world, refused);
	assert_error(pass_world_pass(world), ERR_UNSIGNED);
	assert_int_equal(pass_world_effects(world, "CREATE a"), 1);
	assert_true(text_starts(pass_world_status(world, good), "success: applied 1 migration"));
}

static void with_nothing_to_do_it_does_not_wait(void **state)
{
	struct pass_world *world = begin(state);
	const char *commit;

	users_at(world, world->head);
	commit = pass_world_push(world, "", NULL, "Write the README");
	assert_fine(pass_world_pass(world));
	assert_string_equal(pass_world_memory(world).deployed_commit, commit);
}

static void a_commit_on_another_line_is_not_there(void **state)
{
	struct pass_world *world = begin(state);
	const char *const parents[] = {world->head, NULL};
	const char *beside = pass_world_commit(world, parents, A, ADA, "Add a elsewhere");

	users_at(world, beside);
	pass_world_push(world, A, ADA, "Add a");
	assert_error(pass_world_pass(world), ERR_AFTER);
	users_at(world, "1234567890123456789012345678901234567890");
	assert_error(pass_world_pass(world), ERR_AFTER);
	assert_int_equal(world->server->sent.count, 0);
}

static void it_says_what_holds_up_the_other(void **state)
{
	static const char *const refused[] = {
		"code", "V002", "what", "commit 'a1' is not signed", "hint", "Sign it.", NULL};
	static const char *const down[] = {"code", "D001",        "what", "cannot reach 'users'",
	                                   "hint", "Look at it.", NULL};
	static const char *const freeze[] = {"reason", "freeze", "by", "ann", NULL};
	static const struct {
		const char *sentence;
		enum record_kind kind;
		bool of_commit;
		const char *const *body;
		const char *says;
	} rows[] = {
		{"a refused step", RECORD_REFUSAL, true, refused,
	         "commit 'a1' is not signed (V002)"},
		{"what concerns all of it says more", RECORD_REFUSAL, false, down,
	         "cannot reach 'users' (D001)"},
		{"a person above all", RECORD_SUSPENDED, false, freeze, "suspended by ann: freeze"},
	};
	struct pass_world *world = begin(state);
	const char *commit = pass_world_push(world, A, ADA, "Add a");
	struct error *error = pass_world_pass(world);

	assert_error(error, ERR_AFTER);
	assert_string_equal(error->why, "it has no baseline");
	users_at(world, pass_world_memory(world).deployed_commit);
	for (size_t i = 0; i < ROWS(rows); i++) {
		CASE(rows[i].sentence);
		tell(world, rows[i].kind, rows[i].of_commit ? commit : NULL,
		     body_of(world->arena, rows[i].body));
		error = pass_world_pass(world);
		assert_error(error, ERR_AFTER);
		assert_contains(error->why, rows[i].says);
	}
}

static void a_young_backup_of_another_target_serves(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const struct backup_request request = {
		.target = "users", .run = 41, .database_id = NULL, .keep = 7};
	struct backup_made made = {0};
	struct run_memory run = {0};
	const char *commit;

	assert_fine(backup_take(&world->backup->base, &request, NULL, world->arena, &made));
	world->policy.max_backup_age = 3600 * 1000;
	commit = pass_world_push(world, A, ADA, "Add a");
	assert_fine(pass_world_pass(world));
	assert_int_equal(world->backup->takes, 1);
	assert_contains(pass_world_words(world, commit),
	                ", 168 MiB, from run 41 of 'users', applying 1 migration / success");
	assert_fine(journal_run(&world->server->journal->port, 1, world->arena, &run));
	assert_string_equal(node_find_text(run.backup, "file"), made.file);
	assert_string_equal(node_find_text(run.backup, "from_target"), "users");
	assert_int_equal(node_find_number(run.backup, "from_run", 0), 41);
	assert_contains(node_find_text(run.backup, "restore"), made.file);

	world->policy.max_backup_age = 0;
	pass_world_push(world, A "," B, ADA, "Add b");
	assert_fine(pass_world_pass(world));
	assert_int_equal(world->backup->takes, 2);
}

static void a_resumed_run_rests_on_the_backup_that_it_found(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const struct backup_request request = {
		.target = "users", .run = 41, .database_id = NULL, .keep = 7};
	struct backup_made made = {0};

	assert_fine(backup_take(&world->backup->base, &request, NULL, world->arena, &made));
	world->policy.max_backup_age = 3600 * 1000;
	pass_world_push(world, A, ADA, "Add a");
	world->locks_busy = 1;
	assert_error(pass_world_pass(world), ERR_LEDGER_LOCK);
	world->backup->taken.items[0].finished_us -=
		INT64_C(7200) * 1000 * 1000; /* too old by now */
	assert_fine(pass_world_pass(world));
	assert_int_equal(world->backup->takes, 1);
	assert_string_equal(pass_world_runs(world), "1 deploy done");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_WORLD(it_waits_until_the_other_is_there),
		TEST_WORLD(one_that_is_further_is_there),
		TEST_WORLD(with_nothing_to_do_it_does_not_wait),
		TEST_WORLD(a_commit_on_another_line_is_not_there),
		TEST_WORLD(it_says_what_holds_up_the_other),
		TEST_WORLD(a_young_backup_of_another_target_serves),
		TEST_WORLD(a_resumed_run_rests_on_the_backup_that_it_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
