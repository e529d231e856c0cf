/*
 * Apply and roll back: under Prisma's lock and the fence, one item of the plan after the other,
 * each with its ledger row. What a reader gets wrong: the plan was made before the lock was held,
 * so the ledger is read again under it, and again whenever the lock may have been in other hands;
 * any change by others ends the run as RETRY.
 *
 *   lock -> fence -> same ledger? -> ( item, tidy up, lock still ours? )… -> unlock
 */
#include "stages/apply.h"

#include <string.h>

#include "base/clock.h"

static struct error *carry(struct run *run, enum plan_action action);
static struct error *carry_items(struct run *run, enum plan_action action);
static struct error *carry_item(struct run *run, size_t index);
static struct file file_of_item(struct run *run, size_t index);
static struct error *stop_here(struct run *run);
static void tell_item(struct run *run, const struct file *file, uint64_t took_ms);
static const struct ledger_row **rows_by_id(struct arena *arena, const struct ledger *ledger);
static int compare_rows(const void *a, const void *b);
static struct error *ledger_changed(struct run *run, const struct ledger_row *row,
                                    const char *meanwhile);

struct error *apply_perform(struct run *run)
{
	return carry(run, PLAN_APPLY);
}

struct error *revert_perform(struct run *run)
{
	return carry(run, PLAN_ROLL_BACK);
}

static struct error *carry(struct run *run, enum plan_action action)
{
	const uint64_t started = clock_monotonic_ms();
	struct error *error, *unlocked;

	TRY(apply_lock(run));
	error = carry_items(run, action);
	unlocked = database_unlock(run->ports.database, run->arena);
	(void)unlocked; /* a session that is gone gave its lock back by itself */
	run->apply_ms = clock_monotonic_ms() - started;
	node_set_number(run->arena, run->evidence, "carried_out", (int64_t)run->carried_out);
	return error;
}

static struct error *carry_items(struct run *run, enum plan_action action)
{
	node_set(run->arena, run->evidence, "items", node_list(run->arena));
	TRY(apply_fence(run));
	TRY(apply_same_ledger(run, "while Headgate prepared and waited for Prisma's lock"));
	for (size_t i = 0; i < run->plan.count; i++) {
		if (run->plan.items[i].action != action)
			continue; /* each run carries one kind out */
		if (stop_asked())
			return stop_here(run);
		progress_report(run->progress, run->plan.items[i].name, PROGRESS_ITEMS, i,
		                run->plan.count);
		TRY(carry_item(run, i));
	}
	progress_report(run->progress, "done", PROGRESS_ITEMS, run->plan.count, run->plan.count);
	return NULL;
}

static struct error *carry_item(struct run *run, size_t index)
{
	struct plan_item *item = &run->plan.items[index];
	struct file file = file_of_item(run, index);
	struct error *error = file_send(&file);

	item->took_ms = clock_monotonic_ms() - file.began_ms;
	if (file.landed) { /* whatever came after it */
		item->row_id = file.row_id;
		run->carried_out = index + 1;
		tell_item(run, &file, item->took_ms);
	}
	return error;
}

static struct file file_of_item(struct run *run, size_t index)
{
	const struct plan_item *item = &run->plan.items[index];
	const bool applies = item->action == PLAN_APPLY;

	return (struct file){
		.run = run,
		.action = item->action,
		.name = item->name,
		.checksum = item->checksum,
		.commit = item->commit,
		.sql = item->sql,
		.script = &item->script,
		.way = item->script.way,
		.row_id = applies ? random_uuid(run->arena) : item->row_id,
		.started_us = clock_wall_us(),
		.finished_us = item->finished_us,
		.down = applies && item->migration->has_down ? item->migration->down
	                                                     : (struct bytes){0},
		.is_last = index + 1 == run->plan.count,
		.began_ms = clock_monotonic_ms(),
	};
}

static struct error *stop_here(struct run *run)
{
	return FAIL(run->arena, STOPPED,
	            .what = arena_printf(run->arena,
	                                 "the agent was asked to stop after %zu of %zu migrations",
	                                 run->carried_out, run->plan.count),
	            .hint = "The next pass goes on with the rest: headgate reconcile");
}

static void tell_item(struct run *run, const struct file *file, uint64_t took_ms)
{
	struct node *items = (struct node *)(uintptr_t)node_find(run->evidence, "items");
	struct node *item = node_add(items, node_map(run->arena));

	node_set_text(run->arena, item, "name", file->name);
	node_set_text(run->arena, item, "way", way_name(file->way));
	node_set_number(run->arena, item, "statements", (int64_t)file->script->count);
	node_set_number(run->arena, item, "took_ms", (int64_t)took_ms);
	if (file->way_note)
		node_set_text(run->arena, item, "note", file->way_note);
}

struct error *apply_connect(struct run *run)
{
	const struct session_limits limits = {
		.lock_timeout = run->policy->lock_timeout,
		.statement_timeout = run->policy->statement_timeout,
		.idle_in_transaction_timeout = run->policy->idle_in_transaction_timeout,
	};

	return database_connect(run->ports.database, &limits, /* for_writing= */ true, run->arena,
	                        &run->server);
}

struct error *apply_lock(struct run *run)
{
	return database_lock(run->ports.database, run->policy->lock_budget, run->arena);
}

struct error *apply_fence(struct run *run)
{
	struct fence fence = {
		.schema = run->schema,
		.target = run->target->name,
		.journal = journal_identity(run->ports.journal),
	};

	TRY(database_take_fence(run->ports.database, fence.schema, fence.target, fence.journal,
	                        /* take_over= */ false, run->arena, &fence.epoch));
	run->fence = fence;
	run_record_fence(run, fence.epoch); /* durable with the first intent */
	return NULL;
}

struct error *apply_tidy(struct run *run)
{
	bool kept = false;

	TRY(database_tidy(run->ports.database, run->arena, &kept));
	return apply_lock_kept(run, kept);
}

struct error *apply_lock_kept(struct run *run, bool kept)
{
	if (kept)
		return NULL;
	TRY(apply_lock(run));
	return apply_same_ledger(run, "while a file had dropped Prisma's lock");
}

struct error *apply_same_ledger(struct run *run, const char *meanwhile)
{
	const struct ledger_row **expected = rows_by_id(run->arena, &run->ledger), **seen;
	struct ledger ledger = {0};
	size_t i = 0;

	TRY(database_ledger(run->ports.database, run->schema, run->arena, &ledger));
	seen = rows_by_id(run->arena, &ledger);
	while (i < ledger.count && i < run->ledger.count && !compare_rows(&seen[i], &expected[i]) &&
	       ledger_row_state(seen[i]) == ledger_row_state(expected[i]))
		i++;
	if (i < ledger.count)
		return ledger_changed(run, seen[i], meanwhile);
	if (i < run->ledger.count)
		return ledger_changed(run, expected[i], meanwhile);
	return NULL;
}

void apply_expect(struct run *run, const struct file *file, enum row_state state)
{
	struct ledger_row *row =
		(struct ledger_row *)(uintptr_t)ledger_find(&run->ledger, file->row_id);

	if (!row) {
		row = LIST_ADD(run->arena, &run->ledger);
		*row = (struct ledger_row){.id = file->row_id,
		                           .checksum = file->checksum,
		                           .name = file->name,
		                           .started_us = file->started_us};
	}
	row->finished_us = state == ROW_APPLIED || state == ROW_ROLLED_BACK ? clock_wall_us() : 0;
	row->rolled_back_us =
		state == ROW_ROLLED_BACK || state == ROW_FAILED_TRY ? clock_wall_us() : 0;
	run->fence.last_row_id = file->row_id;
}

static const struct ledger_row **rows_by_id(struct arena *arena, const struct ledger *ledger)
{
	const struct ledger_row **rows =
		ARENA_ARRAY(arena, const struct ledger_row *, ledger->count);

	for (size_t i = 0; i < ledger->count; i++)
		rows[i] = &ledger->items[i];
	if (ledger->count)
		qsort(rows, ledger->count, sizeof *rows, compare_rows);
	return rows;
}

static int compare_rows(const void *a, const void *b)
{
	return strcmp((*(const struct ledger_row *const *)a)->id,
	              (*(const struct ledger_row *const *)b)->id);
}

static struct error *ledger_changed(struct run *run, const struct ledger_row *row,
                                    const char *meanwhile)
{
	return FAIL(
		run->arena, FENCED,
		.what = arena_printf(run->arena, "the ledger of '%s' changed %s", run->target->name,
	                             meanwhile),
		.why = arena_printf(run->arena, "the row %s of '%s' is not as it was read before",
	                            row->id, row->name),
		.hint = "Another program wrote \"_prisma_migrations\". The next pass plans anew by "
			"itself; let one program "
			"deploy to this database.");
}
