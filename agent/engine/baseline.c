/*
 * What a person says to the agent: from which commit on the branch is to be trusted (baseline), and that a refusal is
 * to be decided anew (retry). What a reader gets wrong: nothing of a baseline is in the journal before all of it was
 * judged, and then it is one transaction; rows that a person counts as applied are in the ledger before, so that a
 * baseline that was cut off finds them there and is simply said again.
 */
#include "engine/baseline_parts.h"

#include "base/log.h"
#include "engine/runs.h"

static struct error *baseline(struct baselining *baselining);
static struct error *refuse_unsettled(struct work *work);
static struct error *look(struct baselining *baselining);
static struct error *connect_target(struct baselining *baselining, bool for_writing);
static struct error *same_data(struct baselining *baselining);
static struct error *refuse_other_data(struct baselining *baselining);
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
	TRY(baseline_judge(baselining));
	TRY(baseline_mark_applied(baselining));
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
	if (!why && baseline_is_foreign(baselining))
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

bool baseline_is_foreign(const struct baselining *baselining)
{
	return ledger_is_foreign(&baselining->ledger, baselining->work->target->name,
	                         journal_identity(baselining->work->ports.journal));
}

static struct error *take_over(struct baselining *baselining)
{
	struct work *work = baselining->work;
	struct fence fence = {0};

	if (!baseline_is_foreign(baselining)) {
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
	    ledger_newest(&baselining->ledger, row->name) == row && baseline_is_foreign(baselining))
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
