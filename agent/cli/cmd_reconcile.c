/* headgate reconcile: one pass over one target, or over each. The agent starts this very command as its child. */
#include "cli/command.h"
#include "cli/progress.h"
#include "cli/terminal.h"

static void print_pass(struct invocation *invocation, const struct pass *pass,
                       const struct error *error);
static struct node *pass_node(struct invocation *invocation, const struct pass *pass,
                              const struct error *error);

static struct error *perform(struct invocation *invocation, int *ret_status)
{
	const struct target *targets = NULL;
	const size_t count = invocation_targets(invocation, &targets);
	struct node *list = node_list(invocation->arena);
	struct error *first = NULL;

	(void)ret_status;
	invocation->engine.progress = progress_start();
	for (size_t i = 0; i < count; i++) {
		struct pass pass = {0};
		struct error *error = engine_reconcile(&invocation->engine, &targets[i],
		                                       invocation->arena, &pass);

		progress_end();
		if (invocation->json)
			node_add(list, pass_node(invocation, &pass, error));
		else
			print_pass(invocation, &pass, error);
		if (error && first)
			terminal_error(first); /* the last one is printed by whoever called */
		if (error)
			first = error;
	}
	if (invocation->json)
		terminal_json(invocation->arena, list);
	return first;
}

static void print_pass(struct invocation *invocation, const struct pass *pass,
                       const struct error *error)
{
	static const char *const answers[] = {
		[REACT_RETRY] = "to be tried again",
		[REACT_WAIT] = "waits",
		[REACT_REFUSE] = "refused",
		[REACT_HALT] = "halted",
	};
	struct arena *arena = invocation->arena;
	const bool failed =
		error && error->row->reaction == REACT_REFUSE && error->row->exit_status == 1;
	const char *answer = !error ? NULL : failed ? "failed" : answers[error->row->reaction];

	terminal_print(error ? COLOUR_BAD : COLOUR_GOOD, "%s", pass->target);
	if (pass->applied || pass->rolled_back)
		terminal_print(
			COLOUR_NONE, "  %s%s%s in %s%s%s",
			pass->rolled_back
				? arena_printf(arena, "rolled back %s",
		                               text_plural(arena, pass->rolled_back, "migration"))
				: "",
			pass->applied && pass->rolled_back ? ", " : "",
			pass->applied ? arena_printf(arena, "applied %s",
		                                     text_plural(arena, pass->applied, "migration"))
				      : "",
			text_duration(arena, pass->took_ms), answer ? ", then " : "",
			answer ? answer : "");
	else if (!error)
		terminal_print(COLOUR_NONE, "  nothing to do");
	else
		terminal_print(COLOUR_NONE, "  %s%s", answer, pass->standing ? " (as before)" : "");
	if (pass->deployed)
		terminal_print(COLOUR_FAINT, "  at %s", commit_short(arena, pass->deployed));
	if (pass->run)
		terminal_print(COLOUR_FAINT, "  run %lld", (long long)pass->run);
	terminal_print(COLOUR_NONE, "\n");
	for (size_t i = 0; i < pass->notes.count; i++)
		terminal_field(COLOUR_CARE, "note", pass->notes.items[i]);
}

static struct node *pass_node(struct invocation *invocation, const struct pass *pass,
                              const struct error *error)
{
	struct arena *arena = invocation->arena;
	struct node *node = node_map(arena);
	struct node *notes;

	node_set_text(arena, node, "target", pass->target);
	node_set_text(arena, node, "outcome", error ? reaction_name(error->row->reaction) : "done");
	node_set_text(arena, node, "code", error ? error->row->code : NULL);
	node_set_text(arena, node, "what", error ? error->what : NULL);
	node_set_text(arena, node, "why", error ? error->why : NULL);
	node_set_text(arena, node, "next", error ? error->hint : NULL);
	node_set_text(arena, node, "branch", pass->branch);
	node_set_text(arena, node, "head", pass->head);
	node_set_text(arena, node, "deployed", pass->deployed);
	node_set_number(arena, node, "applied", (int64_t)pass->applied);
	node_set_number(arena, node, "rolled_back", (int64_t)pass->rolled_back);
	node_set_number(arena, node, "took_ms", (int64_t)pass->took_ms);
	node_set_number(arena, node, "run", pass->run);
	notes = node_set(arena, node, "notes", node_list(arena));
	for (size_t i = 0; i < pass->notes.count; i++)
		node_add(notes, node_text(arena, pass->notes.items[i]));
	return node;
}

const struct command cmd_reconcile = {
	.name = "reconcile",
	.sentence = "one pass: bring the target to what the branch asks for",
	.needs = NEEDS_CONFIG,
	.perform = perform,
	.description =
		"Looks at the branch and the ledger, and carries out what is to be done: watch, verify, check, lint, "
		"backup, apply, confirm, report. A pass may be killed at any moment; the next one goes on. "
		"headgate run starts this command by itself when something changed.",
	.example = "headgate reconcile --target shop",
};
