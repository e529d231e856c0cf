/*
 * Records that stages and engine make alike. What a reader gets wrong: nothing is written here; a record belongs to the
 * run, like any other of run_record, until its maker says otherwise.
 */
#include "stages/run.h"

static struct record *about(struct run *run, enum record_kind kind, const struct landing *landing,
                            struct node *body);

struct record *run_record(struct run *run, enum record_kind kind)
{
	struct record *record = LIST_ADD(run->arena, &run->records);

	record->kind = kind;
	record->target = run->target->name;
	record->run = run->id ? run->id : RUN_NEW;
	return record;
}

struct record *run_record_deployed(struct run *run, const struct landing *landing)
{
	struct node *body = node_map(run->arena);
	struct record *record = about(run, RECORD_DEPLOYED, landing, body);
	const struct bytes down = landing->down;

	node_set_text(run->arena, body, "down",
	              down.size ? sha256_text(run->arena, down.data, down.size) : NULL);
	node_set_bool(run->arena, body, "adopted", landing->adopted);
	node_set_bool(run->arena, body, "rehearsed", false);
	if (landing->applied_us)
		node_set_number(run->arena, body, "applied_at", landing->applied_us);
	record->archive = down;
	return record;
}

struct record *run_record_held(struct run *run, const struct landing *landing)
{
	return about(run, RECORD_HELD, landing, node_map(run->arena));
}

void run_record_override(struct run *run, const struct lifted *lifted)
{
	struct node *body = node_map(run->arena);
	struct record *record = run_record(run, RECORD_OVERRIDE);

	node_set_text(run->arena, body, "payload", lifted->payload);
	node_set_text(run->arena, body, "tag", lifted->tag);
	node_set_text(run->arena, body, "lifts", lifted->lifts);
	node_set_text(run->arena, body, "by", lifted->by);
	node_set_number(run->arena, body, "expires", lifted->expires);
	record->commit = lifted->commit;
	record->body = body;
}

const char *run_say_lifted(struct arena *arena, const char *lifts, const char *by)
{
	return arena_printf(arena, "%s lifted by %s (override tag)", lifts, by);
}

struct record *run_record_fence(struct run *run, int64_t epoch)
{
	struct node *body = node_map(run->arena);
	struct record *record = run_record(run, RECORD_FENCE);

	node_set_number(run->arena, body, "epoch", epoch);
	record->body = body;
	return record;
}

struct record *run_record_fingerprint(struct run *run, const struct fingerprint *fingerprint)
{
	struct node *body = node_map(run->arena);
	struct record *record = run_record(run, RECORD_FINGERPRINT);

	node_set_text(run->arena, body, "digest", fingerprint->digest);
	node_set_number(run->arena, body, "objects", (int64_t)fingerprint->objects);
	record->body = body;
	record->archive = fingerprint->description;
	return record;
}

static struct record *about(struct run *run, enum record_kind kind, const struct landing *landing,
                            struct node *body)
{
	struct record *record = run_record(run, kind);

	node_set_text(run->arena, body, "checksum", landing->checksum);
	node_set_text(run->arena, body, "row_id", landing->row_id);
	record->migration = landing->name;
	record->commit = landing->commit;
	record->body = body;
	return record;
}
