/*
 * What apply tells the journal. Records gather in run->records and become durable together: the
 * intent of an item with the outcome of the one before it, the last outcome with the engine's
 * STAGE_DONE. What a reader gets wrong: nothing may take effect before its intent is durable, so
 * apply_write stands between record_intent and every send, or in way one before the COMMIT.
 */
#include "stages/apply.h"

#include "base/clock.h"

static struct landing landing_of(const struct file *file);
static struct record *add(struct file *file, enum record_kind kind, struct node *body);

void record_intent(struct file *file, size_t unit, const char *xid)
{
	struct arena *arena = file->run->arena;
	struct node *body = node_map(arena);
	struct record *record = add(file, RECORD_INTENT, body);
	const char *down;

	node_set_text(arena, body, "action", plan_action_name(file->action));
	node_set_number(arena, body, "way", file->way);
	node_set_number(arena, body, "statement", (int64_t)unit);
	node_set_number(arena, body, "statements", (int64_t)file->script->count);
	node_set_text(arena, body, "row_id", file->row_id);
	node_set_text(arena, body, "checksum", file->checksum);
	node_set_text(arena, body, "xid", xid);
	if (unit || file->action != PLAN_APPLY)
		return;
	if (file->way != WAY_ONE)
		record->archive = file->sql; /* settle may have to send the rest of it */
	if (!file->down.size)
		return;
	down = sha256_text(arena, file->down.data, file->down.size);
	body = node_map(arena);
	node_set_text(arena, body, "down", down);
	add(file, RECORD_ARCHIVED, body)->archive = file->down;
}

void record_outcome(struct file *file, size_t unit, const char *result, const char *sqlstate)
{
	struct arena *arena = file->run->arena;
	struct node *body = node_map(arena);

	node_set_text(arena, body, "result", result);
	node_set_number(arena, body, "statement", (int64_t)unit);
	if (!unit)
		node_set_number(arena, body, "took_ms",
		                (int64_t)(clock_monotonic_ms() - file->began_ms));
	if (sqlstate)
		node_set_text(arena, body, "sqlstate", sqlstate);
	add(file, RECORD_OUTCOME, body);
}

void record_landed(struct file *file)
{
	if (file->action == PLAN_APPLY) {
		record_outcome(file, 0, "applied", NULL);
		record_deployed(file);
	} else {
		const struct landing landing = landing_of(file);

		record_outcome(file, 0, "rolled_back", NULL);
		run_record_held(file->run, &landing);
	}
	file->landed = true;
}

void record_deployed(struct file *file)
{
	const struct landing landing = landing_of(file);

	run_record_deployed(file->run, &landing);
}

struct error *apply_write(struct run *run)
{
	if (run->records.count)
		TRY(journal_write(run->ports.journal, &run->records, run->arena, NULL));
	run->records = (struct records){0};
	return NULL;
}

struct error *file_deployed(const struct file *file, struct deployed_change *ret_change)
{
	const struct run *run = file->run;
	struct deployed_change change = {
		.commit = file->is_last && !run->is_followed ? run->horizon
	                                                     : run->memory.deployed_commit,
		.tree = run->tree.id,
	};

	TRY(journal_chain(run->ports.journal, run->arena, &change.chain));
	*ret_change = change;
	return NULL;
}

static struct landing landing_of(const struct file *file)
{
	return (struct landing){
		.name = file->name,
		.checksum = file->checksum,
		.row_id = file->row_id,
		.commit = file->commit,
		.down = file->down,
	};
}

static struct record *add(struct file *file, enum record_kind kind, struct node *body)
{
	struct record *record = run_record(file->run, kind);

	record->migration = file->name;
	record->body = body;
	return record;
}
