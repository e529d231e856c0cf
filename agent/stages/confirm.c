/*
 * Confirm: the ledger says what was done, no index was left invalid, and the fingerprint of the schemas as they are
 * now is kept for later comparison. Nothing here changes the target. What a reader gets wrong: a run that was gone on
 * with has items that are no longer in the plan; the journal knows them.
 */
#include "stages/run.h"

static struct error *confirm_rows(struct run *run);
static struct error *confirm_earlier_row(struct run *run, const struct ledger *ledger,
                                         const struct node *item);
static struct error *confirm_row(struct run *run, const struct ledger *ledger,
                                 const struct plan_item *item);
static bool is_resolved_down(const struct plan_item *item, const struct ledger_row *row);
static struct error *confirm_indexes(struct run *run);
static bool was_invalid(const struct run *run, const char *index);
static struct error *keep_fingerprint(struct run *run);

struct error *confirm_perform(struct run *run)
{
	TRY(confirm_rows(run));
	TRY(confirm_indexes(run));
	return keep_fingerprint(run);
}

static struct error *confirm_rows(struct run *run)
{
	struct ledger ledger = {0};

	TRY(database_ledger(run->ports.database, run->schema, run->arena, &ledger));
	for (size_t i = 0; i < run->plan.count; i++)
		TRY(confirm_row(run, &ledger, &run->plan.items[i]));
	if (run->memory.open_run && run->memory.open_run->id == run->id)
		for (const struct node *item = run->memory.open_run->items->child; item;
		     item = item->next)
			TRY(confirm_earlier_row(run, &ledger, item));
	run->ledger = ledger;
	node_set_number(run->arena, run->evidence, "rows", (int64_t)ledger.count);
	return NULL;
}

/* An item that an earlier pass carried out. */
static struct error *confirm_earlier_row(struct run *run, const struct ledger *ledger,
                                         const struct node *node)
{
	const bool applies =
		text_equal(node_find_text(node, "action"), plan_action_name(PLAN_APPLY));
	struct plan_item item = {
		.action = applies ? PLAN_APPLY : PLAN_ROLL_BACK,
		.name = node_find_text(node, "name"),
		.checksum = node_find_text(node, "checksum"),
	};
	const struct deployed_migration *deployed = memory_deployed(&run->memory, item.name);
	const struct held_migration *held = memory_held(&run->memory, item.name);

	if (applies && deployed && deployed->run == run->id)
		item.row_id = deployed->row_id;
	else if (!applies && held)
		item.row_id = held->row_id;
	return item.row_id ? confirm_row(run, ledger, &item) : NULL;
}

static struct error *confirm_row(struct run *run, const struct ledger *ledger,
                                 const struct plan_item *item)
{
	const enum row_state wanted = item->action == PLAN_APPLY ? ROW_APPLIED : ROW_ROLLED_BACK;
	const struct ledger_row *row = ledger_find(ledger, item->row_id);

	if (row && text_equal(row->checksum, item->checksum) &&
	    (ledger_row_state(row) == wanted || is_resolved_down(item, row)))
		return NULL;
	return FAIL(
		run->arena, LEDGER_DIFFERS,
		.what = arena_printf(run->arena, "the ledger of '%s' is not as it was left: '%s'",
	                             run->target->name, item->name),
		.why = !row ? "its row is gone"
	                    : arena_printf(run->arena, "its row should be %s with checksum %.12s…",
	                                   wanted == ROW_APPLIED ? "applied" : "rolled back",
	                                   item->checksum),
		.hint = "Find out who else writes \"_prisma_migrations\" in this database, then: headgate reconcile.");
}

/* A down that took effect in part, and a person finished it: `migrate resolve --rolled-back` leaves finished_at empty. */
static bool is_resolved_down(const struct plan_item *item, const struct ledger_row *row)
{
	return item->action == PLAN_ROLL_BACK && ledger_row_state(row) == ROW_FAILED_TRY;
}

static struct error *confirm_indexes(struct run *run)
{
	struct text_list invalid = {0}, fresh = {0};

	TRY(database_invalid_indexes(run->ports.database, &run->schemas, run->arena, &invalid));
	for (size_t i = 0; i < invalid.count; i++)
		if (!was_invalid(run, invalid.items[i]))
			*LIST_ADD(run->arena, &fresh) = invalid.items[i];
	node_set_number(run->arena, run->evidence, "invalid_indexes", (int64_t)invalid.count);
	if (!fresh.count)
		return NULL;
	return FAIL(
		run->arena, INVALID_INDEX,
		.what = arena_printf(run->arena, "an index of '%s' is invalid: %s",
	                             run->target->name, text_join(run->arena, &fresh, ", ")),
		.why = "its build did not end well; PostgreSQL maintains it on every write and never reads it",
		.hint = arena_printf(
			run->arena,
			"Drop it (DROP INDEX CONCURRENTLY %s) and bring it again by a new "
			"migration.",
			fresh.items[0]));
}

static bool was_invalid(const struct run *run, const char *index)
{
	const struct run_memory *open = run->memory.open_run;
	const struct stage_memory *backup =
		open && open->id == run->id ? run_memory_stage(open, "backup") : NULL;
	const struct node *earlier = backup ? node_find(backup->evidence, "invalid_before") : NULL;

	for (size_t i = 0; i < run->invalid_before.count; i++)
		if (text_equal(run->invalid_before.items[i], index))
			return true;
	for (const struct node *name = earlier ? earlier->child : NULL; name; name = name->next)
		if (text_equal(name->text, index))
			return true;
	return false;
}

static struct error *keep_fingerprint(struct run *run)
{
	TRY(database_fingerprint(run->ports.database, &run->schemas, run->arena,
	                         &run->fingerprint));
	run_record_fingerprint(run, &run->fingerprint);
	node_set_text(run->arena, run->evidence, "fingerprint", run->fingerprint.digest);
	node_set_number(run->arena, run->evidence, "objects", (int64_t)run->fingerprint.objects);
	return NULL;
}
