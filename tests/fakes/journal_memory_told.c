/*
 * Owns what each kind of record means to the fake journal. Easily got wrong: memory, downs and statuses are told for
 * one target, runs and outbox for all.
 */
#include "fakes/journal_memory_told.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"

#define LIST_REMOVE(list, at)                                                                      \
	(memmove(&(list)->items[(at)], &(list)->items[(at) + 1],                                   \
	         ((list)->count - (at)-1) * sizeof *(list)->items),                                \
	 (list)->count--)

static void tell_record(struct told *told, const struct kept_record *record);
static void tell_run(struct told *told, const struct kept_record *record, enum record_kind kind,
                     const struct node *body);
static void tell_stage(struct told *told, const struct kept_record *record, enum record_kind kind,
                       const struct node *body);
static void tell_intent(struct told *told, const struct kept_record *record,
                        const struct node *body);
static void tell_outcome(struct told *told, const struct kept_record *record,
                         const struct node *body);
static void tell_target(struct told *told, const struct kept_record *record, enum record_kind kind,
                        const struct node *body);
static void tell_person(struct told *told, const struct kept_record *record, enum record_kind kind,
                        const struct node *body);
static void tell_withdrawn(struct told *told, const struct kept_record *record,
                           enum record_kind kind, const struct node *body);
static void tell_override(struct told *told, const struct kept_record *record,
                          const struct node *body);
static void end_overrides(struct told *told, const struct run_memory *run);
static void tell_deployed(struct told *told, const struct kept_record *record,
                          const struct node *body);
static void tell_archived(struct told *told, const char *name, const char *down);
static void tell_down(struct told *told, const char *name, const char *checksum, const char *down);
static void tell_refusal(struct told *told, const struct kept_record *record, enum record_kind kind,
                         const struct node *body);
static void tell_status(struct told *told, const struct kept_record *record,
                        const struct node *body);
static void tell_delivery(struct told *told, enum record_kind kind, const struct node *body);
static void forget_deployed(struct told *told, const char *name);
static void forget_held(struct told *told, const char *name);
static void forget_asked(struct told *told, const char *name);

void told_init(struct told *told, const struct journal_memory *memory, const char *target,
               struct arena *arena)
{
	*told = (struct told){.arena = arena, .target = target, .memory.target = target};
	for (size_t i = 0; i < memory->kept.count; i++)
		tell_record(told, &memory->kept.items[i]);
}

struct told_run *told_run(struct told *told, int64_t id)
{
	for (size_t i = 0; i < told->runs.count; i++) {
		if (told->runs.items[i].run.id == id)
			return &told->runs.items[i];
	}
	return NULL;
}

static void tell_record(struct told *told, const struct kept_record *record)
{
	const char *why = NULL;
	const struct node *body =
		node_from_json(told->arena, record->body, strlen(record->body), &why);
	enum record_kind kind;

	if (!body || !record_kind_find(record->kind, &kind))
		BUG("record %" PRId64 " cannot be read", record->seq);
	switch (kind) {
	case RECORD_RUN_BEGUN:
		tell_target(told, record, kind, body);
		tell_run(told, record, kind, body);
		break;
	case RECORD_RUN_ENDED:
	case RECORD_BACKUP:
		tell_run(told, record, kind, body);
		break;
	case RECORD_STAGE_BEGUN:
	case RECORD_STAGE_DONE:
	case RECORD_STAGE_STOPPED:
		tell_stage(told, record, kind, body);
		break;
	case RECORD_INTENT:
		tell_intent(told, record, body);
		break;
	case RECORD_OUTCOME:
		tell_outcome(told, record, body);
		break;
	case RECORD_BASELINE:
	case RECORD_ARCHIVED:
	case RECORD_HELD:
	case RECORD_RELEASED:
	case RECORD_DEPLOYED_COMMIT:
	case RECORD_FINGERPRINT:
	case RECORD_RETRY:
	case RECORD_MOVED:
		tell_target(told, record, kind, body);
		break;
	case RECORD_FENCE:
	case RECORD_ACCEPTED:
	case RECORD_ROLLBACK_ASKED:
	case RECORD_ROLLBACK_WITHDRAWN:
	case RECORD_SUSPENDED:
	case RECORD_RESUMED:
	case RECORD_WITHDRAWN:
	case RECORD_REINSTATED:
		tell_person(told, record, kind, body);
		break;
	case RECORD_OVERRIDE:
		tell_override(told, record, body);
		break;
	case RECORD_DEPLOYED:
		tell_deployed(told, record, body);
		break;
	case RECORD_REFUSAL:
	case RECORD_LIFTED:
		tell_refusal(told, record, kind, body);
		break;
	case RECORD_SEEN:
		*LIST_ADD(told->arena, &told->seen) =
			(struct told_seen){record->commit, record->at_us};
		break;
	case RECORD_VERDICT:
		*LIST_ADD(told->arena, &told->verdicts) =
			(struct told_verdict){record->commit, node_find_text(body, "keys"), body};
		break;
	case RECORD_STATUS:
		tell_status(told, record, body);
		break;
	case RECORD_DELIVERED:
	case RECORD_UNDELIVERED:
		tell_delivery(told, kind, body);
		break;
	case RECORD_STAGE_SETTLED:
	case RECORD_KIND_COUNT:
		break;
	}
}

static void tell_run(struct told *told, const struct kept_record *record, enum record_kind kind,
                     const struct node *body)
{
	struct told_run *found = told_run(told, record->run);
	const struct node *items = node_find(body, "items");

	if (kind == RECORD_RUN_ENDED && found) {
		found->run.ended_us = record->at_us;
		found->run.outcome = node_find_text(body, "outcome");
		end_overrides(told, &found->run);
	} else if (kind == RECORD_BACKUP && found) {
		found->run.backup = body;
	}
	if (kind != RECORD_RUN_BEGUN)
		return;
	for (size_t i = 0; i < told->runs.count; i++) {
		const struct run_memory *run = &told->runs.items[i].run;

		if (!run->ended_us && text_equal(run->target, record->target))
			told->broken = "another run of the target is open";
	}
	*LIST_ADD(told->arena, &told->runs) = (struct told_run){
		.run =
			{
				.id = record->run,
				.target = record->target,
				.direction = node_find_text(body, "direction"),
				.head = node_find_text(body, "head"),
				.horizon = node_find_text(body, "horizon"),
				.plan = node_find_text(body, "plan"),
				.items = items ? items : node_list(told->arena),
				.begun_us = record->at_us,
			},
	};
}

static void tell_stage(struct told *told, const struct kept_record *record, enum record_kind kind,
                       const struct node *body)
{
	struct told_run *run = told_run(told, record->run);
	struct stage_memory *stage;

	if (!run) {
		told->broken = "nobody opened the run";
		return;
	}
	stage = (struct stage_memory *)run_memory_stage(&run->run, record->stage);
	if (!stage)
		stage = LIST_ADD(told->arena, &run->run.stages);
	*stage = (struct stage_memory){
		.name = record->stage,
		.done = kind == RECORD_STAGE_DONE,
		.stopped = kind == RECORD_STAGE_STOPPED,
		.begun_us =
			stage->name && kind != RECORD_STAGE_BEGUN ? stage->begun_us : record->at_us,
		.took_ms = node_find_number(body, "took_ms", 0),
	};
	if (stage->done)
		stage->evidence = node_find(body, "evidence");
	if (!stage->stopped)
		return;
	stage->reaction = node_find_text(body, "reaction");
	stage->code = node_find_text(body, "code");
	stage->what = node_find_text(body, "what");
	stage->why = node_find_text(body, "why");
	stage->hint = node_find_text(body, "hint");
	stage->stopped_us = record->at_us;
}

static void tell_intent(struct told *told, const struct kept_record *record,
                        const struct node *body)
{
	struct told_run *run = told_run(told, record->run);
	struct intent intent = {
		.migration = record->migration,
		.action = node_find_text(body, "action"),
		.way = (int)node_find_number(body, "way", 0),
		.statement = node_find_number(body, "statement", 0),
		.statements = node_find_number(body, "statements", 0),
		.row_id = node_find_text(body, "row_id"),
		.checksum = node_find_text(body, "checksum"),
		.xid = node_find_text(body, "xid"),
	};

	if (!run) {
		told->broken = "nobody opened the run";
		return;
	}
	for (size_t i = 0; i < run->run.intents.count; i++) {
		struct intent *earlier = &run->run.intents.items[i];

		if (!text_equal(earlier->migration, intent.migration) ||
		    !text_equal(earlier->action, intent.action) ||
		    earlier->statement != intent.statement)
			continue;
		*earlier = intent;
		run->latest.items[i] = record->seq;
		return;
	}
	*LIST_ADD(told->arena, &run->run.intents) = intent;
	*LIST_ADD(told->arena, &run->latest) = record->seq;
}

static void tell_outcome(struct told *told, const struct kept_record *record,
                         const struct node *body)
{
	struct told_run *run = told_run(told, record->run);
	int64_t statement = node_find_number(body, "statement", -1), newest = 0;
	struct intent *closed = NULL;

	for (size_t i = 0; run && i < run->run.intents.count; i++) {
		struct intent *intent = &run->run.intents.items[i];

		if (!text_equal(intent->migration, record->migration) ||
		    run->latest.items[i] <= newest ||
		    (statement >= 0 && intent->statement != statement))
			continue;
		newest = run->latest.items[i];
		closed = intent;
	}
	if (closed)
		closed->result = node_find_text(body, "result");
}

static void tell_target(struct told *told, const struct kept_record *record, enum record_kind kind,
                        const struct node *body)
{
	struct memory *memory = &told->memory;
	const char *system = node_find_text(body, "system_identifier");

	if (!text_equal(record->target, told->target))
		return;
	if (kind == RECORD_BASELINE) {
		memory->has_baseline = true;
		memory->baseline = memory->deployed_commit = record->commit;
		memory->deployed.count = memory->refusals.count = 0;
		memory->epoch = 0;
	} else if (kind == RECORD_DEPLOYED_COMMIT) {
		memory->deployed_commit = record->commit;
	} else if (kind == RECORD_FINGERPRINT) {
		memory->fingerprint = node_find_text(body, "digest");
	} else if (kind == RECORD_RETRY) {
		memory->retried_us = record->at_us;
	} else if (kind == RECORD_RELEASED) {
		forget_held(told, record->migration);
	} else if (kind == RECORD_HELD) {
		forget_deployed(told, record->migration);
		forget_held(told, record->migration);
		forget_asked(told, record->migration);
		*LIST_ADD(told->arena, &memory->held) = (struct held_migration){
			.name = record->migration,
			.checksum = node_find_text(body, "checksum"),
			.row_id = node_find_text(body, "row_id"),
			.commit = record->commit,
			.at_us = record->at_us,
		};
	} else if (kind == RECORD_ARCHIVED) {
		tell_archived(told, record->migration, node_find_text(body, "down"));
	}
	if (system && (kind == RECORD_BASELINE || kind == RECORD_RUN_BEGUN || kind == RECORD_MOVED))
		memory->system_identifier = system;
}

/* What a person said, and the fence. */
static void tell_person(struct told *told, const struct kept_record *record, enum record_kind kind,
                        const struct node *body)
{
	struct memory *memory = &told->memory;
	const char *row_id = node_find_text(body, "row_id");

	if (!text_equal(record->target, told->target))
		return;
	if (kind == RECORD_FENCE) {
		memory->epoch = node_find_number(body, "epoch", 0);
	} else if (kind == RECORD_RESUMED) {
		memory->suspended = NULL;
	} else if (kind == RECORD_SUSPENDED) {
		struct suspension *suspension = ARENA_NEW(told->arena, struct suspension);

		*suspension = (struct suspension){node_find_text(body, "reason"),
		                                  node_find_text(body, "by"), record->at_us};
		memory->suspended = suspension;
	} else if (kind == RECORD_WITHDRAWN || kind == RECORD_REINSTATED) {
		tell_withdrawn(told, record, kind, body);
	} else if (kind == RECORD_ACCEPTED) {
		for (size_t i = memory->accepted.count; i > 0; i--)
			if (text_equal(memory->accepted.items[i - 1].row_id, row_id))
				LIST_REMOVE(&memory->accepted, i - 1);
		*LIST_ADD(told->arena, &memory->accepted) = (struct accepted_row){
			record->migration, row_id, node_find_text(body, "checksum"), record->at_us};
		if (text_equal(node_find_text(body, "what"), "gone"))
			forget_deployed(told, record->migration);
	} else {
		forget_asked(told, record->migration);
		if (kind == RECORD_ROLLBACK_ASKED)
			*LIST_ADD(told->arena, &memory->asked) = (struct asked_rollback){
				record->migration, row_id, node_find_text(body, "by"),
				node_find_text(body, "reason"), record->at_us};
	}
}

static void tell_withdrawn(struct told *told, const struct kept_record *record,
                           enum record_kind kind, const struct node *body)
{
	struct memory *memory = &told->memory;

	for (size_t i = memory->withdrawn.count; i > 0; i--)
		if (text_equal(memory->withdrawn.items[i - 1].commit, record->commit))
			LIST_REMOVE(&memory->withdrawn, i - 1);
	if (kind == RECORD_WITHDRAWN)
		*LIST_ADD(told->arena, &memory->withdrawn) =
			(struct withdrawal){record->commit, node_find_text(body, "by"),
		                            node_find_text(body, "reason"), record->at_us};
}

static void tell_override(struct told *told, const struct kept_record *record,
                          const struct node *body)
{
	const struct override_used used = {
		.payload = node_find_text(body, "payload"),
		.tag = node_find_text(body, "tag"),
		.commit = record->commit,
		.lifts = node_find_text(body, "lifts"),
		.by = node_find_text(body, "by"),
		.run = record->run,
	};

	if (!text_equal(record->target, told->target))
		return;
	for (size_t i = 0; i < told->memory.overrides_used.count; i++) {
		struct override_used *earlier = &told->memory.overrides_used.items[i];

		if (earlier->run != used.run || !text_equal(earlier->payload, used.payload) ||
		    !text_equal(earlier->lifts, used.lifts))
			continue;
		*earlier = used;
		return;
	}
	*LIST_ADD(told->arena, &told->memory.overrides_used) = used;
}

static void end_overrides(struct told *told, const struct run_memory *run)
{
	for (size_t i = 0; i < told->memory.overrides_used.count; i++)
		if (told->memory.overrides_used.items[i].run == run->id)
			told->memory.overrides_used.items[i].outcome = run->outcome;
}

static void tell_deployed(struct told *told, const struct kept_record *record,
                          const struct node *body)
{
	struct deployed_migration deployed = {
		.name = record->migration,
		.checksum = node_find_text(body, "checksum"),
		.commit = record->commit,
		.row_id = node_find_text(body, "row_id"),
		.down_digest = node_find_text(body, "down"),
		.adopted = node_find_bool(body, "adopted", false),
		.at_us = record->at_us,
		.run = record->run,
	};

	if (!text_equal(record->target, told->target))
		return;
	for (size_t i = 0; i < told->downs.count && !deployed.down_digest; i++) {
		if (text_equal(told->downs.items[i].name, deployed.name) &&
		    text_equal(told->downs.items[i].checksum, deployed.checksum))
			deployed.down_digest = told->downs.items[i].down;
	}
	forget_deployed(told, deployed.name);
	forget_held(told, deployed.name);
	*LIST_ADD(told->arena, &told->memory.deployed) = deployed;
	tell_down(told, deployed.name, deployed.checksum, deployed.down_digest);
}

static void tell_archived(struct told *told, const char *name, const char *down)
{
	for (size_t i = 0; i < told->downs.count; i++) {
		if (text_equal(told->downs.items[i].name, name))
			told->downs.items[i].down = down;
	}
	for (size_t i = 0; i < told->memory.deployed.count; i++) {
		if (text_equal(told->memory.deployed.items[i].name, name))
			told->memory.deployed.items[i].down_digest = down;
	}
}

static void tell_down(struct told *told, const char *name, const char *checksum, const char *down)
{
	for (size_t i = told->downs.count; i > 0; i--) {
		if (text_equal(told->downs.items[i - 1].name, name))
			LIST_REMOVE(&told->downs, i - 1);
	}
	*LIST_ADD(told->arena, &told->downs) = (struct told_down){name, checksum, down};
}

static void tell_refusal(struct told *told, const struct kept_record *record, enum record_kind kind,
                         const struct node *body)
{
	struct memory *memory = &told->memory;

	if (!text_equal(record->target, told->target))
		return;
	for (size_t i = memory->refusals.count; i > 0; i--) {
		if (text_equal(memory->refusals.items[i - 1].commit, record->commit) &&
		    text_equal(memory->refusals.items[i - 1].migration, record->migration))
			LIST_REMOVE(&memory->refusals, i - 1);
	}
	if (kind == RECORD_LIFTED)
		return;
	*LIST_ADD(told->arena, &memory->refusals) = (struct refusal){
		.commit = record->commit,
		.migration = record->migration,
		.stage = record->stage,
		.code = node_find_text(body, "code"),
		.what = node_find_text(body, "what"),
		.why = node_find_text(body, "why"),
		.hint = node_find_text(body, "hint"),
		.rests_on = node_find_text(body, "rests_on"),
		.sticky = node_find_bool(body, "sticky", false),
		.at_us = record->at_us,
		.run = record->run,
	};
}

static void tell_status(struct told *told, const struct kept_record *record,
                        const struct node *body)
{
	struct status status = {
		.target = record->target,
		.commit = record->commit,
		.context = node_find_text(body, "context"),
		.description = node_find_text(body, "description"),
		.url = node_find_text(body, "url"),
		.run = record->run,
	};
	const struct node *forges = node_find(body, "forges");
	int64_t id = (int64_t)told->items.count;

	if (!status_state_find(node_find_text(body, "state"), &status.state)) {
		told->broken = "a status has no state";
		return;
	}
	if (text_equal(status.target, told->target)) {
		for (size_t i = told->statuses.count; i > 0; i--) {
			if (text_equal(told->statuses.items[i - 1].commit, status.commit))
				LIST_REMOVE(&told->statuses, i - 1);
		}
		*LIST_ADD(told->arena, &told->statuses) = status;
	}
	for (const struct node *forge = forges ? forges->child : NULL; forge; forge = forge->next) {
		for (size_t i = 0; i < told->items.count; i++) {
			struct told_item *earlier = &told->items.items[i];

			if (earlier->end == WAITS && earlier->item.status.state == STATUS_PENDING &&
			    text_equal(earlier->item.forge, forge->text) &&
			    text_equal(earlier->item.status.target, status.target) &&
			    text_equal(earlier->item.status.commit, status.commit) &&
			    text_equal(earlier->item.status.context, status.context))
				earlier->end = SUPERSEDED;
		}
		*LIST_ADD(told->arena, &told->items) = (struct told_item){
			.item =
				{
					.id = ++id,
					.forge = forge->text,
					.status = status,
					.created_us = record->at_us,
					.next_us = record->at_us,
				},
		};
	}
}

static void tell_delivery(struct told *told, enum record_kind kind, const struct node *body)
{
	int64_t id = node_find_number(body, "outbox", 0);
	struct told_item *item =
		id > 0 && id <= (int64_t)told->items.count ? &told->items.items[id - 1] : NULL;

	if (item && kind == RECORD_DELIVERED)
		item->end = DELIVERED;
	if (!item || item->end != WAITS)
		return;
	item->item.attempts++;
	item->item.status.retried = true;
	item->item.why = node_find_text(body, "why");
	item->item.next_us = node_find_number(body, "next_us", item->item.next_us);
	item->item.final = node_find_bool(body, "final", false);
	if (item->item.final)
		item->end = FINAL;
}

static void forget_deployed(struct told *told, const char *name)
{
	for (size_t i = told->memory.deployed.count; i > 0; i--) {
		if (text_equal(told->memory.deployed.items[i - 1].name, name))
			LIST_REMOVE(&told->memory.deployed, i - 1);
	}
}

static void forget_held(struct told *told, const char *name)
{
	for (size_t i = told->memory.held.count; i > 0; i--) {
		if (text_equal(told->memory.held.items[i - 1].name, name))
			LIST_REMOVE(&told->memory.held, i - 1);
	}
}

static void forget_asked(struct told *told, const char *name)
{
	for (size_t i = told->memory.asked.count; i > 0; i--) {
		if (text_equal(told->memory.asked.items[i - 1].name, name))
			LIST_REMOVE(&told->memory.asked, i - 1);
	}
}
