/*
 * Carries a plan out. This is the only place that knows the protocol: `begun` is durable before a stage acts, `done`
 * with its evidence after it, both with the statuses that speak of them. A run that was interrupted is gone on with
 * when the branch still asks for what is left of its plan; otherwise it is ended as superseded.
 *
 *   no run --RUN_BEGUN--> open --RUN_ENDED--> done | refused | halted | superseded
 *                          |  ^
 *       RETRY, WAIT, HALT from apply on: it stays open, the next pass settles it and looks again
 */
#include "engine/carry.h"

#include "base/fault.h"
#include "base/log.h"
#include "engine/runs.h"

static bool is_vouched(const struct run *run, const char *path);
static void archive_down(struct work *work, const char *name, const char *checksum,
                         struct bytes down);
static struct error *confirm_and_report(struct work *work, const struct stage *stages,
                                        size_t count);
static struct error *begin_or_resume(struct work *work, const char *direction);
static bool is_rest_of(const struct run *run, const struct run_memory *open);
static struct error *carry_stage(struct work *work, const struct stage *stage);
static struct error *find_backup(struct work *work, const struct stage *stage, bool *ret_done);
static struct error *conclude(struct work *work);
static struct error *end_run(struct work *work);
static void pass_fault_point(const char *stage);

struct error *carry_out(struct work *work, bool *ret_again)
{
	struct run *run = &work->run;
	const bool back = run->plan.rollbacks > 0;
	const struct stage *stages;
	size_t count;

	stages = back ? engine_rollback_stages(&count) : engine_deploy_stages(&count);
	work->left = back ? run->plan.count - run->plan.rollbacks : 0;
	run->is_followed = work->left || run->plan.by_hand;
	if (work->left) {
		run->plan.count = run->plan.rollbacks;
		plan_digest(&run->plan);
	}
	TRY(begin_or_resume(work, back ? "rollback" : "deploy"));
	for (size_t i = 0; i < count; i++)
		if (stages[i].settle)
			TRY(carry_stage(work, &stages[i]));
	TRY(confirm_and_report(work, stages, count));
	*ret_again = run->is_followed;
	return NULL;
}

bool carry_is_unconfirmed(const struct work *work)
{
	const struct run_memory *open = work->run.memory.open_run;
	const struct stage_memory *confirmed = open ? run_memory_stage(open, "confirm") : NULL;

	if (!open || (confirmed && confirmed->done))
		return false;
	for (const struct node *item = open->items->child; item; item = item->next)
		if (!runs_did(&work->run, open, item))
			return false;
	return true;
}

struct error *carry_confirm(struct work *work, bool *ret_again)
{
	struct run *run = &work->run;
	const struct stage *stages;
	size_t count;

	stages = text_equal(run->memory.open_run->direction, "rollback")
	                 ? engine_rollback_stages(&count)
	                 : engine_deploy_stages(&count);
	work->left = run->plan.count; /* for the next round */
	run->is_followed = work->left;
	work->pass->run = run->id;
	run->plan.count = run->plan.rollbacks = 0;
	plan_digest(&run->plan);
	runs_count_earlier(work);
	TRY(confirm_and_report(work, stages, count));
	*ret_again = work->left || run->refusal;
	return NULL;
}

/* The stages that need no settling, and between them the words that confirm allows. */
static struct error *confirm_and_report(struct work *work, const struct stage *stages, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (stages[i].looks || stages[i].settle)
			continue;
		if (text_equal(stages[i].name, "report"))
			TRY(conclude(work));
		TRY(carry_stage(work, &stages[i]));
	}
	return end_run(work);
}

void carry_archive_downs(struct work *work)
{
	struct run *run = &work->run;

	for (size_t i = 0; i < run->tree.migrations.count; i++) {
		const struct migration *migration = &run->tree.migrations.items[i];

		if (migration->down.size &&
		    is_vouched(run, arena_printf(work->arena, "%s/down.sql", migration->name)))
			archive_down(work, migration->name, NULL, migration->down);
	}
}

/* As the newest down of what was deployed, unless it is that already. `checksum`: of a row that is rolled back, which
 * need not be deployed any more; NULL: whatever is deployed by that name. */
static void archive_down(struct work *work, const char *name, const char *checksum,
                         struct bytes down)
{
	const struct memory *memory = &work->run.memory;
	const struct deployed_migration *deployed = memory_deployed(memory, name);
	const char *digest = sha256_text(work->arena, down.data, down.size);
	const char *known = deployed ? deployed->down_digest : memory_down(memory, name, checksum);
	struct record *record;
	struct node *body;

	if (deployed ? checksum && !text_equal(checksum, deployed->checksum) : !known)
		return; /* that of another row stands there */
	if (text_equal(digest, known))
		return;
	body = node_map(work->arena);
	node_set_text(work->arena, body, "down", digest);
	record = run_record(&work->run, RECORD_ARCHIVED);
	record->run = RUN_NONE;
	record->migration = name;
	record->body = body;
	record->archive = down;
}

/* Set by a passed step since the deployed commit: not by one that passed only for what another program applied. */
static bool is_vouched(const struct run *run, const char *path)
{
	const struct step_file *file = NULL;
	const struct step *step = steps_last_set(&run->steps, run->steps.horizon, path, &file);

	return step && step_vouches(step);
}

static struct error *begin_or_resume(struct work *work, const char *direction)
{
	struct run *run = &work->run;
	const struct run_memory *open = run->memory.open_run;

	if (open && text_equal(open->direction, direction) && is_rest_of(run, open)) {
		run->id = open->id;
		runs_count_earlier(work);
	} else {
		runs_end_open(work);
		run->id = 0;
		for (size_t i = 0; i < run->records.count; i++)
			if (run->records.items[i].kind != RECORD_RUN_ENDED)
				run->records.items[i].run = RUN_NEW;
		runs_add_begun(work, direction);
	}
	runs_add_overrides(work);
	for (size_t i = 0; i < run->plan.rollbacks;
	     i++) /* corrected by a step that lands with the revert; settle needs it */
		if (run->plan.items[i].sql.size)
			archive_down(work, run->plan.items[i].name, run->plan.items[i].checksum,
			             run->plan.items[i].sql);
	TRY(statuses_add(work, MOMENT_BEGUN, NULL, NULL));
	work->speaks = true;
	TRY(work_write(work));
	work->pass->run = run->id;
	LOG(INFO, RUN_STARTED, .target = work->target->name, .run = run->id, .commit = run->horizon,
	    .msg = plan_summary(work->arena, &run->plan));
	FAULT_POINT(run_begun);
	return NULL;
}

/* Is what the branch asks for now the end of what the open run set out to do? What it did already is gone from the
 * plan, since the ledger has it. */
static bool is_rest_of(const struct run *run, const struct run_memory *open)
{
	const struct node *item = open->items ? open->items->child : NULL;
	size_t left = node_count(open->items);

	for (; item && left > run->plan.count && runs_did(run, open, item); left--)
		item = item->next;
	if (left != run->plan.count)
		return false;
	for (size_t i = 0; item; item = item->next, i++)
		if (!text_equal(node_find_text(item, "name"), run->plan.items[i].name) ||
		    !text_equal(node_find_text(item, "checksum"), run->plan.items[i].checksum) ||
		    !text_equal(node_find_text(item, "action"),
		                plan_action_name(run->plan.items[i].action)))
			return false;
	return true;
}

static struct error *carry_stage(struct work *work, const struct stage *stage)
{
	struct run *run = &work->run;
	uint64_t took_ms = 0;
	bool done = false;
	struct error *error;

	TRY(find_backup(work, stage, &done));
	if (!done) {
		run_record(run, RECORD_STAGE_BEGUN)->stage = stage->name;
		TRY(work_write(work));
		FAULT_POINT(stage_begun);
		error = work_perform(work, stage, &took_ms);
		if (error &&
		    text_equal(stage->name,
		               "report")) /* never refuses: what was not delivered is tried again */
			node_set_text(work->arena, run->evidence, "delayed",
			              error_line(work->arena, error));
		else if (error)
			return answer_stage(work, stage, error, took_ms);
		pass_fault_point(stage->name);
	}
	runs_add_stage_done(work, stage->name, took_ms, run->evidence);
	if (text_equal(stage->name, "backup")) {
		TRY(statuses_add(work, MOMENT_BACKED_UP, NULL, NULL));
		work->speaks = true;
	}
	return text_equal(stage->name, "confirm") || text_equal(stage->name, "report")
	               ? NULL
	               : work_write(work);
}

/* A resumed run does not back up twice. */
static struct error *find_backup(struct work *work, const struct stage *stage, bool *ret_done)
{
	const struct run_memory *open = work->run.memory.open_run;

	if (!stage->settle || !text_equal(stage->name, "backup") || !open ||
	    open->id != work->run.id || !run_memory_stage(open, stage->name))
		return NULL;
	return work_settle(work, stage, ret_done);
}

/* Everything is done and confirmed: the target's commit, the refusals that no longer stand, and the words for the
 * commits are one transaction with the end of confirm; report has only to deliver them. */
static struct error *conclude(struct work *work)
{
	struct run *run = &work->run;

	runs_count_items(work);
	carry_archive_downs(work);
	answer_lift(work);
	if (!run->is_followed && !run->refusal && !work->standing) {
		run_record(run, RECORD_DEPLOYED_COMMIT)->commit = run->head;
		work->pass->deployed = run->head;
	}
	work->speaks = true;
	return statuses_add(work, MOMENT_DONE, NULL, NULL);
}

static struct error *end_run(struct work *work)
{
	runs_add_ended(work, "done");
	return work_write(work);
}

static void pass_fault_point(const char *stage)
{
	(void)stage; /* release builds hold no fault points */
	if (text_equal(stage, "backup"))
		FAULT_POINT(backup);
	else if (text_equal(stage, "apply") || text_equal(stage, "revert"))
		FAULT_POINT(apply);
	else if (text_equal(stage, "confirm"))
		FAULT_POINT(confirm);
	else
		FAULT_POINT(report);
}
