/* The contract of ports/forge.h. Every test starts with an empty place and its own arena. */
#include "contract/forge_contract.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

struct stage { /* of one test */
	struct forge_subject *subject;
	struct arena *arena;
	struct forge *forge;
};

static struct forge_subject *running; /* cmocka hands a setup nothing but a state of its own */

static int set_up(void **state)
{
	struct arena *arena = arena_new();
	struct stage *stage = ARENA_NEW(arena, struct stage);

	running->reset(running);
	*stage = (struct stage){running, arena, running->open(running, arena)};
	*state = stage;
	return 0;
}

static int tear_down(void **state)
{
	struct stage *stage = *state;

	if (stage->subject->set_down)
		stage->subject->set_down(stage->subject, false);
	forge_close(stage->forge);
	arena_free(stage->arena);
	return 0;
}

static struct status status_of(struct stage *stage, const char *target, enum status_state state,
                               const char *words)
{
	return (struct status){
		.target = target,
		.commit = stage->subject->commits[0],
		.context = status_context(stage->arena, target),
		.state = state,
		.description = words,
	};
}

static void deliver(struct stage *stage, const struct status *status)
{
	uint64_t wait_ms = 0;
	struct error *error = forge_post(stage->forge, status, stage->arena, &wait_ms);

	if (!error)
		error = forge_flush(stage->forge, stage->arena, &wait_ms);
	if (error)
		fail_msg("%s: %s: %s", error->row->code, error->what, error->why ? error->why : "");
}

static void expect_seen(struct stage *stage, const char *target, enum status_state state,
                        const char *words)
{
	struct forge_subject *subject = stage->subject;
	struct status seen = {0};

	if (!subject->read(subject, subject->commits[0], target, stage->arena, &seen))
		fail_msg("nothing is shown for '%s'", target);
	assert_string_equal(status_state_name(seen.state), status_state_name(state));
	assert_string_equal(seen.description, words);
}

static void each_state_is_shown(void **state)
{
	static const enum status_state states[] = {STATUS_PENDING, STATUS_SUCCESS, STATUS_FAILURE,
	                                           STATUS_ERROR};
	struct stage *stage = *state;

	for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
		const char *words = arena_printf(stage->arena, "words %zu", i);
		struct status status = status_of(stage, "shop", states[i], words);

		deliver(stage, &status);
		expect_seen(stage, "shop", states[i], words);
	}
}

static void a_later_status_takes_the_place_of_an_earlier_one(void **state)
{
	struct stage *stage = *state;
	struct status pending = status_of(stage, "shop", STATUS_PENDING, "applying 2 migrations");
	struct status success =
		status_of(stage, "shop", STATUS_SUCCESS, "applied 2 migrations in 1.3 s");

	deliver(stage, &pending);
	deliver(stage, &success);
	expect_seen(stage, "shop", STATUS_SUCCESS, "applied 2 migrations in 1.3 s");
	assert_int_equal(stage->subject->count(stage->subject, stage->subject->commits[0], "shop"),
	                 2);
}

static void the_same_words_may_come_back_later(void **state)
{
	struct stage *stage = *state;
	struct status failure = status_of(stage, "shop", STATUS_FAILURE, "not signed");
	struct status pending = status_of(stage, "shop", STATUS_PENDING, "tried again");

	deliver(stage, &failure);
	deliver(stage, &pending);
	deliver(stage, &failure);
	expect_seen(stage, "shop", STATUS_FAILURE, "not signed");
}

static void posting_twice_is_harmless(void **state)
{
	struct stage *stage = *state;
	struct status success = status_of(stage, "shop", STATUS_SUCCESS, "applied 1 migration");

	deliver(stage, &success);
	deliver(stage, &success);
	expect_seen(stage, "shop", STATUS_SUCCESS, "applied 1 migration");
}

static void a_retry_of_what_arrived_leaves_one(void **state)
{
	struct stage *stage = *state;
	struct status success = status_of(stage, "shop", STATUS_SUCCESS, "applied 1 migration");

	deliver(stage, &success);
	success.retried = true;
	forge_close(stage->forge); /* another process tries again */
	stage->forge = stage->subject->open(stage->subject, stage->arena);
	deliver(stage, &success);
	expect_seen(stage, "shop", STATUS_SUCCESS, "applied 1 migration");
	assert_int_equal(stage->subject->count(stage->subject, stage->subject->commits[0], "shop"),
	                 1);
}

static void a_retry_of_what_did_not_arrive_arrives(void **state)
{
	struct stage *stage = *state;
	struct status pending = status_of(stage, "shop", STATUS_PENDING, "applying 1 migration");
	struct status success = status_of(stage, "shop", STATUS_SUCCESS, "applied 1 migration");

	deliver(stage, &pending);
	success.retried = true;
	deliver(stage, &success);
	expect_seen(stage, "shop", STATUS_SUCCESS, "applied 1 migration");
}

static void targets_do_not_mix(void **state)
{
	struct stage *stage = *state;
	struct status shop = status_of(stage, "shop", STATUS_SUCCESS, "applied");
	struct status stock = status_of(stage, "shop-stock", STATUS_FAILURE, "refused");

	deliver(stage, &shop);
	deliver(stage, &stock);
	expect_seen(stage, "shop", STATUS_SUCCESS, "applied");
	expect_seen(stage, "shop-stock", STATUS_FAILURE, "refused");
}

static void commits_do_not_mix(void **state)
{
	struct stage *stage = *state;
	struct status first = status_of(stage, "shop", STATUS_SUCCESS, "applied");
	struct status second = status_of(stage, "shop", STATUS_PENDING, "behind");
	struct status seen = {0};

	second.commit = stage->subject->commits[1];
	deliver(stage, &first);
	deliver(stage, &second);
	expect_seen(stage, "shop", STATUS_SUCCESS, "applied");
	assert_true(
		stage->subject->read(stage->subject, second.commit, "shop", stage->arena, &seen));
	assert_string_equal(seen.description, "behind");
}

static void many_posts_share_one_flush(void **state)
{
	struct stage *stage = *state;
	struct status first = status_of(stage, "shop", STATUS_SUCCESS, "applied");
	struct status second = status_of(stage, "shop", STATUS_SUCCESS, "also applied");
	uint64_t wait_ms = 0;

	second.commit = stage->subject->commits[1];
	assert_null(forge_post(stage->forge, &first, stage->arena, &wait_ms));
	deliver(stage, &second);
	expect_seen(stage, "shop", STATUS_SUCCESS, "applied");
	assert_int_equal(stage->subject->count(stage->subject, second.commit, "shop"), 1);
}

static void a_flush_without_posts_is_harmless(void **state)
{
	struct stage *stage = *state;
	uint64_t wait_ms = 0;

	assert_null(forge_flush(stage->forge, stage->arena, &wait_ms));
}

static void long_words_are_cut_between_characters(void **state)
{
	struct stage *stage = *state;
	struct text words = TEXT_IN(stage->arena), cut = TEXT_IN(stage->arena);
	struct status status;

	for (size_t i = 0; i < STATUS_DESCRIPTION_MAXIMUM + 1; i++) {
		text_add(&words,
		         "\xc3\xa9"); /* é: two bytes each, so 140 bytes are not 140 characters */
		if (i < STATUS_DESCRIPTION_MAXIMUM - 1)
			text_add(&cut, "\xc3\xa9");
	}
	text_add(&cut, "\xe2\x80\xa6"); /* … */
	status = status_of(stage, "shop", STATUS_FAILURE, text_get(&words));
	deliver(stage, &status);
	expect_seen(stage, "shop", STATUS_FAILURE, text_get(&cut));
}

static void words_stay_one_line(void **state)
{
	struct stage *stage = *state;
	struct status status =
		status_of(stage, "shop", STATUS_FAILURE, "one\nsuccess headgate/shop: two\x1b[0m");

	deliver(stage, &status);
	expect_seen(stage, "shop", STATUS_FAILURE, "one success headgate/shop: two [0m");
}

static void an_unknown_commit_is_refused_for_good(void **state)
{
	struct stage *stage = *state;
	struct status status = status_of(stage, "shop", STATUS_SUCCESS, "applied");
	uint64_t wait_ms = 0;
	struct error *error;

	if (!stage->subject->unknown_commit)
		skip();
	status.commit = stage->subject->unknown_commit;
	error = forge_post(stage->forge, &status, stage->arena, &wait_ms);
	assert_non_null(error);
	assert_string_equal(error->row->name, "FORGE_REFUSED");
	assert_non_null(error->hint);
}

static void a_look_at_its_health_shows_nothing_to_people(void **state)
{
	struct stage *stage = *state;
	struct forge_health health = {0};
	struct error *error = forge_check(stage->forge, status_context(stage->arena, "shop"),
	                                  "main", stage->arena, &health);

	if (error)
		fail_msg("%s: %s", error->what, error->why ? error->why : "");
	assert_int_not_equal(health.may_post, FORGE_NO);
	assert_non_null(health.place);
	assert_non_null(health.may_post_why);
	assert_true(health.is_required_why || health.is_required == FORGE_NO);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(
			stage->subject->count(stage->subject, stage->subject->commits[i], "shop"),
			0);
}

static void an_outage_is_told_and_survived(void **state)
{
	struct stage *stage = *state;
	struct status status = status_of(stage, "shop", STATUS_SUCCESS, "applied 1 migration");
	uint64_t wait_ms = 0;
	struct error *error;

	if (!stage->subject->set_down)
		skip();
	stage->subject->set_down(stage->subject, true);
	error = forge_post(stage->forge, &status, stage->arena, &wait_ms);
	if (!error)
		error = forge_flush(stage->forge, stage->arena, &wait_ms);
	assert_non_null(error);
	if (!text_equal(error->row->name, "FORGE_UNREACHABLE"))
		assert_string_equal(error->row->name, "FORGE_BUSY");
	assert_int_equal(error->row->reaction, REACT_RETRY);
	stage->subject->set_down(stage->subject, false);
	status.retried = true;
	deliver(stage, &status);
	expect_seen(stage, "shop", STATUS_SUCCESS, "applied 1 migration");
	assert_int_equal(stage->subject->count(stage->subject, status.commit, "shop"), 1);
}

static void the_pull_requests_of_a_commit_are_its_own_and_at_most_ten(void **state)
{
	struct stage *stage = *state;
	struct forge_subject *subject = stage->subject;
	struct forge_pulls pulls = {0};

	if (!subject->add_pull) {
		assert_null(
			forge_ask_pulls(stage->forge, subject->commits[0], stage->arena, &pulls));
		assert_int_equal(pulls.count, 0);
		return;
	}
	subject->add_pull(subject, subject->commits[0], 41);
	for (uint64_t number = 1; number <= 12; number++)
		subject->add_pull(subject, subject->commits[1], number);
	assert_null(forge_ask_pulls(stage->forge, subject->commits[0], stage->arena, &pulls));
	assert_int_equal(pulls.count, 1);
	assert_int_equal(pulls.items[0], 41);
	assert_null(forge_ask_pulls(stage->forge, subject->commits[1], stage->arena, &pulls));
	assert_int_equal(pulls.count, 10);
	assert_int_equal(pulls.items[0], 1);
	if (subject->unknown_commit) {
		assert_null(forge_ask_pulls(stage->forge, subject->unknown_commit, stage->arena,
		                            &pulls));
		assert_int_equal(pulls.count, 0);
	}
}

static void an_outage_is_told_when_pull_requests_are_asked_for(void **state)
{
	struct stage *stage = *state;
	struct forge_pulls pulls = {0};
	struct error *error;

	if (!stage->subject->set_down || !stage->subject->add_pull)
		skip();
	stage->subject->set_down(stage->subject, true);
	error = forge_ask_pulls(stage->forge, stage->subject->commits[0], stage->arena, &pulls);
	assert_non_null(error);
	assert_int_equal(error->row->reaction, REACT_RETRY);
	assert_int_equal(pulls.count, 0);
	stage->subject->set_down(stage->subject, false);
	assert_null(
		forge_ask_pulls(stage->forge, stage->subject->commits[0], stage->arena, &pulls));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int forge_contract_run(struct forge_subject *subject)
{
	const struct CMUnitTest tests[] = {
		CASE(each_state_is_shown),
		CASE(a_later_status_takes_the_place_of_an_earlier_one),
		CASE(the_same_words_may_come_back_later),
		CASE(posting_twice_is_harmless),
		CASE(a_retry_of_what_arrived_leaves_one),
		CASE(a_retry_of_what_did_not_arrive_arrives),
		CASE(targets_do_not_mix),
		CASE(commits_do_not_mix),
		CASE(many_posts_share_one_flush),
		CASE(a_flush_without_posts_is_harmless),
		CASE(long_words_are_cut_between_characters),
		CASE(words_stay_one_line),
		CASE(an_unknown_commit_is_refused_for_good),
		CASE(a_look_at_its_health_shows_nothing_to_people),
		CASE(an_outage_is_told_and_survived),
		CASE(the_pull_requests_of_a_commit_are_its_own_and_at_most_ten),
		CASE(an_outage_is_told_when_pull_requests_are_asked_for),
	};

	running = subject;
	return cmocka_run_group_tests_name(subject->name, tests, NULL, NULL);
}
