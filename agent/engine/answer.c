/*
 * What an answer other than "done" leaves behind: records, refusals that stand, statuses. What a reader gets wrong: a
 * decision that comes out the same again is not written again, so a refused branch does not fill the journal; and a
 * refusal from backup on stands by what it rests on, not by time.
 */
#include "engine/runs.h"

static bool note_refused_steps(struct work *work);
static void add_refusal(struct work *work, const char *commit, const char *migration,
                        const char *stage, const struct error *error, const char *rests_on,
                        bool sticky);
static void add_settle_stopped(struct work *work, const struct error *error);
static void add_refused_run(struct work *work, const struct error *error);
static bool is_about_going_back(const struct error *error);
static const char *rests_on_looks(struct work *work);
static const char *rests_on_plan(struct work *work, const char *digest);
static const struct plan_item *item_at_fault(const struct work *work, const struct stage *stage);
static const char *digest_left(struct arena *arena, const struct plan_item *item);
static bool holds(const struct work *work, const struct refusal *refusal);
static void add_lifted(struct work *work, const struct refusal *refusal);
static struct error *recall(struct work *work, const struct refusal *refusal);

/* A looking stage did not pass, or settle did not. Nothing has touched the target in this round. */
struct error *answer_look(struct work *work, struct error *error)
{
	struct run *run = &work->run;
	const bool by_step = run->refused_step && error == run->refusal;
	bool news;

	run->id = 0;
	work->target_error = by_step ? NULL : error;
	news = note_refused_steps(work);
	if (!by_step && !answer_is_known(work, NULL, NULL, error)) {
		add_refusal(work, NULL, NULL, work->stopped_at, error, rests_on_looks(work),
		            /* sticky= */ false);
		news = true;
	}
	work->pass->standing = !news;
	if (news && work->settles)
		add_settle_stopped(work, error);
	else if (news &&
	         (error->row->reaction == REACT_REFUSE || error->row->reaction == REACT_HALT))
		add_refused_run(work, error);
	answer_lift(work);
	if (run->head)
		TRY(statuses_add(work, MOMENT_LOOKED, by_step ? NULL : error, NULL));
	work->speaks = true;
	TRY(work_write(work));
	if (run->id)
		work->pass->run = run->id;
	return error;
}

/* A stage from backup on did not pass. */
struct error *answer_stage(struct work *work, const struct stage *stage, struct error *error,
                           uint64_t took_ms)
{
	struct run *run = &work->run;
	const enum reaction reaction = error->row->reaction;
	const struct plan_item *item = item_at_fault(work, stage);
	const bool touched = !text_equal(stage->name, "backup");

	runs_add_stage_stopped(work, stage->name, error, took_ms);
	if (reaction == REACT_REFUSE ||
	    (reaction == REACT_HALT &&
	     !answer_is_known(work, item ? item->commit : NULL, item ? item->name : NULL, error)))
		add_refusal(work, item ? item->commit : NULL, item ? item->name : NULL, stage->name,
		            error,
		            rests_on_plan(work,
		                          item ? digest_left(work->arena, item) : run->plan.digest),
		            reaction == REACT_REFUSE);
	if (reaction == REACT_REFUSE)
		runs_add_ended(work, "refused");
	else if (reaction == REACT_HALT && !touched)
		runs_add_ended(
			work,
			"halted"); /* a halt from apply on stays open: the next pass looks again whether its cause is gone */
	runs_count_items(work);
	TRY(statuses_add(work, MOMENT_STOPPED, error, item ? item->commit : NULL));
	work->speaks = true;
	TRY(work_write(work));
	return error;
}

struct error *answer_standing(struct work *work, struct error **ret_refusal)
{
	struct run *run = &work->run;

	for (size_t i = 0; i < run->memory.refusals.count; i++) {
		const struct refusal *refusal = &run->memory.refusals.items[i];

		if (!refusal->sticky || refusal->at_us <= run->memory.retried_us)
			continue;
		for (size_t k = 0; k < run->plan.count; k++) {
			const char *digest =
				refusal->migration ? run->plan.items[k].upto : run->plan.digest;

			if (refusal->migration &&
			    !text_equal(refusal->migration, run->plan.items[k].name))
				continue;
			if (!text_equal(refusal->rests_on, rests_on_plan(work, digest)))
				continue;
			work->standing = refusal;
			*ret_refusal = recall(work, refusal);
			run->plan.count = refusal->migration ? k : 0;
			if (run->plan.rollbacks > run->plan.count)
				run->plan.rollbacks = run->plan.count;
			plan_digest(&run->plan);
			return NULL;
		}
	}
	return NULL;
}

void answer_lift(struct work *work)
{
	for (size_t i = 0; i < work->run.memory.refusals.count; i++) {
		const struct refusal *refusal = &work->run.memory.refusals.items[i];

		if (!holds(work, refusal))
			add_lifted(work, refusal);
	}
}

bool answer_is_known(const struct work *work, const char *commit, const char *migration,
                     const struct error *error)
{
	const struct refusal *refusal = memory_refusal(&work->run.memory, commit, migration);

	return refusal && text_equal(refusal->code, error->row->code) &&
	       text_equal(refusal->what, error->what) && text_equal(refusal->why, error->why);
}

/* Every step that stands refused has a refusal in the journal. *false: nothing new. */
static bool note_refused_steps(struct work *work)
{
	struct run *run = &work->run;
	bool news = false;

	for (size_t i = 0; i < run->steps.count; i++) {
		const struct step *step = &run->steps.items[i];

		if (!step_stands_refused(step) ||
		    answer_is_known(work, step->id, NULL, step->refusal))
			continue;
		add_refusal(work, step->id, NULL, step->refused_at, step->refusal,
		            rests_on_looks(work), /* sticky= */ false);
		news = true;
	}
	return news;
}

static void add_refusal(struct work *work, const char *commit, const char *migration,
                        const char *stage, const struct error *error, const char *rests_on,
                        bool sticky)
{
	struct arena *arena = work->arena;
	struct node *body = node_map(arena);
	struct record *record = run_record(&work->run, RECORD_REFUSAL);

	node_set_text(arena, body, "code", error->row->code);
	node_set_text(arena, body, "what", error->what);
	node_set_text(arena, body, "why", error->why);
	node_set_text(arena, body, "hint", error->hint);
	node_set_text(arena, body, "rests_on", rests_on);
	node_set_bool(arena, body, "sticky", sticky);
	record->stage = stage;
	record->commit = commit;
	record->migration = migration;
	record->body = body;
}

/* Nobody could find out what the interrupted run did: it stays open until somebody can. */
static void add_settle_stopped(struct work *work, const struct error *error)
{
	work->run.id = work->run.memory.open_run->id;
	for (size_t i = 0; i < work->run.records.count; i++)
		if (work->run.records.items[i].run == RUN_NEW)
			work->run.records.items[i].run = work->run.id;
	runs_add_stage_stopped(work, work->stopped_at, error, 0);
}

/* A refusal that is news gets a run of its own, so that the story can be read: headgate history. */
static void add_refused_run(struct work *work, const struct error *error)
{
	runs_end_open(work);
	runs_add_begun(work, is_about_going_back(error) ? "rollback" : "deploy");
	run_record(&work->run, RECORD_STAGE_BEGUN)->stage = work->stopped_at;
	runs_add_stage_stopped(work, work->stopped_at, error, 0);
	runs_add_ended(work, error->row->reaction == REACT_HALT ? "halted" : "refused");
}

/* The plan that was refused is gone by then; its refusal tells which way it went. */
static bool is_about_going_back(const struct error *error)
{
	return error->row == &error_rows()[ERR_ROLLBACK_UNASKED] ||
	       error->row == &error_rows()[ERR_NO_WAY_BACK] ||
	       error->row == &error_rows()[ERR_MAX_ROLLBACK];
}

static const char *rests_on_looks(struct work *work)
{
	const char *text =
		arena_printf(work->arena, "%s %s %s", work->run.head ? work->run.head : "",
	                     work->run.keys ? work->run.keys : "", work->run.policy->digest);

	return sha256_text(work->arena, text, strlen(text));
}

static const char *rests_on_plan(struct work *work, const char *digest)
{
	const char *text = arena_printf(work->arena, "%s %s", digest, work->run.policy->digest);

	return sha256_text(work->arena, text, strlen(text));
}

/* In apply and revert, the item that was being sent; elsewhere the whole plan. */
static const struct plan_item *item_at_fault(const struct work *work, const struct stage *stage)
{
	const struct run *run = &work->run;

	if (!text_equal(stage->name, "apply") && !text_equal(stage->name, "revert"))
		return NULL;
	return run->carried_out < run->plan.count ? &run->plan.items[run->carried_out] : NULL;
}

/* The plan up to the item, as the next pass will make it: what came before it is done and no longer asked for. */
static const char *digest_left(struct arena *arena, const struct plan_item *item)
{
	struct plan_item alone = *item;
	struct plan left = {.items = &alone, .count = 1};

	plan_digest(&left);
	return arena_text(arena, left.digest);
}

/* Does what the refusal says still stand in this round? */
static bool holds(const struct work *work, const struct refusal *refusal)
{
	const struct run *run = &work->run;
	const struct step *step;

	for (size_t i = 0; i < run->records.count; i++)
		if (run->records.items[i].kind == RECORD_REFUSAL &&
		    text_equal(run->records.items[i].commit, refusal->commit) &&
		    text_equal(run->records.items[i].migration, refusal->migration))
			return true; /* just made anew */
	if (!refusal->commit && !refusal->sticky)
		return work->target_error && answer_is_known(work, NULL, NULL, work->target_error);
	if (!run->head)
		return true; /* nothing was seen: nothing is known better */
	if (refusal->sticky)
		return work->standing == refusal;
	for (size_t i = 0; i < run->steps.count; i++) {
		step = &run->steps.items[i];
		if (text_equal(step->id, refusal->commit))
			return step_stands_refused(step);
	}
	return false;
}

static void add_lifted(struct work *work, const struct refusal *refusal)
{
	struct node *body = node_map(work->arena);
	struct record *record = run_record(&work->run, RECORD_LIFTED);

	node_set_text(work->arena, body, "why", "changed");
	record->run = RUN_NONE;
	record->commit = refusal->commit;
	record->migration = refusal->migration;
	record->body = body;
}

/* The error as it was, from the journal. */
static struct error *recall(struct work *work, const struct refusal *refusal)
{
	const struct error_row *row = error_find(refusal->code);

	return error_new(work->arena, (enum error_code)(row - error_rows()),
	                 &(struct error_text){.what = refusal->what,
	                                      .why = refusal->why,
	                                      .hint = refusal->hint});
}
