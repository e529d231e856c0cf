/*
 * The outcome of a commit, for a script on the agent's own host. What a reader gets wrong: a commit that changes no
 * migrations has no status under `report: touched`, and neither has one that a merge brought; then the deployed commit
 * answers, once it is that commit or descends from it. Of a target that is only observed a status says nothing about the
 * database, so there the deployed commit alone counts.
 */
#include "engine/wait.h"

#include "base/clock.h"

#define STATUSES_MAXIMUM 5000 /* newest ones that are looked at */
#define PREFIX_MINIMUM 4
#define WORDS_OBSERVED "observe: " /* so begins what is said of a target that is only observed */

struct commit_wait {
	const struct engine *engine;
	const struct target *target;
	const char *text;    /* as a person typed it */
	struct arena *arena; /* of the whole wait */
	struct source *source;
	const char *
		compared; /* the deployed commit that does not descend from ours; NULL: none was compared */
	struct commit_awaited awaited;
};

struct sight { /* of the journal, at one look */
	struct memory memory;
	struct statuses statuses;
	const struct stage_memory *stopped; /* of the run that the status names */
};

static struct error *look(void *context, struct arena *arena, struct awaited *ret_awaited);
static struct error *look_into_journal(struct commit_wait *wait, struct arena *arena,
                                       struct sight *ret_sight);
static struct error *know_commit(struct commit_wait *wait, const struct sight *sight,
                                 struct arena *arena);
static const char *find_by_prefix(const struct sight *sight, const char *prefix);
static bool is_prefix(const char *text);
static const struct status *find_status(const struct sight *sight, const char *commit);
static struct error *look_at_run(struct journal *journal, const struct status *status,
                                 struct arena *arena, const struct stage_memory **ret_stopped);
static struct error *judge_status(struct commit_wait *wait, const struct sight *sight,
                                  const struct status *status, struct arena *arena,
                                  struct awaited *awaited);
static struct error *outcome(struct commit_wait *wait, const struct sight *sight,
                             const struct status *status, struct arena *arena);
static const struct refusal *find_refusal(const struct sight *sight, const char *commit);
static struct error *judge_line(struct commit_wait *wait, const struct sight *sight,
                                struct arena *arena, struct awaited *awaited);
static struct error *descends(struct commit_wait *wait, const char *deployed, struct arena *arena,
                              bool *ret_descends);
static struct error *open_source(struct commit_wait *wait);
static bool is_unknown(const struct error *error);

struct error *engine_wait_commit(const struct engine *engine, const struct target *target,
                                 const char *text, const struct wait_options *options,
                                 struct arena *arena, struct commit_awaited *ret_awaited)
{
	const uint64_t begun = clock_monotonic_ms();
	struct commit_wait wait = {
		.engine = engine, .target = target, .text = text, .arena = arena};
	struct error *error = wait_until(
		options, look, &wait,
		arena_printf(arena, "'%s' has no outcome on '%s'", text, target->name), arena);

	source_close(wait.source);
	wait.awaited.waited_ms = clock_monotonic_ms() - begun;
	*ret_awaited = wait.awaited;
	return error;
}

static struct error *look(void *context, struct arena *arena, struct awaited *ret_awaited)
{
	struct commit_wait *wait = context;
	struct sight sight = {0};
	const struct status *status;

	ret_awaited->label = "waiting";
	TRY(look_into_journal(wait, arena, &sight));
	if (!text_equal(wait->awaited.deployed, sight.memory.deployed_commit))
		wait->awaited.deployed = arena_text(wait->arena, sight.memory.deployed_commit);
	TRY(know_commit(wait, &sight, arena));
	if (!wait->awaited.commit) {
		ret_awaited->text = arena_printf(arena, "'%s' is no commit that the agent has seen",
		                                 wait->text);
		ret_awaited->next = "Was it pushed? The agent looks at the branch by itself.";
		return NULL;
	}
	status = wait->target->mode == MODE_OBSERVE ? NULL
	                                            : find_status(&sight, wait->awaited.commit);
	if (status && text_starts(status->description, WORDS_OBSERVED))
		status = NULL; /* it stems from the time before the mode was apply */
	return status ? judge_status(wait, &sight, status, arena, ret_awaited)
	              : judge_line(wait, &sight, arena, ret_awaited);
}

/* Opened for each look: a journal that is made or restored meanwhile is seen. */
static struct error *look_into_journal(struct commit_wait *wait, struct arena *arena,
                                       struct sight *ret_sight)
{
	struct journal *journal = NULL;
	struct error *error = wait->engine->registry->open_journal(arena, wait->engine->config,
	                                                           /* read_only= */ true, &journal);
	const struct status *status;
	struct sight sight = {0};

	if (!error)
		error = journal_memory(journal, wait->target->name, arena, &sight.memory);
	if (!error)
		error = journal_statuses(journal, wait->target->name, STATUSES_MAXIMUM, arena,
		                         &sight.statuses);
	status = wait->awaited.commit ? find_status(&sight, wait->awaited.commit) : NULL;
	if (!error && status && status->state == STATUS_FAILURE) /* written in one transaction */
		error = journal_memory(journal, wait->target->name, arena, &sight.memory);
	if (!error)
		error = look_at_run(journal, status, arena, &sight.stopped);
	journal_close(journal);
	*ret_sight = sight;
	return error;
}

/* Known once, it stays the same commit, also when a branch was named. */
static struct error *know_commit(struct commit_wait *wait, const struct sight *sight,
                                 struct arena *arena)
{
	const char *id = NULL;
	struct error *error;

	if (wait->awaited.commit)
		return NULL;
	if (text_is_hex(wait->text, COMMIT_ID_SIZE))
		id = wait->text;
	else {
		TRY(open_source(wait));
		error = source_resolve(wait->source, wait->text, arena, &id);
		if (error && !is_unknown(error))
			return error;
		if (error)
			id = find_by_prefix(sight, wait->text);
	}
	wait->awaited.commit = arena_text(wait->arena, id);
	return NULL;
}

/* The mirror is a cache, and may have been removed: what the journal knows is asked, too. NULL: none, or several. */
static const char *find_by_prefix(const struct sight *sight, const char *prefix)
{
	const char *found = NULL;

	if (!is_prefix(prefix))
		return NULL;
	if (sight->memory.deployed_commit && text_starts(sight->memory.deployed_commit, prefix))
		found = sight->memory.deployed_commit;
	for (size_t i = 0; i < sight->statuses.count; i++) {
		const char *commit = sight->statuses.items[i].commit;

		if (!text_starts(commit, prefix) || text_equal(commit, found))
			continue;
		if (found)
			return NULL;
		found = commit;
	}
	return found;
}

static bool is_prefix(const char *text)
{
	const size_t digits = strspn(text, "0123456789abcdef");

	return digits >= PREFIX_MINIMUM && !text[digits];
}

static const struct status *find_status(const struct sight *sight, const char *commit)
{
	for (size_t i = 0; i < sight->statuses.count; i++) /* the newest of each commit */
		if (text_equal(sight->statuses.items[i].commit, commit))
			return &sight->statuses.items[i];
	return NULL;
}

static struct error *look_at_run(struct journal *journal, const struct status *status,
                                 struct arena *arena, const struct stage_memory **ret_stopped)
{
	struct run_memory *run = ARENA_NEW(arena, struct run_memory);

	if (!status || status->state != STATUS_FAILURE || !status->run)
		return NULL;
	TRY(journal_run(journal, status->run, arena, run));
	for (size_t i = 0; i < run->stages.count; i++)
		if (run->stages.items[i].stopped)
			*ret_stopped = &run->stages.items[i];
	return NULL;
}

static struct error *judge_status(struct commit_wait *wait, const struct sight *sight,
                                  const struct status *status, struct arena *arena,
                                  struct awaited *awaited)
{
	const char *shown = commit_short(arena, status->commit);

	wait->awaited.state = status_state_name(status->state);
	if (!text_equal(wait->awaited.description, status->description))
		wait->awaited.description = arena_text(wait->arena, status->description);
	switch (status->state) {
	case STATUS_PENDING:
	case STATUS_ERROR:
		awaited->text =
			arena_printf(arena, "%s is %s: %s", shown,
		                     status->state == STATUS_ERROR ? "in trouble" : "pending",
		                     status->description);
		return NULL;
	case STATUS_SUCCESS:
		awaited->is_over = true;
		return NULL;
	case STATUS_FAILURE:
		awaited->outcome = outcome(wait, sight, status, arena);
		awaited->is_over = awaited->outcome;
		awaited->text = arena_printf(arena, "%s is tried again, as somebody asked: %s",
		                             shown, status->description);
		return NULL;
	}
	BUG("no such state");
}

/* Why it failed, by the code that the journal has for it. NULL: a person asked to try again, and that is not over. */
static struct error *outcome(struct commit_wait *wait, const struct sight *sight,
                             const struct status *status, struct arena *arena)
{
	const struct refusal *refusal = find_refusal(sight, status->commit);
	const struct stage_memory *stopped = sight->stopped;
	const char *code = refusal ? refusal->code : stopped ? stopped->code : NULL;
	const struct error_row *row = code ? error_find(code) : NULL;
	const char *shown = commit_short(arena, status->commit);

	if (text_starts(status->description, "undone by "))
		return FAIL(
			arena, WAIT_UNDONE,
			.what = arena_printf(arena, "%s is not on '%s'", shown, wait->target->name),
			.why = status->description,
			.hint = "Its migrations did not run, and are not asked for any more. Wait for the commit that "
				"took its place.");
	if (refusal && refusal->sticky && refusal->at_us <= sight->memory.retried_us)
		return NULL;
	if (!row || row->exit_status == 2 || row->exit_status == 5 || row->exit_status == 64)
		return FAIL(
			arena, WAIT_FAILED,
			.what = arena_printf(arena, "%s is not on '%s'", shown, wait->target->name),
			.why = status->description,
			.hint = status->run
		                        ? arena_printf(arena,
		                                       "See what happened: headgate history %lld",
		                                       (long long)status->run)
		                        : "See what the agent does: headgate status");
	return error_new(arena, (enum error_code)(row - error_rows()),
	                 &(struct error_text){
				 .what = refusal ? refusal->what : stopped->what,
				 .why = refusal ? refusal->why : stopped->why,
				 .hint = refusal ? refusal->hint : stopped->hint,
			 });
}

/* The commit's own, or its migration's. What stands against the whole target counts where no stage of the run stopped,
 * and only when it is a decision; trouble of the moment says nothing about an outcome. */
static const struct refusal *find_refusal(const struct sight *sight, const char *commit)
{
	const struct memory *memory = &sight->memory;
	const struct refusal *whole = memory_refusal(memory, NULL, NULL);
	const struct error_row *row = whole ? error_find(whole->code) : NULL;

	for (size_t i = 0; i < memory->refusals.count; i++)
		if (text_equal(memory->refusals.items[i].commit, commit))
			return &memory->refusals.items[i];
	if (sight->stopped || !row ||
	    (row->reaction != REACT_REFUSE && row->reaction != REACT_HALT))
		return NULL;
	return whole;
}

static struct error *judge_line(struct commit_wait *wait, const struct sight *sight,
                                struct arena *arena, struct awaited *awaited)
{
	const char *deployed = sight->memory.deployed_commit;
	const char *shown = commit_short(arena, wait->awaited.commit);
	const bool observes = wait->target->mode == MODE_OBSERVE;

	if (!sight->memory.has_baseline) {
		awaited->text = arena_printf(arena, "'%s' has no baseline yet", wait->target->name);
		awaited->next = arena_printf(arena, "headgate baseline --target %s COMMIT",
		                             wait->target->name);
		return NULL;
	}
	TRY(descends(wait, deployed, arena, &awaited->is_over));
	awaited->text = arena_printf(arena, "%s%s; '%s' is at %s", shown,
	                             observes ? " is not reached, and the target is only observed"
	                                      : " has no status yet",
	                             wait->target->name, commit_short(arena, deployed));
	return NULL;
}

/* A commit that the mirror has not cannot be an ancestor of what is deployed. */
static struct error *descends(struct commit_wait *wait, const char *deployed, struct arena *arena,
                              bool *ret_descends)
{
	struct history history = {0};
	bool is_line = false;
	struct error *error;

	if (text_equal(deployed, wait->awaited.commit)) {
		*ret_descends = true;
		return NULL;
	}
	if (!deployed || text_equal(deployed, wait->compared))
		return NULL;
	TRY(open_source(wait));
	error = source_history(wait->source, wait->awaited.commit, deployed, arena, &history,
	                       &is_line);
	if (error && is_unknown(error))
		return NULL;
	if (error)
		return error;
	if (!is_line)
		wait->compared = arena_text(wait->arena, deployed);
	*ret_descends = is_line;
	return NULL;
}

static struct error *open_source(struct commit_wait *wait)
{
	if (wait->source)
		return NULL;
	return wait->engine->registry->open_source(wait->arena, wait->engine->config,
	                                           &wait->source);
}

static bool is_unknown(const struct error *error)
{
	return error->row == &error_rows()[ERR_UNKNOWN_COMMIT];
}
