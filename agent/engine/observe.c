/*
 * Observing. What others did to the target is followed: the deployed commit is the newest step whose tree leaves nothing
 * to do, by the ledger alone. What a reader gets wrong: signatures decide only what is said here. A step that nobody
 * vouches for is followed like any other once the ledger has it; only its down scripts do not count.
 *
 *   look -> another rolled back -> held       -> look again
 *        -> the ledger has a newer step       -> deployed commit, adoptions -> look again
 *        -> it has some of what is asked for  -> adoptions -> look again
 *        -> what would be done is said
 */
#include "engine/observe.h"

#include "engine/adopt.h"
#include "engine/carry.h"
#include "engine/gates.h"
#include "engine/runs.h"

static bool is_blind(const struct work *work, const struct error *error);
static struct error *say_blind(struct work *work, struct error *error);
static bool is_refusal(const struct work *work, const struct error *error);
static struct error *find_at_work(struct work *work, const struct error *error, bool *ret_at_work);
static struct error *follow_back(struct work *work, bool *ret_again);
static struct error *follow(struct work *work, bool *ret_again);
static struct error *may_be_there(struct work *work, const char *id, bool *ret_there);
static bool changes_what_is_held(const struct work *work, const struct step *step);
static struct error *look_at_step(struct work *work, struct steps *upto, struct tree *ret_tree,
                                  struct plan *ret_plan, bool *ret_there);
static struct steps steps_as_passed(struct arena *arena, const struct steps *steps);
static struct error *follow_to(struct work *work);
static struct error *say(struct work *work, struct error *error);
static struct error *ask_gates(struct work *work, struct error **ret_error);
static const char *would(struct work *work, const struct error *target, const struct error *gate,
                         const struct error *refusal);

bool observes(const struct work *work)
{
	return work->target->mode == MODE_OBSERVE;
}

struct error *observe(struct work *work, struct error *error, bool *ret_again)
{
	struct run *run = &work->run;
	bool at_work = false;

	if (is_blind(work, error))
		return say_blind(work, error);
	/* To find out what took effect is to write. */
	if (run_memory_unsettled(run->memory.open_run)) {
		work->pass->observes = arena_printf(
			work->arena,
			"run %lld is unsettled; the next pass in mode apply settles it",
			(long long)run->memory.open_run->id);
		return NULL;
	}
	runs_end_open(work);
	run->id = 0;
	TRY(find_at_work(work, error, &at_work));
	if (at_work) {
		work->pass->observes = "another program is at work";
		return NULL;
	}
	TRY(follow_back(work, ret_again));
	if (!*ret_again)
		TRY(follow(work, ret_again));
	if (*ret_again)
		return NULL;
	if (!is_refusal(work, error) && run->plan.adopted.count) {
		*ret_again = true;
		return adopt(work);
	}
	return say(work, error);
}

/* The branch or the ledger could not be seen: nobody knows what would be done. A step that waits was seen. */
static bool is_blind(const struct work *work, const struct error *error)
{
	if (!error || error == work->run.refusal)
		return false;
	if (error->row->reaction == REACT_RETRY || error->row->reaction == REACT_WAIT)
		return true;
	return !work->run.has_ledger && error->row != &error_rows()[ERR_HISTORY_REWRITTEN];
}

static struct error *say_blind(struct work *work, struct error *error)
{
	if (work->run.head)
		TRY(statuses_add(work, MOMENT_BLIND, error, NULL));
	work->speaks = true;
	TRY(work_write(work));
	return error;
}

/* A refusal or a halt of the whole target, not of a step. */
static bool is_refusal(const struct work *work, const struct error *error)
{
	return error && error != work->run.refusal;
}

/* An open row while somebody holds Prisma's lock is a migration at work, not one that failed. */
static struct error *find_at_work(struct work *work, const struct error *error, bool *ret_at_work)
{
	struct ledger ledger = {0};

	if (!error || error->row != &error_rows()[ERR_OPEN_FAILED_ROW])
		return NULL;
	return database_rows(work->ports.database, work->schema, work->arena, &ledger, ret_at_work);
}

/* Another Headgate rolled back what was deployed here: it is held here, too. */
static struct error *follow_back(struct work *work, bool *ret_again)
{
	struct run *run = &work->run;
	const struct steps steps = steps_as_passed(work->arena, &run->steps);

	for (size_t i = 0; i < run->memory.deployed.count; i++) {
		const struct deployed_migration *deployed = &run->memory.deployed.items[i];
		const struct ledger_row *row = ledger_find(&run->ledger, deployed->row_id);
		const struct step *step;

		if (!row || ledger_row_state(row) != ROW_ROLLED_BACK)
			continue;
		step = steps.count ? steps_last_change(&steps, steps.count - 1, deployed->name,
		                                       1u << CHANGE_REMOVED)
		                   : NULL;
		run_record_held(run, &(struct landing){.name = deployed->name,
		                                       .checksum = row->checksum,
		                                       .row_id = row->id,
		                                       .commit = step ? step->id : NULL})
			->run = RUN_NONE;
		*ret_again = true;
	}
	return *ret_again ? work_write(work) : NULL;
}

static struct error *follow(struct work *work, bool *ret_again)
{
	const struct steps *steps = &work->run.steps;
	struct steps upto = steps_as_passed(work->arena, steps);

	size_t most = 0;

	while (most < steps->count && !changes_what_is_held(work, &steps->items[most]))
		most++;
	for (size_t i = most; i-- > 0;) {
		struct tree tree = {0};
		struct plan plan = {0};
		bool there = false;

		if (i + 1 < most && !step_touches(&steps->items[i + 1]))
			continue; /* the same folder as the next one has, which was looked at */
		upto.count = upto.horizon = i + 1;
		TRY(may_be_there(work, upto.items[i].id, &there));
		if (there)
			TRY(look_at_step(work, &upto, &tree, &plan, &there));
		if (!there)
			continue;
		work->run.steps = upto;
		work->run.tree = tree;
		work->run.plan = plan;
		work->run.horizon = upto.items[i].id;
		*ret_again = true;
		return follow_to(work);
	}
	return NULL;
}

/* The ledger says nothing of a migration that is held, and once it is released it runs as it stands at the deployed
 * commit. So a change of it that nobody vouches for stays a step, which is judged when the mode is apply. */
static bool changes_what_is_held(const struct work *work, const struct step *step)
{
	const struct run *run = &work->run;

	if (step_vouches(step))
		return false;
	for (size_t i = 0; i < step->changes.count; i++)
		if (memory_held(&run->memory, step->changes.items[i].name) &&
		    !ledger_applied(&run->ledger, step->changes.items[i].name))
			return true;
	return false;
}

/* By names alone, so that not each file of a long history is read: all that is in the folder was applied or is held, and
 * all that is deployed is in the folder. */
static struct error *may_be_there(struct work *work, const char *id, bool *ret_there)
{
	struct run *run = &work->run;
	const struct folder *folder = NULL;
	struct steps_reader reader;
	struct error *error;

	run->ports = work->ports;
	reader = run_steps_reader(run);
	error = reader.listing(reader.context, id, work->arena, &folder);
	run->ports = (struct ports){0};
	if (error)
		return error->row->reaction == REACT_REFUSE ? NULL : error;
	for (size_t i = 0; i < folder->count; i++)
		if (folder->items[i].mode == ENTRY_FOLDER &&
		    !ledger_applied(&run->ledger, folder->items[i].name) &&
		    !memory_held(&run->memory, folder->items[i].name))
			return NULL;
	for (size_t i = 0; i < run->memory.deployed.count; i++)
		if (!folder_find(folder, run->memory.deployed.items[i].name))
			return NULL;
	*ret_there = true;
	return NULL;
}

/* Does the tree of the last of these steps leave nothing to do? Then the plan holds no more than adoptions. */
static struct error *look_at_step(struct work *work, struct steps *upto, struct tree *ret_tree,
                                  struct plan *ret_plan, bool *ret_there)
{
	struct run *run = &work->run;
	const char *id = upto->items[upto->count - 1].id, *culprit = NULL;
	struct plan_input input;
	struct error *error;

	TRY(work_read_tree(work, id, ret_tree));
	*ret_there = false;
	if (ret_tree->problem)
		return NULL;
	input = run_plan_input(run, ret_tree, upto);
	input.horizon = id;
	error = plan_make(run->arena, &input, ret_plan, &culprit);
	*ret_there = !error && !ret_plan->count; /* an error says that the ledger has it not */
	return NULL;
}

/* What was not vouched for passes as what the ledger has does: it vouches for nothing. */
static struct steps steps_as_passed(struct arena *arena, const struct steps *steps)
{
	struct steps passed = {
		.items = arena_copy(arena, steps->items, steps->count * sizeof *steps->items),
		.count = steps->count,
		.room = steps->count,
		.horizon = steps->count,
	};

	for (size_t i = 0; i < passed.count; i++) {
		passed.items[i].settled = !step_vouches(&passed.items[i]);
		passed.items[i].passed = true;
		passed.items[i].refusal = NULL;
		passed.items[i].undone_by = NULL;
	}
	return passed;
}

static struct error *follow_to(struct work *work)
{
	struct run *run = &work->run;

	carry_archive_downs(work);
	run_record(run, RECORD_DEPLOYED_COMMIT)->commit = run->horizon;
	TRY(statuses_add(work, MOMENT_OBSERVED, NULL, NULL));
	if (run->plan.adopted.count)
		return adopt(work);
	work->speaks = true;
	return work_write(work);
}

static struct error *say(struct work *work, struct error *error)
{
	struct run *run = &work->run;
	struct error *standing = NULL, *gate = NULL, *first;

	work->target_error = is_refusal(work, error) ? error : NULL;
	if (!work->target_error)
		TRY(answer_standing(work, &standing));
	if (run->plan.count)
		TRY(ask_gates(work, &gate));
	first = work->target_error ? work->target_error
	        : gate             ? gate
	        : standing         ? standing
	                           : run->refusal;
	if (!first && !run->plan.count)
		answer_lift(work);
	TRY(statuses_add(work, MOMENT_OBSERVED,
	                 standing && !gate    ? standing
	                 : work->target_error ? error
	                                      : gate,
	                 standing && !gate ? work->standing->commit : NULL));
	work->pass->observes =
		would(work, work->target_error, gate, standing ? standing : run->refusal);
	work->pass->next = first ? first->hint : NULL;
	work->speaks = true;
	return work_write(work);
}

/* What would keep the plan from being carried out. *ret_error: NULL when nothing would. */
static struct error *ask_gates(struct work *work, struct error **ret_error)
{
	struct error *error = gates_pass(work);

	if (error && error->row != &error_rows()[ERR_SUSPENDED] &&
	    error->row != &error_rows()[ERR_AFTER])
		return error;
	*ret_error = error;
	return NULL;
}

static const char *would(struct work *work, const struct error *target, const struct error *gate,
                         const struct error *refusal)
{
	const struct plan *plan = &work->run.plan;
	struct text text = TEXT_IN(work->arena);

	if (target)
		return words_would_stop(work->arena, target);
	if (plan->count)
		text_add(&text, words_would_do(work->arena, plan->count - plan->rollbacks,
		                               plan->rollbacks));
	if (gate)
		text_printf(&text, ", but %s", words_would_stop(work->arena, gate));
	else if (refusal)
		text_printf(&text, "%s%s", plan->count ? ", then " : "",
		            words_would_stop(work->arena, refusal));
	return text.size ? text_get(&text) : "agrees";
}
