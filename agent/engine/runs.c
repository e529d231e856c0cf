/*
 * The records that the story of a run is made of. What a reader gets wrong: nothing is written here; the records gather
 * in the run and become durable with the next work_write, in one transaction with the statuses that speak of them.
 */
#include "engine/runs.h"

#include "base/log.h"

static struct node *items_node(struct arena *arena, const struct plan *plan);
static const char *by_hand(struct arena *arena, const struct plan_item *item);
static bool is_applied(const struct plan *plan, const char *commit);
static bool is_used(const struct run *run, const struct lifted *lifted);
static const char *say_lifted(struct work *work, const char *commit);
static struct tally *tally_for(struct work *work, const char *commit);

void runs_add_begun(struct work *work, const char *direction)
{
	struct run *run = &work->run;
	struct node *body = node_map(work->arena);
	struct record *record;

	node_set_text(work->arena, body, "direction", direction);
	node_set_text(work->arena, body, "head", run->head);
	node_set_text(work->arena, body, "horizon", run->horizon);
	node_set_text(work->arena, body, "plan", run->plan.digest);
	node_set(work->arena, body, "items", items_node(work->arena, &run->plan));
	record = run_record(run, RECORD_RUN_BEGUN);
	record->commit = run->head;
	record->body = body;
	for (size_t i = 0; i < work->looked.count; i++) {
		run_record(run, RECORD_STAGE_BEGUN)->stage = work->looked.items[i].name;
		runs_add_stage_done(work, work->looked.items[i].name, work->looked.items[i].took_ms,
		                    work->looked.items[i].evidence);
	}
}

void runs_add_overrides(struct work *work)
{
	struct run *run = &work->run;

	for (size_t i = 0; i < run->lifted.count; i++)
		if (is_applied(&run->plan, run->lifted.items[i].commit) &&
		    !is_used(run, &run->lifted.items[i]))
			run_record_override(run, &run->lifted.items[i]);
}

/* What the next round will apply is that run's. */
static bool is_applied(const struct plan *plan, const char *commit)
{
	for (size_t i = 0; i < plan->count; i++)
		if (plan->items[i].action == PLAN_APPLY &&
		    text_equal(plan->items[i].commit, commit))
			return true;
	return false;
}

static bool is_used(const struct run *run, const struct lifted *lifted)
{
	for (size_t i = 0; i < run->memory.overrides_used.count; i++) {
		const struct override_used *used = &run->memory.overrides_used.items[i];

		if (used->run == run->id && text_equal(used->payload, lifted->payload) &&
		    text_equal(used->lifts, lifted->lifts))
			return true;
	}
	return false;
}

void runs_end_open(struct work *work)
{
	const struct run_memory *open = work->run.memory.open_run;
	const struct stage_memory *confirmed = open ? run_memory_stage(open, "confirm") : NULL;
	struct record *record;
	struct node *body;

	if (!open)
		return;
	body = node_map(work->arena);
	node_set_text(work->arena, body, "outcome",
	              confirmed && confirmed->done ? "done" : "superseded");
	record = run_record(&work->run, RECORD_RUN_ENDED);
	record->run = open->id;
	record->body = body;
	work->run.memory.open_run = NULL;
}

void runs_add_stage_done(struct work *work, const char *stage, uint64_t took_ms,
                         const struct node *evidence)
{
	struct node *body = node_map(work->arena);
	struct record *record = run_record(&work->run, RECORD_STAGE_DONE);

	node_set_number(work->arena, body, "took_ms", (int64_t)took_ms);
	if (evidence)
		node_set(work->arena, body, "evidence", (struct node *)(uintptr_t)evidence);
	record->stage = stage;
	record->body = body;
}

void runs_add_stage_stopped(struct work *work, const char *stage, const struct error *error,
                            uint64_t took_ms)
{
	struct arena *arena = work->arena;
	struct node *body = node_map(arena);
	struct record *record = run_record(&work->run, RECORD_STAGE_STOPPED);

	node_set_text(arena, body, "reaction", reaction_name(error->row->reaction));
	node_set_text(arena, body, "code", error->row->code);
	node_set_text(arena, body, "what", error->what);
	node_set_text(arena, body, "why", error->why);
	node_set_text(arena, body, "hint", error->hint);
	node_set_number(arena, body, "took_ms", (int64_t)took_ms);
	record->stage = stage;
	record->body = body;
}

void runs_add_ended(struct work *work, const char *outcome)
{
	const struct run *run = &work->run;
	struct node *body = node_map(work->arena);

	node_set_text(work->arena, body, "outcome", outcome);
	run_record(&work->run, RECORD_RUN_ENDED)->body = body;
	LOG(INFO, RUN_ENDED, .target = work->target->name, .run = run->id, .commit = run->horizon,
	    .outcome = outcome, .took_ms = (int64_t)run->apply_ms,
	    .msg = plan_summary(work->arena, &run->plan));
}

bool runs_did(const struct run *run, const struct run_memory *open, const struct node *item)
{
	const struct deployed_migration *deployed =
		memory_deployed(&run->memory, node_find_text(item, "name"));
	const struct held_migration *held = memory_held(&run->memory, node_find_text(item, "name"));

	if (text_equal(node_find_text(item, "action"), plan_action_name(PLAN_ROLL_BACK)))
		return held && held->at_us >= open->begun_us;
	return deployed && deployed->run == open->id &&
	       text_equal(deployed->checksum, node_find_text(item, "checksum"));
}

void runs_count_earlier(struct work *work)
{
	const struct run_memory *open = work->run.memory.open_run;

	for (const struct node *item = open->items->child; item; item = item->next) {
		struct tally *tally;

		if (!runs_did(&work->run, open, item))
			continue;
		tally = tally_for(work, node_find_text(item, "commit"));
		if (text_equal(node_find_text(item, "action"), plan_action_name(PLAN_ROLL_BACK)))
			tally->rolled_back++;
		else
			tally->applied++;
		if (node_find_text(item, "by_hand"))
			tally->by_hand = node_find_text(item, "by_hand");
		tally->is_resumed = true;
	}
}

void runs_count_items(struct work *work)
{
	const struct plan *plan = &work->run.plan;

	for (size_t i = 0; i < work->run.carried_out && i < plan->count; i++) {
		struct tally *tally = tally_for(work, plan->items[i].commit);

		tally->applied += plan->items[i].action == PLAN_APPLY;
		tally->rolled_back += plan->items[i].action == PLAN_ROLL_BACK;
		tally->took_ms += plan->items[i].took_ms;
		if (plan->items[i].asked)
			tally->by_hand = by_hand(work->arena, &plan->items[i]);
	}
}

static struct node *items_node(struct arena *arena, const struct plan *plan)
{
	struct node *items = node_list(arena);

	for (size_t i = 0; i < plan->count; i++) {
		struct node *item = node_add(items, node_map(arena));

		node_set_text(arena, item, "action", plan_action_name(plan->items[i].action));
		node_set_text(arena, item, "name", plan->items[i].name);
		node_set_text(arena, item, "checksum", plan->items[i].checksum);
		node_set_text(arena, item, "commit", plan->items[i].commit);
		if (plan->items[i].asked)
			node_set_text(arena, item, "by_hand", by_hand(arena, &plan->items[i]));
		if (plan->items[i].migration &&
		    plan->items[i].migration->down.size) /* for settle: apply archives it */
			node_set_text(arena, item, "down",
			              sha256_text(arena, plan->items[i].migration->down.data,
			                          plan->items[i].migration->down.size));
	}
	return items;
}

static const char *by_hand(struct arena *arena, const struct plan_item *item)
{
	const struct asked_rollback *asked = item->asked;

	return asked->reason ? arena_printf(arena, "%s: %s", asked->by, asked->reason) : asked->by;
}

/* By this run, now or before it was interrupted; NULL: nothing. */
static const char *say_lifted(struct work *work, const char *commit)
{
	const struct run *run = &work->run;
	struct text_list said = {0};

	for (size_t i = 0; i < run->memory.overrides_used.count; i++) {
		const struct override_used *used = &run->memory.overrides_used.items[i];

		if (used->run == run->id && text_equal(used->commit, commit))
			*LIST_ADD(work->arena, &said) =
				run_say_lifted(work->arena, used->lifts, used->by);
	}
	for (size_t i = 0; i < run->lifted.count; i++)
		if (text_equal(run->lifted.items[i].commit, commit) &&
		    !is_used(run, &run->lifted.items[i]))
			*LIST_ADD(work->arena, &said) = run_say_lifted(
				work->arena, run->lifted.items[i].lifts, run->lifted.items[i].by);
	return said.count ? text_join(work->arena, &said, ", ") : NULL;
}

static struct tally *tally_for(struct work *work, const char *commit)
{
	struct tally *tally;

	for (size_t i = 0; i < work->tallies.count; i++)
		if (text_equal(work->tallies.items[i].commit, commit))
			return &work->tallies.items[i];
	tally = LIST_ADD(work->arena, &work->tallies);
	tally->commit = commit;
	tally->lifted = say_lifted(work, commit);
	return tally;
}
