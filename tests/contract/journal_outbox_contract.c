/*
 * The contract of ports/journal.h: statuses and the outbox. Easily got wrong: only what is due and first in its line
 * (forge, target, commit) is handed out, so a caller asks again after each delivery.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "contract/journal_stage.h"

#define FAR INT64_MAX

/* "id forge description; …", in the order in which the journal gives them. */
static const char *waiting(struct stage *stage, const char *target, int64_t now_us, bool all)
{
	struct text line = TEXT_IN(stage->arena);
	struct outbox outbox = {0};

	stage_must(journal_outbox(stage->journal, target, now_us, 100, all, stage->arena, &outbox));
	for (size_t i = 0; i < outbox.count; i++)
		text_printf(&line, "%s%s %s", i ? "; " : "", outbox.items[i].forge,
		            outbox.items[i].status.description);
	return text_get(&line);
}

static struct outbox_item first(struct stage *stage)
{
	struct outbox outbox = {0};

	stage_must(journal_outbox(stage->journal, NULL, FAR, 1, false, stage->arena, &outbox));
	assert_int_equal(outbox.count, 1);
	return outbox.items[0];
}

static void deliver(struct stage *stage, int64_t id)
{
	stage_add(stage, (struct record){.kind = RECORD_DELIVERED,
	                                 .target = SHOP,
	                                 .body = stage_body(stage, "{'outbox': %d}", (int)id)});
	stage_write(stage);
}

static void fail_delivery(struct stage *stage, int64_t id, int64_t next_us, bool final)
{
	stage_add(stage,
	          (struct record){.kind = RECORD_UNDELIVERED,
	                          .target = SHOP,
	                          .body = stage_body(
					  stage,
					  "{'outbox': %d, 'why': 'refused', 'next_us': %lld, "
					  "'final': %s}",
					  (int)id, (long long)next_us, final ? "true" : "false")});
	stage_write(stage);
}

static void deliver_first(struct stage *stage)
{
	deliver(stage, first(stage).id);
}

static void a_status_waits_with_all_that_it_says(void **state)
{
	struct stage *stage = *state;
	const char *names[] = {"notes", "github"};
	struct text_list forges = {.items = names, .count = 2};
	struct status status = {
		.target = SHOP,
		.commit = COMMIT_1,
		.context = "headgate/" SHOP,
		.state = STATUS_FAILURE,
		.description = "not signed \xe2\x80\xa6",
		.url = "https://agent.example/41",
	};
	struct outbox outbox;

	stage_add(stage,
	          (struct record){.kind = RECORD_STATUS,
	                          .target = SHOP,
	                          .run = 41,
	                          .commit = COMMIT_1,
	                          .body = record_status_body(stage->arena, &status, &forges)});
	stage_write(stage);
	stage_reopen(stage);
	stage_must(journal_outbox(stage->journal, NULL, FAR, 10, false, stage->arena, &outbox));
	assert_int_equal(outbox.count, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct outbox_item *item = &outbox.items[i];

		assert_int_equal(item->id, i + 1);
		assert_string_equal(item->forge, names[i]);
		assert_string_equal(item->status.target, SHOP);
		assert_string_equal(item->status.commit, COMMIT_1);
		assert_string_equal(item->status.context, "headgate/" SHOP);
		assert_int_equal(item->status.state, STATUS_FAILURE);
		assert_string_equal(item->status.description, "not signed \xe2\x80\xa6");
		assert_string_equal(item->status.url, "https://agent.example/41");
		assert_int_equal(item->status.run, 41);
		assert_false(item->status.retried);
		assert_int_equal(item->attempts, 0);
		assert_null(item->why);
		assert_false(item->final);
		assert_true(item->created_us > 0);
		assert_int_equal(item->next_us, item->created_us);
	}
	assert_int_equal(stage_look(stage, SHOP)->undelivered, 2);
	assert_int_equal(stage_look(stage, STOCK)->undelivered, 0);
}

static void a_delivered_status_waits_no_more(void **state)
{
	struct stage *stage = *state;

	stage_say(stage, COMMIT_1, STATUS_SUCCESS, "applied", "notes");
	deliver_first(stage);
	stage_reopen(stage);
	assert_string_equal(waiting(stage, NULL, FAR, true), "");
	assert_int_equal(stage_look(stage, SHOP)->undelivered, 0);
}

static void statuses_of_a_commit_come_one_after_the_other(void **state)
{
	struct stage *stage = *state;

	stage_say(stage, COMMIT_1, STATUS_FAILURE, "1", "notes");
	stage_say(stage, COMMIT_1, STATUS_PENDING, "2", "notes");
	stage_say(stage, COMMIT_2, STATUS_SUCCESS, "other commit", "notes");
	stage_say(stage, COMMIT_1, STATUS_SUCCESS, "other forge", "github");
	stage_say(stage, COMMIT_1, STATUS_ERROR, "3",
	          "notes"); /* and 2, never delivered, says nothing any more */
	assert_string_equal(waiting(stage, NULL, FAR, false),
	                    "notes 1; notes other commit; github other forge");
	deliver_first(stage);
	assert_string_equal(waiting(stage, NULL, FAR, false),
	                    "notes other commit; github other forge; notes 3");
}

static void only_an_undelivered_pending_of_the_same_line_is_skipped(void **state)
{
	static const struct {
		enum status_state earlier, later;
		const char *commit, *forge;
		bool delivered;
		const char *all, *sentence;
	} cases[] = {
		{STATUS_PENDING, STATUS_SUCCESS, COMMIT_1, "notes", false, "notes later",
	         "pending, then success"},
		{STATUS_PENDING, STATUS_PENDING, COMMIT_1, "notes", false, "notes later",
	         "pending, then pending"},
		{STATUS_PENDING, STATUS_FAILURE, COMMIT_1, "notes", true, "notes later",
	         "delivered already"},
		{STATUS_SUCCESS, STATUS_SUCCESS, COMMIT_1, "notes", false,
	         "notes earlier; notes later", "success is never skipped"},
		{STATUS_FAILURE, STATUS_PENDING, COMMIT_1, "notes", false,
	         "notes earlier; notes later", "failure is never skipped"},
		{STATUS_ERROR, STATUS_SUCCESS, COMMIT_1, "notes", false,
	         "notes earlier; notes later", "error is never skipped"},
		{STATUS_PENDING, STATUS_SUCCESS, COMMIT_2, "notes", false,
	         "notes earlier; notes later", "another commit"},
		{STATUS_PENDING, STATUS_SUCCESS, COMMIT_1, "github", false,
	         "notes earlier; github later", "another forge"},
	};
	struct stage *stage = *state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		stage->subject->reset(stage->subject);
		stage_reopen(stage);
		stage_say(stage, COMMIT_1, cases[i].earlier, "earlier", "notes");
		if (cases[i].delivered)
			deliver_first(stage);
		stage_say(stage, cases[i].commit, cases[i].later, "later", cases[i].forge);
		if (!text_equal(waiting(stage, NULL, FAR, true), cases[i].all))
			fail_msg("%s: '%s'", cases[i].sentence, waiting(stage, NULL, FAR, true));
	}
}

static void say_in(struct stage *stage, const char *target, const char *context,
                   const char *description)
{
	stage_add(stage,
	          (struct record){.kind = RECORD_STATUS,
	                          .target = target,
	                          .commit = COMMIT_1,
	                          .body = stage_body(stage,
	                                             "{'context': '%s', 'state': 'pending', "
	                                             "'description': '%s', 'forges': ['notes']}",
	                                             context, description)});
	stage_write(stage);
}

static void another_context_is_not_skipped_but_waits(void **state)
{
	struct stage *stage = *state;

	say_in(stage, SHOP, "headgate/shop", "a");
	say_in(stage, SHOP, "headgate/shop/plan", "b");
	assert_string_equal(waiting(stage, NULL, FAR, true), "notes a; notes b");
	assert_string_equal(waiting(stage, NULL, FAR, false), "notes a");
}

static void targets_have_lines_of_their_own(void **state)
{
	struct stage *stage = *state;

	say_in(stage, SHOP, "headgate/shop", "a");
	say_in(stage, STOCK, "headgate/stock", "b");
	assert_string_equal(waiting(stage, NULL, FAR, false), "notes a; notes b");
	assert_string_equal(waiting(stage, SHOP, FAR, false), "notes a");
	assert_string_equal(waiting(stage, STOCK, FAR, true), "notes b");
}

static void a_failed_delivery_waits_until_it_is_due(void **state)
{
	struct stage *stage = *state;
	struct outbox_item item;
	int64_t due;

	stage_say(stage, COMMIT_1, STATUS_SUCCESS, "a", "notes");
	stage_say(stage, COMMIT_1, STATUS_FAILURE, "b", "notes");
	item = first(stage);
	due = item.created_us + 60000000;
	fail_delivery(stage, item.id, due, false);
	stage_reopen(stage);
	assert_string_equal(waiting(stage, NULL, due - 1, false),
	                    ""); /* b stays behind a, though it is due */
	assert_string_equal(waiting(stage, NULL, due, false), "notes a");
	assert_string_equal(waiting(stage, NULL, due - 1, true), "notes a; notes b");
	item = first(stage);
	assert_int_equal(item.attempts, 1);
	assert_int_equal(item.next_us, due);
	assert_string_equal(item.why, "refused");
	assert_true(item.status.retried);
	fail_delivery(stage, item.id, due, false);
	assert_int_equal(first(stage).attempts, 2);
	deliver_first(stage);
	assert_string_equal(waiting(stage, NULL, FAR, false), "notes b");
}

static void a_pending_that_failed_to_arrive_may_be_skipped(void **state)
{
	struct stage *stage = *state;

	stage_say(stage, COMMIT_1, STATUS_PENDING, "a", "notes");
	fail_delivery(stage, first(stage).id, FAR, false);
	stage_say(stage, COMMIT_1, STATUS_SUCCESS, "b", "notes");
	assert_string_equal(waiting(stage, NULL, first(stage).created_us, false), "notes b");
}

static void a_final_one_stays_visible_and_blocks_nothing(void **state)
{
	struct stage *stage = *state;
	struct outbox outbox;

	stage_say(stage, COMMIT_1, STATUS_SUCCESS, "a", "notes");
	stage_say(stage, COMMIT_1, STATUS_FAILURE, "b", "notes");
	fail_delivery(stage, first(stage).id, 0, true);
	stage_reopen(stage);
	assert_string_equal(waiting(stage, NULL, FAR, false), "notes b");
	stage_must(journal_outbox(stage->journal, SHOP, 0, 10, true, stage->arena, &outbox));
	assert_int_equal(outbox.count, 2);
	assert_true(outbox.items[0].final);
	assert_string_equal(outbox.items[0].why, "refused");
	assert_false(outbox.items[1].final);
	assert_int_equal(stage_look(stage, SHOP)->undelivered, 1); /* it waits no more */
	stage_say(stage, COMMIT_1, STATUS_PENDING, "c", "notes");
	assert_string_equal(waiting(stage, NULL, FAR, true), "notes a; notes b; notes c");
}

/* One process posts "pending" while another writes "success": what was posted was posted. */
static void a_skipped_one_may_be_delivered_late(void **state)
{
	struct stage *stage = *state;
	int64_t pending;

	stage_say(stage, COMMIT_1, STATUS_PENDING, "a", "notes");
	pending = first(stage).id;
	stage_say(stage, COMMIT_1, STATUS_SUCCESS, "b", "notes");
	deliver(stage, pending);
	assert_string_equal(waiting(stage, NULL, FAR, true), "notes b");
	fail_delivery(stage, pending, 0, true); /* and nothing brings it back */
	assert_string_equal(waiting(stage, NULL, FAR, true), "notes b");
}

static void the_outbox_gives_at_most_what_is_asked_for(void **state)
{
	struct stage *stage = *state;
	struct outbox outbox;

	for (int i = 0; i < 5; i++)
		stage_say(stage, arena_printf(stage->arena, "%040d", i), STATUS_SUCCESS,
		          arena_printf(stage->arena, "%d", i), "notes");
	stage_must(journal_outbox(stage->journal, NULL, FAR, 2, false, stage->arena, &outbox));
	assert_int_equal(outbox.count, 2);
	assert_string_equal(outbox.items[1].status.description, "1");
	stage_must(journal_outbox(stage->journal, NULL, FAR, 3, true, stage->arena, &outbox));
	assert_int_equal(outbox.count, 3);
}

static void the_newest_status_of_each_commit_is_shown(void **state)
{
	struct stage *stage = *state;
	struct statuses statuses;

	stage_say(stage, COMMIT_1, STATUS_PENDING, "a", "notes");
	stage_say(stage, COMMIT_2, STATUS_FAILURE, "b", "notes");
	stage_say(stage, COMMIT_1, STATUS_SUCCESS, "c", "notes");
	say_in(stage, STOCK, "headgate/stock", "d");
	stage_reopen(stage);
	stage_must(journal_statuses(stage->journal, SHOP, 10, stage->arena, &statuses));
	assert_int_equal(statuses.count, 2);
	assert_string_equal(statuses.items[0].commit, COMMIT_1);
	assert_string_equal(statuses.items[0].description, "c");
	assert_int_equal(statuses.items[0].state, STATUS_SUCCESS);
	assert_string_equal(statuses.items[1].description, "b");
	stage_must(journal_statuses(stage->journal, SHOP, 1, stage->arena, &statuses));
	assert_int_equal(statuses.count, 1);
	assert_string_equal(statuses.items[0].description, "c");
}

static void a_status_without_a_known_state_is_not_taken(void **state)
{
	struct stage *stage = *state;

	stage_add(stage, (struct record){
				 .kind = RECORD_STATUS,
				 .target = SHOP,
				 .commit = COMMIT_1,
				 .body = stage_body(stage, "{'context': 'c', 'state': 'cancelled', "
	                                                   "'description': 'd', 'forges': []}")});
	stage_write_fails(stage, ERR_JOURNAL);
}

int journal_outbox_contract_run(struct journal_subject *subject)
{
	const struct CMUnitTest tests[] = {
		STAGE_CASE(a_status_waits_with_all_that_it_says),
		STAGE_CASE(a_delivered_status_waits_no_more),
		STAGE_CASE(statuses_of_a_commit_come_one_after_the_other),
		STAGE_CASE(only_an_undelivered_pending_of_the_same_line_is_skipped),
		STAGE_CASE(another_context_is_not_skipped_but_waits),
		STAGE_CASE(targets_have_lines_of_their_own),
		STAGE_CASE(a_failed_delivery_waits_until_it_is_due),
		STAGE_CASE(a_pending_that_failed_to_arrive_may_be_skipped),
		STAGE_CASE(a_final_one_stays_visible_and_blocks_nothing),
		STAGE_CASE(a_skipped_one_may_be_delivered_late),
		STAGE_CASE(the_outbox_gives_at_most_what_is_asked_for),
		STAGE_CASE(the_newest_status_of_each_commit_is_shown),
		STAGE_CASE(a_status_without_a_known_state_is_not_taken),
	};

	stage_use(subject);
	return cmocka_run_group_tests_name(subject->name, tests, NULL, NULL);
}
