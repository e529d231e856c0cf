/*
 * Ports and stages of one pass. A stage is handed only the ports that its row names; what it returns is logged here
 * and nowhere below. What a reader gets wrong: an adapter is opened when the first stage needs it, so a pass with
 * nothing to do never starts a parser, a keyring or a forge.
 */
#include "engine/work.h"

#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/log.h"

#define OUTBOX_BUDGET_MS 2000

static const struct policy *policy_of(struct work *work);
static bool records_begin_a_run(const struct records *records);
static void pass_fault_point(const char *stage);
static void lay_out(struct work *work, const struct stage *stage);
static struct error *open_port(struct work *work, enum port_flag port);
static struct error *open_forges(struct work *work);
static struct ports hand_out(const struct work *work, unsigned ports);
static void log_stage(const struct work *work, const struct stage *stage, const struct error *error,
                      uint64_t took_ms);
static struct error *try_outbox(struct work *work);

struct error *work_lock(struct work *work, int *ret_fd)
{
	const char *state = work->engine->config->state, *holder = NULL;
	const char *path = arena_printf(work->arena, "%s/%s.lock", state, work->target->name);

	TRY(folder_private(work->arena, state));
	TRY(file_lock(work->arena, path, arena_printf(work->arena, "pid %d", (int)getpid()), ret_fd,
	              &holder));
	if (*ret_fd >= 0)
		return NULL;
	return FAIL(work->arena, TARGET_BUSY,
	            .what = arena_printf(work->arena, "another run of '%s' is at work",
	                                 work->target->name),
	            .why = arena_printf(work->arena, "%s holds %s",
	                                holder ? holder : "another process", path),
	            .hint = "Wait until it ends; headgate status shows what it does.");
}

struct error *work_open(struct work *work, unsigned ports)
{
	for (unsigned port = PORT_SOURCE; port <= PORT_PULLS; port <<= 1)
		if (ports & port)
			TRY(open_port(work, (enum port_flag)port));
	return NULL;
}

void work_close(struct work *work)
{
	for (size_t i = 0; i < work->ports.forge_count; i++)
		forge_close(work->ports.forges[i]);
	backup_close(work->ports.backup);
	parser_close(work->ports.parser);
	database_close(work->ports.database);
	keyring_close(work->ports.keyring);
	source_close(work->ports.source);
	journal_close(work->ports.journal);
	work->ports = (struct ports){0};
}

struct error *work_begin_run(struct work *work)
{
	struct run run = {
		.arena = work->arena,
		.config = work->engine->config,
		.target = work->target,
		.policy = policy_of(work),
		.progress = work->engine->progress,
		.now = clock_wall(),
	};

	TRY(work_open(work, PORT_JOURNAL));
	TRY(journal_memory(work->ports.journal, work->target->name, work->arena, &run.memory));
	if (run.memory.open_run)
		run.id = run.memory.open_run->id;
	work->run = run;
	work->looked.count = 0;
	work->left = 0;
	work->stopped_at = NULL;
	work->settles = false;
	work->target_error = NULL;
	work->standing = NULL;
	return NULL;
}

/* Who only observes follows what others apply, whatever will be said of it once the mode is apply. */
static const struct policy *policy_of(struct work *work)
{
	struct policy *policy;

	if (work->target->mode == MODE_APPLY)
		return work->target->policy;
	policy = ARENA_NEW(work->arena, struct policy);
	*policy = *work->target->policy;
	policy->elsewhere = ELSEWHERE_ADOPT;
	return policy;
}

struct error *work_find_commit(struct work *work, const char *text, const char **ret_commit)
{
	const char *branch = NULL, *head = NULL;

	TRY(source_head(work->ports.source, work->target->branch, work->arena, &branch, &head));
	TRY(source_fetch(work->ports.source, branch, head, work->arena));
	if (text_equal(text, "HEAD"))
		text = head;
	return source_resolve(work->ports.source, text, work->arena, ret_commit);
}

struct error *work_read_tree(struct work *work, const char *commit, struct tree *ret_tree)
{
	struct error *error;

	work->run.ports = work->ports;
	error = run_read_tree(&work->run, commit, ret_tree);
	work->run.ports = (struct ports){0};
	return error;
}

struct error *work_connect(struct work *work, bool for_writing, struct server *ret_server)
{
	const struct session_limits limits = {.lock_timeout = work->target->policy->lock_timeout};

	return database_connect(work->ports.database, &limits, for_writing, work->arena,
	                        ret_server);
}

struct error *work_take_fence(struct work *work, bool take_over, struct fence *ret_fence)
{
	struct database *database = work->ports.database;
	struct fence fence = {.schema = work->schema,
	                      .target = work->target->name,
	                      .journal = journal_identity(work->ports.journal)};
	struct error *error;

	TRY(database_lock(database, work->target->policy->lock_budget, work->arena));
	error = database_take_fence(database, fence.schema, fence.target, fence.journal, take_over,
	                            work->arena, &fence.epoch);
	if (error)
		work_leave_fence(work);
	else
		*ret_fence = fence;
	return error;
}

void work_leave_fence(struct work *work)
{
	struct error *unlocked = database_unlock(work->ports.database, work->arena);

	(void)unlocked; /* a session that is gone gave its lock back by itself */
}

struct error *work_perform(struct work *work, const struct stage *stage, uint64_t *ret_took_ms)
{
	const uint64_t started = clock_monotonic_ms();
	struct error *error = work_open(work, stage->ports);

	lay_out(work, stage);
	LOG(DEBUG, STAGE_STARTED, .target = work->target->name, .run = work->run.id,
	    .stage = stage->name);
	if (!error) {
		work->run.ports = hand_out(work, stage->ports);
		error = stage->perform(&work->run);
		work->run.ports = (struct ports){0};
	}
	*ret_took_ms = clock_monotonic_ms() - started;
	if (!work->looks)
		log_stage(work, stage, error, *ret_took_ms);
	return error;
}

struct error *work_settle(struct work *work, const struct stage *stage, bool *ret_done)
{
	struct error *error;

	TRY(work_open(work, stage->ports));
	lay_out(work, stage);
	work->run.ports = hand_out(work, stage->ports);
	error = stage->settle(&work->run, ret_done);
	work->run.ports = (struct ports){0};
	LOG(INFO, STAGE_SETTLED, .target = work->target->name, .run = work->run.id,
	    .stage = stage->name,
	    .outcome = error       ? reaction_name(error->row->reaction)
	               : *ret_done ? "done"
	                           : "to be done",
	    .code = error ? error->row->code : NULL,
	    .msg = error ? error_line(work->arena, error) : NULL);
	return error;
}

struct error *work_write(struct work *work)
{
	const bool begins = records_begin_a_run(&work->run.records);

	for (size_t i = 0; !begins && i < work->run.records.count; i++)
		if (work->run.records.items[i].run == RUN_NEW)
			work->run.records.items[i].run =
				RUN_NONE; /* seen and judged, but nothing began */
	if (work->run.records.count)
		TRY(journal_write(work->ports.journal, &work->run.records, work->arena,
		                  begins ? &work->run.id : NULL));
	work->run.records = (struct records){0};
	return work->speaks ? try_outbox(work) : NULL;
}

static bool records_begin_a_run(const struct records *records)
{
	for (size_t i = 0; i < records->count; i++)
		if (records->items[i].kind == RECORD_RUN_BEGUN)
			return true;
	return false;
}

struct error *work_look(struct work *work)
{
	size_t count;
	const struct stage *stages = engine_deploy_stages(&count);

	for (size_t i = 0; i < count && stages[i].looks; i++) {
		uint64_t took_ms = 0;

		/* Nothing touches the migrations and nothing is to be done: nobody needs to vouch for it. */
		if (i > 0 && !work->run.plan.count && work->run.tree.commit &&
		    !work->run.refused_step)
			break;
		TRY(work_perform(work, &stages[i], &took_ms));
		pass_fault_point(stages[i].name);
		*LIST_ADD(work->arena, &work->looked) =
			(struct looked){stages[i].name, took_ms, work->run.evidence};
	}
	return NULL;
}

static void pass_fault_point(const char *stage)
{
	(void)stage; /* release builds hold no fault points */
	if (text_equal(stage, "watch"))
		FAULT_POINT(watch);
	else if (text_equal(stage, "verify"))
		FAULT_POINT(verify);
	else if (text_equal(stage, "check"))
		FAULT_POINT(check);
}

/* What every stage finds on its workbench, whether it performs or settles. */
static void lay_out(struct work *work, const struct stage *stage)
{
	work->stopped_at = stage->name;
	work->run.evidence = node_map(work->arena);
	work->run.schema = work->schema;
	work->run.schemas = target_schemas(work->arena, work->target, work->schema);
}

static struct error *open_port(struct work *work, enum port_flag port)
{
	const struct registry *registry = work->engine->registry;
	const struct config *config = work->engine->config;
	struct ports *ports = &work->ports;
	struct error *error;

	switch (port) {
	case PORT_SOURCE:
		return ports->source ? NULL
		                     : registry->open_source(work->arena, config, &ports->source);
	case PORT_KEYRING:
		if (ports->keyring || work->target->policy->trust == TRUST_BRANCH)
			return NULL;
		return registry->open_keyring(work->arena, config, &ports->keyring);
	case PORT_DATABASE:
		if (ports->database)
			return NULL;
		return registry->open_database(work->arena, config, work->target, &ports->database,
		                               &work->schema);
	case PORT_PARSER:
		return ports->parser ? NULL : registry->open_parser(work->arena, &ports->parser);
	case PORT_BACKUP:
		if (ports->backup || work->target->policy->backup == BACKUP_NONE)
			return NULL;
		return registry->open_backup(work->arena, config, work->target,
		                             journal_identity(ports->journal), &ports->backup);
	case PORT_FORGE:
		return ports->forge_count ? NULL : open_forges(work);
	case PORT_PULLS:
		error = ports->forge_count ? NULL : open_forges(work);
		if (error)
			LOG(WARNING, LOOK_FAILED, .target = work->target->name,
			    .code = error->row->code,
			    .msg = arena_printf(work->arena,
			                        "no forge can be asked for pull requests: %s",
			                        error_line(work->arena, error)));
		return NULL;
	case PORT_JOURNAL:
		return ports->journal
		               ? NULL
		               : registry->open_journal(work->arena, config, /* read_only= */ false,
		                                        &ports->journal);
	}
	BUG("no such port");
}

/* All or none, so that one that cannot be opened is told of each time. */
static struct error *open_forges(struct work *work)
{
	struct ports *ports = &work->ports;
	struct error *error = NULL;

	for (const struct forge_row *row = work->engine->registry->forges; row->name; row++)
		for (size_t i = 0; i < work->target->forges.count && !error; i++) {
			if (!text_equal(work->target->forges.items[i], row->name))
				continue;
			if (ports->forge_count == FORGES_MAXIMUM)
				BUG("more than %d forges", FORGES_MAXIMUM);
			error = row->open(work->arena, work->engine->config, work->target,
			                  &ports->forges[ports->forge_count]);
			ports->forge_count += !error;
		}
	while (error && ports->forge_count)
		forge_close(ports->forges[--ports->forge_count]);
	return error;
}

static struct ports hand_out(const struct work *work, unsigned ports)
{
	struct ports handed = {0};

	if (ports & PORT_SOURCE)
		handed.source = work->ports.source;
	if (ports & PORT_KEYRING)
		handed.keyring = work->ports.keyring;
	if (ports & PORT_DATABASE)
		handed.database = work->ports.database;
	if (ports & PORT_PARSER)
		handed.parser = work->ports.parser;
	if (ports & PORT_BACKUP)
		handed.backup = work->ports.backup;
	if (ports & PORT_JOURNAL)
		handed.journal = work->ports.journal;
	if (ports & (PORT_FORGE | PORT_PULLS)) {
		memcpy(handed.forges, work->ports.forges, sizeof handed.forges);
		handed.forge_count = work->ports.forge_count;
	}
	return handed;
}

static void log_stage(const struct work *work, const struct stage *stage, const struct error *error,
                      uint64_t took_ms)
{
	if (!error)
		LOG(INFO, STAGE_PASSED, .target = work->target->name, .run = work->run.id,
		    .commit = work->run.horizon, .stage = stage->name, .took_ms = (int64_t)took_ms);
	else if (error->row->reaction == REACT_HALT)
		LOG(ERROR, STAGE_STOPPED, .target = work->target->name, .run = work->run.id,
		    .stage = stage->name, .took_ms = (int64_t)took_ms,
		    .outcome = reaction_name(error->row->reaction), .code = error->row->code,
		    .msg = error_line(work->arena, error));
	else
		LOG(WARNING, STAGE_STOPPED, .target = work->target->name, .run = work->run.id,
		    .stage = stage->name, .took_ms = (int64_t)took_ms,
		    .outcome = reaction_name(error->row->reaction), .code = error->row->code,
		    .msg = error_line(work->arena, error));
}

/* "pending" shall be seen before the work; a forge that does not answer is not waited for. */
static struct error *try_outbox(struct work *work)
{
	struct error *failed = NULL;
	size_t delivered = 0;

	failed = work_open(work, PORT_FORGE);
	if (!failed) {
		work->run.ports = hand_out(work, PORT_FORGE | PORT_JOURNAL);
		TRY(report_deliver(&work->run, OUTBOX_BUDGET_MS, &delivered, &failed));
		work->run.ports = (struct ports){0};
	}
	work->speaks = false;
	if (delivered)
		LOG(INFO, STATUS_POSTED, .target = work->target->name, .run = work->run.id,
		    .msg = arena_printf(work->arena, "delivered %s",
		                        text_plural(work->arena, delivered, "status update")));
	if (failed)
		LOG(WARNING, STATUS_DELAYED, .target = work->target->name, .run = work->run.id,
		    .code = failed->row->code,
		    .msg = arena_printf(work->arena, "%s, trying again later",
		                        error_line(work->arena, failed)));
	return NULL;
}
