/* Lint: what is never sent is refused at the step that brought it, and each file learns how it will be sent. */
#include "unit/stages/looking.h"

#define A "a=CREATE a|DROP a"
#define B "b=CREATE b|DROP b"

static void script(struct pass_world *world, const char *sql, enum statement_kind kind,
                   const char *verb)
{
	parser_scripted_kind(world->server->parser, sql, kind, verb);
}

static void a_file_learns_the_way_in_which_it_is_sent(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	struct run *run;

	script(world, "CREATE b", STATEMENT_CREATE_INDEX_CONCURRENTLY, "CREATE INDEX CONCURRENTLY");
	script(world, "BEGIN", STATEMENT_TRANSACTION, "BEGIN");
	pass_world_push(world, A "," B ",c=BEGIN", ADA, "Add three");
	run = verified(world);
	assert_fine(lint_perform(run));
	assert_int_equal(run->plan.items[0].script.way, WAY_ONE);
	assert_int_equal(run->plan.items[1].script.way, WAY_THREE);
	assert_int_equal(run->plan.items[2].script.way, WAY_TWO);
	assert_int_equal(run->plan.items[1].script.count, 1);
	assert_string_equal(node_find_text(node_find(run->evidence, "not_in_one_transaction"), "b"),
	                    way_name(WAY_THREE));
	assert_int_equal(world->server->parser->calls, 1); /* one child for all files */
}

static void what_is_never_sent_is_refused_where_it_came_from(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *refused;
	struct run *run;

	script(world, "CREATE b", STATEMENT_FORBIDDEN, "ALTER SYSTEM");
	pass_world_push(world, A, ADA, "Add a");
	refused = pass_world_push(world, A "," B, ADA, "Add b");
	pass_world_push(world, A "," B ",c=CREATE c", ADA, "Add c");
	run = verified(world);
	assert_fine(lint_perform(run));
	assert_left(run, "a", refused, ERR_SQL_REFUSED);
	assert_string_equal(run->refused_step->refused_at, "lint");
	assert_int_equal(run->plan.items[0].script.way,
	                 WAY_ONE); /* parsed again for the smaller plan */
}

static void a_refused_edit_leaves_the_file_as_it_was_before(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *refused;
	struct run *run;

	script(world, "CREATE worse", STATEMENT_FORBIDDEN, "ALTER SYSTEM");
	pass_world_push(world, A, ADA, "Add a");
	refused = pass_world_push(world, "a=CREATE worse|DROP a", ADA,
	                          "Edit a, which is not applied yet");
	run = verified(world);
	assert_fine(lint_perform(run));
	assert_left(run, "a", refused, ERR_SQL_REFUSED);
	assert_memory_equal(run->plan.items[0].sql.data, "CREATE a",
	                    8); /* read again for this plan */
}

static void a_syntax_error_names_its_file_and_line(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const struct parser_scripted_answer answer = {.sql = "CREATE a",
	                                              .refused_line = 7,
	                                              .refused_why =
	                                                      "syntax error at or near \"CRATE\""};
	const char *commit = pass_world_push(world, A, ADA, "Add a");
	struct run *run = verified(world);
	struct error *error;

	parser_scripted_add(world->server->parser, &answer);
	error = lint_perform(run);
	assert_error(error, ERR_SQL_REFUSED);
	assert_contains(error->what, "a/migration.sql");
	assert_contains(error->why, "line 7");
	assert_left(run, "", commit, ERR_SQL_REFUSED);
}

static void a_policy_may_refuse_what_is_not_one_transaction(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	const char *commit = pass_world_push(world, A, ADA, "Add a");
	struct run *run;
	struct error *error;

	script(world, "CREATE a", STATEMENT_VACUUM, "VACUUM");
	assert_fine(lint_perform(verified(world)));
	world->policy.nonatomic = NONATOMIC_REFUSE;
	run = verified(world);
	error = lint_perform(run);
	assert_error(error, ERR_NONATOMIC);
	assert_contains(error->hint, "nonatomic: allow");
	assert_left(run, "", commit, ERR_NONATOMIC);
}

static void a_down_script_is_read_like_any_other(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	struct run *run;
	const char *commit;

	pass_world_push(world, A "," B, ADA, "Add both");
	assert_fine(pass_world_pass(world));
	commit = pass_world_push(world, A, ADA, "Revert b");
	script(world, "DROP b", STATEMENT_DROP_INDEX_CONCURRENTLY, "DROP INDEX CONCURRENTLY");
	run = verified(world);
	assert_fine(lint_perform(run));
	assert_int_equal(run->plan.items[0].script.way, WAY_THREE);
	script(world, "DROP b", STATEMENT_FORBIDDEN, "DROP DATABASE");
	run = verified(world);
	assert_contains(lint_perform(run)->what, "b/down.sql");
	assert_left(run, "", commit, ERR_SQL_REFUSED);
}

static void a_parser_that_does_not_work_refuses_nobody(void **state)
{
	struct pass_world *world = pass_world_begun(*state);
	struct run *run;

	pass_world_push(world, A, ADA, "Add a");
	run = verified(world);
	world->server->parser->failures = 1;
	assert_error(lint_perform(run), ERR_PARSER);
	assert_left(run, "a", NULL, ERR_COUNT);
}

static void what_the_baseline_brought_is_no_steps_fault(void **state)
{
	struct pass_world *world = pass_world_new(*state);
	struct baseline_made made = {0};

	pass_world_push(world, A, NULL, "Long ago");
	assert_fine(engine_baseline(&world->engine, &world->target,
	                            &(struct baseline_wish){.commit = "HEAD"}, world->arena,
	                            &made));
	script(world, "CREATE a", STATEMENT_FORBIDDEN, "ALTER SYSTEM");
	assert_error(lint_perform(verified(world)), ERR_SQL_REFUSED);
}

static void an_empty_plan_starts_no_parser(void **state)
{
	struct pass_world *world = pass_world_begun(*state);

	assert_fine(lint_perform(verified(world)));
	assert_int_equal(world->server->parser->calls, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_WORLD(a_file_learns_the_way_in_which_it_is_sent),
		TEST_WORLD(what_is_never_sent_is_refused_where_it_came_from),
		TEST_WORLD(a_refused_edit_leaves_the_file_as_it_was_before),
		TEST_WORLD(a_syntax_error_names_its_file_and_line),
		TEST_WORLD(a_policy_may_refuse_what_is_not_one_transaction),
		TEST_WORLD(a_down_script_is_read_like_any_other),
		TEST_WORLD(a_parser_that_does_not_work_refuses_nobody),
		TEST_WORLD(what_the_baseline_brought_is_no_steps_fault),
		TEST_WORLD(an_empty_plan_starts_no_parser),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
