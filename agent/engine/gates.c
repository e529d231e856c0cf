/*
 * The gates between looking and carrying out: a person who suspended the target, and the targets that come before it.
 * What a reader gets wrong: a target that comes first counts by its deployed commit alone, which only moves when nothing
 * of it is left to do and nothing refused; that its migrations up to here are all in its ledger is not enough.
 */
#include "engine/gates.h"

static struct error *suspended(struct work *work);
static struct error *after(struct work *work, const char *first);
static struct error *is_there(struct work *work, const char *deployed, bool *ret_there);
static const char *standing(struct arena *arena, const struct memory *memory);

struct error *gates_pass(struct work *work)
{
	if (work->run.memory.suspended)
		return suspended(work);
	return gates_after(work);
}

struct error *gates_after(struct work *work)
{
	for (size_t i = 0; i < work->target->after.count; i++)
		TRY(after(work, work->target->after.items[i]));
	return NULL;
}

static struct error *suspended(struct work *work)
{
	const struct suspension *suspension = work->run.memory.suspended;

	return FAIL(work->arena, SUSPENDED,
	            .what = arena_printf(work->arena, "suspended by %s", suspension->by),
	            .why = suspension->reason,
	            .hint = arena_printf(work->arena,
	                                 "To let it go on: headgate resume --target %s",
	                                 work->target->name));
}

static struct error *after(struct work *work, const char *first)
{
	struct arena *arena = work->arena;
	struct memory memory = {0};
	bool there = false;

	TRY(journal_memory(work->ports.journal, first, arena, &memory));
	if (memory.deployed_commit)
		TRY(is_there(work, memory.deployed_commit, &there));
	if (there)
		return NULL;
	return FAIL(
		arena, AFTER,
		.what = arena_printf(arena, "'%s' waits until '%s' is at %s", work->target->name,
	                             first, commit_short(arena, work->run.horizon)),
		.why = memory.deployed_commit
	                       ? arena_printf(arena, "it is at %s: %s",
	                                      commit_short(arena, memory.deployed_commit),
	                                      standing(arena, &memory))
	                       : "it has no baseline",
		.hint = arena_printf(
			arena,
			"'%s' goes on by itself then. What holds up '%s' is shown by: headgate status --target %s",
			work->target->name, first, first));
}

/* At the horizon, or past it. A commit that vanished from the repository is not there. */
static struct error *is_there(struct work *work, const char *deployed, bool *ret_there)
{
	struct history history = {0};
	struct error *error = NULL;

	if (text_equal(deployed, work->run.horizon)) {
		*ret_there = true;
		return NULL;
	}
	error = source_history(work->ports.source, work->run.horizon, deployed, work->arena,
	                       &history, ret_there);
	return error && error->row == &error_rows()[ERR_UNKNOWN_COMMIT] ? NULL : error;
}

/* Why it has not got further: what a person said, what was refused, what is under way. No times: the same standing is
 * told in the same words. */
static const char *standing(struct arena *arena, const struct memory *memory)
{
	const struct run_memory *open = memory->open_run;
	const struct refusal *refusal = NULL;

	if (memory->suspended)
		return arena_printf(arena, "suspended by %s: %s", memory->suspended->by,
		                    memory->suspended->reason);
	for (size_t i = 0; i < memory->refusals.count; i++)
		if (!refusal || (refusal->commit && !memory->refusals.items[i].commit))
			refusal = &memory->refusals.items[i]; /* the whole target's says more */
	if (refusal)
		return arena_printf(arena, "%s (%s)", refusal->what, refusal->code);
	for (size_t i = 0; open && i < open->stages.count; i++)
		if (open->stages.items[i].stopped && !open->stages.items[i].done)
			return arena_printf(arena, "run %lld stopped at %s: %s (%s)",
			                    (long long)open->id, open->stages.items[i].name,
			                    open->stages.items[i].what, open->stages.items[i].code);
	if (open)
		return arena_printf(arena, "run %lld is under way", (long long)open->id);
	return "its next pass has not come yet";
}
