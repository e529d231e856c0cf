/*
 * The ledger's row of a file in ways two and three: opened before its first unit, closed after the
 * last, or given up. What a reader gets wrong: a row that was opened need not be there after a
 * crash of the server. Then the statement that it was opened for is not there either, and settle
 * sees both.
 */
#include "stages/apply.h"

#include "base/clock.h"
#include "base/fault.h"

static struct error *announce(struct file *file);
static struct error *write_open_row(struct file *file);
static struct error *write_tidied(struct file *file, const struct ledger_change *change,
                                  const struct deployed_change *deployed);

struct error *file_open_row(struct file *file)
{
	struct error *error;

	TRY(announce(file));
	error = write_open_row(file);
	if (error && error->row != &error_rows()[ERR_DB_LOST])
		record_outcome(file, 0, "withdrawn", NULL);
	if (error)
		return error;
	apply_expect(file->run, file, ROW_OPEN);
	FAULT_POINT(apply_open_row);
	return NULL;
}

struct error *file_close_row(struct file *file)
{
	const bool applies = file->action == PLAN_APPLY;
	struct deployed_change deployed = {0};

	TRY(file_deployed(file, &deployed));
	TRY(write_tidied(file,
	                 &(struct ledger_change){
				 .kind = applies ? LEDGER_FINISHED : LEDGER_DOWN_FINISHED,
				 .row_id = file->row_id,
				 .finished_us = applies ? clock_wall_us() : file->finished_us,
				 .rolled_back_us = applies ? 0 : clock_wall_us(),
			 },
	                 &deployed));
	record_landed(file);
	apply_expect(file->run, file, applies ? ROW_APPLIED : ROW_ROLLED_BACK);
	return NULL;
}

struct error *file_withdraw(struct file *file, const char *result, struct error *why_not)
{
	const bool applies = file->action == PLAN_APPLY;

	TRY(write_tidied(file,
	                 &(struct ledger_change){
				 .kind = applies ? LEDGER_FAILED : LEDGER_DOWN_WITHDRAWN,
				 .row_id = file->row_id,
				 .finished_us = applies ? 0 : file->finished_us,
				 .rolled_back_us = applies ? clock_wall_us() : 0,
				 .logs = applies ? error_line(file->run->arena, why_not) : NULL,
			 },
	                 &(struct deployed_change){0}));
	record_outcome(file, 0, result, NULL);
	apply_expect(file->run, file, applies ? ROW_FAILED_TRY : ROW_APPLIED);
	return why_not;
}

struct error *file_leave_open(struct file *file, struct error *why)
{
	struct database *database = file->run->ports.database;
	const struct ledger_change change = {
		.kind = LEDGER_LOGGED,
		.row_id = file->row_id,
		.logs = error_line(file->run->arena, why),
	};
	struct error *unheard = NULL;

	if (file->action == PLAN_APPLY)
		unheard = database_rollback(database, file->run->arena);
	if (file->action == PLAN_APPLY && !unheard)
		unheard = database_write(database, &file->run->fence, &change, NULL,
		                         file->run->arena);
	(void)unheard; /* what counts is in the journal, and in what is returned */
	return why;
}

/*
 * A first statement that the catalog can tell of, and of which it shows nothing yet, needs no
 * durable word between the row and itself: if the row is not there later, and still nothing is to
 * be seen, neither took effect (settle). So both intents become durable together.
 */
static struct error *announce(struct file *file)
{
	const struct statement *first = file->script->count ? file_statement(file, 0) : NULL;
	enum probe_result before = PROBE_UNKNOWN;

	if (first && statement_trace_failed(first) == TRACE_IN_CATALOG)
		TRY(database_probe(file->run->ports.database, first, file->run->schema,
		                   file->run->arena, &before));
	file->is_announced = before == PROBE_NOTHING;
	record_intent(file, 0, NULL);
	if (file->is_announced)
		record_intent(file, 1, NULL);
	return apply_write(file->run);
}

/*
 * The same statement commits by itself, and its first commit is waited for, so the row need not be:
 * a crash of the server that loses the row loses all that was committed after it.
 */
static struct error *write_open_row(struct file *file)
{
	const struct ledger_change change = {
		.kind = file->action == PLAN_APPLY ? LEDGER_OPENED : LEDGER_REOPENED,
		.row_id = file->row_id,
		.name = file->name,
		.checksum = file->checksum,
		.started_us = file->started_us,
	};
	struct run *run = file->run;

	if (file->is_announced)
		return database_open_row(run->ports.database, &run->fence, &change, run->arena);
	return database_write(run->ports.database, &run->fence, &change,
	                      &(struct deployed_change){0}, run->arena);
}

/* In a session without what the file has set or left. A lock that it dropped is taken again first. */
static struct error *write_tidied(struct file *file, const struct ledger_change *change,
                                  const struct deployed_change *deployed)
{
	struct run *run = file->run;
	bool lock_kept = false;

	TRY(database_tidy_and_write(run->ports.database, &run->fence, change, deployed, run->arena,
	                            &lock_kept));
	if (lock_kept)
		return NULL;
	TRY(apply_tidy(run));
	return database_write(run->ports.database, &run->fence, change, deployed, run->arena);
}
