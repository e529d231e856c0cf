/*
 * Settle: what became of the files that an interrupted run meant to send. The journal says what
 * was meant, the ledger and the catalog say what is there. What a reader gets wrong: a file of way
 * two or three is gone on with right here, since only the intents know where it stopped; all else
 * is planned anew by watch.
 *
 *   way one     transaction id and ledger row               -> applied | withdrawn | HALT
 *   ways two    row closed, by us or a person (resolve)     -> recorded as it stands
 *   and three   row open, nothing is half done              -> go on from the next unit
 *               row open, an answer was never read          -> its probe decides, or HALT
 */
#include "stages/apply.h"

#include "base/clock.h"

static bool is_unsettled(const struct intent *intent);
static struct error *settle_all(struct run *run);
static struct error *refuse_other_server(struct run *run);
static struct error *settle_intent(struct run *run, const struct intent *intent);
static struct error *file_of_intent(struct run *run, const struct intent *intent,
                                    struct file *ret_file);
static struct error *settle_way_one(struct file *file, const struct intent *intent);
static struct error *settle_row(struct file *file, const struct intent *intent);
static struct error *settle_without_row(struct file *file);
static struct error *settle_by_applied(struct file *file, const struct ledger_row *applied);
static struct error *settle_by_state(struct file *file, const struct ledger_row *row,
                                     const struct intent *intent);
static struct error *withdrawn(struct file *file, const char *found);
static struct error *landed(struct file *file, const char *found);
static struct error *go_on(struct file *file);
static struct error *load_script(struct file *file);
static struct error *find_next(struct file *file);
static struct error *judge_interrupted(struct file *file, size_t last);
static const struct intent *intent_of_unit(const struct file *file, size_t unit);
static const char *look_for(const struct file *file, const struct statement *statement);
static void tell(struct file *file, const char *found);

struct error *apply_settle(struct run *run, bool *ret_done)
{
	const struct run_memory *open = run->memory.open_run;
	struct error *error, *written, *unlocked;
	bool any = false;

	*ret_done = false;
	for (size_t i = 0; open && i < open->intents.count; i++)
		any = any || is_unsettled(&open->intents.items[i]);
	if (!any)
		return NULL;
	node_set(run->arena, run->evidence, "found", node_map(run->arena));
	TRY(apply_connect(run));
	TRY(refuse_other_server(run));
	TRY(apply_lock(run));
	error = settle_all(run);
	unlocked = database_unlock(run->ports.database, run->arena);
	(void)unlocked; /* a session that is gone gave its lock back by itself */
	written = apply_write(run);
	return error ? error : written;
}

/* The intent of a file. `partly` stays unsettled until a person has resolved the open row. */
static bool is_unsettled(const struct intent *intent)
{
	return !intent->statement && (!intent->result || text_equal(intent->result, "partly"));
}

/* Another server's transaction ids and rows would say anything. */
static struct error *refuse_other_server(struct run *run)
{
	const char *known = run->memory.system_identifier, *seen = run->server.system_identifier;

	if (!known || !seen || text_equal(known, seen))
		return NULL;
	return FAIL(
		run->arena, DB_OTHER,
		.what = arena_printf(
			run->arena,
			"target '%s' is on another server than the run that was interrupted",
			run->target->name),
		.why = arena_printf(run->arena, "system identifier %s, it was %s", seen, known),
		.hint = "Point the database URL at the server of the interrupted run, so that it "
			"can be settled: headgate reconcile.");
}

static struct error *settle_all(struct run *run)
{
	const struct run_memory *open = run->memory.open_run;

	TRY(database_ledger(run->ports.database, run->schema, run->arena, &run->ledger));
	for (size_t i = 0; i < open->intents.count; i++)
		if (is_unsettled(&open->intents.items[i]))
			TRY(settle_intent(run, &open->intents.items[i]));
	return NULL;
}

static struct error *settle_intent(struct run *run, const struct intent *intent)
{
	struct file file = {0};

	TRY(file_of_intent(run, intent, &file));
	if (file.way == WAY_ONE && !intent->result)
		return settle_way_one(&file, intent);
	return settle_row(&file, intent);
}

static struct error *file_of_intent(struct run *run, const struct intent *intent,
                                    struct file *ret_file)
{
	const struct deployed_migration *deployed =
		memory_deployed(&run->memory, intent->migration);
	const bool applies = text_equal(intent->action, plan_action_name(PLAN_APPLY));
	const struct ledger_row *row = ledger_find(&run->ledger, intent->row_id);
	const struct node *item =
		run->memory.open_run->items ? run->memory.open_run->items->child : NULL;
	const char *down;
	struct file file = {
		.run = run,
		.action = applies ? PLAN_APPLY : PLAN_ROLL_BACK,
		.name = intent->migration,
		.checksum = intent->checksum,
		.commit = run->memory.deployed_commit,
		.way = (enum way)intent->way,
		.row_id = intent->row_id,
		.started_us = row ? row->started_us : clock_wall_us(),
		.began_ms = clock_monotonic_ms(),
	};

	while (item && !text_equal(node_find_text(item, "name"), intent->migration))
		item = item->next;
	if (item && node_find_text(item, "commit"))
		file.commit = node_find_text(item, "commit");
	down = applies && item ? node_find_text(item, "down") : NULL;
	if (down)
		TRY(journal_archive(run->ports.journal, down, run->arena, &file.down));
	if (!applies) /* finished_at may be empty now: the time of the deploy stands for it */
		file.finished_us = row && row->finished_us ? row->finished_us
		                   : deployed              ? deployed->at_us
		                                           : clock_wall_us();
	*ret_file = file;
	return NULL;
}

static struct error *settle_way_one(struct file *file, const struct intent *intent)
{
	const struct ledger *ledger = &file->run->ledger;
	const struct ledger_row *applied = ledger_applied(ledger, file->name);
	bool is_landed = false;

	if (applied && !ledger_find(ledger, file->row_id))
		return settle_by_applied(file, applied);
	TRY(file_ask_outcome(file, intent->xid, &is_landed));
	if (!is_landed)
		return withdrawn(file, "its transaction was undone");
	return landed(file, "its transaction committed");
}

static struct error *settle_row(struct file *file, const struct intent *intent)
{
	const struct ledger *ledger = &file->run->ledger;
	const struct ledger_row *row = ledger_find(ledger, file->row_id);
	const struct ledger_row *applied = ledger_applied(ledger, file->name);

	if (applied)
		return settle_by_applied(file, applied);
	if (row)
		return settle_by_state(file, row, intent);
	return settle_without_row(file);
}

/*
 * It is opened after the intent of the first statement when the catalog can tell of that one
 * (apply_units.c). Nothing to be seen, and no later statement: the row was never written, or a
 * crash of the server took it back, and then the statement with it. Else somebody removed the row.
 */
static struct error *settle_without_row(struct file *file)
{
	const struct intent *first = intent_of_unit(file, 0);
	enum probe_result seen = PROBE_UNKNOWN;

	if (!first)
		return withdrawn(file, "it was not begun");
	if (file->way == WAY_THREE && !first->result && !intent_of_unit(file, 1)) {
		const struct statement *statement;

		TRY(load_script(file));
		statement = file_statement(file, 0);
		if (statement_trace_failed(statement) == TRACE_IN_CATALOG)
			TRY(database_probe(file->run->ports.database, statement, file->run->schema,
			                   file->run->arena, &seen));
	}
	if (seen == PROBE_NOTHING)
		return withdrawn(file, "neither its row nor a trace of it is there");
	return error_unknown(
		file,
		arena_printf(file->run->arena, "its row %s is gone from the ledger", file->row_id),
		"what the file makes");
}

/* Finished by us, or by `migrate resolve --applied`, which adds a row of its own. */
static struct error *settle_by_applied(struct file *file, const struct ledger_row *applied)
{
	const struct deployed_migration *deployed = memory_deployed(&file->run->memory, file->name);
	const bool is_ours = text_equal(applied->id, file->row_id);

	file->row_id = applied->id;
	if (file->action == PLAN_APPLY)
		return landed(file,
		              is_ours ? "its row is finished" : "a person resolved it as applied");
	TRY(withdrawn(file, is_ours ? "its row is as it was" : "a person resolved it as applied"));
	if (!is_ours) {
		file->commit = deployed ? deployed->commit : file->commit;
		record_deployed(file);
	}
	return NULL;
}

/* No row of that name is applied. */
static struct error *settle_by_state(struct file *file, const struct ledger_row *row,
                                     const struct intent *intent)
{
	const bool is_open = ledger_row_state(row) == ROW_OPEN;

	if (!is_open && file->action == PLAN_APPLY)
		return withdrawn(file, "its row is resolved as rolled back");
	if (!is_open)
		return landed(file, "its row is rolled back");
	if (intent->result)
		return error_partly(file, "it was sent before, and nobody has resolved it yet");
	return go_on(file);
}

static struct error *withdrawn(struct file *file, const char *found)
{
	record_outcome(file, 0, "withdrawn", NULL);
	tell(file, arena_printf(file->run->arena, "withdrawn: %s", found));
	return NULL;
}

static struct error *landed(struct file *file, const char *found)
{
	record_landed(file);
	tell(file, arena_printf(file->run->arena, "%s: %s",
	                        file->action == PLAN_APPLY ? "applied" : "rolled back", found));
	return NULL;
}

static struct error *go_on(struct file *file)
{
	struct run *run = file->run;
	const char *place;

	TRY(load_script(file));
	TRY(find_next(file));
	place = file->next < file_unit_count(file) ? file_place(file, file->next) : "its end";
	TRY(apply_fence(run));
	run->fence.last_row_id = file->row_id;
	TRY(file_send_units(file));
	tell(file, arena_printf(run->arena, "gone on with from %s", place));
	return NULL;
}

static struct error *load_script(struct file *file)
{
	struct run *run = file->run;
	const bool applies = file->action == PLAN_APPLY;
	const char *digest =
		applies ? file->checksum : memory_down(&run->memory, file->name, file->checksum);
	struct parser_file parsed = {
		.name = arena_printf(run->arena, "%s/%s", file->name,
	                             applies ? "migration.sql" : "down.sql"),
	};

	if (!digest)
		return error_unknown(file, "its script is not in the journal",
		                     "what is left of it");
	TRY(journal_archive(run->ports.journal, digest, run->arena, &file->sql));
	parsed.sql = file->sql;
	TRY(parser_parse(run->ports.parser, &parsed, 1, run->arena));
	file->script = parsed.ret_script;
	return parsed.ret_error;
}

static struct error *find_next(struct file *file)
{
	const size_t count = file_unit_count(file);
	size_t last;

	for (; file->next < count; file->next++) {
		const struct intent *intent = intent_of_unit(file, file->next);
		const struct statement *statement = file_statement(file, file->next);

		if (!intent || !text_equal(intent->result, "applied"))
			break;
		if (statement)
			file_note_effect(file, statement);
	}
	last = file->next;
	for (size_t i = file->next; i < count; i++) {
		const struct intent *intent = intent_of_unit(file, i);

		if (intent && !intent->result)
			last = i + 1;
	}
	return last > file->next ? judge_interrupted(file, last - 1) : NULL;
}

/* From file->next to `last`, answers were never read, or no COMMIT has decided them yet. */
static struct error *judge_interrupted(struct file *file, size_t last)
{
	const struct statement *statement = file_statement(file, file->next);
	enum probe_result result = PROBE_UNKNOWN;
	bool commits = false;

	if (!statement)
		return error_unknown(file,
		                     "it holds its own transactions, and its answer was never read",
		                     "what the file makes");
	for (size_t i = file->next; i <= last; i++)
		commits = commits || statement_commits(file_statement(file, i));
	if (last > file->next && !commits)
		return NULL; /* a transaction of its own that ended with the session */
	if (commits)
		return error_unknown(file,
		                     arena_printf(file->run->arena,
		                                  "the answer to %s was never read",
		                                  file_place(file, last)),
		                     "what the transaction before it made");
	switch (statement_trace_interrupted(statement)) {
	case TRACE_NONE:
		return NULL;
	case TRACE_UNKNOWN:
		break;
	case TRACE_IN_CATALOG:
		TRY(file_replay_session(file)); /* a search_path of its own tells where to look */
		TRY(file_probe(file, statement, &result));
		break;
	}
	if (result == PROBE_UNKNOWN)
		return error_unknown(file,
		                     arena_printf(file->run->arena,
		                                  "the answer to %s was never read",
		                                  file_place(file, file->next)),
		                     look_for(file, statement));
	if (result == PROBE_DONE) {
		record_outcome(file, file->next + 1, "applied", NULL);
		file_note_effect(file, statement);
		file->next++;
	}
	return NULL;
}

/* Of this try: one that was withdrawn had another row. */
static const struct intent *intent_of_unit(const struct file *file, size_t unit)
{
	const struct run_memory *open = file->run->memory.open_run;

	for (size_t i = 0; i < open->intents.count; i++) {
		const struct intent *intent = &open->intents.items[i];

		if (intent->statement == (int64_t)unit + 1 &&
		    text_equal(intent->migration, file->name) &&
		    text_equal(intent->action, plan_action_name(file->action)) &&
		    text_equal(intent->row_id, file->row_id))
			return intent;
	}
	return NULL;
}

static const char *look_for(const struct file *file, const struct statement *statement)
{
	struct arena *arena = file->run->arena;

	if (statement->name)
		return arena_printf(arena, "'%s' (%s, line %d)", statement->name, statement->verb,
		                    statement->line);
	return arena_printf(arena, "what %s of line %d does", statement->verb, statement->line);
}

static void tell(struct file *file, const char *found)
{
	struct node *map = (struct node *)(uintptr_t)node_find(file->run->evidence, "found");

	node_set_text(file->run->arena, map, file->name, found);
}
