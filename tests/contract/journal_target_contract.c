/* The contract of ports/journal.h: what the memory says about a target and its commits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/text.h"
#include "contract/journal_stage.h"

static void deploy(struct stage *stage, const char *target, const char *migration,
                   const char *checksum, const char *down)
{
	struct bytes archive = {.data = down, .size = down ? strlen(down) : 0};
	struct node *body = node_map(stage->arena);

	node_set_text(stage->arena, body, "checksum", checksum);
	node_set_text(stage->arena, body, "row_id",
	              arena_printf(stage->arena, "row of %s", migration));
	node_set_text(stage->arena, body, "down",
	              down ? sha256_text(stage->arena, down, strlen(down)) : NULL);
	stage_add(stage, (struct record){.kind = RECORD_DEPLOYED,
	                                 .target = target,
	                                 .run = 7,
	                                 .migration = migration,
	                                 .commit = COMMIT_1,
	                                 .body = body,
	                                 .archive = archive});
}

static void hold(struct stage *stage, const char *migration)
{
	stage_add(stage,
	          (struct record){.kind = RECORD_HELD,
	                          .target = SHOP,
	                          .migration = migration,
	                          .commit = COMMIT_2,
	                          .body = stage_body(stage, "{'row_id': 'r', 'checksum': 'c1'}")});
}

static void a_deployed_migration_is_remembered_with_its_down(void **state)
{
	struct stage *stage = *state;
	const struct deployed_migration *found;
	struct bytes down;

	deploy(stage, SHOP, "m2", "c2", NULL);
	deploy(stage, SHOP, "m1", "c1", "DROP TABLE a;\n");
	stage_write(stage);
	stage_reopen(stage);
	assert_int_equal(stage_look(stage, SHOP)->deployed.count, 2);
	assert_string_equal(stage->memory.deployed.items[0].name,
	                    "m2"); /* in the order of deployment */
	assert_null(stage->memory.deployed.items[0].down_digest);
	found = memory_deployed(&stage->memory, "m1");
	assert_string_equal(found->checksum, "c1");
	assert_string_equal(found->commit, COMMIT_1);
	assert_string_equal(found->row_id, "row of m1");
	assert_false(found->adopted);
	assert_int_equal(found->run, 7);
	assert_true(found->at_us > 0);
	stage_must(journal_archive(stage->journal, found->down_digest, stage->arena, &down));
	assert_string_equal(down.data, "DROP TABLE a;\n");
	assert_int_equal(down.size, 14);
	assert_int_equal(stage_look(stage, STOCK)->deployed.count, 0);
}

static void an_adopted_migration_is_known_as_such(void **state)
{
	struct stage *stage = *state;

	stage_add(stage, (struct record){
				 .kind = RECORD_DEPLOYED,
				 .target = SHOP,
				 .migration = "m1",
				 .body = stage_body(stage, "{'checksum': 'c1', 'adopted': true}")});
	stage_write(stage);
	assert_true(memory_deployed(stage_look(stage, SHOP), "m1")->adopted);
}

static void another_down_takes_the_place_of_the_first(void **state)
{
	static const char later[] = "DROP TABLE a CASCADE;";
	struct stage *stage = *state;
	struct bytes down;

	deploy(stage, SHOP, "m1", "c1", "DROP TABLE a;");
	stage_add(stage, (struct record){.kind = RECORD_ARCHIVED,
	                                 .target = SHOP,
	                                 .migration = "m1",
	                                 .body = stage_body(
						 stage, "{'down': '%s'}",
						 sha256_text(stage->arena, later, strlen(later))),
	                                 .archive = {.data = later, .size = strlen(later)}});
	stage_write(stage);
	stage_must(journal_archive(stage->journal,
	                           memory_deployed(stage_look(stage, SHOP), "m1")->down_digest,
	                           stage->arena, &down));
	assert_string_equal(down.data, later);
}

static void an_archive_keeps_every_byte(void **state)
{
	static const char bytes[] = "a\0b\r\n\xff";
	struct stage *stage = *state;
	const char *digest = sha256_text(stage->arena, bytes, sizeof bytes);
	struct bytes found;

	for (int twice = 0; twice < 2; twice++)
		stage_add(stage,
		          (struct record){.kind = RECORD_FINGERPRINT,
		                          .target = SHOP,
		                          .body = stage_body(
						  stage, "{'digest': '%s', 'objects': 4}", digest),
		                          .archive = {.data = bytes, .size = sizeof bytes}});
	stage_write(stage);
	stage_reopen(stage);
	assert_string_equal(stage_look(stage, SHOP)->fingerprint, digest);
	stage_must(journal_archive(stage->journal, digest, stage->arena, &found));
	assert_int_equal(found.size, sizeof bytes);
	assert_memory_equal(found.data, bytes, sizeof bytes);
}

static void an_archive_that_is_gone_is_damage(void **state)
{
	struct stage *stage = *state;
	struct bytes bytes = {.size = 5};
	struct error *error = journal_archive(stage->journal, sha256_text(stage->arena, "x", 1),
	                                      stage->arena, &bytes);

	assert_non_null(error);
	assert_string_equal(error->row->name, "JOURNAL_DAMAGED");
	assert_int_equal(bytes.size, 5);
}

static void a_held_migration_is_deployed_no_more(void **state)
{
	struct stage *stage = *state;
	const struct held_migration *held;

	deploy(stage, SHOP, "m1", "c1", "DROP");
	deploy(stage, SHOP, "m2", "c2", NULL);
	hold(stage, "m1");
	stage_write(stage);
	stage_reopen(stage);
	assert_null(memory_deployed(stage_look(stage, SHOP), "m1"));
	assert_non_null(memory_deployed(&stage->memory, "m2"));
	assert_int_equal(stage->memory.downs.count, 1); /* its way back stays known */
	assert_string_equal(memory_down(&stage->memory, "m1", "c1"),
	                    sha256_text(stage->arena, "DROP", strlen("DROP")));
	assert_null(memory_down(&stage->memory, "m1", "c2"));
	held = memory_held(&stage->memory, "m1");
	assert_string_equal(held->checksum, "c1");
	assert_string_equal(held->row_id, "r");
	assert_string_equal(held->commit, COMMIT_2);
	assert_true(held->at_us > 0);
}

static void a_released_migration_is_neither_held_nor_deployed(void **state)
{
	struct stage *stage = *state;

	deploy(stage, SHOP, "m1", "c1", NULL);
	hold(stage, "m1");
	stage_add(stage,
	          (struct record){.kind = RECORD_RELEASED, .target = SHOP, .migration = "m1"});
	stage_write(stage);
	assert_null(memory_deployed(stage_look(stage, SHOP), "m1"));
	assert_null(memory_held(&stage->memory, "m1"));
}

static void say(struct stage *stage, enum record_kind kind, const char *migration, const char *body)
{
	stage_add(stage, (struct record){.kind = kind,
	                                 .target = SHOP,
	                                 .migration = migration,
	                                 .body = stage_body(stage, "%s", body)});
}

static void a_row_that_a_person_accepted_is_known_by_its_id(void **state)
{
	struct stage *stage = *state;

	deploy(stage, SHOP, "m1", "c1", NULL);
	deploy(stage, SHOP, "m2", "c2", NULL);
	say(stage, RECORD_ACCEPTED, "m1", "{'row_id': 'r1', 'what': 'edit', 'checksum': 'c9'}");
	say(stage, RECORD_ACCEPTED, "m2", "{'row_id': 'r2', 'what': 'gone'}");
	stage_write(stage);
	stage_reopen(stage);
	stage_look(stage, SHOP);
	assert_string_equal(memory_accepted(&stage->memory, "r1")->checksum, "c9");
	assert_string_equal(memory_accepted(&stage->memory, "r2")->name, "m2");
	assert_null(memory_accepted(&stage->memory, "r2")->checksum);
	assert_null(memory_accepted(&stage->memory, "r3"));
	assert_non_null(memory_deployed(&stage->memory, "m1"));
	assert_null(memory_deployed(&stage->memory, "m2"));
	say(stage, RECORD_ACCEPTED, "m1", "{'row_id': 'r1', 'what': 'row'}");
	stage_write(stage);
	assert_int_equal(stage_look(stage, SHOP)->accepted.count, 2);
	assert_null(memory_accepted(&stage->memory, "r1")->checksum);
	assert_int_equal(stage_look(stage, STOCK)->accepted.count, 0);
}

static void a_rollback_by_hand_is_asked_until_it_is_done_or_withdrawn(void **state)
{
	struct stage *stage = *state;

	deploy(stage, SHOP, "m1", "c1", NULL);
	say(stage, RECORD_ROLLBACK_ASKED, "m1", "{'row_id': 'r', 'by': 'ann', 'reason': 'slow'}");
	say(stage, RECORD_ROLLBACK_ASKED, "m2", "{'row_id': 'q', 'by': 'ann'}");
	stage_write(stage);
	stage_reopen(stage);
	stage_look(stage, SHOP);
	assert_string_equal(memory_asked(&stage->memory, "m1")->reason, "slow");
	assert_string_equal(memory_asked(&stage->memory, "m1")->by, "ann");
	assert_string_equal(memory_asked(&stage->memory, "m2")->row_id, "q");
	hold(stage, "m1");
	say(stage, RECORD_ROLLBACK_WITHDRAWN, "m2", "{'why': 'refused'}");
	stage_write(stage);
	assert_int_equal(stage_look(stage, SHOP)->asked.count, 0);
}

static void a_target_is_suspended_until_it_is_resumed(void **state)
{
	struct stage *stage = *state;

	say(stage, RECORD_SUSPENDED, NULL, "{'reason': 'freeze', 'by': 'ann'}");
	say(stage, RECORD_FENCE, NULL, "{'epoch': 4}");
	stage_write(stage);
	stage_reopen(stage);
	stage_look(stage, SHOP);
	assert_string_equal(stage->memory.suspended->reason, "freeze");
	assert_string_equal(stage->memory.suspended->by, "ann");
	assert_int_equal(stage->memory.epoch, 4);
	assert_null(stage_look(stage, STOCK)->suspended);
	say(stage, RECORD_RESUMED, NULL, "{'by': 'ann'}");
	stage_write(stage);
	assert_null(stage_look(stage, SHOP)->suspended);
	assert_int_equal(stage->memory.epoch, 4);
}

static void use_override(struct stage *stage, int64_t run, const char *payload, const char *lifts)
{
	stage_add(stage,
	          (struct record){.kind = RECORD_OVERRIDE,
	                          .target = SHOP,
	                          .run = run,
	                          .commit = COMMIT_1,
	                          .body = stage_body(stage,
	                                             "{'payload': '%s', 'lifts': '%s', 'tag': "
	                                             "'override/shop/x/ann', 'by': 'ann'}",
	                                             payload, lifts)});
	stage_write(stage);
}

static void an_override_is_spent_when_the_run_that_used_it_ends(void **state)
{
	static const char *const outcomes[] = {"superseded", "done"};
	struct stage *stage = *state;

	for (size_t i = 0; i < 2; i++) {
		const int64_t run = stage_open_run(stage, SHOP);
		const struct override_used *used;

		use_override(stage, run, "p1", "checklist");
		use_override(stage, run, "p1", "checklist"); /* again, by the run that went on */
		use_override(stage, run, "p1", "backup-age=6h");
		stage_reopen(stage);
		stage_look(stage, SHOP);
		assert_int_equal(stage->memory.overrides_used.count, 2 + 2 * i);
		used = &stage->memory.overrides_used.items[2 * i];
		assert_string_equal(used->payload, "p1");
		assert_string_equal(used->tag, "override/shop/x/ann");
		assert_string_equal(used->commit, COMMIT_1);
		assert_string_equal(used->lifts, "checklist");
		assert_string_equal(used->by, "ann");
		assert_int_equal(used->run, run);
		assert_null(used->outcome);
		assert_int_equal(memory_spent(&stage->memory, "p1"), 0);
		stage_end_run(stage, SHOP, run, outcomes[i]);
		stage_look(stage, SHOP);
		assert_string_equal(stage->memory.overrides_used.items[2 * i].outcome, outcomes[i]);
		assert_int_equal(memory_spent(&stage->memory, "p1"), i ? run : 0);
		assert_int_equal(memory_spent(&stage->memory, "p2"), 0);
	}
	assert_int_equal(stage_look(stage, STOCK)->overrides_used.count, 0);
}

static void a_commit_is_withdrawn_until_it_is_reinstated(void **state)
{
	static const enum record_kind kinds[] = {RECORD_WITHDRAWN, RECORD_WITHDRAWN,
	                                         RECORD_REINSTATED};
	static const char *const commits[] = {COMMIT_1, COMMIT_2, COMMIT_1};
	static const char *const reasons[] = {"her laptop", "a draft", "found it"};
	struct stage *stage = *state;

	for (size_t i = 0; i < 3; i++) {
		stage_add(stage,
		          (struct record){.kind = kinds[i],
		                          .target = SHOP,
		                          .commit = commits[i],
		                          .body = stage_body(stage, "{'by': 'ann', 'reason': '%s'}",
		                                             reasons[i])});
		stage_write(stage);
		stage_reopen(stage);
		stage_look(stage, SHOP);
		assert_int_equal(stage->memory.withdrawn.count, i == 1 ? 2 : 1);
	}
	assert_null(memory_withdrawn(&stage->memory, COMMIT_1));
	assert_string_equal(memory_withdrawn(&stage->memory, COMMIT_2)->reason, "a draft");
	assert_string_equal(memory_withdrawn(&stage->memory, COMMIT_2)->by, "ann");
	assert_true(memory_withdrawn(&stage->memory, COMMIT_2)->at_us > 0);
	stage_add(stage, (struct record){.kind = RECORD_WITHDRAWN,
	                                 .target = SHOP,
	                                 .commit = COMMIT_2,
	                                 .body = stage_body(stage, "{'by': 'bob'}")});
	stage_add(stage,
	          (struct record){.kind = RECORD_BASELINE, .target = SHOP, .commit = COMMIT_1});
	stage_write(stage);
	assert_int_equal(stage_look(stage, SHOP)->withdrawn.count, 1);
	assert_string_equal(memory_withdrawn(&stage->memory, COMMIT_2)->by, "bob");
	assert_null(memory_withdrawn(&stage->memory, COMMIT_2)->reason);
	assert_int_equal(stage_look(stage, STOCK)->withdrawn.count, 0);
}

static void a_migration_that_comes_back_keeps_its_down_unless_it_changed(void **state)
{
	static const struct {
		const char *checksum, *down;
		bool kept, any;
		const char *sentence;
	} cases[] = {
		{"c1", NULL, true, true, "the same bytes without a down: the archived one"},
		{"c1", "DROP TABLE b;", false, true, "the same bytes with a down: that one"},
		{"c9", NULL, false, false, "other bytes without a down: none"},
	};
	struct stage *stage = *state;
	const char *first = sha256_text(stage->arena, "DROP TABLE a;", 13);

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *name = arena_printf(stage->arena, "m%zu", i), *digest;

		deploy(stage, SHOP, name, "c1", "DROP TABLE a;");
		hold(stage, name);
		deploy(stage, SHOP, name, cases[i].checksum, cases[i].down);
		stage_write(stage);
		digest = memory_deployed(stage_look(stage, SHOP), name)->down_digest;
		if (text_equal(digest, first) != cases[i].kept || (digest != NULL) != cases[i].any)
			fail_msg("%s: %s", cases[i].sentence, digest ? digest : "none");
		assert_null(memory_held(&stage->memory, name));
	}
}

static void refuse(struct stage *stage, const char *commit, const char *migration, const char *code,
                   bool sticky)
{
	stage_add(stage,
	          (struct record){
			  .kind = RECORD_REFUSAL,
			  .target = SHOP,
			  .run = 7,
			  .stage = "verify",
			  .commit = commit,
			  .migration = migration,
			  .body = stage_body(stage,
	                                     "{'code': '%s', 'what': 'a', 'why': 'b', 'hint': 'c', "
	                                     "'rests_on': 'd', 'sticky': %s}",
	                                     code, sticky ? "true" : "false")});
}

static void lift(struct stage *stage, const char *commit, const char *migration)
{
	stage_add(stage,
	          (struct record){.kind = RECORD_LIFTED,
	                          .target = SHOP,
	                          .commit = commit,
	                          .migration = migration,
	                          .body = stage_body(stage, "{'why': 'undone', 'by': 'x'}")});
}

static void a_refusal_stands_with_all_that_it_said(void **state)
{
	struct stage *stage = *state;
	const struct refusal *found;

	refuse(stage, COMMIT_1, "m1", "C001", true);
	stage_write(stage);
	stage_reopen(stage);
	found = memory_refusal(stage_look(stage, SHOP), COMMIT_1, "m1");
	assert_non_null(found);
	assert_string_equal(found->stage, "verify");
	assert_string_equal(found->code, "C001");
	assert_string_equal(found->what, "a");
	assert_string_equal(found->why, "b");
	assert_string_equal(found->hint, "c");
	assert_string_equal(found->rests_on, "d");
	assert_true(found->sticky);
	assert_int_equal(found->run, 7);
	assert_true(found->at_us > 0);
	assert_int_equal(stage_look(stage, STOCK)->refusals.count, 0);
}

static void one_refusal_stands_per_commit_and_migration(void **state)
{
	struct stage *stage = *state;

	refuse(stage, COMMIT_1, "m1", "C001", true);
	refuse(stage, COMMIT_1, NULL, "V002", false);
	refuse(stage, COMMIT_2, "m1", "C002", false);
	refuse(stage, NULL, NULL, "W003", false);
	refuse(stage, COMMIT_1, "m1", "A003", false);
	stage_write(stage);
	assert_int_equal(stage_look(stage, SHOP)->refusals.count, 4);
	assert_string_equal(memory_refusal(&stage->memory, COMMIT_1, "m1")->code, "A003");
	assert_false(memory_refusal(&stage->memory, COMMIT_1, "m1")->sticky);
	assert_string_equal(memory_refusal(&stage->memory, COMMIT_1, NULL)->code, "V002");
	assert_string_equal(memory_refusal(&stage->memory, NULL, NULL)->code, "W003");
}

static void a_refusal_is_lifted_exactly(void **state)
{
	struct stage *stage = *state;

	refuse(stage, COMMIT_1, "m1", "C001", true);
	refuse(stage, COMMIT_1, NULL, "V002", false);
	refuse(stage, NULL, NULL, "W003", false);
	lift(stage, COMMIT_1, NULL);
	stage_write(stage);
	assert_int_equal(stage_look(stage, SHOP)->refusals.count, 2);
	assert_null(memory_refusal(&stage->memory, COMMIT_1, NULL));
	lift(stage, NULL, NULL);
	lift(stage, COMMIT_2, "m1"); /* nothing there: no harm */
	stage_write(stage);
	assert_int_equal(stage_look(stage, SHOP)->refusals.count, 1);
	assert_non_null(memory_refusal(&stage->memory, COMMIT_1, "m1"));
}

static void a_baseline_forgets_what_was_deployed_and_refused(void **state)
{
	struct stage *stage = *state;

	deploy(stage, SHOP, "m1", "c1", "DROP TABLE a;");
	deploy(stage, SHOP, "m2", "c2", NULL);
	deploy(stage, SHOP, "m3", "c3", NULL);
	deploy(stage, STOCK, "m1", "c1", NULL);
	hold(stage, "m2");
	refuse(stage, COMMIT_1, NULL, "V002", false);
	stage_write(stage);
	stage_add(stage,
	          (struct record){.kind = RECORD_BASELINE,
	                          .target = SHOP,
	                          .commit = COMMIT_2,
	                          .body = stage_body(
					  stage, "{'system_identifier': '7301', 'by': 'root'}")});
	deploy(stage, SHOP, "m1", "c1", NULL); /* adopted again: its archived down is still there */
	stage_write(stage);
	stage_reopen(stage);
	assert_true(stage_look(stage, SHOP)->has_baseline);
	assert_string_equal(stage->memory.baseline, COMMIT_2);
	assert_string_equal(stage->memory.deployed_commit, COMMIT_2);
	assert_string_equal(stage->memory.system_identifier, "7301");
	assert_int_equal(stage->memory.deployed.count, 1);
	assert_non_null(stage->memory.deployed.items[0].down_digest);
	assert_int_equal(stage->memory.refusals.count, 0);
	assert_non_null(memory_held(&stage->memory, "m2"));
	assert_int_equal(stage_look(stage, STOCK)->deployed.count, 1);
	assert_false(stage->memory.has_baseline);
}

static void the_newest_word_about_a_target_counts(void **state)
{
	struct stage *stage = *state;

	stage_add(stage,
	          (struct record){.kind = RECORD_BASELINE, .target = SHOP, .commit = COMMIT_1});
	stage_add(stage, (struct record){.kind = RECORD_DEPLOYED_COMMIT,
	                                 .target = SHOP,
	                                 .commit = COMMIT_2});
	stage_add(stage, (struct record){.kind = RECORD_FINGERPRINT,
	                                 .target = SHOP,
	                                 .body = stage_body(stage, "{'digest': 'f1'}")});
	stage_add(stage, (struct record){.kind = RECORD_FINGERPRINT,
	                                 .target = SHOP,
	                                 .body = stage_body(stage, "{'digest': 'f2'}")});
	stage_add(stage, (struct record){.kind = RECORD_RETRY,
	                                 .target = SHOP,
	                                 .body = stage_body(stage, "{'by': 'anna'}")});
	stage_write(stage);
	stage_look(stage, SHOP);
	assert_string_equal(stage->memory.baseline, COMMIT_1);
	assert_string_equal(stage->memory.deployed_commit, COMMIT_2);
	assert_string_equal(stage->memory.fingerprint, "f2");
	assert_true(stage->memory.retried_us > 0);
}

static void a_commit_is_first_seen_once(void **state)
{
	struct stage *stage = *state;
	int64_t before = clock_wall(), first, again;

	stage_add(stage, (struct record){.kind = RECORD_SEEN, .commit = COMMIT_1});
	stage_write(stage);
	stage_must(journal_first_seen(stage->journal, COMMIT_1, stage->arena, &first));
	assert_in_range(first, before, clock_wall());
	stage_add(stage, (struct record){.kind = RECORD_SEEN, .target = STOCK, .commit = COMMIT_1});
	stage_write(stage);
	stage_must(journal_first_seen(stage->journal, COMMIT_1, stage->arena, &again));
	assert_int_equal(first, again);
}

static void a_verdict_hangs_on_commit_and_keys(void **state)
{
	static const struct {
		const char *keys, *kind;
	} verdicts[] = {{"k1", "untrusted"}, {"k2", "good"}, {"k1", "good"}};
	struct stage *stage = *state;
	const struct node *body;

	for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++) {
		stage_add(stage,
		          (struct record){.kind = RECORD_VERDICT,
		                          .commit = COMMIT_1,
		                          .body = stage_body(
						  stage, "{'keys': '%s', 'kind': '%s', 'n': %zu}",
						  verdicts[i].keys, verdicts[i].kind, i)});
		stage_write(stage);
	}
	stage_must(journal_verdict(stage->journal, COMMIT_1, "k1", stage->arena, &body));
	assert_int_equal(node_find_number(body, "n", -1), 2);
	stage_must(journal_verdict(stage->journal, COMMIT_1, "k2", stage->arena, &body));
	assert_int_equal(node_find_number(body, "n", -1), 1);
	stage_must(journal_verdict(stage->journal, COMMIT_1, "k3", stage->arena, &body));
	assert_null(body);
	stage_must(journal_verdict(stage->journal, COMMIT_2, "k1", stage->arena, &body));
	assert_null(body);
}

int journal_target_contract_run(struct journal_subject *subject)
{
	const struct CMUnitTest tests[] = {
		STAGE_CASE(a_deployed_migration_is_remembered_with_its_down),
		STAGE_CASE(an_adopted_migration_is_known_as_such),
		STAGE_CASE(another_down_takes_the_place_of_the_first),
		STAGE_CASE(an_archive_keeps_every_byte),
		STAGE_CASE(an_archive_that_is_gone_is_damage),
		STAGE_CASE(a_held_migration_is_deployed_no_more),
		STAGE_CASE(a_released_migration_is_neither_held_nor_deployed),
		STAGE_CASE(a_row_that_a_person_accepted_is_known_by_its_id),
		STAGE_CASE(a_rollback_by_hand_is_asked_until_it_is_done_or_withdrawn),
		STAGE_CASE(a_target_is_suspended_until_it_is_resumed),
		STAGE_CASE(a_commit_is_withdrawn_until_it_is_reinstated),
		STAGE_CASE(an_override_is_spent_when_the_run_that_used_it_ends),
		STAGE_CASE(a_migration_that_comes_back_keeps_its_down_unless_it_changed),
		STAGE_CASE(a_refusal_stands_with_all_that_it_said),
		STAGE_CASE(one_refusal_stands_per_commit_and_migration),
		STAGE_CASE(a_refusal_is_lifted_exactly),
		STAGE_CASE(a_baseline_forgets_what_was_deployed_and_refused),
		STAGE_CASE(the_newest_word_about_a_target_counts),
		STAGE_CASE(a_commit_is_first_seen_once),
		STAGE_CASE(a_verdict_hangs_on_commit_and_keys),
	};

	stage_use(subject);
	return cmocka_run_group_tests_name(subject->name, tests, NULL, NULL);
}
