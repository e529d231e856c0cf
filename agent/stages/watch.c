/*
 * Watch: fetch the branch, find the steps since the deployed commit, read migrations from the tree and rows from the
 * ledger. Nothing is judged here; when no step touches the migrations the plan is made at once, else verify makes it.
 * What a reader gets wrong: the deployed commit comes from the journal, never from the repository.
 */
#include "stages/run.h"

#define VANISHED_SHOWN 5

static struct error *look_at_database(struct run *run);
static struct error *refuse_foreign(struct run *run);
static struct error *look_at_branch(struct run *run);
static struct error *refuse_rewritten(struct run *run);
static void tell(struct run *run);

struct error *watch_perform(struct run *run)
{
	size_t touching = 0;

	if (!run->memory.has_baseline)
		return FAIL(
			run->arena, NO_BASELINE,
			.what = arena_printf(run->arena, "target '%s' has no baseline",
		                             run->target->name),
			.why = "nobody has said yet from which commit on the branch is to be trusted",
			.hint = arena_printf(
				run->arena,
				"Choose the commit that the database agrees with, then: headgate "
				"baseline --target %s COMMIT.",
				run->target->name));
	TRY(look_at_branch(run));
	TRY(look_at_database(run));
	TRY(run_read_tree(run, run->head, &run->head_tree));
	for (size_t i = 0; i < run->steps.count; i++)
		touching += step_touches(&run->steps.items[i]);
	if (!touching)
		TRY(run_replan(run));
	tell(run);
	return NULL;
}

static struct error *look_at_branch(struct run *run)
{
	const struct steps_reader reader = run_steps_reader(run);
	struct history history = {0};
	struct error *error;
	bool descends = false;

	TRY(source_head(run->ports.source, run->target->branch, run->arena, &run->branch,
	                &run->head));
	TRY(source_fetch(run->ports.source, run->branch, run->head, run->arena));
	error = source_history(run->ports.source, run->memory.deployed_commit, run->head,
	                       run->arena, &history, &descends);
	if (error && error->row != &error_rows()[ERR_UNKNOWN_COMMIT])
		return error;
	if (error || !descends)
		return refuse_rewritten(run);
	run->horizon = run->head;
	return steps_walk(run->arena, &history, run->memory.deployed_commit, &reader, &run->steps);
}

static struct error *refuse_rewritten(struct run *run)
{
	struct history vanished = {0};
	struct text names = TEXT_IN(run->arena);
	struct error *unknown;
	bool descends;

	unknown = source_history(run->ports.source, run->head, run->memory.deployed_commit,
	                         run->arena, &vanished, &descends);
	if (!unknown)
		for (size_t i = 0; i < vanished.count && i < VANISHED_SHOWN; i++)
			text_printf(&names, "%s%s", i ? ", " : "",
			            commit_short(run->arena, vanished.items[i].id));
	if (vanished.count > VANISHED_SHOWN)
		text_printf(&names, " and %zu more", vanished.count - VANISHED_SHOWN);
	return FAIL(
		run->arena, HISTORY_REWRITTEN,
		.what = arena_printf(
			run->arena, "branch '%s' no longer descends from the deployed commit %s",
			run->branch, commit_short(run->arena, run->memory.deployed_commit)),
		.why = unknown ? "the deployed commit is not in the repository any more"
	                       : arena_printf(
					 run->arena, "head is %s; vanished from the branch: %s",
					 commit_short(run->arena, run->head), text_get(&names)),
		.hint = arena_printf(
			run->arena,
			"Push the vanished commits back; or, if the rewrite was meant, headgate "
			"baseline --target %s COMMIT.",
			run->target->name));
}

static struct error *look_at_database(struct run *run)
{
	const struct session_limits limits = {
		.lock_timeout = run->policy->lock_timeout,
		.statement_timeout = run->policy->statement_timeout,
		.idle_in_transaction_timeout = run->policy->idle_in_transaction_timeout,
	};

	TRY(database_connect(run->ports.database, &limits, /* for_writing= */ true, run->arena,
	                     &run->server));
	TRY(database_ledger(run->ports.database, run->schema, run->arena, &run->ledger));
	return refuse_foreign(run);
}

static struct error *refuse_foreign(struct run *run)
{
	const struct deployed_row *deployed = &run->ledger.deployed;
	const char *known = run->memory.system_identifier, *seen = run->server.system_identifier;

	if (known && seen && !text_equal(known, seen))
		return FAIL(
			run->arena, DB_OTHER,
			.what = arena_printf(run->arena,
		                             "target '%s' is on another server than before",
		                             run->target->name),
			.why = arena_printf(run->arena, "system identifier %s, it was %s", seen,
		                            known),
			.hint = arena_printf(
				run->arena,
				"Correct the database URL; or, if the database was moved, headgate "
				"baseline --target %s COMMIT.",
				run->target->name));
	if (run->ledger.has_deployed &&
	    (!text_equal(deployed->journal, journal_identity(run->ports.journal)) ||
	     !text_equal(deployed->target, run->target->name)))
		return FAIL(
			run->arena, JOURNAL_FOREIGN,
			.what = arena_printf(
				run->arena,
				"the ledger '%s' belongs to target '%s' of another journal",
				run->schema, deployed->target),
			.why = arena_printf(
				run->arena,
				"headgate.deployed names journal %s, this one is %s (target '%s')",
				deployed->journal, journal_identity(run->ports.journal),
				run->target->name),
			.hint = arena_printf(
				run->arena,
				"Stop the other agent first; then take the target over: headgate "
				"baseline --target %s COMMIT.",
				run->target->name));
	if (run->memory.deployed.count && !run->ledger.has_deployed)
		return FAIL(
			run->arena, DATABASE_WENT_BACK,
			.what = arena_printf(run->arena,
		                             "the database of '%s' does not know Headgate any more",
		                             run->target->name),
			.why = "headgate.deployed is gone, and the journal knows migrations that were applied: the database was "
			       "reset, restored or replaced",
			.hint = arena_printf(
				run->arena,
				"If that was meant, headgate baseline --target %s COMMIT.",
				run->target->name));
	return NULL;
}

static void tell(struct run *run)
{
	node_set_text(run->arena, run->evidence, "head", run->head);
	node_set_text(run->arena, run->evidence, "deployed", run->memory.deployed_commit);
	node_set_number(run->arena, run->evidence, "steps", (int64_t)run->steps.count);
	node_set_number(run->arena, run->evidence, "rows", (int64_t)run->ledger.count);
	node_set_text(run->arena, run->evidence, "server", run->server.version);
}
