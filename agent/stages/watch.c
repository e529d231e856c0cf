/*
 * Watch: fetch the branch, find the steps since the deployed commit, read migrations from the tree and rows from the
 * ledger. Nothing is judged here; when no step touches the migrations the plan is made at once, else verify makes it.
 * What a reader gets wrong: the deployed commit comes from the journal, never from the repository.
 */
#include "stages/run.h"

#define VANISHED_SHOWN 5

static struct error *look_at_database(struct run *run);
static struct error *note_if_observed(struct run *run, struct error *error);
static struct error *refuse_foreign(struct run *run);
static struct error *refuse_went_back(struct run *run);
static struct error *look_at_branch(struct run *run);
static struct error *refuse_rewritten(struct run *run);
static void tell(struct run *run);

struct error *watch_perform(struct run *run)
{
	size_t touching = 0;

	TRY(run_need_baseline(run));
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

	TRY(database_connect(run->ports.database, &limits,
	                     /* for_writing= */ run->target->mode == MODE_APPLY, run->arena,
	                     &run->server));
	TRY(database_ledger(run->ports.database, run->schema, run->arena, &run->ledger));
	run->has_ledger = true;
	if (run->server.in_recovery)
		*LIST_ADD(run->arena, &run->notes) =
			"the ledger is read from a standby, which may lag behind";
	return note_if_observed(run, refuse_foreign(run));
}

/* Who only looks does no harm on another server, or beside another agent. */
static struct error *note_if_observed(struct run *run, struct error *error)
{
	if (!error || run->target->mode != MODE_OBSERVE ||
	    (error->row != &error_rows()[ERR_DB_OTHER] &&
	     error->row != &error_rows()[ERR_JOURNAL_FOREIGN]))
		return error;
	*LIST_ADD(run->arena, &run->notes) = arena_printf(
		run->arena, "%s (%s)", error_line(run->arena, error), error->row->code);
	return NULL;
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
				"Correct the database URL; or, if the database was moved with its data: "
				"headgate baseline --target %s --same-data",
				run->target->name));
	if (ledger_is_foreign(&run->ledger, run->target->name,
	                      journal_identity(run->ports.journal)))
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
	return run->memory.epoch > (run->ledger.has_deployed ? deployed->epoch : 0)
	               ? refuse_went_back(run)
	               : NULL;
}

/* The fence only ever rises: a lower one is that of an earlier day. */
static struct error *refuse_went_back(struct run *run)
{
	const bool gone = !run->ledger.has_deployed;

	return FAIL(
		run->arena, DATABASE_WENT_BACK,
		.what = arena_printf(run->arena,
	                             gone ? "the database of '%s' does not know Headgate any more"
	                                  : "the database of '%s' is that of an earlier time",
	                             run->target->name),
		.why = gone ? "headgate.deployed is gone, which this journal has written: the database was reset, restored "
	                      "or replaced"
	                    : arena_printf(
				      run->arena,
				      "the epoch of headgate.deployed is %lld, and this journal had it at %lld: the "
				      "database was restored from an older backup",
				      (long long)run->ledger.deployed.epoch,
				      (long long)run->memory.epoch),
		.hint = arena_printf(
			run->arena,
			"If that was meant, say from which commit to trust it (%s was deployed): headgate "
			"baseline --target %s COMMIT",
			commit_short(run->arena, run->memory.deployed_commit), run->target->name));
}

static void tell(struct run *run)
{
	node_set_text(run->arena, run->evidence, "head", run->head);
	node_set_text(run->arena, run->evidence, "deployed", run->memory.deployed_commit);
	node_set_number(run->arena, run->evidence, "steps", (int64_t)run->steps.count);
	node_set_number(run->arena, run->evidence, "rows", (int64_t)run->ledger.count);
	node_set_text(run->arena, run->evidence, "server", run->server.version);
}
