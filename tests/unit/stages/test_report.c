/*
 * Report: the outbox and its forges. The clock stands still and is moved by the test, so that "due" is a fact and not a
 * matter of luck.
 */
#include "unit/stages/looking.h"

#include "base/clock.h"

#define START 1800000000

static struct forge_ops other_ops;

static void set_clock(int64_t seconds)
{
	char text[32];

	(void)snprintf(text, sizeof text, "%lld", (long long)seconds);
	assert_int_equal(setenv("HEADGATE_TEST_CLOCK", text, 1), 0);
}

static int stop_clock(void **state)
{
	set_clock(START);
	return give_place(state);
}

static int start_clock(void **state)
{
	(void)unsetenv("HEADGATE_TEST_CLOCK");
	return take_place(state);
}

#define TEST_TIME(name) cmocka_unit_test_setup_teardown(name, stop_clock, start_clock)

/* A run with two forges, "memory" and "other". */
static struct run *with_two(struct pass_world *world, struct forge_memory **ret_other)
{
	struct run *run = pass_world_run(world);
	struct forge_memory *other = forge_memory_new(world->arena);

	other_ops = *other->base.ops;
	other_ops.name = "other";
	other->base.ops = &other_ops;
	run->ports.forges[run->ports.forge_count++] = &other->base;
	*ret_other = other;
	return run;
}

static void say(struct run *run, const char *commit, enum status_state state, const char *words,
                const char *forge)
{
	const struct status status = {.target = "shop",
	                              .commit = commit,
	                              .context = "headgate/shop",
	                              .state = state,
	                              .description = words};
	struct text_list forges = {0};
	struct records records = {0};

	*LIST_ADD(run->arena, &forges) = forge;
	*LIST_ADD(run->arena, &records) =
		(struct record){.kind = RECORD_STATUS,
	                        .target = "shop",
	                        .commit = commit,
	                        .body = record_status_body(run->arena, &status, &forges)};
	assert_fine(journal_write(run->ports.journal, &records, run->arena, NULL));
}

static struct outbox waiting(struct run *run)
{
	struct outbox outbox = {0};

	assert_fine(journal_outbox(run->ports.journal, "shop", 0, 1000, /* all= */ true, run->arena,
	                           &outbox));
	return outbox;
}

static size_t deliver(struct run *run, struct error **ret_failed)
{
	size_t delivered = 99;

	assert_fine(report_deliver(run, 5000, &delivered, ret_failed));
	return delivered;
}

static void statuses_arrive_in_their_order(void **state)
{
	struct pass_world *world = pass_world_new(*state);
	struct run *run = pass_world_run(world);
	struct error *failed = NULL;

	say(run, "c1", STATUS_SUCCESS, "one", "memory");
	say(run, "c2", STATUS_FAILURE, "two", "memory");
	say(run, "c1", STATUS_FAILURE, "three",
	    "memory"); /* behind the first: never success before what came before it */
	assert_int_equal(deliver(run, &failed), 3);
	assert_null(failed);
	assert_string_equal(pass_world_words(world, "c1"), "success: one / failure: three");
	assert_string_equal(pass_world_words(world, "c2"), "failure: two");
	assert_int_equal(waiting(run).count, 0);
	assert_int_equal(deliver(run, NULL), 0);
}

static void more_than_a_batch_is_delivered_at_once(void **state)
{
	struct pass_world *world = pass_world_new(*state);
	struct run *run = pass_world_run(world);

	for (int i = 0; i < 150; i++)
		say(run, arena_printf(world->arena, "c%d", i), STATUS_SUCCESS, "done", "memory");
	assert_int_equal(deliver(run, NULL), 150);
	assert_int_equal(world->forge->flushes, 3);
}

static void a_forge_that_is_away_is_asked_once_and_later_again(void **state)
{
	struct pass_world *world = pass_world_new(*state);
	struct run *run = pass_world_run(world);
	struct error *failed = NULL;

	say(run, "c1", STATUS_SUCCESS, "one", "memory");
	say(run, "c2", STATUS_SUCCESS, "two", "memory");
	world->forge->failures = 1;
	assert_int_equal(deliver(run, &failed), 0);
	assert_error(failed, ERR_FORGE_UNREACHABLE);
	assert_int_equal(world->forge->posts, 1); /* the second one is not tried on a dead forge */
	assert_int_equal(waiting(run).count, 2);
	for (size_t i = 0; i < 2; i++)
		assert_true(waiting(run).items[i].next_us > START * INT64_C(1000000));
	assert_int_equal(deliver(run, NULL), 0);
	assert_int_equal(world->forge->posts, 1); /* nothing is due */
	set_clock(START + 10);
	assert_int_equal(deliver(run, NULL), 2);
}

static void a_dead_forge_does_not_starve_another(void **state)
{
	struct pass_world *world = pass_world_new(*state);
	struct forge_memory *other;
	struct run *run = with_two(world, &other);
	struct error *failed = NULL;

	for (int i = 0; i < 200; i++)
		say(run, arena_printf(world->arena, "c%d", i), STATUS_SUCCESS, "done", "memory");
	say(run, "last", STATUS_SUCCESS, "done", "other");
	world->forge->failures = SIZE_MAX;
	assert_int_equal(deliver(run, &failed), 1);
	assert_error(failed, ERR_FORGE_UNREACHABLE);
	assert_int_equal(other->posted.count, 1);
	assert_true(world->forge->posts <= 4); /* once in each batch */
	assert_int_equal(waiting(run).count, 200);
}

static void the_pause_grows_and_has_an_end(void **state)
{
	struct pass_world *world = pass_world_new(*state);
	struct run *run = pass_world_run(world);
	int64_t now = START, longest = 0;

	say(run, "c1", STATUS_SUCCESS, "one", "memory");
	world->forge->failures = 30;
	for (int i = 0; i < 30; i++) {
		int64_t pause;

		assert_int_equal(deliver(run, NULL), 0);
		pause = waiting(run).items[0].next_us / 1000000 - now;
		assert_true(pause <= 1350); /* a quarter of an hour, and half of it for chance */
		longest = pause > longest ? pause : longest;
		now += 1351;
		set_clock(now);
	}
	assert_true(longest >= 450);
	assert_int_equal(deliver(run, NULL), 1);
	assert_string_equal(pass_world_status(world, "c1"), "success: one");
}

static void what_a_forge_wishes_is_waited_for(void **state)
{
	struct pass_world *world = pass_world_new(*state);
	struct run *run = pass_world_run(world);

	say(run, "c1", STATUS_SUCCESS, "one", "memory");
	say(run, "c2", STATUS_SUCCESS, "two", "memory");
	world->forge->failures = 1;
	world->forge->code = ERR_FORGE_BUSY;
	world->forge->wait_ms = 3600 * 1000;
	assert_int_equal(deliver(run, NULL), 0);
	set_clock(START + 3599);
	assert_int_equal(deliver(run, NULL), 0);
	set_clock(START + 3600);
	assert_int_equal(deliver(run, NULL), 2);
}

static void a_status_that_is_never_taken_does_not_stop_the_others(void **state)
{
	struct pass_world *world = pass_world_new(*state);
	struct run *run = pass_world_run(world);
	struct error *failed = NULL;

	*LIST_ADD(world->arena, &world->forge->commits) = "c2";
	say(run, "c1", STATUS_SUCCESS, "one", "memory");
	say(run, "c2", STATUS_SUCCESS, "two", "memory");
	assert_int_equal(deliver(run, &failed), 1);
	assert_string_equal(pass_world_status(world, "c2"), "success: two");
	assert_int_equal(waiting(run).count, 1);
	assert_true(waiting(run).items[0].final);
	set_clock(START + 1000000);
	assert_int_equal(deliver(run, NULL), 0);
	assert_int_equal(world->forge->posts, 2);
}

static void a_wrong_credential_is_tried_again(void **state)
{
	struct pass_world *world = pass_world_new(*state);
	struct run *run = pass_world_run(world);

	say(run, "c1", STATUS_SUCCESS, "one", "memory");
	world->forge->failures = 1;
	world->forge->code = ERR_FORGE_AUTH;
	assert_int_equal(deliver(run, NULL), 0);
	assert_false(waiting(run).items[0].final);
	set_clock(START + 10);
	assert_int_equal(deliver(run, NULL), 1);
}

static void nothing_counts_as_delivered_before_the_flush(void **state)
{
	struct pass_world *world = pass_world_new(*state);
	struct run *run = pass_world_run(world);
	struct error *failed = NULL;

	say(run, "c1", STATUS_SUCCESS, "one", "memory");
	world->forge->flush_failures = 1;
	assert_int_equal(deliver(run, &failed), 0);
	assert_error(failed, ERR_FORGE_UNREACHABLE);
	assert_int_equal(waiting(run).count, 1);
	set_clock(START + 10);
	assert_int_equal(deliver(run, NULL), 1);
	assert_int_equal(waiting(run).count, 0);
}

static void a_forge_that_is_no_longer_configured_is_given_up_visibly(void **state)
{
	struct pass_world *world = pass_world_new(*state);
	struct run *run = pass_world_run(world);

	for (int i = 0; i < 100; i++)
		say(run, arena_printf(world->arena, "c%d", i), STATUS_SUCCESS, "done", "gone");
	say(run, "last", STATUS_SUCCESS, "done", "memory");
	assert_int_equal(deliver(run, NULL), 1);
	assert_int_equal(waiting(run).count, 100);
	assert_true(waiting(run).items[0].final);
	assert_contains(waiting(run).items[0].why, "no longer reports to 'gone'");
}

static void without_time_nothing_is_posted(void **state)
{
	struct pass_world *world = pass_world_new(*state);
	struct run *run = pass_world_run(world);
	size_t delivered = 99;

	say(run, "c1", STATUS_SUCCESS, "one", "memory");
	assert_fine(report_deliver(run, 0, &delivered, NULL));
	assert_int_equal(delivered, 0);
	assert_int_equal(world->forge->posts, 0);
}

static void the_stage_itself_never_refuses(void **state)
{
	struct pass_world *world = pass_world_new(*state);
	struct run *run = pass_world_run(world);

	say(run, "c1", STATUS_SUCCESS, "one", "memory");
	say(run, "c2", STATUS_SUCCESS, "two", "memory");
	world->forge->failures = 1;
	assert_fine(report_perform(run));
	assert_int_equal(node_find_number(run->evidence, "delivered", -1), 0);
	assert_non_null(node_find_text(run->evidence, "delayed"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_TIME(statuses_arrive_in_their_order),
		TEST_TIME(more_than_a_batch_is_delivered_at_once),
		TEST_TIME(a_forge_that_is_away_is_asked_once_and_later_again),
		TEST_TIME(a_dead_forge_does_not_starve_another),
		TEST_TIME(the_pause_grows_and_has_an_end),
		TEST_TIME(what_a_forge_wishes_is_waited_for),
		TEST_TIME(a_status_that_is_never_taken_does_not_stop_the_others),
		TEST_TIME(a_wrong_credential_is_tried_again),
		TEST_TIME(nothing_counts_as_delivered_before_the_flush),
		TEST_TIME(a_forge_that_is_no_longer_configured_is_given_up_visibly),
		TEST_TIME(without_time_nothing_is_posted),
		TEST_TIME(the_stage_itself_never_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
