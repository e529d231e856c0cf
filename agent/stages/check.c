/*
 * Check: the checklist of what is to be applied, and the permission to go back for what is to be rolled back. Ticks
 * and trailers are taken from verified bytes only: a file of the tree at the horizon, or the message of a commit that
 * a person signed and that changed this very folder. What a reader gets wrong: `backup` needs no tick; the run's own
 * backup is its evidence.
 */
#include "stages/run.h"

#define TRAILER "Headgate-Rollback"

static struct error *check_apply(struct run *run, const struct plan_item *item);
static struct error *check_roll_back(struct run *run, const struct plan_item *item);
static struct error *read_ticks(struct run *run, const struct plan_item *item,
                                struct checklist *checklist);
static bool counts(const struct run *run, const struct step_commit *commit);
static struct error *refuse_no_way_back(struct run *run, const struct plan_item *item);
static struct error *asks_for_down(struct run *run, const struct step *step, const char *name,
                                   bool *ret_asks);
static struct error *commit_sets(struct run *run, const struct commit *commit, const char *name,
                                 bool *ret_sets);
static struct error *entry_id(struct run *run, const char *commit, const char *name,
                              const char **ret_id);
static struct error *refuse_missing(struct run *run, const struct plan_item *item,
                                    enum checklist_item missing, unsigned all);
static const char *undo_command(struct run *run, const struct plan_item *item);
static void tell(struct run *run);

struct error *check_perform(struct run *run)
{
	size_t i = 0;

	while (i < run->plan.count) {
		const struct plan_item *item = &run->plan.items[i++];
		struct error *refusal = check_item(run, item);

		if (!refusal)
			continue;
		if (refusal->row->reaction != REACT_REFUSE || item->asked)
			return refusal;
		TRY(run_refuse_step(run, "check", item->commit, refusal));
		i = 0; /* another plan */
	}
	tell(run);
	return run_stop_if_refused(run);
}

struct error *check_item(struct run *run, const struct plan_item *item)
{
	switch (item->action) {
	case PLAN_APPLY:
		return check_apply(run, item);
	case PLAN_ROLL_BACK:
		return check_roll_back(run, item);
	}
	BUG("no such action");
}

static struct error *check_apply(struct run *run, const struct plan_item *item)
{
	struct checklist checklist = {0};
	unsigned missing;

	if (text_equal(item->commit, run->memory.baseline) &&
	    !steps_find(&run->steps, item->commit))
		return NULL; /* it came with the baseline, which a person trusted as it stands */
	TRY(read_ticks(run, item, &checklist));
	missing = run->policy->checklist & ~checklist.ticked;
	if (run->policy->backup == BACKUP_REQUIRED)
		missing &= ~(1u << ITEM_BACKUP);
	for (int i = 0; i < ITEM_COUNT; i++)
		if (missing & 1u << i)
			return refuse_missing(run, item, (enum checklist_item)i, missing);
	return NULL;
}

static struct error *read_ticks(struct run *run, const struct plan_item *item,
                                struct checklist *checklist)
{
	const struct step *step = steps_find(&run->steps, item->commit);

	if (item->migration->has_checklist)
		TRY(checklist_read(run->arena, item->migration->checklist,
		                   arena_printf(run->arena, "checklist.md of '%s'", item->name),
		                   /* strict= */ true, checklist));
	for (size_t i = 0; step && i < step->brought.count; i++) {
		const struct step_commit *commit = &step->brought.items[i];

		bool sets = false;

		if (counts(run, commit))
			TRY(commit_sets(run, commit->parsed, item->name, &sets));
		if (!sets)
			continue;
		TRY(checklist_read(
			run->arena,
			(struct bytes){commit->parsed->message, strlen(commit->parsed->message)},
			arena_printf(run->arena, "the message of %s",
		                     commit_short(run->arena, commit->id)),
			/* strict= */ false, checklist));
	}
	return NULL;
}

/* A signed message, or under trust `branch`, where ticks count as claims, any that could be parsed. */
static bool counts(const struct run *run, const struct step_commit *commit)
{
	return commit->parsed && (commit->vouched || run->policy->trust == TRUST_BRANCH);
}

static struct error *refuse_missing(struct run *run, const struct plan_item *item,
                                    enum checklist_item missing, unsigned all)
{
	struct text others = TEXT_IN(run->arena);

	for (int i = (int)missing + 1; i < ITEM_COUNT; i++)
		if (all & 1u << i)
			text_printf(&others, "%s '%s'", others.size ? "," : " Also missing:",
			            checklist_line_to_add((enum checklist_item)i));
	return FAIL(
		run->arena, CHECKLIST_MISSING,
		.what = arena_printf(run->arena, "'%s' lacks the checklist item '%s'", item->name,
	                             checklist_item_names[missing]),
		.why = arena_printf(run->arena, "the policy of '%s' demands it", run->target->name),
		.hint = arena_printf(
			run->arena, "Add the line '%s' to %s/%s/checklist.md in a signed commit.%s",
			checklist_line_to_add(missing), run->target->migrations, item->name,
			text_get(&others)));
}

static struct error *check_roll_back(struct run *run, const struct plan_item *item)
{
	const struct step *step = steps_find(&run->steps, item->commit);
	bool asked = run->policy->rollback == ROLLBACK_FREE || item->asked;

	if (!item->has_sql)
		return refuse_no_way_back(run, item);
	if (!asked)
		TRY(asks_for_down(run, step, item->name, &asked));
	if (!asked)
		return FAIL(
			run->arena, ROLLBACK_UNASKED,
			.what = arena_printf(run->arena,
		                             "the revert of '%s' does not say how to go back",
		                             item->name),
			.why = arena_printf(run->arena,
		                            "the policy of '%s' demands the trailer '" TRAILER
		                            ": down' in the "
		                            "signed revert",
		                            run->target->name),
			.hint = arena_printf(
				run->arena,
				"Undo it (%s) and revert again with the trailer: git revert -S, then git "
				"commit --amend -S --trailer '" TRAILER ": down'.",
				undo_command(run, item)));
	return NULL;
}

static struct error *refuse_no_way_back(struct run *run, const struct plan_item *item)
{
	const struct deployed_migration *deployed = memory_deployed(&run->memory, item->name);
	const bool adopted = !deployed || deployed->adopted;
	const char *restore =
		adopted ? ""
			: arena_printf(run->arena, "; or restore a backup: headgate history %lld",
	                               (long long)deployed->run);

	return FAIL(
		run->arena, NO_WAY_BACK,
		.what = arena_printf(run->arena, "'%s' cannot be rolled back", item->name),
		.why = adopted ? "another program applied it, and nobody has vouched for a down.sql since"
	                       : "it had no down.sql when it was deployed",
		.hint = arena_printf(run->arena, "%s undo its effect by a new migration%s",
	                             item->asked ? "Bring its down.sql in a signed commit; or"
	                                         : arena_printf(run->arena,
	                                                        "Bring the folder back (%s) and",
	                                                        undo_command(run, item)),
	                             restore));
}

static struct error *asks_for_down(struct run *run, const struct step *step, const char *name,
                                   bool *ret_asks)
{
	for (size_t i = 0; step && i < step->brought.count && !*ret_asks; i++) {
		const struct step_commit *commit = &step->brought.items[i];
		struct text_list values = {0};
		bool sets = false;

		if (counts(run, commit))
			TRY(commit_sets(run, commit->parsed, name, &sets));
		if (!sets)
			continue;
		message_trailers(run->arena, commit->parsed->message, TRAILER, &values);
		*ret_asks = values.count == 1 && text_equal(values.items[0], "down");
	}
	return NULL;
}

/* A commit sets what differs from every parent; what it inherits is another's word. */
static struct error *commit_sets(struct run *run, const struct commit *commit, const char *name,
                                 bool *ret_sets)
{
	const char *own = NULL;

	TRY(entry_id(run, commit->id, name, &own));
	for (size_t i = 0; i < commit->parents.count; i++) {
		const char *inherited = NULL;

		TRY(entry_id(run, commit->parents.items[i], name, &inherited));
		if (text_equal(own, inherited))
			return NULL;
	}
	*ret_sets = own || commit->parents.count;
	return NULL;
}

static struct error *entry_id(struct run *run, const char *commit, const char *name,
                              const char **ret_id)
{
	struct folder folder = {0};
	const struct folder_entry *entry;

	TRY(source_folder(run->ports.source, commit, run->target->migrations, run->arena, &folder));
	entry = folder_find(&folder, name);
	*ret_id = entry ? entry->id : NULL;
	return NULL;
}

static const char *undo_command(struct run *run, const struct plan_item *item)
{
	const struct step *step = steps_find(&run->steps, item->commit);

	return step ? step_undo_command(run->arena, step)
	            : arena_printf(run->arena, "git revert -S %s",
	                           commit_short(run->arena, item->commit));
}

static void tell(struct run *run)
{
	struct node *demanded = node_list(run->arena);

	for (int i = 0; i < ITEM_COUNT; i++)
		if (run->policy->checklist & 1u << i)
			node_add(demanded, node_text(run->arena, checklist_item_names[i]));
	node_set(run->arena, run->evidence, "demanded", demanded);
	node_set_text(run->arena, run->evidence, "measured", "ticked, not measured");
	node_set_text(run->arena, run->evidence, "plan", plan_summary(run->arena, &run->plan));
}
