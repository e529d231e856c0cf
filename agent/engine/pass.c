/*
 * One pass over one target: settle what was interrupted, look, and carry the plan out in one run, or in two when the
 * branch asks for rollbacks and applies at once. What a reader gets wrong: a pass ends with the answer of the first
 * step that stands refused even when it applied everything before it.
 *
 *   lock -> [ settle -> look -> (adopt, and look again) -> carry out ] -> …
 *                         |         |
 *                         answer    answer          each in the journal, with its statuses, before it is acted upon
 *
 * A target that is only observed goes another way after looking (observe.c).
 */
#include "engine/carry.h"

#include "base/clock.h"
#include "base/log.h"
#include "engine/adopt.h"
#include "engine/gates.h"
#include "engine/observe.h"
#include "engine/runs.h"

#define ROUNDS_MAXIMUM                                                                             \
	8 /* rollback, deploy, and what lands meanwhile; the supervisor comes back for more */

static struct error *reconcile(struct work *work);
static struct error *one_round(struct work *work, bool *ret_again);
static struct error *settle(struct work *work);
static struct error *finish_quietly(struct work *work, struct error *standing);
static void fill_pass(struct work *work);

struct error *engine_reconcile(const struct engine *engine, const struct target *target,
                               struct arena *arena, struct pass *ret_pass)
{
	const uint64_t started = clock_monotonic_ms();
	struct work work = {.engine = engine, .target = target, .arena = arena, .pass = ret_pass};
	AUTO_FD lock = -1;
	struct error *error;

	*ret_pass = (struct pass){.target = target->name};
	LOG(DEBUG, PASS_STARTED, .target = target->name);
	error = work_lock(&work, &lock);
	if (!error)
		error = reconcile(&work);
	fill_pass(&work);
	work_close(&work);
	LOG(INFO, PASS_ENDED, .target = target->name, .run = ret_pass->run,
	    .commit = ret_pass->deployed, .took_ms = (int64_t)(clock_monotonic_ms() - started),
	    .outcome = error ? reaction_name(error->row->reaction) : "done",
	    .code = error ? error->row->code : NULL,
	    .msg = error ? arena_printf(arena, "%s; next: %s", error_line(arena, error),
	                                error->hint)
	                 : NULL);
	return error;
}

static struct error *reconcile(struct work *work)
{
	for (int round = 0; round < ROUNDS_MAXIMUM; round++) {
		bool again = false;

		TRY(one_round(work, &again));
		if (!again)
			return observes(work) ? NULL : work->run.refusal;
		if (stop_asked())
			return FAIL(work->arena, STOPPED, .what = "the pass was asked to stop",
			            .hint = "The next one goes on: headgate reconcile");
	}
	return NULL;
}

static struct error *one_round(struct work *work, bool *ret_again)
{
	struct error *standing = NULL, *error;

	TRY(work_begin_run(work));
	error = observes(work) ? NULL : settle(work);
	if (!error)
		error = work_look(work);
	if (adopt_may_begin_anew(work, error)) {
		*ret_again = true;
		return adopt_begin_anew(work, error);
	}
	if (observes(work))
		return observe(work, error, ret_again);
	if (error == work->run.refusal && work->run.plan.adopted.count) {
		*ret_again = true;
		return adopt(work);
	}
	if (error == work->run.refusal &&
	    carry_is_unconfirmed(work)) /* a refused step does not keep it from its end */
		return carry_confirm(work, ret_again);
	if (error)
		return answer_look(work, error);
	TRY(answer_standing(work, &standing));
	if (!work->run.plan.count)
		return finish_quietly(work, standing);
	error = gates_pass(work);
	if (error)
		return answer_look(work, error);
	TRY(carry_out(work, ret_again));
	*ret_again |= work->run.refusal !=
	              NULL; /* what stands refused beside it is written down by another look */
	return *ret_again ? NULL : standing;
}

/* A run that was interrupted: its stages find out what happened before anything else is looked at. */
static struct error *settle(struct work *work)
{
	const struct run_memory *open = work->run.memory.open_run;
	const struct stage *stages;
	size_t count;
	bool settled = false;

	if (!open)
		return NULL;
	LOG(INFO, RUN_RESUMED, .target = work->target->name, .run = open->id);
	stages = text_equal(open->direction, "rollback") ? engine_rollback_stages(&count)
	                                                 : engine_deploy_stages(&count);
	for (size_t i = 0; i < count; i++) {
		const struct stage_memory *memory = run_memory_stage(open, stages[i].name);
		struct record *record;
		bool done = false;

		if (!stages[i].settle || !memory || memory->done ||
		    text_equal(stages[i].name, "backup"))
			continue; /* a backup is asked for by its run when it is needed */
		work->settles = true;
		TRY(work_settle(work, &stages[i], &done));
		work->settles = false;
		record = run_record(&work->run, RECORD_STAGE_SETTLED);
		record->stage = stages[i].name;
		record->body = work->run.evidence;
		settled = true;
	}
	if (!settled)
		return NULL;
	TRY(work_write(work));
	return work_begin_run(work);
}

/* Nothing is to be done. The target is at head, unless a step or an earlier failure stands in the way. */
static struct error *finish_quietly(struct work *work, struct error *standing)
{
	struct run *run = &work->run;
	const bool agrees = !standing && !run->refusal;

	runs_end_open(work);
	if (agrees) {
		carry_archive_downs(work);
		answer_lift(work);
		if (!text_equal(run->head, run->memory.deployed_commit))
			run_record(run, RECORD_DEPLOYED_COMMIT)->commit = run->head;
	}
	TRY(statuses_add(work, MOMENT_LOOKED, standing, NULL));
	if (run->records.count || run->memory.undelivered) {
		work->speaks = true;
		TRY(work_write(work));
	}
	if (agrees)
		work->pass->deployed = run->head;
	work->pass->standing = standing;
	return standing;
}

static void fill_pass(struct work *work)
{
	struct pass *pass = work->pass;

	pass->branch = work->run.branch;
	pass->head = work->run.head;
	if (!pass->deployed)
		pass->deployed = work->run.memory.deployed_commit;
	pass->notes = work->notes;
	for (size_t i = 0; i < work->run.notes.count; i++)
		*LIST_ADD(work->arena, &pass->notes) = work->run.notes.items[i];
	for (size_t i = 0; i < work->run.plan.notes.count; i++)
		*LIST_ADD(work->arena, &pass->notes) = work->run.plan.notes.items[i];
	for (size_t i = 0; i < work->tallies.count; i++) {
		pass->applied += work->tallies.items[i].applied;
		pass->rolled_back += work->tallies.items[i].rolled_back;
		pass->took_ms += work->tallies.items[i].took_ms;
	}
}
