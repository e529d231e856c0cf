/*
 * headgate withdraw: a commit vouches for nothing any more. What a reader gets wrong: nothing is undone. What was deployed
 * stays, and a commit need not be in the mirror: one of a pull request is withdrawn before anybody fetched it.
 */
#include "engine/person.h"
#include "engine/person_parts.h"

#define PREFIX_MINIMUM 4 /* of an id that a person types */

static struct error *withdraw(struct work *work, enum withdrawing withdrawing, const char *text,
                              const char *reason, struct withdrawn *withdrawn);
static struct error *find(struct work *work, const char *text, struct withdrawn *withdrawn);
static const char *find_withdrawn(const struct memory *memory, const char *text);
static struct error *find_deployed(struct work *work, struct withdrawn *withdrawn);

struct error *engine_withdraw(const struct engine *engine, const struct target *target,
                              enum withdrawing withdrawing, const char *text, const char *reason,
                              struct arena *arena, struct withdrawn *ret_withdrawn)
{
	struct work work = {.engine = engine, .target = target, .arena = arena};
	struct withdrawn withdrawn = {0};
	struct error *error = withdraw(&work, withdrawing, text, reason, &withdrawn);

	if (!error)
		*ret_withdrawn = withdrawn;
	work_close(&work);
	return error;
}

static struct error *withdraw(struct work *work, enum withdrawing withdrawing, const char *text,
                              const char *reason, struct withdrawn *withdrawn)
{
	const struct withdrawal *standing;
	struct record *record;

	TRY(person_check_reason(work->arena, reason));
	TRY(work_begin_run(work));
	TRY(find(work, text, withdrawn));
	standing = memory_withdrawn(&work->run.memory, withdrawn->commit);
	withdrawn->changed = withdrawing == REINSTATE
	                             ? standing != NULL
	                             : !standing || !text_equal(standing->reason, reason);
	if (!withdrawn->changed)
		return NULL;
	record = run_record(&work->run,
	                    withdrawing == REINSTATE ? RECORD_REINSTATED : RECORD_WITHDRAWN);
	record->run = RUN_NONE;
	record->commit = withdrawn->commit;
	record->body = person_body(work, reason);
	return work_write(work);
}

/* What stands withdrawn is known by the beginning of its id, also when it is in no repository any more. */
static struct error *find(struct work *work, const char *text, struct withdrawn *withdrawn)
{
	const bool is_full = commit_id_is_valid(text);
	struct error *error = work_open(work, PORT_SOURCE);

	withdrawn->commit = find_withdrawn(&work->run.memory, text);
	if (!error)
		error = work_find_commit(work, withdrawn->commit ? withdrawn->commit : text,
		                         &withdrawn->commit);
	if (!error)
		return find_deployed(work, withdrawn);
	if (!is_full && !withdrawn->commit)
		return error;
	if (is_full)
		withdrawn->commit = text;
	withdrawn->is_unknown = true;
	return NULL;
}

/* NULL: none begins so, or more than one does. */
static const char *find_withdrawn(const struct memory *memory, const char *text)
{
	const char *found = NULL;

	for (size_t i = 0; i < memory->withdrawn.count && strlen(text) >= PREFIX_MINIMUM; i++) {
		if (!text_starts(memory->withdrawn.items[i].commit, text))
			continue;
		if (found)
			return NULL;
		found = memory->withdrawn.items[i].commit;
	}
	return found;
}

static struct error *find_deployed(struct work *work, struct withdrawn *withdrawn)
{
	const char *deployed = work->run.memory.deployed_commit;
	struct history history = {0};
	struct error *error;

	if (!deployed || text_equal(deployed, withdrawn->commit)) {
		withdrawn->is_deployed = deployed;
		return NULL;
	}
	error = source_history(work->ports.source, withdrawn->commit, deployed, work->arena,
	                       &history, &withdrawn->is_deployed);
	return error && error->row == &error_rows()[ERR_UNKNOWN_COMMIT] ? NULL : error;
}
