/*
 * The contract of ports/journal.h: writing, runs and their stages, and the chain. Every test starts with an empty
 * journal and its own arena; many look after the journal was closed and opened again.
 */
#include "contract/journal_contract.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "contract/journal_stage.h"

static void an_empty_journal_knows_nothing(void **state)
{
	struct stage *stage = *state;
	const struct memory *memory = stage_look(stage, SHOP);
	const struct node *verdict = NULL;
	const char *chain;
	struct runs runs;
	struct statuses statuses;
	struct outbox outbox;
	int64_t seconds = -1, records = -1;

	assert_string_equal(memory->target, SHOP);
	assert_false(memory->has_baseline);
	assert_null(memory->baseline);
	assert_null(memory->deployed_commit);
	assert_null(memory->fingerprint);
	assert_null(memory->open_run);
	assert_int_equal(memory->last_run, 0);
	assert_int_equal(memory->retried_us, 0);
	assert_int_equal(memory->deployed.count + memory->held.count + memory->refusals.count, 0);
	assert_int_equal(memory->undelivered, 0);
	stage_must(journal_chain(stage->journal, stage->arena, &chain));
	assert_true(text_is_hex(chain, 64));
	assert_int_equal(strlen(journal_identity(stage->journal)), 36);
	stage_must(journal_runs(stage->journal, NULL, 10, stage->arena, &runs));
	stage_must(journal_statuses(stage->journal, SHOP, 10, stage->arena, &statuses));
	stage_must(
		journal_outbox(stage->journal, NULL, INT64_MAX, 10, true, stage->arena, &outbox));
	assert_int_equal(runs.count + statuses.count + outbox.count, 0);
	stage_must(journal_first_seen(stage->journal, COMMIT_1, stage->arena, &seconds));
	assert_int_equal(seconds, 0);
	stage_must(journal_verdict(stage->journal, COMMIT_1, "keys", stage->arena, &verdict));
	assert_null(verdict);
	stage_must(journal_check(stage->journal, stage->arena, &records));
	assert_int_equal(records, 0);
}

static void who_it_is_stays(void **state)
{
	struct stage *stage = *state;
	const char *before = arena_text(stage->arena, journal_identity(stage->journal));

	stage_reopen(stage);
	assert_string_equal(journal_identity(stage->journal), before);
}

static void runs_are_numbered_across_targets(void **state)
{
	struct stage *stage = *state;

	assert_int_equal(stage_open_run(stage, SHOP), 1);
	assert_int_equal(stage_open_run(stage, STOCK), 2);
	stage_end_run(stage, SHOP, 1, "done");
	stage_reopen(stage);
	assert_int_equal(stage_open_run(stage, SHOP), 3);
	assert_int_equal(stage_look(stage, SHOP)->last_run, 3);
	assert_int_equal(stage_look(stage, STOCK)->last_run, 2);
}

static void records_of_one_call_share_the_new_run(void **state)
{
	struct stage *stage = *state;
	const struct memory *memory;
	int64_t run;

	stage_add(stage, (struct record){.kind = RECORD_RUN_BEGUN, .target = SHOP, .run = RUN_NEW});
	stage_add(stage, (struct record){.kind = RECORD_STAGE_BEGUN,
	                                 .target = SHOP,
	                                 .run = RUN_NEW,
	                                 .stage = "watch"});
	run = stage_write(stage);
	memory = stage_look(stage, SHOP);
	assert_int_equal(memory->open_run->id, run);
	assert_non_null(run_memory_stage(memory->open_run, "watch"));
}

static void a_call_that_names_a_run_gives_it_back(void **state)
{
	struct stage *stage = *state;
	int64_t run = stage_open_run(stage, SHOP);

	stage_add(stage, (struct record){.kind = RECORD_STAGE_BEGUN,
	                                 .target = SHOP,
	                                 .run = run,
	                                 .stage = "watch"});
	assert_int_equal(stage_write(stage), run);
	assert_int_equal(stage_write(stage), RUN_NONE); /* nothing to write is no error */
}

static void an_open_run_remembers_what_it_set_out_to_do(void **state)
{
	struct stage *stage = *state;
	const struct run_memory *run;

	stage_add(stage, (struct record){
				 .kind = RECORD_RUN_BEGUN,
				 .target = SHOP,
				 .run = RUN_NEW,
				 .body = stage_body(
					 stage,
					 "{'direction': 'rollback', 'head': '%s', 'horizon': '%s', "
					 "'plan': 'p1', 'system_identifier': '7301', "
					 "'items': [{'action': 'roll back', 'name': 'm1'}]}",
					 COMMIT_2, COMMIT_1),
			 });
	stage_write(stage);
	stage_reopen(stage);
	run = stage_look(stage, SHOP)->open_run;
	assert_non_null(run);
	assert_string_equal(run->target, SHOP);
	assert_string_equal(run->direction, "rollback");
	assert_string_equal(run->head, COMMIT_2);
	assert_string_equal(run->horizon, COMMIT_1);
	assert_string_equal(run->plan, "p1");
	assert_int_equal(node_count(run->items), 1);
	assert_string_equal(node_find_text(run->items->child, "name"), "m1");
	assert_true(run->begun_us > 0);
	assert_int_equal(run->ended_us, 0);
	assert_null(run->outcome);
	assert_null(run->backup);
	assert_string_equal(stage->memory.system_identifier, "7301");
}

static void a_run_without_items_has_an_empty_list(void **state)
{
	struct stage *stage = *state;

	stage_open_run(stage, SHOP);
	assert_int_equal(stage_look(stage, SHOP)->open_run->items->kind, NODE_LIST);
	assert_int_equal(node_count(stage->memory.open_run->items), 0);
}

static void an_ended_run_is_open_no_more(void **state)
{
	struct stage *stage = *state;
	int64_t run = stage_open_run(stage, SHOP);
	struct run_memory found;

	stage_end_run(stage, SHOP, run, "refused");
	stage_reopen(stage);
	assert_null(stage_look(stage, SHOP)->open_run);
	assert_int_equal(stage->memory.last_run, run);
	stage_must(journal_run(stage->journal, run, stage->arena, &found));
	assert_string_equal(found.outcome, "refused");
	assert_true(found.ended_us >= found.begun_us);
}

static void a_second_open_run_of_a_target_is_not_taken(void **state)
{
	struct stage *stage = *state;
	int64_t run = stage_open_run(stage, SHOP);

	stage_add(stage, (struct record){.kind = RECORD_SEEN, .commit = COMMIT_1});
	stage_add(stage, (struct record){.kind = RECORD_RUN_BEGUN, .target = SHOP, .run = RUN_NEW});
	stage_write_fails(stage, ERR_JOURNAL);
	stage_add(stage, (struct record){.kind = RECORD_RUN_ENDED,
	                                 .target = SHOP,
	                                 .run = run,
	                                 .body = stage_body(stage, "{'outcome': 'superseded'}")});
	stage_add(stage, (struct record){.kind = RECORD_RUN_BEGUN, .target = SHOP, .run = RUN_NEW});
	assert_int_equal(stage_write(stage), run + 1); /* ended and begun in one call is fine */
}

static void all_records_of_a_call_are_written_or_none(void **state)
{
	struct stage *stage = *state;
	int64_t seconds, records;

	stage_add(stage, (struct record){.kind = RECORD_SEEN, .commit = COMMIT_1});
	stage_add(stage,
	          (struct record){
			  .kind = RECORD_STAGE_BEGUN, .target = SHOP, .run = 99, .stage = "watch"});
	stage_write_fails(stage, ERR_JOURNAL);
	stage_must(journal_first_seen(stage->journal, COMMIT_1, stage->arena, &seconds));
	assert_int_equal(seconds, 0);
	stage_add(stage, (struct record){.kind = RECORD_SEEN, .commit = COMMIT_1});
	stage_write(stage);
	stage_must(journal_check(stage->journal, stage->arena, &records));
	assert_int_equal(records, 1);
}

static void a_stage_says_what_it_last_said(void **state)
{
	static const struct {
		enum record_kind kind;
		const char *body;
		bool done, stopped;
		const char *sentence;
	} steps[] = {
		{RECORD_STAGE_BEGUN, "{}", false, false, "it began"},
		{RECORD_STAGE_STOPPED,
	         "{'reaction': 'wait', 'code': 'A001', 'what': 'w', 'took_ms': 5}", false, true,
	         "it waits"},
		{RECORD_STAGE_BEGUN, "{}", false, false, "it began again"},
		{RECORD_STAGE_DONE, "{'took_ms': 38, 'evidence': {'rows': 2}}", true, false,
	         "it passed"},
		{RECORD_STAGE_SETTLED, "{'found': 'applied'}", true, false,
	         "settling alone changes nothing"},
		{RECORD_STAGE_BEGUN, "{}", false, false, "a resumed run does it once more"},
		{RECORD_STAGE_STOPPED,
	         "{'reaction': 'refuse', 'code': 'C001', 'why': 'y', 'hint': 'h'}", false, true,
	         "it refuses"},
		{RECORD_STAGE_DONE, "{'evidence': {'rows': 3}}", true, false,
	         "settled after it stopped"},
	};
	struct stage *stage = *state;
	int64_t run = stage_open_run(stage, SHOP);

	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		const struct stage_memory *found;

		stage_add(stage, (struct record){.kind = steps[i].kind,
		                                 .target = SHOP,
		                                 .run = run,
		                                 .stage = "check",
		                                 .body = stage_body(stage, "%s", steps[i].body)});
		stage_write(stage);
		found = run_memory_stage(stage_look(stage, SHOP)->open_run, "check");
		if (found->done != steps[i].done || found->stopped != steps[i].stopped)
			fail_msg("%s: done %d, stopped %d", steps[i].sentence, found->done,
			         found->stopped);
		assert_int_equal(found->evidence != NULL, steps[i].done);
		assert_int_equal(found->code != NULL, steps[i].stopped);
		assert_int_equal(found->stopped_us != 0, steps[i].stopped);
		assert_true(found->begun_us > 0);
		if (i == 1) {
			assert_string_equal(found->reaction, "wait");
			assert_string_equal(found->code, "A001");
			assert_string_equal(found->what, "w");
			assert_null(found->why);
			assert_int_equal(found->took_ms, 5);
		}
		if (i == 3) {
			assert_int_equal(found->took_ms, 38);
			assert_int_equal(node_find_number(found->evidence, "rows", 0), 2);
		}
	}
}

static void stages_stand_in_the_order_of_their_first_beginning(void **state)
{
	static const char *const order[] = {"watch", "verify", "check", "watch", "verify"};
	struct stage *stage = *state;
	int64_t run = stage_open_run(stage, SHOP);
	struct run_memory found;

	for (size_t i = 0; i < sizeof order / sizeof *order; i++)
		stage_add(stage, (struct record){.kind = RECORD_STAGE_BEGUN,
		                                 .target = SHOP,
		                                 .run = run,
		                                 .stage = order[i]});
	stage_write(stage);
	stage_must(journal_run(stage->journal, run, stage->arena, &found));
	assert_int_equal(found.stages.count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_string_equal(found.stages.items[i].name, order[i]);
}

static void add_intent(struct stage *stage, int64_t run, const char *migration, int64_t statement,
                       const char *xid)
{
	stage_add(stage, (struct record){.kind = RECORD_INTENT,
	                                 .target = SHOP,
	                                 .run = run,
	                                 .migration = migration,
	                                 .body = stage_body(
						 stage,
						 "{'action': 'apply', 'way': 2, 'statement': %d, "
						 "'statements': 3, 'row_id': 'r', 'checksum': 'c', "
						 "'xid': '%s'}",
						 (int)statement, xid)});
}

static void add_outcome(struct stage *stage, int64_t run, const char *migration, const char *body)
{
	stage_add(stage, (struct record){.kind = RECORD_OUTCOME,
	                                 .target = SHOP,
	                                 .run = run,
	                                 .migration = migration,
	                                 .body = stage_body(stage, "%s", body)});
}

static void an_intent_is_open_until_its_outcome(void **state)
{
	struct stage *stage = *state;
	int64_t run = stage_open_run(stage, SHOP);
	const struct intent *intents;

	add_intent(stage, run, "m1", 1, "700");
	add_outcome(stage, run, "m1", "{'result': 'applied'}");
	add_intent(stage, run, "m1", 2, "701");
	stage_write(stage);
	stage_reopen(stage);
	assert_int_equal(stage_look(stage, SHOP)->open_run->intents.count, 2);
	intents = stage->memory.open_run->intents.items;
	assert_string_equal(intents[0].migration, "m1");
	assert_string_equal(intents[0].action, "apply");
	assert_int_equal(intents[0].way, 2);
	assert_int_equal(intents[0].statement, 1);
	assert_int_equal(intents[0].statements, 3);
	assert_string_equal(intents[0].row_id, "r");
	assert_string_equal(intents[0].checksum, "c");
	assert_string_equal(intents[0].xid, "700");
	assert_string_equal(intents[0].result, "applied");
	assert_int_equal(intents[1].statement, 2);
	assert_null(intents[1].result);
}

static void of_two_tries_of_a_statement_the_newest_counts(void **state)
{
	struct stage *stage = *state;
	int64_t run = stage_open_run(stage, SHOP);
	const struct intent *intents;

	add_intent(stage, run, "m1", 0, "700");
	add_intent(stage, run, "m2", 0, "701");
	add_outcome(stage, run, "m1", "{'result': 'withdrawn'}");
	add_intent(stage, run, "m1", 0, "702");
	stage_write(stage);
	assert_int_equal(stage_look(stage, SHOP)->open_run->intents.count, 2);
	intents = stage->memory.open_run->intents.items;
	assert_string_equal(intents[0].migration, "m1");
	assert_string_equal(intents[0].xid, "702");
	assert_null(intents[0].result);
	assert_null(intents[1].result);
}

static void an_outcome_may_name_its_statement(void **state)
{
	struct stage *stage = *state;
	int64_t run = stage_open_run(stage, SHOP);
	const struct intent *intents;

	add_intent(stage, run, "m1", 1, "700");
	add_intent(stage, run, "m1", 2, "701");
	add_outcome(stage, run, "m1", "{'result': 'applied', 'statement': 1}");
	stage_write(stage);
	intents = stage_look(stage, SHOP)->open_run->intents.items;
	assert_string_equal(intents[0].result, "applied");
	assert_null(intents[1].result);
}

static void intents_of_a_run_that_nobody_opened_are_not_taken(void **state)
{
	struct stage *stage = *state;

	add_intent(stage, 7, "m1", 0, "700");
	stage_write_fails(stage, ERR_JOURNAL);
}

static void intents_end_with_their_run(void **state)
{
	struct stage *stage = *state;
	int64_t run = stage_open_run(stage, SHOP);
	struct run_memory found;

	add_intent(stage, run, "m1", 0, "700");
	stage_write(stage);
	stage_end_run(stage, SHOP, run, "halted");
	stage_open_run(stage, SHOP);
	assert_int_equal(stage_look(stage, SHOP)->open_run->intents.count, 0);
	stage_must(journal_run(stage->journal, run, stage->arena, &found));
	assert_int_equal(found.intents.count, 1);
}

static void a_backup_belongs_to_its_run(void **state)
{
	struct stage *stage = *state;
	int64_t run = stage_open_run(stage, SHOP);

	for (int i = 1; i < 3; i++)
		stage_add(stage,
		          (struct record){.kind = RECORD_BACKUP,
		                          .target = SHOP,
		                          .run = run,
		                          .body = stage_body(
						  stage, "{'file': '/b/%d.dump', 'size': 9}", i)});
	stage_write(stage);
	assert_string_equal(node_find_text(stage_look(stage, SHOP)->open_run->backup, "file"),
	                    "/b/2.dump");
}

static void runs_are_listed_newest_first(void **state)
{
	struct stage *stage = *state;
	struct runs runs;

	for (int i = 0; i < 3; i++) {
		stage_end_run(stage, SHOP, stage_open_run(stage, SHOP), "done");
		stage_end_run(stage, STOCK, stage_open_run(stage, STOCK), "done");
	}
	stage_must(journal_runs(stage->journal, SHOP, 2, stage->arena, &runs));
	assert_int_equal(runs.count, 2);
	assert_int_equal(runs.items[0].id, 5);
	assert_int_equal(runs.items[1].id, 3);
	stage_must(journal_runs(stage->journal, NULL, 100, stage->arena, &runs));
	assert_int_equal(runs.count, 6);
	assert_string_equal(runs.items[0].target, STOCK);
	assert_int_equal(runs.items[5].id, 1);
}

static void an_unknown_run_is_named(void **state)
{
	struct stage *stage = *state;
	struct run_memory found;
	struct error *error;

	stage_open_run(stage, SHOP);
	error = journal_run(stage->journal, 41, stage->arena, &found);
	assert_non_null(error);
	assert_string_equal(error->row->name, "UNKNOWN_RUN");
	assert_non_null(strstr(error->what, "41"));
}

static void each_write_moves_the_chain(void **state)
{
	struct stage *stage = *state;
	const char *chains[4];
	int64_t records;

	for (size_t i = 0; i < 4; i++) {
		stage_must(journal_chain(stage->journal, stage->arena, &chains[i]));
		for (size_t other = 0; other < i; other++)
			assert_string_not_equal(chains[i], chains[other]);
		stage_add(stage, (struct record){.kind = RECORD_SEEN,
		                                 .commit = COMMIT_1}); /* the same each time */
		stage_write(stage);
	}
	stage_must(journal_check(stage->journal, stage->arena, &records));
	assert_int_equal(records, 4);
}

static void every_kind_of_record_is_taken(void **state)
{
	struct stage *stage = *state;
	int64_t run = stage_open_run(stage, SHOP), records;

	for (int kind = 0; kind < RECORD_KIND_COUNT; kind++) {
		if (kind == RECORD_RUN_BEGUN)
			continue;
		stage_add(stage,
		          (struct record){
				  .kind = (enum record_kind)kind,
				  .target = SHOP,
				  .run = run,
				  .stage = "apply",
				  .migration = "m1",
				  .commit = COMMIT_1,
				  .body = stage_body(
					  stage, "{'action': 'apply', 'keys': 'k', 'outbox': 1, "
						 "'context': 'c', 'state': 'success', "
						 "'description': 'd', 'forges': ['notes']}"),
			  });
		stage_write(stage);
	}
	stage_must(journal_check(stage->journal, stage->arena, &records));
	assert_int_equal(records, RECORD_KIND_COUNT);
}

static void odd_text_comes_back_as_it_was(void **state)
{
	static const char odd[] =
		"it's \"so\"; DROP TABLE record; -- \\ \xc3\xa9\xf0\x9f\x9a\xa7 %s ?1 :target";
	struct stage *stage = *state;
	struct node *body = node_map(stage->arena);
	const struct refusal *found;

	node_set_text(stage->arena, body, "what", odd);
	stage_add(stage, (struct record){.kind = RECORD_REFUSAL,
	                                 .target = odd,
	                                 .stage = odd,
	                                 .commit = odd,
	                                 .migration = odd,
	                                 .body = body});
	stage_write(stage);
	stage_reopen(stage);
	found = memory_refusal(stage_look(stage, odd), odd, odd);
	assert_non_null(found);
	assert_string_equal(found->stage, odd);
	assert_string_equal(found->what, odd);
}

int journal_contract_run(struct journal_subject *subject)
{
	const struct CMUnitTest tests[] = {
		STAGE_CASE(an_empty_journal_knows_nothing),
		STAGE_CASE(who_it_is_stays),
		STAGE_CASE(runs_are_numbered_across_targets),
		STAGE_CASE(records_of_one_call_share_the_new_run),
		STAGE_CASE(a_call_that_names_a_run_gives_it_back),
		STAGE_CASE(an_open_run_remembers_what_it_set_out_to_do),
		STAGE_CASE(a_run_without_items_has_an_empty_list),
		STAGE_CASE(an_ended_run_is_open_no_more),
		STAGE_CASE(a_second_open_run_of_a_target_is_not_taken),
		STAGE_CASE(all_records_of_a_call_are_written_or_none),
		STAGE_CASE(a_stage_says_what_it_last_said),
		STAGE_CASE(stages_stand_in_the_order_of_their_first_beginning),
		STAGE_CASE(an_intent_is_open_until_its_outcome),
		STAGE_CASE(of_two_tries_of_a_statement_the_newest_counts),
		STAGE_CASE(an_outcome_may_name_its_statement),
		STAGE_CASE(intents_of_a_run_that_nobody_opened_are_not_taken),
		STAGE_CASE(intents_end_with_their_run),
		STAGE_CASE(a_backup_belongs_to_its_run),
		STAGE_CASE(runs_are_listed_newest_first),
		STAGE_CASE(an_unknown_run_is_named),
		STAGE_CASE(each_write_moves_the_chain),
		STAGE_CASE(every_kind_of_record_is_taken),
		STAGE_CASE(odd_text_comes_back_as_it_was),
	};

	stage_use(subject);
	return cmocka_run_group_tests_name(subject->name, tests, NULL, NULL) +
	       journal_target_contract_run(subject) + journal_outbox_contract_run(subject);
}
