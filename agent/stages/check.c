/*
 * Check: the checklist of what is to be applied, and the permission to go back for what is to be rolled back. Ticks
 * and trailers are taken from verified bytes only: a file of the tree at the horizon, or the message of a commit that
 * a person signed and that changed this very folder (model/ticks.h). What a reader gets wrong: `backup` needs no tick; the
 * run's own backup is its evidence.
 */
#include "model/ticks.h"
#include "stages/approvals.h"
#include "stages/run.h"

#define TRAILER "Headgate-Rollback"

static struct error *ask_for_backup(struct run *run);
static struct error *look_at_item(struct run *run, const struct plan_item *item,
                                  const char **ret_culprit);
static struct error *check_apply(struct run *run, const struct plan_item *item,
                                 const char **ret_culprit);
static struct error *check_roll_back(struct run *run, const struct plan_item *item);
static struct error *lift_missing(struct run *run, const struct plan_item *item,
                                  struct error *refusal);
static struct error *read_ticks(struct run *run, const struct plan_item *item,
                                struct checklist *checklist);
static struct ticks *ticks_of(struct run *run);
static struct error *read_file(struct run *run, const struct plan_item *item,
                               struct checklist *checklist);
static struct error *read_message(struct run *run, const struct step_commit *commit,
                                  struct checklist *checklist);
static struct error *refuse_missing(struct run *run, const struct plan_item *item,
                                    enum checklist_item missing, unsigned all,
                                    const char **ret_culprit);
static struct error *find_stale(struct run *run, const struct plan_item *item,
                                enum checklist_item missing, const struct tick_place **ret_stale);
static struct error *refuse_stale(struct run *run, const struct plan_item *item,
                                  enum checklist_item missing, const struct tick_place *stale,
                                  const char *others);
static struct error *refuse_no_way_back(struct run *run, const struct plan_item *item);
static struct error *asks_for_down(struct run *run, const struct step *step, const char *name,
                                   bool *ret_asks);
static const char *undo_command(struct run *run, const struct plan_item *item);
static void tell(struct run *run);

struct error *check_perform(struct run *run)
{
	size_t i = 0;

	while (i < run->plan.count) {
		const struct plan_item *item = &run->plan.items[i++];
		const char *culprit = item->commit;
		struct error *refusal = look_at_item(run, item, &culprit);

		if (!refusal)
			continue;
		if (refusal->row->reaction != REACT_REFUSE || item->asked)
			return refusal;
		TRY(run_refuse_step(run, "check", culprit, refusal));
		i = 0; /* another plan */
	}
	TRY(ask_for_backup(run));
	tell(run);
	return run_stop_if_refused(run);
}

/* The stage backup sees neither remote nor keyring: what lets an older one serve is asked for here. */
static struct error *ask_for_backup(struct run *run)
{
	struct standing_overrides overrides = {0};

	for (size_t i = 0; run->policy->backup == BACKUP_REQUIRED && i < run->plan.count; i++)
		TRY(approvals_overrides(run, run->plan.items[i].commit, &overrides));
	return NULL;
}

struct error *check_item(struct run *run, const struct plan_item *item)
{
	const char *culprit;

	return look_at_item(run, item, &culprit);
}

/* *ret_culprit: the step that is at fault, where that is not the one which the item is attributed to. */
static struct error *look_at_item(struct run *run, const struct plan_item *item,
                                  const char **ret_culprit)
{
	switch (item->action) {
	case PLAN_APPLY:
		return check_apply(run, item, ret_culprit);
	case PLAN_ROLL_BACK:
		return check_roll_back(run, item);
	}
	BUG("no such action");
}

static struct error *check_apply(struct run *run, const struct plan_item *item,
                                 const char **ret_culprit)
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
			return lift_missing(run, item,
			                    refuse_missing(run, item, (enum checklist_item)i,
			                                   missing, ret_culprit));
	return NULL;
}

/* A person with that right may lift it for the step; else the refusal says which tags tried to. */
static struct error *lift_missing(struct run *run, const struct plan_item *item,
                                  struct error *refusal)
{
	const struct standing_override *override = NULL;
	struct text why = TEXT_IN(run->arena);
	const char *command;
	size_t told = 0;

	if (refusal->row != &error_rows()[ERR_CHECKLIST_MISSING])
		return refusal;
	TRY(approvals_find(run, item->commit, LIFT_CHECKLIST, &override));
	if (override) {
		approvals_use(run, item->commit, LIFT_CHECKLIST, override);
		return NULL;
	}
	command = approvals_override_command(run, item->commit, "checklist");
	if (!command)
		return refusal;
	text_add(&why, refusal->why);
	approvals_tell(run, item->commit, APPROVAL_OVERRIDES, &why, &told);
	refusal->why = text_get(&why);
	refusal->hint =
		arena_printf(run->arena, "%s Or let a person who may override lift it once: %s.",
	                     refusal->hint, command);
	return refusal;
}

static struct error *read_ticks(struct run *run, const struct plan_item *item,
                                struct checklist *checklist)
{
	struct tick_places places = {0};
	struct checklist file = {0};
	bool counts = false;

	if (item->migration->has_checklist)
		TRY(read_file(run, item, &file));
	if (!run->policy->checklist)
		return NULL; /* nobody asks who ticked it */
	TRY(ticks_find(ticks_of(run), item->name, &places));
	for (size_t i = 0; i < places.count; i++) {
		const struct tick_place *place = &places.items[i];

		if (place->stale)
			continue;
		if (place->message)
			TRY(read_message(run, place->message, checklist));
		counts |= !place->message;
	}
	if (counts)
		checklist->ticked |= file.ticked;
	return NULL;
}

static struct ticks *ticks_of(struct run *run)
{
	if (!run->ticks) {
		struct steps_reader *reader = ARENA_NEW(run->arena, struct steps_reader);

		*reader = run_steps_reader(run);
		run->ticks =
			ticks_open(run->arena, &run->steps, reader, run->memory.deployed_commit);
	}
	return run->ticks;
}

static struct error *read_file(struct run *run, const struct plan_item *item,
                               struct checklist *checklist)
{
	return checklist_read(run->arena, item->migration->checklist,
	                      arena_printf(run->arena, "checklist.md of '%s'", item->name),
	                      /* strict= */ true, checklist);
}

static struct error *read_message(struct run *run, const struct step_commit *commit,
                                  struct checklist *checklist)
{
	const char *message = commit->parsed->message;

	return checklist_read(
		run->arena, (struct bytes){message, strlen(message)},
		arena_printf(run->arena, "the message of %s", commit_short(run->arena, commit->id)),
		/* strict= */ false, checklist);
}

static struct error *refuse_missing(struct run *run, const struct plan_item *item,
                                    enum checklist_item missing, unsigned all,
                                    const char **ret_culprit)
{
	struct text others = TEXT_IN(run->arena);
	const struct tick_place *stale = NULL;

	for (int i = (int)missing + 1; i < ITEM_COUNT; i++)
		if (all & 1u << i)
			text_printf(&others, "%s '%s'", others.size ? "," : " Also missing:",
			            checklist_line_to_add((enum checklist_item)i));
	TRY(find_stale(run, item, missing, &stale));
	if (stale && stale->stale_by)
		*ret_culprit = stale->stale_by; /* up to there the folder is as it was ticked */
	if (stale)
		return refuse_stale(run, item, missing, stale, text_get(&others));
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

/* The newest place where it was ticked before something else changed. */
static struct error *find_stale(struct run *run, const struct plan_item *item,
                                enum checklist_item missing, const struct tick_place **ret_stale)
{
	struct tick_places places = {0};

	TRY(ticks_find(ticks_of(run), item->name, &places));
	for (size_t i = 0; i < places.count; i++) {
		const struct tick_place *place = &places.items[i];
		struct checklist there = {0};

		if (!place->stale)
			continue;
		if (place->message ? read_message(run, place->message, &there)
		                   : read_file(run, item, &there))
			continue; /* what cannot be read ticks nothing */
		if (there.ticked & 1u << missing)
			*ret_stale = place;
	}
	return NULL;
}

static struct error *refuse_stale(struct run *run, const struct plan_item *item,
                                  enum checklist_item missing, const struct tick_place *stale,
                                  const char *others)
{
	const char *line = checklist_line_to_add(missing);

	return FAIL(
		run->arena, CHECKLIST_MISSING,
		.what = arena_printf(run->arena, "'%s' lacks the checklist item '%s'", item->name,
	                             checklist_item_names[missing]),
		.why = arena_printf(
			run->arena, "it was ticked in %s, and '%s' was changed after that%s%s",
			commit_short(run->arena, stale->commit), stale->stale,
			stale->stale_in ? " in " : "",
			stale->stale_in ? commit_short(run->arena, stale->stale_in) : ""),
		.hint = arena_printf(
			run->arena,
			"Look at it as it is now and tick again in a signed commit that changes "
			"%s/%s/checklist.md, such as: '%s%s again as of %s'.%s",
			run->target->migrations, item->name, line, strchr(line, ':') ? ";" : ":",
			stale->stale_in ? commit_short(run->arena, stale->stale_in) : "today",
			others));
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
	struct step_commits removers = {0};

	if (step)
		TRY(ticks_find_removers(ticks_of(run), step, name, &removers));
	for (size_t i = 0; i < removers.count && !*ret_asks; i++) {
		struct text_list values = {0};

		message_trailers(run->arena, removers.items[i].parsed->message, TRAILER, &values);
		*ret_asks = values.count == 1 && text_equal(values.items[0], "down");
	}
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
	struct node *lifted = node_list(run->arena);

	for (int i = 0; i < ITEM_COUNT; i++)
		if (run->policy->checklist & 1u << i)
			node_add(demanded, node_text(run->arena, checklist_item_names[i]));
	node_set(run->arena, run->evidence, "demanded", demanded);
	node_set_text(run->arena, run->evidence, "measured", "ticked, not measured");
	for (size_t i = 0; i < run->lifted.count; i++)
		node_add(lifted,
		         node_text(run->arena,
		                   arena_printf(run->arena, "%s lifted by %s: %s",
		                                run->lifted.items[i].lifts, run->lifted.items[i].by,
		                                run->lifted.items[i].tag)));
	if (run->lifted.count)
		node_set(run->arena, run->evidence, "lifted", lifted);
	node_set_text(run->arena, run->evidence, "plan", plan_summary(run->arena, &run->plan));
}
