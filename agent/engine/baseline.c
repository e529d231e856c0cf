/*
 * What a person says to the agent: from which commit on the branch is to be trusted (baseline), and that a refusal is
 * to be decided anew (retry). Both write records and execute nothing.
 *
 * On an empty database the migrations of the commit's tree are trusted as they stand and applied by the first run.
 * Databases that already hold objects or a ledger that others filled are refused by name; adopting them has its place
 * in may_begin_here.
 */
#include "engine/runs.h"

#include "base/log.h"

static struct error *baseline(struct work *work, const char *text, struct baseline_made *made);
static struct error *refuse_unsettled(struct work *work);
static struct error *may_begin_here(struct work *work, const struct ledger *ledger,
                                    const struct tree *tree);
static bool is_foreign(const struct work *work, const struct ledger *ledger);
static bool may_adopt(const struct work *work, const struct ledger_row *row,
                      const struct tree *tree);
static bool knows_row(const struct memory *memory, const struct ledger_row *row);
static struct error *take_over(struct work *work, const struct ledger *ledger,
                               struct baseline_made *made);
static void keep_deployed(struct work *work, const struct ledger *ledger, const struct tree *tree);
static struct record *add_deployed(struct work *work, const struct ledger_row *row,
                                   const char *commit, const char *down, bool adopted);
static void adopt(struct work *work, const struct ledger_row *row,
                  const struct migration *migration, const char *commit);
static void add_baseline(struct work *work, const char *commit, const struct server *server,
                         const struct tree *tree);

struct error *engine_baseline(const struct engine *engine, const struct target *target,
                              const char *commit, struct arena *arena,
                              struct baseline_made *ret_made)
{
	struct work work = {.engine = engine, .target = target, .arena = arena};
	AUTO_FD lock = -1;
	struct error *error = work_lock(&work, &lock);

	if (!error)
		error = baseline(&work, commit, ret_made);
	work_close(&work);
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

static struct error *baseline(struct work *work, const char *text, struct baseline_made *made)
{
	struct run *run = &work->run;
	struct server server = {0};
	struct ledger ledger = {0};
	const char *branch = NULL, *head = NULL, *commit = NULL;
	struct tree tree = {0};

	TRY(work_begin_run(work));
	TRY(refuse_unsettled(work));
	TRY(work_open(work, PORT_SOURCE | PORT_DATABASE));
	TRY(source_head(work->ports.source, work->target->branch, work->arena, &branch, &head));
	TRY(source_fetch(work->ports.source, branch, head, work->arena));
	TRY(source_resolve(work->ports.source, text_equal(text, "HEAD") ? head : text, work->arena,
	                   &commit));
	run->ports.source = work->ports.source;
	TRY(run_read_tree(run, commit, &tree));
	TRY(tree.problem);
	TRY(database_connect(
		work->ports.database,
		&(struct session_limits){.lock_timeout = work->target->policy->lock_timeout},
		/* for_writing= */ true, work->arena, &server));
	TRY(database_ledger(work->ports.database, work->schema, work->arena, &ledger));
	TRY(may_begin_here(work, &ledger, &tree));
	TRY(take_over(work, &ledger, made));
	made->again = run->memory.has_baseline;
	made->commit = commit;
	made->migrations = tree.migrations.count;
	run->ports = (struct ports){0};
	runs_end_open(work);
	run->id = 0;
	add_baseline(work, commit, &server, &tree);
	keep_deployed(work, &ledger, &tree);
	LOG(INFO, BASELINE_SET, .target = work->target->name, .commit = commit);
	return work_write(work);
}

static struct error *refuse_unsettled(struct work *work)
{
	const struct run_memory *open = work->run.memory.open_run;

	for (size_t i = 0; open && i < open->intents.count; i++)
		if (!open->intents.items[i].result ||
		    text_equal(open->intents.items[i].result, "partly"))
			return FAIL(work->arena, BASELINE_UNSETTLED,
			            .what = arena_printf(work->arena,
			                                 "run %lld of '%s' is unsettled",
			                                 (long long)open->id, work->target->name),
			            .why = arena_printf(
					    work->arena,
					    "it may have sent '%s', and nobody has looked yet",
					    open->intents.items[i].migration),
			            .hint = arena_printf(
					    work->arena,
					    "Settle it first: headgate reconcile --target %s",
					    work->target->name));
	return NULL;
}

/* An empty schema, or one whose every row this journal wrote; or one that another Headgate left, when each applied row
 * agrees with the tree that the person trusts. */
static struct error *may_begin_here(struct work *work, const struct ledger *ledger,
                                    const struct tree *tree)
{
	const char *hint =
		"Start with an empty database. Taking over one that another program filled is not supported by this "
		"version.";

	for (size_t i = 0; i < ledger->count; i++) {
		const struct ledger_row *row = &ledger->items[i];

		if (knows_row(&work->run.memory, row) ||
		    (is_foreign(work, ledger) && may_adopt(work, row, tree)))
			continue;
		return FAIL(
			work->arena, BASELINE_FILLED,
			.what = arena_printf(
				work->arena,
				"the ledger of '%s' holds '%s', which this journal did not write",
				work->target->name, row->name),
			.why = is_foreign(work, ledger)
		                       ? "another Headgate wrote it, and it is not as in the commit's tree"
		                       : "another program filled this database",
			.hint = is_foreign(work, ledger)
		                        ? "Name the commit whose migrations agree with the database."
		                        : hint);
	}
	if (ledger->schema_is_empty || ledger->count)
		return NULL;
	return FAIL(work->arena, BASELINE_FILLED,
	            .what = arena_printf(work->arena,
	                                 "schema '%s' of '%s' holds objects but no ledger",
	                                 ledger->schema, work->target->name),
	            .why = "nobody can tell which migrations they come from", .hint = hint);
}

/* Does headgate.deployed name another journal, or another target? */
static bool is_foreign(const struct work *work, const struct ledger *ledger)
{
	return ledger->has_deployed &&
	       (!text_equal(ledger->deployed.journal, journal_identity(work->ports.journal)) ||
	        !text_equal(ledger->deployed.target, work->target->name));
}

static bool may_adopt(const struct work *work, const struct ledger_row *row,
                      const struct tree *tree)
{
	const struct migration *migration = migration_find(&tree->migrations, row->name);

	switch (ledger_row_state(row)) {
	case ROW_APPLIED:
		return migration && migration->has_sql &&
		       checksum_matches(work->arena, row->checksum, migration->sql);
	case ROW_ROLLED_BACK:
	case ROW_FAILED_TRY:
		return true;
	case ROW_OPEN:
		return false;
	}
	BUG("no such state");
}

static bool knows_row(const struct memory *memory, const struct ledger_row *row)
{
	const struct deployed_migration *deployed = memory_deployed(memory, row->name);
	const struct held_migration *held = memory_held(memory, row->name);

	if (ledger_row_state(row) == ROW_FAILED_TRY)
		return true;
	return (deployed && text_equal(deployed->row_id, row->id)) ||
	       (held && text_equal(held->row_id, row->id)) ||
	       (ledger_row_state(row) == ROW_ROLLED_BACK && (held || deployed));
}

/* The fence of another journal is taken under Prisma's lock, which waits out an orphaned COMMIT. */
static struct error *take_over(struct work *work, const struct ledger *ledger,
                               struct baseline_made *made)
{
	const char *own = journal_identity(work->ports.journal);
	int64_t epoch = 0;

	if (!is_foreign(work, ledger))
		return NULL;
	TRY(database_lock(work->ports.database, work->target->policy->lock_budget, work->arena));
	TRY(database_take_fence(work->ports.database, work->schema, work->target->name, own,
	                        /* take_over= */ true, work->arena, &epoch));
	made->taken_over = true;
	return database_unlock(work->ports.database, work->arena);
}

static void add_baseline(struct work *work, const char *commit, const struct server *server,
                         const struct tree *tree)
{
	struct arena *arena = work->arena;
	struct node *body = node_map(arena);
	struct record *record;

	node_set_text(arena, body, "journal", journal_identity(work->ports.journal));
	node_set_text(arena, body, "system_identifier", server->system_identifier);
	node_set_text(arena, body, "tree", tree->id);
	record = run_record(&work->run, RECORD_BASELINE);
	record->commit = commit;
	record->body = body;
}

/* BASELINE lets the journal forget what was deployed; what the ledger still has of ours is ours again, and what another
 * Headgate deployed is ours from now on, with the down scripts of the trusted tree. */
static void keep_deployed(struct work *work, const struct ledger *ledger, const struct tree *tree)
{
	for (size_t i = 0; i < ledger->count; i++) {
		const struct ledger_row *row = &ledger->items[i];
		const struct deployed_migration *deployed =
			memory_deployed(&work->run.memory, row->name);

		if (ledger_row_state(row) != ROW_APPLIED)
			continue;
		if (deployed && text_equal(deployed->row_id, row->id))
			add_deployed(work, row, deployed->commit, deployed->down_digest,
			             deployed->adopted);
		else
			adopt(work, row, migration_find(&tree->migrations, row->name),
			      tree->commit);
	}
}

static struct record *add_deployed(struct work *work, const struct ledger_row *row,
                                   const char *commit, const char *down, bool adopted)
{
	struct arena *arena = work->arena;
	struct node *body = node_map(arena);
	struct record *record = run_record(&work->run, RECORD_DEPLOYED);

	node_set_text(arena, body, "checksum", row->checksum);
	node_set_text(arena, body, "row_id", row->id);
	node_set_text(arena, body, "down", down);
	node_set_bool(arena, body, "adopted", adopted);
	record->migration = row->name;
	record->commit = commit;
	record->body = body;
	return record;
}

static void adopt(struct work *work, const struct ledger_row *row,
                  const struct migration *migration, const char *commit)
{
	const struct bytes down = migration->down;
	const char *digest = down.size ? sha256_text(work->arena, down.data, down.size) : NULL;

	add_deployed(work, row, commit, digest, /* adopted= */ true)->archive = down;
}
