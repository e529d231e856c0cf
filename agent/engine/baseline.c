/*
 * What a person says to the agent: from which commit on the branch is to be trusted (baseline), and that a refusal is
 * to be decided anew (retry). What a reader gets wrong: nothing of a baseline is in the journal before all of it was
 * judged, and then it is one transaction; rows that a person counts as applied are in the ledger before, so that a
 * baseline that was cut off finds them there and is simply said again.
 */
#include "engine/baseline.h"

#include "base/clock.h"
#include "base/log.h"
#include "engine/runs.h"

#define DIFFERENCES_SHOWN 10

struct baselining { /* one baseline at work */
	struct work *work;
	const struct baseline_wish *wish;
	struct baseline_made made;
	struct server server;
	struct ledger ledger;
	struct tree tree;
	int64_t epoch; /* of the fence as it is now; 0: the target has none */
};

static struct error *baseline(struct baselining *baselining);
static struct error *refuse_unsettled(struct work *work);
static struct error *look(struct baselining *baselining);
static struct error *connect_target(struct baselining *baselining, bool for_writing);
static struct error *same_data(struct baselining *baselining);
static struct error *refuse_other_data(struct baselining *baselining);
static struct error *judge_ledger(struct baselining *baselining);
static bool is_foreign(const struct baselining *baselining);
static struct error *refuse_open_row(struct baselining *baselining, const struct ledger_row *row);
static void judge_row(struct baselining *baselining, const struct ledger_row *row);
static void add_difference(struct baselining *baselining, const char *sentence);
static struct error *refuse_differences(struct baselining *baselining);
static struct error *find_cut_off(struct baselining *baselining, bool *ret_cut_off);
static struct error *judge_filled(struct baselining *baselining);
static struct error *refuse_filled(struct baselining *baselining);
static struct error *find_last(struct baselining *baselining, size_t *ret_count);
static struct error *mark_applied(struct baselining *baselining);
static struct error *refuse_changed(struct baselining *baselining);
static struct error *write_rows(struct baselining *baselining, struct fence *fence, size_t count);
static struct error *take_over(struct baselining *baselining);
static void add_baseline(struct baselining *baselining);
static void add_rows(struct baselining *baselining);
static struct landing landing_of(const struct ledger_row *row);
static void add_held(struct baselining *baselining, const struct ledger_row *row);
static void add_accepted(struct work *work, const struct ledger_row *row,
                         const struct migration *migration);
static struct error *add_fingerprint(struct baselining *baselining);

struct error *engine_baseline(const struct engine *engine, const struct target *target,
                              const struct baseline_wish *wish, struct arena *arena,
                              struct baseline_made *ret_made)
{
	struct work work = {.engine = engine, .target = target, .arena = arena};
	struct baselining baselining = {.work = &work, .wish = wish};
	AUTO_FD lock = -1;
	struct error *error = work_lock(&work, &lock);

	if (!error)
		error = wish->same_data ? same_data(&baselining) : baseline(&baselining);
	work_close(&work);
	*ret_made = baselining.made;
	return error;
}

struct error *engine_retry(const struct engine *engine, const struct target *target,
                           struct arena *arena)
{
	struct work work = {.engine = engine, .target = target, .arena = arena};
	struct error *error = work_begin_run(&work);

	if (!error) {
		run_record(&work.run, RECORD_RETRY);
		error = work_write(&work);
	}
	work_close(&work);
	return error;
}

static struct error *baseline(struct baselining *baselining)
{
	struct work *work = baselining->work;

	TRY(work_begin_run(work));
	TRY(refuse_unsettled(work));
	TRY(look(baselining));
	TRY(judge_ledger(baselining));
	TRY(mark_applied(baselining));
	TRY(take_over(baselining));
	runs_end_open(work);
	work->run.id = 0;
	add_baseline(baselining);
	if (baselining
	            ->epoch) /* after BASELINE, which forgets it: the database may have gone back */
		run_record_fence(&work->run, baselining->epoch);
	add_rows(baselining);
	TRY(add_fingerprint(baselining));
	LOG(INFO, BASELINE_SET, .target = work->target->name, .commit = baselining->made.commit);
	return work_write(work);
}

static struct error *refuse_unsettled(struct work *work)
{
	const struct run_memory *open = work->run.memory.open_run;
	const struct intent *unsettled = run_memory_unsettled(open);

	if (!unsettled)
		return NULL;
	return FAIL(
		work->arena, BASELINE_UNSETTLED,
		.what = arena_printf(work->arena, "run %lld of '%s' is unsettled",
	                             (long long)open->id, work->target->name),
		.why = arena_printf(work->arena, "it may have sent '%s', and nobody has looked yet",
	                            unsettled->migration),
		.hint = arena_printf(work->arena, "Settle it first: headgate reconcile --target %s",
	                             work->target->name));
}

static struct error *look(struct baselining *baselining)
{
	struct work *work = baselining->work;

	TRY(work_open(work, PORT_SOURCE));
	TRY(work_find_commit(work, baselining->wish->commit, &baselining->made.commit));
	TRY(work_read_tree(work, baselining->made.commit, &baselining->tree));
	TRY(baselining->tree.problem);
	baselining->made.migrations = baselining->tree.migrations.count;
	baselining->made.again = work->run.memory.has_baseline;
	return connect_target(baselining, work->target->mode == MODE_APPLY);
}

static struct error *connect_target(struct baselining *baselining, bool for_writing)
{
	struct work *work = baselining->work;

	TRY(work_open(work, PORT_DATABASE));
	TRY(work_connect(work, for_writing, &baselining->server));
	return database_ledger(work->ports.database, work->schema, work->arena,
	                       &baselining->ledger);
}

/* The database was moved to another server: what the journal knows must all be there. */
static struct error *same_data(struct baselining *baselining)
{
	struct work *work = baselining->work;
	struct node *body = node_map(work->arena);
	struct record *record;

	TRY(work_begin_run(work));
	if (!work->run.memory.has_baseline)
		return FAIL(work->arena, NO_BASELINE,
		            .what = arena_printf(work->arena, "target '%s' has no baseline",
		                                 work->target->name),
		            .why = "there is nothing yet that the data could be the same as",
		            .hint = arena_printf(work->arena,
		                                 "Say from which commit on to trust it: headgate "
		                                 "baseline --target %s COMMIT",
		                                 work->target->name));
	TRY(connect_target(baselining, work->target->mode == MODE_APPLY));
	TRY(refuse_other_data(baselining));
	baselining->made.commit = work->run.memory.baseline;
	baselining->made.again = baselining->made.moved = true;
	node_set_text(work->arena, body, "system_identifier", baselining->server.system_identifier);
	record = run_record(&work->run, RECORD_MOVED);
	record->run = RUN_NONE;
	record->body = body;
	return work_write(work);
}

static struct error *refuse_other_data(struct baselining *baselining)
{
	struct work *work = baselining->work;
	const struct memory *memory = &work->run.memory;
	const struct deployed_row *deployed = &baselining->ledger.deployed;
	const char *why = NULL;

	for (size_t i = 0; !why && i < memory->deployed.count; i++) {
		const struct ledger_row *row =
			ledger_find(&baselining->ledger, memory->deployed.items[i].row_id);

		if (!row || ledger_row_state(row) != ROW_APPLIED)
			why = arena_printf(work->arena, "the applied row of '%s' is not there",
			                   memory->deployed.items[i].name);
	}
	if (!why && is_foreign(baselining))
		why = arena_printf(work->arena,
		                   "headgate.deployed names target '%s' of another journal",
		                   deployed->target);
	if (!why && memory->epoch && !baselining->ledger.has_deployed)
		why = "headgate.deployed is not there";
	if (!why && deployed->epoch < memory->epoch)
		why = arena_printf(work->arena, "its fence is at %lld, the journal was at %lld",
		                   (long long)deployed->epoch, (long long)memory->epoch);
	if (!why)
		return NULL;
	return FAIL(
		work->arena, DATABASE_WENT_BACK,
		.what = arena_printf(work->arena,
	                             "the database of '%s' does not hold the same data",
	                             work->target->name),
		.why = why,
		.hint = arena_printf(work->arena,
	                             "Correct the database URL; or, if it is meant, say from which "
	                             "commit on to trust it: headgate baseline --target %s COMMIT",
	                             work->target->name));
}

static struct error *judge_ledger(struct baselining *baselining)
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

static bool is_foreign(const struct baselining *baselining)
{
	return ledger_is_foreign(&baselining->ledger, baselining->work->target->name,
	                         journal_identity(baselining->work->ports.journal));
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
		.hint = is_foreign(baselining) || baselining->work->target->mode == MODE_OBSERVE
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

	if (!ledger->has_deployed || is_foreign(baselining))
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
static struct error *mark_applied(struct baselining *baselining)
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
	TRY(work_take_fence(work, is_foreign(baselining), &fence));
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

static struct error *take_over(struct baselining *baselining)
{
	struct work *work = baselining->work;
	struct fence fence = {0};

	if (!is_foreign(baselining)) {
		baselining->epoch = baselining->ledger.deployed.epoch;
		return NULL;
	}
	if (work->target->mode == MODE_OBSERVE)
		return NULL; /* it stays the other's; this one only looks */
	TRY(work_take_fence(work, /* take_over= */ true, &fence));
	baselining->epoch = fence.epoch;
	baselining->made.taken_over = true;
	return database_unlock(work->ports.database, work->arena);
}

static void add_baseline(struct baselining *baselining)
{
	struct work *work = baselining->work;
	struct node *body = node_map(work->arena);
	struct record *record;

	node_set_text(work->arena, body, "journal", journal_identity(work->ports.journal));
	node_set_text(work->arena, body, "system_identifier", baselining->server.system_identifier);
	node_set_text(work->arena, body, "tree", baselining->tree.id);
	record = run_record(&work->run, RECORD_BASELINE);
	record->commit = baselining->made.commit;
	record->body = body;
}

/* BASELINE lets the journal forget what was deployed. What the ledger still has of ours is ours again; what others
 * applied as the trusted tree has it is adopted, with the down scripts of that tree; the rest was accepted. */
static void add_rows(struct baselining *baselining)
{
	struct work *work = baselining->work;

	for (size_t i = 0; i < baselining->ledger.count; i++) {
		const struct ledger_row *row = &baselining->ledger.items[i];
		const struct migration *migration =
			migration_find(&baselining->tree.migrations, row->name);
		const struct deployed_migration *deployed =
			memory_deployed(&work->run.memory, row->name);
		struct landing landing = landing_of(row);

		if (ledger_row_state(row) == ROW_ROLLED_BACK)
			add_held(baselining, row);
		if (ledger_row_state(row) != ROW_APPLIED)
			continue;
		if (!migration || !migration->has_sql ||
		    !checksum_matches(work->arena, row->checksum, migration->sql)) {
			add_accepted(work, row, migration);
			if (!migration)
				continue;
		}
		if (deployed && text_equal(deployed->row_id, row->id)) {
			landing.commit = deployed->commit;
			landing.adopted = deployed->adopted;
		} else {
			landing.commit = baselining->made.commit;
			landing.down = migration->down;
			landing.adopted = true;
			baselining->made.adopted++;
		}
		run_record_deployed(&work->run, &landing);
	}
}

static struct landing landing_of(const struct ledger_row *row)
{
	return (struct landing){.name = row->name, .checksum = row->checksum, .row_id = row->id};
}

/* Rolled back on purpose by an agent whose journal is not this one: it stays held here, too. */
static void add_held(struct baselining *baselining, const struct ledger_row *row)
{
	struct work *work = baselining->work;
	const struct landing landing = landing_of(row);

	if (!memory_held(&work->run.memory, row->name) &&
	    ledger_newest(&baselining->ledger, row->name) == row && is_foreign(baselining))
		run_record_held(&work->run, &landing);
}

static void add_accepted(struct work *work, const struct ledger_row *row,
                         const struct migration *migration)
{
	struct arena *arena = work->arena;
	struct node *body = node_map(arena);
	struct record *record = run_record(&work->run, RECORD_ACCEPTED);

	node_set_text(arena, body, "row_id", row->id);
	node_set_text(arena, body, "what", migration ? "edit" : "row");
	node_set_text(arena, body, "checksum",
	              !migration           ? NULL
	              : migration->has_sql ? migration->checksum
	                                   : ""); /* no migration.sql */
	node_set_text(arena, body, "reason", "baseline");
	record->migration = row->name;
	record->body = body;
}

/* The first one; a database that nothing of ours is in yet gets it with its first run. */
static struct error *add_fingerprint(struct baselining *baselining)
{
	struct work *work = baselining->work;
	const struct text_list schemas = target_schemas(work->arena, work->target, work->schema);
	struct fingerprint fingerprint = {0};

	if (!baselining->ledger.schema_exists)
		return NULL;
	TRY(database_fingerprint(work->ports.database, &schemas, work->arena, &fingerprint));
	run_record_fingerprint(&work->run, &fingerprint);
	return NULL;
}
