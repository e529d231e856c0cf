/* headgate plan: what the next pass would do, without doing it. */
#include "cli/command.h"
#include "cli/terminal.h"

static void note_standing(struct arena *arena, struct run *run);
static void print_plan(struct invocation *invocation, const struct run *run,
                       const struct error *error);
static void print_item(struct invocation *invocation, const struct plan_item *item);
static struct node *plan_node(struct invocation *invocation, const struct run *run,
                              const struct error *error);

static struct error *perform(struct invocation *invocation, int *ret_status)
{
	const struct target *targets = NULL;
	const size_t count = invocation_targets(invocation, &targets);
	struct node *list = node_list(invocation->arena);
	struct error *first = NULL;

	for (size_t i = 0; i < count; i++) {
		struct run run = {0};
		struct error *error =
			engine_look(&invocation->engine, &targets[i], invocation->arena, &run);

		if (!error)
			error = run.refusal;
		note_standing(invocation->arena, &run);
		if (invocation->json)
			node_add(list, plan_node(invocation, &run, error));
		else
			print_plan(invocation, &run, error);
		if (run.plan.count)
			*ret_status = EXIT_DIFFERENCE;
		if (error && first)
			terminal_error(first);
		if (error)
			first = error;
	}
	if (invocation->json)
		terminal_json(invocation->arena, list);
	return first;
}

/* What failed in the database stands until its file or the plan changes; the plan alone would promise too much. */
static void note_standing(struct arena *arena, struct run *run)
{
	for (size_t i = 0; i < run->memory.refusals.count; i++) {
		const struct refusal *refusal = &run->memory.refusals.items[i];

		if (!refusal->sticky || refusal->at_us <= run->memory.retried_us)
			continue;
		for (size_t k = 0; k < run->plan.count; k++)
			if (text_equal(refusal->migration, run->plan.items[k].name))
				*LIST_ADD(arena, &run->plan.notes) = arena_printf(
					arena,
					"'%s' stood refused in run %lld (%s); unchanged, it is tried again only "
					"after headgate retry --target %s",
					refusal->migration, (long long)refusal->run, refusal->code,
					run->target->name);
	}
}

static void print_plan(struct invocation *invocation, const struct run *run,
                       const struct error *error)
{
	struct arena *arena = invocation->arena;

	terminal_print(COLOUR_STRONG, "%s", run->target->name);
	if (run->memory.deployed_commit)
		terminal_print(COLOUR_FAINT, "  at %s",
		               commit_short(arena, run->memory.deployed_commit));
	if (run->head)
		terminal_print(COLOUR_FAINT, ", %s is at %s", run->branch,
		               commit_short(arena, run->head));
	if (run->target->mode == MODE_OBSERVE)
		terminal_print(COLOUR_FAINT, ", observes");
	terminal_print(COLOUR_NONE, "\n");
	for (size_t i = 0; i < run->plan.count; i++)
		print_item(invocation, &run->plan.items[i]);
	for (size_t i = 0; i < run->notes.count; i++)
		terminal_field(COLOUR_CARE, "note", run->notes.items[i]);
	for (size_t i = 0; i < run->plan.notes.count; i++)
		terminal_field(COLOUR_CARE, "note", run->plan.notes.items[i]);
	if (!run->plan.count && !error)
		terminal_field(COLOUR_GOOD, "agrees", "nothing to do");
	if (run->plan.count && error)
		terminal_field(COLOUR_CARE, "then",
		               arena_printf(arena, "stops before %s, which %s",
		                            run->refused_step
		                                    ? commit_short(arena, run->refused_step->id)
		                                    : "the rest",
		                            error->row->reaction == REACT_WAIT ? "waits"
		                                                               : "stands refused"));
}

static void print_item(struct invocation *invocation, const struct plan_item *item)
{
	struct arena *arena = invocation->arena;
	const struct script *script = &item->script;
	struct text line = TEXT_IN(arena);

	text_printf(&line, "%s  (%s, %s", item->name, commit_short(arena, item->commit),
	            text_plural(arena, script->count, "statement"));
	if (script->way > WAY_ONE)
		text_printf(&line, "; %s: %s", way_name(script->way), script->why);
	if (item->late)
		text_add(&line, "; late");
	if (item->released_by)
		text_add(&line, "; was held");
	text_add(&line, ")");
	terminal_field(item->action == PLAN_APPLY ? COLOUR_GOOD : COLOUR_CARE,
	               plan_action_name(item->action), text_get(&line));
}

static struct node *plan_node(struct invocation *invocation, const struct run *run,
                              const struct error *error)
{
	struct arena *arena = invocation->arena;
	struct node *node = node_map(arena), *items, *notes;

	node_set_text(arena, node, "target", run->target->name);
	node_set_text(arena, node, "deployed", run->memory.deployed_commit);
	node_set_text(arena, node, "head", run->head);
	node_set_text(arena, node, "horizon", run->horizon);
	node_set_text(arena, node, "digest", run->plan.digest);
	items = node_set(arena, node, "items", node_list(arena));
	for (size_t i = 0; i < run->plan.count; i++) {
		const struct plan_item *item = &run->plan.items[i];
		struct node *row = node_add(items, node_map(arena));

		node_set_text(arena, row, "action", plan_action_name(item->action));
		node_set_text(arena, row, "name", item->name);
		node_set_text(arena, row, "checksum", item->checksum);
		node_set_text(arena, row, "commit", item->commit);
		node_set_number(arena, row, "way", item->script.way);
		node_set_text(arena, row, "why", item->script.why);
		node_set_number(arena, row, "statements", (int64_t)item->script.count);
		node_set_bool(arena, row, "late", item->late);
	}
	node_set_bool(arena, node, "observes", run->target->mode == MODE_OBSERVE);
	notes = node_set(arena, node, "notes", node_list(arena));
	for (size_t i = 0; i < run->notes.count; i++)
		node_add(notes, node_text(arena, run->notes.items[i]));
	for (size_t i = 0; i < run->plan.notes.count; i++)
		node_add(notes, node_text(arena, run->plan.notes.items[i]));
	node_set_text(arena, node, "code", error ? error->row->code : NULL);
	node_set_text(arena, node, "what", error ? error->what : NULL);
	node_set_text(arena, node, "why", error ? error->why : NULL);
	node_set_text(arena, node, "next", error ? error->hint : NULL);
	return node;
}

const struct command cmd_plan = {
	.name = "plan",
	.sentence = "what the next pass would do",
	.needs = NEEDS_CONFIG,
	.perform = perform,
	.description =
		"Looks only: watch, verify, check and lint, without writing to a database, the repository or the "
		"journal. Exit status 2 when there is something to do, 3 or 4 when the policy or a signature refuses.",
	.example = "headgate plan --target shop",
};
