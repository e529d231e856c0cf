/*
 * Adoption, and the new beginning of a disposable target. What a reader gets wrong: an adopted migration belongs to no
 * run, even when one is open, or that run would take it for its own work.
 */
#include "engine/adopt.h"

#include "base/log.h"
#include "engine/runs.h"

struct landing { /* how a migration came to be deployed */
	const char *name, *checksum, *row_id, *commit;
	int64_t applied_us; /* 0: not to be told */
	struct bytes down;
	bool adopted;
};

static void add_deployed(struct work *work, const struct landing *landing);
static struct error *add_fingerprint(struct work *work);

struct error *adopt(struct work *work)
{
	const struct plan *plan = &work->run.plan;
	const char *told = plan_adoptions(work->arena, plan);
	struct error *error = add_fingerprint(work);

	if (error)
		return answer_look(work, error); /* nothing is adopted without it */
	for (size_t i = 0; i < plan->adopted.count; i++) {
		const struct plan_adoption *adoption = &plan->adopted.items[i];

		add_deployed(work, &(struct landing){.name = adoption->name,
		                                     .checksum = adoption->checksum,
		                                     .row_id = adoption->row_id,
		                                     .commit = adoption->commit,
		                                     .applied_us = adoption->applied_us,
		                                     .down = adoption->down,
		                                     .adopted = true});
	}
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
			add_deployed(work, &(struct landing){.name = deployed->name,
			                                     .checksum = deployed->checksum,
			                                     .row_id = deployed->row_id,
			                                     .commit = deployed->commit,
			                                     .adopted = deployed->adopted});
	}
	work->began_anew = true;
	*LIST_ADD(arena, &work->notes) = told;
	LOG(WARNING, BASELINE_SET, .target = work->target->name, .commit = memory->deployed_commit,
	    .msg = told);
	return work_write(work);
}

/* Without a down the journal keeps the one that it has archived for the same bytes. */
static void add_deployed(struct work *work, const struct landing *landing)
{
	struct arena *arena = work->arena;
	struct node *body = node_map(arena);
	struct record *record = run_record(&work->run, RECORD_DEPLOYED);
	const struct bytes down = landing->down;

	node_set_text(arena, body, "checksum", landing->checksum);
	node_set_text(arena, body, "row_id", landing->row_id);
	node_set_text(arena, body, "down",
	              down.size ? sha256_text(arena, down.data, down.size) : NULL);
	node_set_bool(arena, body, "adopted", landing->adopted);
	if (landing->applied_us)
		node_set_number(arena, body, "applied_at", landing->applied_us);
	record->run = RUN_NONE;
	record->migration = landing->name;
	record->commit = landing->commit;
	record->body = body;
	record->archive = down;
}

static struct error *add_fingerprint(struct work *work)
{
	struct fingerprint fingerprint = {0};
	struct node *body = node_map(work->arena);
	struct record *record;

	TRY(database_fingerprint(work->ports.database, &work->run.schemas, work->arena,
	                         &fingerprint));
	node_set_text(work->arena, body, "digest", fingerprint.digest);
	node_set_number(work->arena, body, "objects", (int64_t)fingerprint.objects);
	record = run_record(&work->run, RECORD_FINGERPRINT);
	record->run = RUN_NONE;
	record->body = body;
	record->archive = fingerprint.description;
	return NULL;
}
