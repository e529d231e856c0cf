/*
 * Way one, the normal case: the file and its ledger row in one transaction, so that both are there
 * or neither. What a reader gets wrong: an answer that did not come is not a failure. The
 * transaction's id was durable before anything was sent, and after reconnecting it and the
 * ledger's row, under Prisma's lock, say together what happened.
 */
#include "stages/apply.h"

#include "base/clock.h"
#include "base/fault.h"

#define PAUSE_FIRST_MS 100
#define PAUSE_LONGEST_MS 30000

static struct error *send_in_one(struct file *file, bool *ret_again);
static struct error *write_intent(void *run);
static struct error *judge_answer(struct file *file, const char *xid, const struct answer *answer,
                                  bool *ret_again);
static struct error *judge_failure(struct file *file, const struct answer *answer, bool *ret_again);
static struct error *send_by_statements(struct file *file, const struct answer *answer);
static struct error *fail_try(struct file *file, const char *sqlstate, struct error *why_not);
static struct error *commit(struct file *file, const char *xid, bool *ret_again);
static struct error *commit_failed(struct file *file, struct error *error, bool *ret_again);
static struct error *finish(struct file *file, bool lock_kept);
static struct error *find_out(struct file *file, const char *xid, struct error *lost);
static bool is_older(const char *deployed, const char *xid);
static struct error *refuse_ended(struct file *file);
static struct error *wait_for_locks(struct file *file, const char *words,
                                    const struct blockers *blockers, bool *ret_again);
static struct error *withdraw(struct file *file, const char *sqlstate, struct error *why_not);
static void roll_back(struct file *file);
static bool is_lost(const struct error *error);
static struct file_failure failure_of(const struct file *file, const struct answer *answer);

struct error *file_send(struct file *file)
{
	bool again = false;

	if (file->way != WAY_ONE) {
		TRY(file_open_row(file));
		return file_send_units(file);
	}
	do
		TRY(send_in_one(file, &again));
	while (again);
	return NULL;
}

struct error *file_pause(struct file *file, bool *ret_again)
{
	const uint64_t now = clock_monotonic_ms();
	uint64_t wait;

	if (!file->give_up_ms) {
		file->give_up_ms = now + file->run->policy->lock_budget;
		file->pause_ms = PAUSE_FIRST_MS;
	}
	*ret_again = now < file->give_up_ms;
	if (!*ret_again)
		return NULL;
	wait = jitter(file->pause_ms);
	clock_sleep_ms(wait < file->give_up_ms - now ? wait : file->give_up_ms - now);
	file->pause_ms =
		file->pause_ms * 2 < PAUSE_LONGEST_MS ? file->pause_ms * 2 : PAUSE_LONGEST_MS;
	return stop_asked() ? error_stopped(file) : NULL;
}

static struct error *send_in_one(struct file *file, bool *ret_again)
{
	struct run *run = file->run;
	struct answer answer = {0};
	const char *xid = NULL;
	struct error *error;

	*ret_again = false;
	FAULT_POINT(apply_before_begin);
	TRY(database_begin(run->ports.database, &run->fence, run->arena, &xid));
	record_intent(file, 0, xid);
	error = database_send(run->ports.database, file->sql,
	                      &(struct send_options){.meanwhile = write_intent, .work = run},
	                      run->arena, &answer);
	if (error && is_lost(error))
		return find_out(file, xid, error);
	if (error) {
		roll_back(file);
		return withdraw(file, NULL, error);
	}
	return judge_answer(file, xid, &answer, ret_again);
}

/* Nothing of the file can take effect before our COMMIT, so the server need not wait for the disk. */
static struct error *write_intent(void *run)
{
	return apply_write(run);
}

static struct error *judge_answer(struct file *file, const char *xid, const struct answer *answer,
                                  bool *ret_again)
{
	if (answer->lost)
		return find_out(file, xid,
		                error_later(file, "the connection was lost while it ran"));
	if (answer->failed || answer->copy_ended)
		return judge_failure(file, answer, ret_again);
	if (answer->transaction == TRANSACTION_NONE)
		return refuse_ended(file);
	FAULT_POINT(apply_before_commit);
	return commit(file, xid, ret_again);
}

/* The whole transaction is undone: nothing of the file is there, whatever the reason. */
static struct error *judge_failure(struct file *file, const struct answer *answer, bool *ret_again)
{
	const char *sqlstate = answer->error.sqlstate;
	const struct file_failure failure = failure_of(file, answer);
	const char *words = failure_words(file, &failure);

	roll_back(file);
	if (answer->copy_ended)
		return fail_try(file, sqlstate, error_failed(file, words));
	if (sqlstate_is_lock(sqlstate))
		return wait_for_locks(file, words, &answer->blockers, ret_again);
	if (text_equal(sqlstate, "57014") && stop_asked())
		return withdraw(file, sqlstate, error_stopped(file));
	if (sqlstate_is_transient(sqlstate))
		return withdraw(
			file, sqlstate,
			error_later(file, arena_printf(file->run->arena,
		                                       "%s; nothing of it took effect", words)));
	if (text_equal(sqlstate, "2D000") || text_equal(sqlstate, "55P04") ||
	    text_equal(sqlstate, "25001"))
		return send_by_statements(file, answer);
	failure_log(file, &failure);
	return fail_try(file, sqlstate, error_failed(file, words));
}

/* As Prisma from 7.4 on would: a DO that commits, a new enum value used at once (R9). */
static struct error *send_by_statements(struct file *file, const struct answer *answer)
{
	struct arena *arena = file->run->arena;
	const char *condition = arena_printf(arena, "%s %s", answer->error.sqlstate,
	                                     sqlstate_condition(answer->error.sqlstate));

	if (file->run->policy->nonatomic == NONATOMIC_REFUSE)
		return fail_try(file, answer->error.sqlstate, error_nonatomic(file, condition));
	file->way = WAY_THREE;
	file->way_note = arena_printf(
		arena,
		"in one transaction it failed with %s, so it was sent statement by statement",
		condition);
	TRY(file_open_row(file));
	return file_send_units(file);
}

/* A row that real Prisma takes for one that was resolved: pending, and in nobody's way. */
static struct error *fail_try(struct file *file, const char *sqlstate, struct error *why_not)
{
	struct run *run = file->run;

	record_outcome(file, 0, "failed", sqlstate);
	TRY(apply_tidy(run));
	if (file->action != PLAN_APPLY)
		return why_not; /* its row never changed */
	TRY(database_write(run->ports.database, &run->fence,
	                   &(struct ledger_change){
				   .kind = LEDGER_FAILED_TRY,
				   .row_id = file->row_id,
				   .name = file->name,
				   .checksum = file->checksum,
				   .started_us = file->started_us,
				   .rolled_back_us = clock_wall_us(),
				   .logs = error_line(run->arena, why_not),
			   },
	                   &(struct deployed_change){0}, run->arena));
	apply_expect(run, file, ROW_FAILED_TRY);
	return why_not;
}

static struct error *commit(struct file *file, const char *xid, bool *ret_again)
{
	struct run *run = file->run;
	const bool applies = file->action == PLAN_APPLY;
	struct deployed_change deployed = {0};
	const struct ledger_change change = {
		.kind = applies ? LEDGER_APPLIED : LEDGER_ROLLED_BACK,
		.row_id = file->row_id,
		.name = file->name,
		.checksum = file->checksum,
		.started_us = file->started_us,
		.finished_us = applies ? clock_wall_us() : file->finished_us,
		.rolled_back_us = applies ? 0 : clock_wall_us(),
	};
	struct error *error = file_deployed(file, &deployed);
	bool lock_kept = false;

	if (!error)
		error = database_commit(run->ports.database, &run->fence, xid, &change, &deployed,
		                        run->arena, &lock_kept);
	if (error && is_lost(error))
		return find_out(file, xid, error);
	if (error)
		return commit_failed(file, error, ret_again);
	FAULT_POINT(apply_after_commit);
	return finish(file, lock_kept);
}

/* What fails at COMMIT is the file's doing, too: a deferred constraint, books that it changed. */
static struct error *commit_failed(struct file *file, struct error *error, bool *ret_again)
{
	const char *why = arena_printf(file->run->arena, "at COMMIT: %s",
	                               error->why ? error->why : error->what);

	roll_back(file);
	if (error->row == &error_rows()[ERR_OUTCOME_UNKNOWN])
		return refuse_ended(file);
	if (error->row != &error_rows()[ERR_SQL_FAILED])
		return withdraw(file, NULL, error);
	if (error->why && sqlstate_is_lock(error->why)) /* the words begin with the SQLSTATE */
		return wait_for_locks(file, why, NULL, ret_again);
	return fail_try(file, NULL, error_failed(file, why));
}

static struct error *finish(struct file *file, bool lock_kept)
{
	record_landed(file);
	apply_expect(file->run, file, file->action == PLAN_APPLY ? ROW_APPLIED : ROW_ROLLED_BACK);
	return apply_lock_kept(file->run, lock_kept);
}

/* Taking the lock waits until the old session is gone: then its transaction has ended. */
static struct error *find_out(struct file *file, const char *xid, struct error *lost)
{
	struct run *run = file->run;
	bool landed = false;

	database_disconnect(run->ports.database);
	TRY(apply_connect(run));
	TRY(apply_lock(run));
	TRY(file_ask_outcome(file, xid, &landed));
	if (!landed)
		return withdraw(file, NULL, lost);
	record_landed(file);
	apply_expect(run, file, file->action == PLAN_APPLY ? ROW_APPLIED : ROW_ROLLED_BACK);
	return apply_same_ledger(run, "while the connection was lost");
}

struct error *file_ask_outcome(struct file *file, const char *xid, bool *ret_landed)
{
	const enum row_state wanted = file->action == PLAN_APPLY ? ROW_APPLIED : ROW_ROLLED_BACK;
	struct run *run = file->run;
	enum transaction_outcome outcome = OUTCOME_TOO_OLD;
	const struct ledger_row *row;
	struct ledger ledger = {0};
	bool there;

	TRY(database_transaction_outcome(run->ports.database, xid, run->arena, &outcome));
	TRY(database_ledger(run->ports.database, run->schema, run->arena, &ledger));
	row = ledger_find(&ledger, file->row_id);
	there = row && ledger_row_state(row) == wanted;
	*ret_landed = there;
	switch (outcome) {
	case OUTCOME_COMMITTED:
		if (there || is_older(ledger.has_deployed ? ledger.deployed.xid : NULL, xid))
			return NULL;
		break;
	case OUTCOME_ABORTED:
		if (!there)
			return NULL;
		break;
	case OUTCOME_TOO_OLD:
		if (there)
			return NULL;
		break;
	case OUTCOME_UNASSIGNED:
		return NULL; /* the row alone tells: it is written in the file's own transaction */
	case OUTCOME_IN_PROGRESS: /* a file that gave Prisma's lock away in its first statements */
		return error_locks(
			file,
			arena_printf(
				run->arena,
				"its transaction %s is still at work in a session that was lost",
				xid),
			NULL);
	}
	*ret_landed = false;
	return error_unknown(
		file,
		arena_printf(run->arena, "transaction %s %s, and the ledger's row %s is %s", xid,
	                     outcome == OUTCOME_COMMITTED ? "committed"
	                     : outcome == OUTCOME_ABORTED ? "was undone"
	                                                  : "is older than the server remembers",
	                     file->row_id, there ? "there" : "not there"),
		"what the file makes");
}

/*
 * Each of our transactions writes headgate.deployed. If the row is older than ours, ours did not
 * commit: a crash of the server took it back, and its number was given to another one.
 */
static bool is_older(const char *deployed, const char *xid)
{
	uint64_t theirs, ours;

	return deployed && parse_number(deployed, UINT32_MAX, &theirs) &&
	       parse_number(xid, UINT64_MAX, &ours) &&
	       (int32_t)((uint32_t)theirs - (uint32_t)ours) < 0;
}

/* No statement that the parser knows does this. Nobody can say how much took effect. */
static struct error *refuse_ended(struct file *file)
{
	struct run *run = file->run;

	TRY(apply_tidy(run));
	record_outcome(file, 0, "partly", NULL);
	TRY(database_write(
		run->ports.database, &run->fence,
		&(struct ledger_change){
			.kind = file->action == PLAN_APPLY ? LEDGER_OPENED : LEDGER_REOPENED,
			.row_id = file->row_id,
			.name = file->name,
			.checksum = file->checksum,
			.started_us = file->started_us,
		},
		&(struct deployed_change){0}, run->arena));
	apply_expect(run, file, ROW_OPEN);
	return file_leave_open(file,
	                       error_partly(file, "it ended the transaction that it was sent in"));
}

static struct error *wait_for_locks(struct file *file, const char *words,
                                    const struct blockers *blockers, bool *ret_again)
{
	struct error *error = file_pause(file, ret_again);

	if (!error && *ret_again)
		return NULL; /* the next intent takes the place of this one */
	return withdraw(file, NULL, error ? error : error_locks(file, words, blockers));
}

static struct error *withdraw(struct file *file, const char *sqlstate, struct error *why_not)
{
	record_outcome(file, 0, "withdrawn", sqlstate);
	return why_not;
}

/* When it fails the session ends, and the server undoes what was open. */
static void roll_back(struct file *file)
{
	struct error *ignored = database_rollback(file->run->ports.database, file->run->arena);

	(void)ignored;
}

static bool is_lost(const struct error *error)
{
	return error->row == &error_rows()[ERR_DB_LOST];
}

static struct file_failure failure_of(const struct file *file, const struct answer *answer)
{
	if (answer->copy_ended)
		return (struct file_failure){
			.why = "COPY … FROM STDIN has no data to read in a migration"};
	return (struct file_failure){
		.error = &answer->error,
		.sent = file->sql,
		.first_line = 1,
		.line = file_line_after(file, answer),
	};
}
