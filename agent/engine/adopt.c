/*
 * Adoption, and the new beginning of a disposable target. What a reader gets wrong: an adopted migration belongs to no
 * run, even when one is open, or that run would take it for its own work.
 */
#include "engine/adopt.h"

#include "base/log.h"
#include "engine/runs.h"

static struct error *add_fingerprint(struct work *work);

struct error *adopt(struct work *work)
{
	const struct plan *plan = &work->run.plan;
	const char *told = plan_adoptions(work->arena, plan);
	struct error *error = add_fingerprint(work);

	if (error)
		return answer_look(work, error); /* nothing is adopted without it */
	for (size_t i = 0; i < plan->adopted.count; i++)
		run_record_deployed(&work->run, &plan->adopted.items[i])->run = RUN_NONE;
	TRY(statuses_add(work, MOMENT_ADOPTED, NULL, NULL));
	work->speaks = true;
	TRY(work_write(work));
	work->pass->adopted += plan->adopted.count;
	*LIST_ADD(work->arena, &work->notes) = told;
	LOG(INFO, ADOPTED, .target = work->target->name, .commit = work->run.horizon, .msg = told);
	return NULL;
}

bool adopt_may_begin_anew(const struct work *work, const struct error *error)
{
	return error && error->row == &error_rows()[ERR_DATABASE_WENT_BACK] &&
	       work->target->disposable && !work->began_anew;
}

struct error *adopt_begin_anew(struct work *work, const struct error *error)
{
	const struct run *run = &work->run;
	const struct memory *memory = &run->memory;
	struct arena *arena = work->arena;
	struct node *body = node_map(arena);
	struct record *record;
	const char *told =
		arena_printf(arena, "%s: begun anew from commit %s, since the target is disposable",
	                     error->what, commit_short(arena, memory->deployed_commit));

	runs_end_open(work);
	node_set_text(arena, body, "journal", journal_identity(work->ports.journal));
	node_set_text(arena, body, "system_identifier", run->server.system_identifier);
	node_set_text(arena, body, "by", "headgate, since the target is disposable");
	record = run_record(&work->run, RECORD_BASELINE);
	record->run = RUN_NONE;
	record->commit = memory->deployed_commit;
	record->body = body;
	for (size_t i = 0; i < memory->deployed.count; i++) {
		const struct deployed_migration *deployed = &memory->deployed.items[i];
		const struct ledger_row *row = ledger_find(&run->ledger, deployed->row_id);

		if (row && ledger_row_state(row) == ROW_APPLIED)
			run_record_deployed(&work->run,
			                    &(struct landing){.name = deployed->name,
			                                      .checksum = deployed->checksum,
			                                      .row_id = deployed->row_id,
			                                      .commit = deployed->commit,
			                                      .adopted = deployed->adopted})
				->run = RUN_NONE;
	}
	work->began_anew = true;
	*LIST_ADD(arena, &work->notes) = told;
	LOG(WARNING, BASELINE_SET, .target = work->target->name, .commit = memory->deployed_commit,
	    .msg = told);
	return work_write(work);
}

static struct error *add_fingerprint(struct work *work)
{
	struct fingerprint fingerprint = {0};

	TRY(database_fingerprint(work->ports.database, &work->run.schemas, work->arena,
	                         &fingerprint));
	run_record_fingerprint(&work->run, &fingerprint)->run = RUN_NONE;
	return NULL;
}
