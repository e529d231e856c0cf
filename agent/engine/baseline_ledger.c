/*
 * What the ledger of a database counts as when a person trusts a commit, and the rows that are written since the person
 * said so. What a reader gets wrong: a baseline that was broken off between two rows leaves a ledger that nobody wrote
 * whole; said again with the same words it goes on.
 */
#include "engine/baseline_parts.h"

#include "base/clock.h"

#define DIFFERENCES_SHOWN 10

static struct error *refuse_open_row(struct baselining *baselining, const struct ledger_row *row);
static void judge_row(struct baselining *baselining, const struct ledger_row *row);
static void add_difference(struct baselining *baselining, const char *sentence);
static struct error *refuse_differences(struct baselining *baselining);
static struct error *find_cut_off(struct baselining *baselining, bool *ret_cut_off);
static struct error *judge_filled(struct baselining *baselining);
static struct error *refuse_filled(struct baselining *baselining);
static struct error *find_last(struct baselining *baselining, size_t *ret_count);
static struct error *refuse_changed(struct baselining *baselining);
static struct error *write_rows(struct baselining *baselining, struct fence *fence, size_t count);

struct error *baseline_judge(struct baselining *baselining)
{
	const struct ledger *ledger = &baselining->ledger;
	bool is_cut_off = false;

	if (ledger->count && baselining->wish->applied_up_to)
		TRY(find_cut_off(baselining, &is_cut_off));
	if (!ledger->count || is_cut_off)
		return judge_filled(baselining);
	if (baselining->wish->applied_up_to)
		return FAIL(baselining->work->arena, USAGE,
		            .what = "--applied-up-to is for a database without a ledger",
		            .why = arena_printf(
				    baselining->work->arena,
				    "this one has %s in _prisma_migrations",
				    text_plural(baselining->work->arena, ledger->count, "row")),
		            .hint = arena_printf(baselining->work->arena,
		                                 "To count one more as applied: headgate resolve "
		                                 "--target %s --applied NAME",
		                                 baselining->work->target->name));
	for (size_t i = 0; i < ledger->count; i++) {
		if (ledger_row_state(&ledger->items[i]) == ROW_OPEN)
			return refuse_open_row(baselining, &ledger->items[i]);
		if (ledger_row_state(&ledger->items[i]) == ROW_APPLIED)
			judge_row(baselining, &ledger->items[i]);
	}
	for (size_t i = 0; i < baselining->tree.migrations.count; i++)
		baselining->made.pending +=
			!ledger_applied(ledger, baselining->tree.migrations.items[i].name);
	return refuse_differences(baselining);
}

static struct error *refuse_open_row(struct baselining *baselining, const struct ledger_row *row)
{
	struct arena *arena = baselining->work->arena;
	const char *target = baselining->work->target->name, *name = text_word(arena, row->name);

	return FAIL(
		arena, OPEN_FAILED_ROW,
		.what = arena_printf(arena, "the ledger has a failed row of '%s'", row->name),
		.why = arena_printf(arena, "its try of %s never finished (Prisma's P3009)",
	                            clock_human(arena, row->started_us)),
		.hint = baseline_is_foreign(baselining) ||
	                                baselining->work->target->mode == MODE_OBSERVE
	                        ? arena_printf(
					  arena,
					  "Look what it left in the database; then say so by Prisma's own "
					  "command, since the ledger is not this agent's: npx prisma migrate "
					  "resolve --rolled-back %s (its effect is gone) or --applied %s (it "
					  "is there).",
					  name, name)
	                        : arena_printf(
					  arena,
					  "Look what it left in the database; then say so: headgate resolve "
					  "--target %s --rolled-back %s (its effect is gone) or --applied %s "
					  "(it is there).",
					  target, name, name));
}

static void judge_row(struct baselining *baselining, const struct ledger_row *row)
{
	struct arena *arena = baselining->work->arena;
	const struct migration *migration = migration_find(&baselining->tree.migrations, row->name);

	if (migration && migration->has_sql &&
	    checksum_matches(arena, row->checksum, migration->sql))
		return;
	if (!migration)
		add_difference(baselining,
		               arena_printf(arena, "'%s' is applied, and the commit has not got it",
		                            row->name));
	else
		add_difference(
			baselining,
			arena_printf(arena,
		                     "'%s' was applied with checksum %.12s…, the commit has %.12s…",
		                     row->name, row->checksum,
		                     migration->has_sql ? migration->checksum : "no file"));
}

static void add_difference(struct baselining *baselining, const char *sentence)
{
	*LIST_ADD(baselining->work->arena, &baselining->made.differences) = sentence;
}

static struct error *refuse_differences(struct baselining *baselining)
{
	struct arena *arena = baselining->work->arena;
	const struct text_list *differences = &baselining->made.differences;
	struct text_list shown = *differences;

	if (!differences->count || baselining->wish->accept)
		return NULL;
	if (shown.count > DIFFERENCES_SHOWN)
		shown.count = DIFFERENCES_SHOWN;
	return FAIL(
		arena, BASELINE_DIFFERS,
		.what = arena_printf(arena, "the ledger of '%s' and commit %s differ in %s",
	                             baselining->work->target->name,
	                             commit_short(arena, baselining->made.commit),
	                             text_plural(arena, differences->count, "row")),
		.why = arena_printf(arena, "%s%s", text_join(arena, &shown, "; "),
	                            shown.count < differences->count ? "; …" : ""),
		.hint = arena_printf(arena,
	                             "Name another commit; or, if the rows may stand as they are, "
	                             "accept them: headgate baseline --target %s --yes %s",
	                             baselining->work->target->name, baselining->wish->commit));
}

/* Does the ledger hold only what this very baseline writes? Then an earlier one was broken off between two rows. */
static struct error *find_cut_off(struct baselining *baselining, bool *ret_cut_off)
{
	const struct ledger *ledger = &baselining->ledger;
	struct migrations counting = baselining->tree.migrations;

	if (!ledger->has_deployed || baseline_is_foreign(baselining))
		return NULL;
	TRY(find_last(baselining, &counting.count));
	for (size_t i = 0; i < ledger->count; i++) {
		const struct ledger_row *row = &ledger->items[i];
		const struct migration *migration = migration_find(&counting, row->name);

		if (!migration || ledger_row_state(row) != ROW_APPLIED ||
		    !text_equal(row->checksum, migration->checksum))
			return NULL;
	}
	*ret_cut_off = true;
	return NULL;
}

/* No rows. Nothing in the schema: an empty database; else a person says what counts. */
static struct error *judge_filled(struct baselining *baselining)
{
	const struct ledger *ledger = &baselining->ledger;
	size_t last = 0;

	if (!baselining->wish->applied_up_to && !ledger->schema_is_empty)
		return refuse_filled(baselining);
	TRY(find_last(baselining, &last));
	baselining->made.pending = baselining->tree.migrations.count - last;
	if (!last || baselining->work->target->mode == MODE_APPLY)
		return NULL;
	return FAIL(
		baselining->work->arena, OBSERVES,
		.what = arena_printf(baselining->work->arena,
	                             "rows would be written into the ledger of '%s'",
	                             baselining->work->target->name),
		.why = "the configuration says mode: observe, so Headgate only looks",
		.hint = "Let Prisma write them (npx prisma migrate resolve --applied NAME), or set "
			"mode: apply.");
}

static struct error *refuse_filled(struct baselining *baselining)
{
	struct work *work = baselining->work;
	const struct migrations *migrations = &baselining->tree.migrations;

	return FAIL(
		work->arena, BASELINE_FILLED,
		.what = arena_printf(work->arena, "schema '%s' of '%s' holds objects but %s",
	                             baselining->ledger.schema, work->target->name,
	                             baselining->ledger.has_table ? "its ledger no row"
	                                                          : "no ledger"),
		.why = "nobody can tell which migrations they come from (Prisma's P3005)",
		.hint = arena_printf(
			work->arena,
			"Say up to which migration they count as applied: headgate baseline --target "
			"%s --applied-up-to %s %s (or --applied-up-to none).",
			work->target->name,
			migrations->count ? migrations->items[migrations->count - 1].name : "NAME",
			baselining->wish->commit));
}

/* How many of the tree's migrations count as applied. */
static struct error *find_last(struct baselining *baselining, size_t *ret_count)
{
	struct arena *arena = baselining->work->arena;
	const struct migrations *migrations = &baselining->tree.migrations;
	const char *name = baselining->wish->applied_up_to;
	struct text_list names = {0};

	*ret_count = 0;
	if (!name || text_equal(name, "none"))
		return NULL;
	for (size_t i = 0; i < migrations->count; i++) {
		*LIST_ADD(arena, &names) = migrations->items[i].name;
		if (!text_equal(migrations->items[i].name, name))
			continue;
		for (size_t k = 0; k <= i; k++)
			if (!migrations->items[k].has_sql)
				return FAIL(
					arena, FILE_MISSING,
					.what = arena_printf(arena, "'%s' has no migration.sql",
				                             migrations->items[k].name),
					.why = "its row needs the file's checksum (Prisma's P3015)",
					.hint = "Choose a commit where the folder is whole.");
		*ret_count = i + 1;
		return NULL;
	}
	name = text_nearest(name, names.items, names.count);
	return FAIL(arena, BASELINE_FILLED,
	            .what = arena_printf(arena, "commit %s has no migration '%s'",
	                                 commit_short(arena, baselining->made.commit),
	                                 baselining->wish->applied_up_to),
	            .why = arena_printf(arena, "it has %s",
	                                text_plural(arena, migrations->count, "migration")),
	            .hint = name ? arena_printf(arena, "Did you mean '%s'?", name)
	                         : "Name a folder of the commit's migrations, or none.");
}

/* Rows as `prisma migrate resolve --applied` writes them, under its lock and our fence. */
struct error *baseline_mark_applied(struct baselining *baselining)
{
	struct work *work = baselining->work;
	struct fence fence = {0};
	struct error *error;
	size_t last = 0;

	if (!baselining->wish->applied_up_to)
		return NULL;
	TRY(find_last(baselining, &last));
	if (!last)
		return NULL;
	TRY(work_take_fence(work, baseline_is_foreign(baselining), &fence));
	error = refuse_changed(baselining);
	if (!error)
		error = write_rows(baselining, &fence, last);
	work_leave_fence(work);
	TRY(error);
	baselining->epoch = fence.epoch;
	return database_ledger(work->ports.database, work->schema, work->arena,
	                       &baselining->ledger);
}

/* It was judged before the lock was held. */
static struct error *refuse_changed(struct baselining *baselining)
{
	struct work *work = baselining->work;
	const struct ledger *judged = &baselining->ledger;
	struct ledger ledger = {0};
	size_t same = 0;

	TRY(database_ledger(work->ports.database, work->schema, work->arena, &ledger));
	for (size_t i = 0; i < ledger.count; i++)
		same += ledger_find(judged, ledger.items[i].id) != NULL;
	if (same == ledger.count && same == judged->count)
		return NULL;
	return FAIL(work->arena, FENCED,
	            .what = arena_printf(work->arena,
	                                 "the ledger of '%s' changed before Prisma's lock was had",
	                                 work->target->name),
	            .why = "another program wrote \"_prisma_migrations\" meanwhile",
	            .hint = "Let one program deploy to this database, and say it again.");
}

static struct error *write_rows(struct baselining *baselining, struct fence *fence, size_t count)
{
	struct work *work = baselining->work;

	for (size_t i = 0; i < count; i++) {
		const struct migration *migration = &baselining->tree.migrations.items[i];
		const int64_t now_us = clock_wall_us();
		const struct ledger_change change = {.kind = LEDGER_RESOLVED_APPLIED,
		                                     .row_id = random_uuid(work->arena),
		                                     .name = migration->name,
		                                     .checksum = migration->checksum,
		                                     .started_us = now_us,
		                                     .finished_us = now_us,
		                                     .logs = ""};

		if (ledger_applied(&baselining->ledger, migration->name))
			continue; /* since the time that was broken off */
		TRY(database_write(work->ports.database, fence, &change, NULL, work->arena));
		baselining->made.marked++;
	}
	return NULL;
}
