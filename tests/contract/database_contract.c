/*
 * The contract of ports/database.h. Every test starts with an empty database, a connected session
 * and its own arena; where one session must not see or hurt another, there are two.
 */
#include "contract/database_contract.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

#define PUBLIC "public"
#define ROW_1 "00000000-0000-4000-8000-000000000001"
#define ROW_2 "00000000-0000-4000-8000-000000000002"
#define ROW_3 "00000000-0000-4000-8000-000000000003"
#define ROW_4 "00000000-0000-4000-8000-000000000004"
#define SUM "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
#define START_US INT64_C(1795560000123456)

struct stage {
	struct database_subject *subject;
	struct arena *arena;
	struct database *first, *second; /* second is connected when a test asks for it */
	struct server server;
	struct fence fence; /* of the first session */
};

static const struct session_limits limits = {.lock_timeout = 2000, .statement_timeout = 30000};

static void must(struct error *error)
{
	if (error)
		fail_msg("%s: %s: %s", error->row->name, error->what, error->why ? error->why : "");
}

static void must_be(struct error *error, enum error_code code)
{
	if (!error)
		fail_msg("no error instead of %s", error_rows()[code].name);
	else if (error->row != &error_rows()[code])
		fail_msg("%s instead of %s: %s: %s", error->row->name, error_rows()[code].name,
		         error->what, error->why ? error->why : "");
	else
		assert_true(error->hint && *error->hint);
}

static struct bytes text(const char *sql)
{
	return (struct bytes){sql, strlen(sql)};
}

static struct ledger look(struct stage *stage)
{
	struct ledger ledger;

	must(database_ledger(stage->first, PUBLIC, stage->arena, &ledger));
	return ledger;
}

static enum row_state state_of(struct stage *stage, const char *row_id)
{
	const struct ledger ledger = look(stage);
	const struct ledger_row *row = ledger_find(&ledger, row_id);

	assert_non_null(row);
	return ledger_row_state(row);
}

static struct database *second(struct stage *stage)
{
	struct server server;

	stage->second = stage->subject->open(stage->subject, stage->arena);
	must(database_connect(stage->second, &limits, true, stage->arena, &server));
	return stage->second;
}

static void take(struct stage *stage)
{
	must(database_take_fence(stage->first, PUBLIC, CONTRACT_TARGET, CONTRACT_JOURNAL, false,
	                         stage->arena, &stage->fence.epoch));
}

static struct answer send_sql(struct stage *stage, const char *sql)
{
	struct answer answer;

	must(database_send(stage->first, text(sql), &(struct send_options){0}, stage->arena,
	                   &answer));
	return answer;
}

static void write_row(struct stage *stage, enum ledger_change_kind kind, const char *row_id,
                      const char *name)
{
	must(database_write(stage->first, &stage->fence,
	                    &(struct ledger_change){.kind = kind,
	                                            .row_id = row_id,
	                                            .name = name,
	                                            .checksum = SUM,
	                                            .started_us = START_US,
	                                            .finished_us = START_US + 1000001,
	                                            .rolled_back_us = START_US + 2000002,
	                                            .logs = "line '1'\nline \\2"},
	                    NULL, stage->arena));
}

static const struct ledger_change applied = {
	.kind = LEDGER_APPLIED,
	.row_id = ROW_1,
	.name = "20260101000000_one",
	.checksum = SUM,
	.started_us = START_US,
	.finished_us = START_US + 7,
};

static void a_session_tells_where_it_is(void **state)
{
	struct stage *stage = *state;

	assert_true(stage->server.version_num >= 140000);
	assert_non_null(stage->server.version);
	assert_null(strchr(stage->server.version, ' '));
	assert_non_null(stage->server.database);
	assert_non_null(stage->server.role);
	assert_string_equal(stage->server.current_schema, PUBLIC);
	assert_false(stage->server.in_recovery);
	assert_true(stage->server.backend_pid > 0);
}

static void an_empty_database_has_no_ledger(void **state)
{
	const struct ledger ledger = look(*state);

	assert_string_equal(ledger.schema, PUBLIC);
	assert_true(ledger.schema_exists);
	assert_true(ledger.schema_is_empty);
	assert_false(ledger.has_table);
	assert_false(ledger.has_deployed);
	assert_int_equal(ledger.count, 0);
}

static void taking_the_fence_makes_the_books(void **state)
{
	struct stage *stage = *state;
	struct ledger ledger;

	take(stage);
	ledger = look(stage);
	assert_int_equal(stage->fence.epoch, 1);
	assert_true(ledger.has_table);
	assert_true(ledger.schema_is_empty);
	assert_int_equal(ledger.count, 0);
	assert_true(ledger.has_deployed);
	assert_string_equal(ledger.deployed.ledger, PUBLIC);
	assert_string_equal(ledger.deployed.target, CONTRACT_TARGET);
	assert_string_equal(ledger.deployed.journal, CONTRACT_JOURNAL);
	assert_int_equal(ledger.deployed.epoch, 1);
	assert_null(ledger.deployed.commit);
	assert_true(ledger.deployed.at_us > 0);
}

static void each_taking_raises_the_epoch(void **state)
{
	struct stage *stage = *state;

	take(stage);
	take(stage);
	assert_int_equal(stage->fence.epoch, 2);
	assert_int_equal(look(stage).deployed.epoch, 2);
}

static void a_missing_schema_is_made_with_the_books(void **state)
{
	struct stage *stage = *state;
	struct ledger ledger;
	int64_t epoch;

	must(database_ledger(stage->first, "Other one", stage->arena, &ledger));
	assert_false(ledger.schema_exists);
	must(database_take_fence(stage->first, "Other one", CONTRACT_TARGET, CONTRACT_JOURNAL,
	                         false, stage->arena, &epoch));
	must(database_ledger(stage->first, "Other one", stage->arena, &ledger));
	assert_true(ledger.schema_exists);
	assert_true(ledger.has_table);
	assert_true(ledger.has_deployed);
	assert_false(look(stage).has_deployed);
}

static void another_target_or_journal_is_foreign_until_taken_over(void **state)
{
	struct stage *stage = *state;
	int64_t epoch = -1;
	struct ledger ledger;

	take(stage);
	must_be(database_take_fence(stage->first, PUBLIC, "stock", CONTRACT_JOURNAL, false,
	                            stage->arena, &epoch),
	        ERR_JOURNAL_FOREIGN);
	must_be(database_take_fence(stage->first, PUBLIC, CONTRACT_TARGET, "another", false,
	                            stage->arena, &epoch),
	        ERR_JOURNAL_FOREIGN);
	assert_int_equal(epoch, -1);
	assert_int_equal(look(stage).deployed.epoch, 1);
	must(database_take_fence(stage->first, PUBLIC, "stock", "another", true, stage->arena,
	                         &epoch));
	ledger = look(stage);
	assert_int_equal(epoch, 2);
	assert_string_equal(ledger.deployed.target, "stock");
	assert_string_equal(ledger.deployed.journal, "another");
}

static void rows_come_back_as_they_were_written(void **state)
{
	struct stage *stage = *state;
	struct ledger ledger;

	take(stage);
	write_row(stage, LEDGER_APPLIED, ROW_1, "20260101000000_it's \"one\"");
	write_row(stage, LEDGER_OPENED, ROW_2, "20260102000000_two");
	write_row(stage, LEDGER_FAILED_TRY, ROW_3, "20260103000000_three");
	write_row(stage, LEDGER_APPLIED, ROW_4, "20260104000000_four");
	write_row(stage, LEDGER_ROLLED_BACK, ROW_4, NULL);
	ledger = look(stage);
	assert_int_equal(ledger.count, 4);
	assert_string_equal(ledger.items[0].id, ROW_1);
	assert_string_equal(ledger.items[0].name, "20260101000000_it's \"one\"");
	assert_string_equal(ledger.items[0].checksum, SUM);
	assert_int_equal(ledger.items[0].started_us, START_US);
	assert_int_equal(ledger.items[0].finished_us, START_US + 1000001);
	assert_int_equal(ledger.items[0].rolled_back_us, 0);
	assert_int_equal(ledger.items[0].steps, 1);
	assert_int_equal(ledger.items[1].steps, 0);
	assert_int_equal(ledger_row_state(&ledger.items[0]), ROW_APPLIED);
	assert_int_equal(ledger_row_state(&ledger.items[1]), ROW_OPEN);
	assert_int_equal(ledger_row_state(&ledger.items[2]), ROW_FAILED_TRY);
	assert_int_equal(ledger_row_state(&ledger.items[3]), ROW_ROLLED_BACK);
	assert_int_equal(ledger.items[3].rolled_back_us, START_US + 2000002);
}

static void rows_can_be_asked_for_alone_with_whether_somebody_is_at_work(void **state)
{
	struct stage *stage = *state;
	struct ledger ledger;
	bool locked = true;

	take(stage);
	write_row(stage, LEDGER_OPENED, ROW_1, "20260101000000_one");
	must(database_unlock(stage->first, stage->arena));
	must(database_rows(stage->first, PUBLIC, stage->arena, &ledger, &locked));
	assert_int_equal(ledger.count, 1);
	assert_string_equal(ledger.items[0].name, "20260101000000_one");
	assert_true(ledger.has_table);
	assert_false(ledger.has_deployed);
	assert_false(locked);
	must(database_lock(stage->first, 1000, stage->arena));
	must(database_rows(stage->first, PUBLIC, stage->arena, &ledger, &locked));
	assert_true(locked);
}

static void an_open_row_ends_finished_or_failed(void **state)
{
	struct stage *stage = *state;

	take(stage);
	write_row(stage, LEDGER_OPENED, ROW_1, "20260101000000_one");
	write_row(stage, LEDGER_FINISHED, ROW_1, NULL);
	assert_int_equal(state_of(stage, ROW_1), ROW_APPLIED);
	assert_int_equal(look(stage).items[0].steps, 1);
	write_row(stage, LEDGER_OPENED, ROW_2, "20260102000000_two");
	write_row(stage, LEDGER_FAILED, ROW_2, NULL);
	assert_int_equal(state_of(stage, ROW_2), ROW_FAILED_TRY);
}

static void what_a_person_resolved_looks_as_prisma_writes_it(void **state)
{
	struct stage *stage = *state;
	struct ledger ledger;

	take(stage);
	write_row(stage, LEDGER_OPENED, ROW_1, "20260101000000_one");
	write_row(stage, LEDGER_RESOLVED_ROLLED_BACK, ROW_1, NULL);
	write_row(stage, LEDGER_RESOLVED_APPLIED, ROW_2, "20260101000000_one");
	ledger = look(stage);
	assert_int_equal(state_of(stage, ROW_1), ROW_FAILED_TRY);
	assert_int_equal(state_of(stage, ROW_2), ROW_APPLIED);
	assert_int_equal(ledger_find(&ledger, ROW_2)->steps, 0);
	write_row(stage, LEDGER_OPENED, ROW_3, "20260103000000_three");
	write_row(stage, LEDGER_LOGGED, ROW_3, NULL);
	assert_int_equal(state_of(stage, ROW_3), ROW_OPEN);
}

static void a_down_opens_its_row_and_closes_it_again(void **state)
{
	struct stage *stage = *state;

	take(stage);
	write_row(stage, LEDGER_APPLIED, ROW_1, "20260101000000_one");
	write_row(stage, LEDGER_REOPENED, ROW_1, NULL);
	assert_int_equal(state_of(stage, ROW_1), ROW_OPEN);
	write_row(stage, LEDGER_DOWN_WITHDRAWN, ROW_1, NULL);
	assert_int_equal(state_of(stage, ROW_1), ROW_APPLIED);
	write_row(stage, LEDGER_REOPENED, ROW_1, NULL);
	write_row(stage, LEDGER_DOWN_FINISHED, ROW_1, NULL);
	assert_int_equal(state_of(stage, ROW_1), ROW_ROLLED_BACK);
	assert_int_equal(look(stage).items[0].steps, 1);
}

static void a_change_meets_its_row_as_it_was_left(void **state)
{
	static const struct {
		enum ledger_change_kind kind;
		const char *sentence;
	} rows[] = {
		{LEDGER_FINISHED, "an applied row is not finished once more"},
		{LEDGER_FAILED, "an applied row does not become a failed try"},
		{LEDGER_DOWN_FINISHED, "a down that was never begun does not end"},
		{LEDGER_DOWN_WITHDRAWN, "nor is it withdrawn"},
		{LEDGER_RESOLVED_ROLLED_BACK, "what did not fail is not resolved"},
		{LEDGER_LOGGED, "nor has it anything to tell"},
	};
	struct stage *stage = *state;
	struct ledger_change change = {
		.row_id = ROW_1, .finished_us = START_US, .rolled_back_us = START_US, .logs = ""};

	take(stage);
	write_row(stage, LEDGER_APPLIED, ROW_1, "20260101000000_one");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		change.kind = rows[i].kind;
		must_be(database_write(stage->first, &stage->fence, &change, NULL, stage->arena),
		        ERR_FENCED);
		assert_int_equal(state_of(stage, ROW_1), ROW_APPLIED);
	}
	change.kind = LEDGER_ROLLED_BACK;
	change.row_id = ROW_2;
	must_be(database_write(stage->first, &stage->fence, &change, NULL, stage->arena),
	        ERR_FENCED);
}

static void deployed_keeps_what_a_change_does_not_name(void **state)
{
	struct stage *stage = *state;
	struct ledger ledger;

	take(stage);
	must(database_write(stage->first, &stage->fence, NULL,
	                    &(struct deployed_change){.commit = "c1", .tree = "t1", .chain = "h1"},
	                    stage->arena));
	must(database_write(stage->first, &stage->fence, NULL,
	                    &(struct deployed_change){.chain = "h2"}, stage->arena));
	ledger = look(stage);
	assert_string_equal(ledger.deployed.commit, "c1");
	assert_string_equal(ledger.deployed.tree, "t1");
	assert_string_equal(ledger.deployed.chain, "h2");
	assert_int_equal(ledger.deployed.epoch, 1);
}

static void whoever_lost_the_fence_writes_nothing_more(void **state)
{
	struct stage *stage = *state;
	struct database *other = second(stage);
	const char *xid = NULL;
	int64_t epoch;

	take(stage);
	must(database_take_fence(other, PUBLIC, CONTRACT_TARGET, CONTRACT_JOURNAL, false,
	                         stage->arena, &epoch));
	must_be(database_begin(stage->first, &stage->fence, stage->arena, &xid), ERR_FENCED);
	assert_null(xid);
	must_be(database_write(stage->first, &stage->fence, &applied, NULL, stage->arena),
	        ERR_FENCED);
	assert_int_equal(look(stage).count, 0);
}

static void the_fence_demands_the_last_row(void **state)
{
	struct stage *stage = *state;
	const char *xid;

	take(stage);
	write_row(stage, LEDGER_APPLIED, ROW_1, "20260101000000_one");
	stage->fence.last_row_id = ROW_1;
	must(database_begin(stage->first, &stage->fence, stage->arena, &xid));
	must(database_rollback(stage->first, stage->arena));
	stage->fence.last_row_id = ROW_2;
	must_be(database_begin(stage->first, &stage->fence, stage->arena, &xid), ERR_FENCED);
	must_be(database_write(stage->first, &stage->fence, NULL,
	                       &(struct deployed_change){.chain = "h"}, stage->arena),
	        ERR_FENCED);
}

static void without_books_nothing_begins(void **state)
{
	struct stage *stage = *state;
	const char *xid;

	stage->fence.epoch = 1;
	must_be(database_begin(stage->first, &stage->fence, stage->arena, &xid), ERR_FENCED);
	must_be(database_write(stage->first, &stage->fence, &applied, NULL, stage->arena),
	        ERR_FENCED);
}

static void a_file_and_its_row_commit_together(void **state)
{
	struct stage *stage = *state;
	enum transaction_outcome outcome;
	struct answer answer;
	const char *xid;
	bool kept = false;

	take(stage);
	must(database_begin(stage->first, &stage->fence, stage->arena, &xid));
	answer = send_sql(stage, FILE_MAKES);
	assert_false(answer.failed);
	assert_int_equal(answer.transaction, TRANSACTION_OPEN);
	assert_int_equal(answer.tags.count, 1);
	assert_string_equal(answer.tags.items[0], "CREATE TABLE");
	assert_false(stage->subject->exists(stage->subject, "thing"));
	must(database_commit(stage->first, &stage->fence, xid, &applied,
	                     &(struct deployed_change){.commit = "c1"}, stage->arena, &kept));
	assert_true(stage->subject->exists(stage->subject, "thing"));
	assert_int_equal(state_of(stage, ROW_1), ROW_APPLIED);
	assert_string_equal(look(stage).deployed.commit, "c1");
	must(database_transaction_outcome(stage->first, xid, stage->arena, &outcome));
	assert_int_equal(outcome, OUTCOME_COMMITTED);
}

static void a_failed_file_leaves_nothing(void **state)
{
	struct stage *stage = *state;
	enum transaction_outcome outcome;
	struct answer answer;
	const char *xid;

	take(stage);
	must(database_begin(stage->first, &stage->fence, stage->arena, &xid));
	answer = send_sql(stage, FILE_FAILS);
	assert_true(answer.failed);
	assert_false(answer.lost);
	assert_string_equal(answer.error.sqlstate, "22012");
	assert_int_equal(answer.transaction, TRANSACTION_FAILED);
	must(database_rollback(stage->first, stage->arena));
	must(database_rollback(stage->first, stage->arena)); /* repeating is harmless */
	assert_false(stage->subject->exists(stage->subject, "thing"));
	assert_int_equal(look(stage).count, 0);
	must(database_transaction_outcome(stage->first, xid, stage->arena, &outcome));
	assert_int_equal(outcome, OUTCOME_ABORTED);
}

static void a_copy_has_nothing_to_read(void **state)
{
	struct stage *stage = *state;
	struct answer answer;
	const char *xid;

	take(stage);
	must(database_begin(stage->first, &stage->fence, stage->arena, &xid));
	answer = send_sql(stage, FILE_COPIES);
	assert_true(answer.failed);
	assert_true(answer.copy_ended);
	must(database_rollback(stage->first, stage->arena));
	assert_false(stage->subject->exists(stage->subject, "thing"));
}

static void the_tags_tell_what_committed_before_the_failure(void **state)
{
	static const char *const tags[] = {"BEGIN", "CREATE TABLE", "COMMIT"};
	struct stage *stage = *state;
	struct answer answer;

	take(stage);
	answer = send_sql(stage, FILE_OWN_TRANSACTION);
	assert_true(answer.failed);
	assert_int_equal(answer.transaction, TRANSACTION_NONE);
	assert_int_equal(answer.tags.count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_string_equal(answer.tags.items[i], tags[i]);
	assert_true(stage->subject->exists(stage->subject, "thing"));
}

static void a_file_may_end_inside_its_own_transaction(void **state)
{
	struct stage *stage = *state;

	take(stage);
	assert_int_equal(send_sql(stage, FILE_LEFT_OPEN).transaction, TRANSACTION_OPEN);
	must(database_rollback(stage->first, stage->arena));
	assert_false(stage->subject->exists(stage->subject, "thing"));
}

static void a_broken_connection_is_seen_and_made_again(void **state)
{
	struct stage *stage = *state;
	enum transaction_outcome outcome;
	struct answer answer;
	const char *xid, *none;

	take(stage);
	must(database_lock(stage->first, 0, stage->arena));
	must(database_begin(stage->first, &stage->fence, stage->arena, &xid));
	answer = send_sql(stage, FILE_BREAKS);
	assert_true(answer.lost);
	must_be(database_begin(stage->first, &stage->fence, stage->arena, &none), ERR_DB_LOST);
	must_be(database_lock(stage->first, 0, stage->arena), ERR_DB_LOST);
	must(database_connect(stage->first, &limits, true, stage->arena, &stage->server));
	must(database_lock(stage->first, 5000, stage->arena));
	must(database_transaction_outcome(stage->first, xid, stage->arena, &outcome));
	assert_int_equal(outcome, OUTCOME_ABORTED);
	assert_false(stage->subject->exists(stage->subject, "thing"));
	must(database_begin(stage->first, &stage->fence, stage->arena, &xid));
	must(database_rollback(stage->first, stage->arena));
}

static void whoever_holds_a_lock_is_named_to_those_who_wait(void **state)
{
	static const struct session_limits hasty = {.lock_timeout = 400,
	                                            .statement_timeout = 30000};
	struct stage *stage = *state;
	struct server server;
	struct answer answer;
	const char *xid;

	take(stage);
	assert_false(send_sql(stage, FILE_MAKES).failed);
	must(database_begin(stage->first, &stage->fence, stage->arena, &xid));
	assert_false(send_sql(stage, FILE_LOCKS).failed);
	stage->second = stage->subject->open(stage->subject, stage->arena);
	must(database_connect(stage->second, &hasty, true, stage->arena, &server));
	must(database_send(stage->second, text(FILE_WAITS), NULL, stage->arena, &answer));
	assert_true(answer.failed);
	assert_string_equal(answer.error.sqlstate, "55P03");
	assert_int_equal(answer.blockers.count, 1);
	assert_int_equal(answer.blockers.items[0].pid, stage->server.backend_pid);
	assert_string_equal(answer.blockers.items[0].application, "headgate/" CONTRACT_TARGET);
	assert_string_equal(answer.blockers.items[0].state, "idle in transaction");
	assert_string_equal(answer.blockers.relation, "thing");
	answer = send_sql(stage, FILE_FAILS); /* another failure blames nobody */
	assert_int_equal(answer.blockers.count, 0);
	assert_null(answer.blockers.unknown);
}

static void an_open_transaction_is_in_progress(void **state)
{
	struct stage *stage = *state;
	struct database *other = second(stage);
	enum transaction_outcome outcome;
	const char *xid;

	take(stage);
	must(database_begin(stage->first, &stage->fence, stage->arena, &xid));
	must(database_transaction_outcome(other, xid, stage->arena, &outcome));
	assert_int_equal(outcome, OUTCOME_IN_PROGRESS);
	must(database_rollback(stage->first, stage->arena));
}

static void prismas_lock_is_held_by_one(void **state)
{
	struct stage *stage = *state;
	struct database *other = second(stage);
	struct error *error;

	must(database_lock(stage->first, 0, stage->arena));
	error = database_lock(other, 60, stage->arena);
	must_be(error, ERR_LEDGER_LOCK);
	assert_non_null(strstr(error->why, "headgate/" CONTRACT_TARGET));
	must(database_lock(stage->first, 0, stage->arena)); /* repeating is harmless … */
	must(database_unlock(stage->first, stage->arena));  /* … and needs no second unlock */
	must(database_lock(other, 0, stage->arena));
	must_be(database_lock(stage->first, 0, stage->arena), ERR_LEDGER_LOCK);
	must(database_unlock(stage->first, stage->arena)); /* another's lock stays */
	must_be(database_lock(stage->first, 0, stage->arena), ERR_LEDGER_LOCK);
}

static void a_session_that_ends_gives_everything_back(void **state)
{
	struct stage *stage = *state;
	struct database *other = second(stage);
	struct ledger ledger;
	const char *xid;

	take(stage);
	must(database_lock(stage->first, 0, stage->arena));
	must(database_begin(stage->first, &stage->fence, stage->arena, &xid));
	assert_false(send_sql(stage, FILE_MAKES).failed);
	database_disconnect(stage->first);
	database_disconnect(stage->first);
	must_be(database_ledger(stage->first, PUBLIC, stage->arena, &ledger), ERR_DB_LOST);
	must(database_lock(other, 5000, stage->arena));
	assert_false(stage->subject->exists(stage->subject, "thing"));
}

static void tidying_up_keeps_the_lock(void **state)
{
	struct stage *stage = *state;
	bool kept = false;

	must(database_lock(stage->first, 0, stage->arena));
	assert_false(send_sql(stage, FILE_MAKES).failed);
	must(database_tidy(stage->first, stage->arena, &kept));
	assert_true(kept);
	assert_false(send_sql(stage, FILE_DROPS_LOCK).failed);
	must(database_tidy(stage->first, stage->arena, &kept));
	assert_false(kept);
	must(database_lock(second(stage), 0, stage->arena));
}

static void a_row_is_written_in_a_session_that_was_tidied_up(void **state)
{
	const struct ledger_change closed = {
		.kind = LEDGER_FINISHED, .row_id = ROW_1, .finished_us = START_US + 8};
	struct stage *stage = *state;
	struct ledger_change opened = applied;
	bool kept = false;

	opened.kind = LEDGER_OPENED;
	take(stage);
	must(database_lock(stage->first, 0, stage->arena));
	must(database_open_row(stage->first, &stage->fence, &opened, stage->arena));
	assert_int_equal(state_of(stage, ROW_1), ROW_OPEN);
	assert_false(send_sql(stage, FILE_DROPS_LOCK).failed);
	kept = true;
	must(database_tidy_and_write(stage->first, &stage->fence, &closed, NULL, stage->arena,
	                             &kept));
	assert_false(kept);
	assert_int_equal(state_of(stage, ROW_1),
	                 ROW_OPEN); /* without the lock nothing is written */
	must(database_lock(stage->first, 0, stage->arena));
	must(database_tidy_and_write(stage->first, &stage->fence, &closed, NULL, stage->arena,
	                             &kept));
	assert_true(kept);
	assert_int_equal(state_of(stage, ROW_1), ROW_APPLIED);
	stage->fence.epoch++;
	must_be(database_open_row(stage->first, &stage->fence, &opened, stage->arena), ERR_FENCED);
	must_be(database_tidy_and_write(stage->first, &stage->fence, &closed, NULL, stage->arena,
	                                &kept),
	        ERR_FENCED);
}

static void a_commit_tells_whether_the_lock_is_kept(void **state)
{
	struct stage *stage = *state;
	bool kept = false;
	const char *xid;

	take(stage);
	must(database_lock(stage->first, 0, stage->arena));
	must(database_begin(stage->first, &stage->fence, stage->arena, &xid));
	must(database_commit(stage->first, &stage->fence, xid, &applied, NULL, stage->arena,
	                     &kept));
	assert_true(kept);
	must(database_begin(stage->first, &stage->fence, stage->arena, &xid));
	assert_false(send_sql(stage, FILE_DROPS_LOCK).failed);
	must(database_commit(stage->first, &stage->fence, xid, NULL, NULL, stage->arena, &kept));
	assert_false(kept);
}

static struct error *count_calls(void *work)
{
	++*(int *)work;
	return NULL;
}

static struct error *fail_meanwhile(void *work)
{
	return FAIL(work, JOURNAL, .what = "the disk is full", .hint = "Look at the test.");
}

static void work_is_done_while_the_server_works(void **state)
{
	struct stage *stage = *state;
	struct answer answer;
	const char *xid;
	int calls = 0;

	take(stage);
	must(database_begin(stage->first, &stage->fence, stage->arena, &xid));
	must(database_send(stage->first, text(FILE_MAKES),
	                   &(struct send_options){.meanwhile = count_calls, .work = &calls},
	                   stage->arena, &answer));
	assert_int_equal(calls, 1);
	assert_false(answer.failed);
	must(database_rollback(stage->first, stage->arena));
	must(database_begin(stage->first, &stage->fence, stage->arena, &xid));
	must_be(database_send(
			stage->first, text(FILE_MAKES),
			&(struct send_options){.meanwhile = fail_meanwhile, .work = stage->arena},
			stage->arena, &answer),
	        ERR_JOURNAL);
	must(database_rollback(stage->first, stage->arena));
	assert_false(stage->subject->exists(stage->subject, "thing"));
	must(database_begin(stage->first, &stage->fence, stage->arena, &xid));
}

static void a_probe_tells_what_became_of_an_index(void **state)
{
	static const struct statement good = {
		.kind = STATEMENT_CREATE_INDEX_CONCURRENTLY, .name = "pairs_b", .table = "pairs"};
	static const struct statement bad = {
		.kind = STATEMENT_CREATE_INDEX_CONCURRENTLY, .name = "pairs_a", .table = "pairs"};
	static const struct statement plain = {.kind = STATEMENT_PLAIN};
	struct stage *stage = *state;
	struct text_list schemas = {0}, names;
	enum probe_result result;

	*LIST_ADD(stage->arena, &schemas) = PUBLIC;
	assert_false(send_sql(stage, FILE_FILLS).failed);
	must(database_probe(stage->first, &good, PUBLIC, stage->arena, &result));
	assert_int_equal(result, PROBE_NOTHING);
	assert_false(send_sql(stage, FILE_INDEX).failed);
	must(database_probe(stage->first, &good, PUBLIC, stage->arena, &result));
	assert_int_equal(result, PROBE_DONE);
	assert_true(send_sql(stage, FILE_BAD_INDEX).failed);
	must(database_probe(stage->first, &bad, PUBLIC, stage->arena, &result));
	assert_int_equal(result, PROBE_REMNANT);
	must(database_invalid_indexes(stage->first, &schemas, stage->arena, &names));
	assert_int_equal(names.count, 1);
	assert_string_equal(names.items[0], "public.pairs_a");
	must(database_clean_up(stage->first, &good, PUBLIC, stage->arena)); /* nothing to remove */
	must(database_clean_up(stage->first, &bad, PUBLIC, stage->arena));
	must(database_probe(stage->first, &bad, PUBLIC, stage->arena, &result));
	assert_int_equal(result, PROBE_NOTHING);
	must(database_probe(stage->first, &good, PUBLIC, stage->arena, &result));
	assert_int_equal(result, PROBE_DONE);
	must(database_probe(stage->first, &plain, PUBLIC, stage->arena, &result));
	assert_int_equal(result, PROBE_UNKNOWN);
	must(database_invalid_indexes(stage->first, &schemas, stage->arena, &names));
	assert_int_equal(names.count, 0);
}

static void the_fingerprint_follows_the_schema_and_nothing_else(void **state)
{
	struct stage *stage = *state;
	struct fingerprint empty, books, thing;
	struct text_list schemas = {0};

	*LIST_ADD(stage->arena, &schemas) = PUBLIC;
	must(database_fingerprint(stage->first, &schemas, stage->arena, &empty));
	take(stage);
	write_row(stage, LEDGER_APPLIED, ROW_1, "20260101000000_one");
	must(database_fingerprint(stage->first, &schemas, stage->arena, &books));
	assert_string_equal(empty.digest, books.digest);
	assert_false(send_sql(stage, FILE_MAKES).failed);
	must(database_fingerprint(stage->first, &schemas, stage->arena, &thing));
	assert_string_not_equal(thing.digest, books.digest);
	assert_true(thing.objects > books.objects);
	assert_true(text_is_hex(thing.digest, 64));
	assert_non_null(memmem(thing.description.data, thing.description.size, "public.thing", 12));
}

static void what_the_role_owns_it_may_read(void **state)
{
	struct stage *stage = *state;
	struct text_list grants = {.count = 9};

	assert_false(send_sql(stage, FILE_MAKES).failed);
	must(database_unreadable(stage->first, NULL, stage->arena, &grants));
	assert_int_equal(grants.count, 0);
}

static void a_look_around_finds_what_works_here_and_changes_nothing(void **state)
{
	struct stage *stage = *state;
	const char *items[] = {PUBLIC};
	const struct text_list schemas = {.items = items, .count = 1};
	struct inspection seen = {0};

	must(database_inspect(stage->first, PUBLIC, &schemas, stage->arena, &seen));
	assert_false(seen.is_pooled);
	assert_false(seen.is_read_only);
	assert_string_equal(seen.current_schema, PUBLIC);
	assert_int_equal(seen.lacks.count, 0);
	assert_int_equal(seen.others.count, 0);
	assert_int_equal(seen.lingering.count, 0);
	assert_true(seen.connections > 0 && seen.connections < seen.connections_maximum);
	assert_true(llabs(seen.clock_ahead_us) < 60000000);
	assert_int_equal(look(stage).count, 0);
}

static void without_a_connection_there_is_no_look_around(void **state)
{
	struct stage *stage = *state;
	const struct text_list none = {0};
	struct inspection seen = {0};

	database_disconnect(stage->first);
	must_be(database_inspect(stage->first, PUBLIC, &none, stage->arena, &seen), ERR_DB_LOST);
}

static struct database_subject *running;

static int set_up(void **state)
{
	struct arena *arena = arena_new();
	struct stage *stage = ARENA_NEW(arena, struct stage);

	running->reset(running);
	stage->subject = running;
	stage->arena = arena;
	stage->fence = (struct fence){
		.schema = PUBLIC, .target = CONTRACT_TARGET, .journal = CONTRACT_JOURNAL};
	stage->first = running->open(running, arena);
	must(database_connect(stage->first, &limits, true, arena, &stage->server));
	*state = stage;
	return 0;
}

static int tear_down(void **state)
{
	struct stage *stage = *state;

	database_close(stage->first);
	database_close(stage->second);
	arena_free(stage->arena);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int database_contract_run(struct database_subject *subject)
{
	const struct CMUnitTest tests[] = {
		TEST(a_session_tells_where_it_is),
		TEST(an_empty_database_has_no_ledger),
		TEST(taking_the_fence_makes_the_books),
		TEST(each_taking_raises_the_epoch),
		TEST(a_missing_schema_is_made_with_the_books),
		TEST(another_target_or_journal_is_foreign_until_taken_over),
		TEST(rows_come_back_as_they_were_written),
		TEST(rows_can_be_asked_for_alone_with_whether_somebody_is_at_work),
		TEST(an_open_row_ends_finished_or_failed),
		TEST(what_a_person_resolved_looks_as_prisma_writes_it),
		TEST(a_down_opens_its_row_and_closes_it_again),
		TEST(a_change_meets_its_row_as_it_was_left),
		TEST(deployed_keeps_what_a_change_does_not_name),
		TEST(whoever_lost_the_fence_writes_nothing_more),
		TEST(the_fence_demands_the_last_row),
		TEST(without_books_nothing_begins),
		TEST(a_file_and_its_row_commit_together),
		TEST(a_failed_file_leaves_nothing),
		TEST(a_copy_has_nothing_to_read),
		TEST(the_tags_tell_what_committed_before_the_failure),
		TEST(a_file_may_end_inside_its_own_transaction),
		TEST(a_broken_connection_is_seen_and_made_again),
		TEST(an_open_transaction_is_in_progress),
		TEST(whoever_holds_a_lock_is_named_to_those_who_wait),
		TEST(prismas_lock_is_held_by_one),
		TEST(a_session_that_ends_gives_everything_back),
		TEST(tidying_up_keeps_the_lock),
		TEST(a_row_is_written_in_a_session_that_was_tidied_up),
		TEST(a_commit_tells_whether_the_lock_is_kept),
		TEST(work_is_done_while_the_server_works),
		TEST(a_probe_tells_what_became_of_an_index),
		TEST(the_fingerprint_follows_the_schema_and_nothing_else),
		TEST(what_the_role_owns_it_may_read),
		TEST(a_look_around_finds_what_works_here_and_changes_nothing),
		TEST(without_a_connection_there_is_no_look_around),
	};

	running = subject;
	return cmocka_run_group_tests_name(subject->name, tests, NULL, NULL);
}
