/*
 * What apply says when a file does not land. Public words only: what the server said about rows
 * goes to the run log. Each hint names commands that exist, and `headgate resolve` where only a person
 * can know.
 */
#include "stages/apply.h"

#include "stages/run_log.h"

static const char *error_words(struct arena *arena, const struct file_failure *failure);
static const char *subject(const struct file *file);
static const char *resolve_hint(const struct file *file, const char *first);
static const char *history_hint(const struct file *file);

const char *failure_words(const struct file *file, const struct file_failure *failure)
{
	struct arena *arena = file->run->arena;
	const char *words = failure->why ? failure->why : error_words(arena, failure);

	return failure->where ? arena_printf(arena, "%s: %s", failure->where, words) : words;
}

/* Most errors of execution come without a position: then the statement's own line stands for it. */
static const char *error_words(struct arena *arena, const struct file_failure *failure)
{
	struct sql_error error = *failure->error;

	if (error.position || !failure->line)
		return sql_error_public(arena, &error, failure->sent, failure->first_line);
	error.position = 1;
	return sql_error_public(arena, &error, (struct bytes){0}, failure->line);
}

/* A log that cannot be written must not hide the failure; the evidence says so instead. */
void failure_log(const struct file *file, const struct file_failure *failure)
{
	struct run *run = file->run;
	const char *heading =
		arena_printf(run->arena, "%s%s%s", subject(file), failure->where ? ", " : "",
	                     failure->where ? failure->where : "");
	struct error *error;

	if (!failure->error)
		return;
	error = run_log_add(run, heading, sql_error_full(run->arena, failure->error));
	node_set_text(run->arena, run->evidence, "run_log",
	              error ? error_line(run->arena, error) : run_log_path(run));
}

struct error *error_failed(const struct file *file, const char *why)
{
	struct arena *arena = file->run->arena;
	const char *what =
		arena_printf(arena, "%s failed in '%s'", subject(file), file->run->target->name);

	if (file->action == PLAN_ROLL_BACK)
		return FAIL(
			arena, DOWN_FAILED, .what = what, .why = why,
			.hint = arena_printf(
				arena,
				"Nothing was changed. Remove its cause and type: headgate retry "
				"--target %s. Or bring the folder back with a corrected down.sql, "
				"and revert again.%s",
				file->run->target->name, history_hint(file)));
	return FAIL(arena, SQL_FAILED, .what = what, .why = why,
	            .hint = arena_printf(
			    arena,
			    "Nothing was changed. Correct the file under the same name in a new "
			    "commit, or revert the one that brought it; if its cause was in the "
			    "database, type: headgate retry --target %s.%s",
			    file->run->target->name, history_hint(file)));
}

struct error *error_partly(const struct file *file, const char *why)
{
	struct arena *arena = file->run->arena;
	const char *effects = text_join(arena, &file->effects, ", ");

	return FAIL(arena, SQL_PARTLY,
	            .what = arena_printf(arena, "%s failed in '%s' after a part of it took effect",
	                                 subject(file), file->run->target->name),
	            .why = file->effects.count
	                           ? arena_printf(arena, "%s; took effect: %s", why, effects)
	                           : why,
	            .hint = resolve_hint(file, "Finish it or undo it by hand, then say which"));
}

struct error *error_left_open(const struct file *file)
{
	struct arena *arena = file->run->arena;

	return FAIL(
		arena, LEFT_OPEN,
		.what = arena_printf(arena, "%s ended inside its own transaction in '%s'",
	                             subject(file), file->run->target->name),
		.why = "a BEGIN without its COMMIT: the server would forget all of it, so it was "
		       "rolled back",
		.hint = "Nothing was changed. Add the COMMIT, or take the BEGIN out, under the "
			"same name in a new commit.");
}

/* Who is in the way comes first: a status has no room for more. */
struct error *error_locks(const struct file *file, const char *why, const struct blockers *blockers)
{
	static const struct blockers nobody;
	const struct run *run = file->run;
	const char *words = blockers ? blockers_words(run->arena, blockers) : NULL;

	return FAIL(
		run->arena, LOCKS_BUSY,
		.what = arena_printf(run->arena, "the locks for %s cannot be had in '%s'",
	                             subject(file), run->target->name),
		.why = words ? arena_printf(run->arena, "%s; %s", words, why) : why,
		.hint = arena_printf(
			run->arena,
			"The next pass tries again by itself (lock_timeout %s, lock_budget %s). %s",
			text_duration(run->arena, run->policy->lock_timeout),
			text_duration(run->arena, run->policy->lock_budget),
			blockers_hint(run->arena, blockers ? blockers : &nobody)));
}

struct error *error_nonatomic(const struct file *file, const char *why)
{
	const struct run *run = file->run;

	return FAIL(
		run->arena, NONATOMIC,
		.what = arena_printf(run->arena, "%s cannot be sent in one transaction",
	                             subject(file)),
		.why = arena_printf(run->arena, "%s, and the policy of '%s' says nonatomic: refuse",
	                            why, run->target->name),
		.hint = "Nothing was changed. Write it so that it fits into one transaction, or "
			"let the policy say "
			"nonatomic: allow.");
}

struct error *error_unknown(const struct file *file, const char *why, const char *look_for)
{
	struct arena *arena = file->run->arena;

	return FAIL(arena, OUTCOME_UNKNOWN,
	            .what = arena_printf(arena, "nobody can say whether %s took effect in '%s'",
	                                 subject(file), file->run->target->name),
	            .why = why,
	            .hint = resolve_hint(
			    file, arena_printf(arena, "Look in the database for %s, then say which",
	                                       look_for)));
}

struct error *error_later(const struct file *file, const char *why)
{
	struct arena *arena = file->run->arena;

	return FAIL(arena, DB_LOST,
	            .what = arena_printf(arena, "%s was interrupted in '%s'", subject(file),
	                                 file->run->target->name),
	            .why = why,
	            .hint = "The agent connects again by itself and finds out what took effect.");
}

struct error *error_stopped(const struct file *file)
{
	struct arena *arena = file->run->arena;

	return FAIL(arena, STOPPED,
	            .what = arena_printf(arena, "the agent was asked to stop before %s was done",
	                                 subject(file)),
	            .hint = "The next pass goes on with it: headgate reconcile");
}

static const char *subject(const struct file *file)
{
	return arena_printf(file->run->arena, "%s'%s'",
	                    file->action == PLAN_APPLY ? "" : "the down script of ", file->name);
}

/* The words mean the migration, not the script: a down that is done leaves nothing of it. */
static const char *resolve_hint(const struct file *file, const char *first)
{
	const char *target = file->run->target->name;
	const char *name = text_word(file->run->arena, file->name);

	if (file->action == PLAN_ROLL_BACK)
		return arena_printf(
			file->run->arena,
			"%s: headgate resolve --target %s --rolled-back %s (nothing of the migration is "
			"there); or, with its folder brought back into the branch, headgate resolve "
			"--target %s --applied %s (all of it is).",
			first, target, name, target, name);
	return arena_printf(
		file->run->arena,
		"%s: headgate resolve --target %s --applied %s (all of the migration is there) or "
		"headgate resolve --target %s --rolled-back %s (nothing of it is).",
		first, target, name, target, name);
}

static const char *history_hint(const struct file *file)
{
	return arena_printf(file->run->arena, " All about it: headgate history %lld",
	                    (long long)file->run->id);
}
