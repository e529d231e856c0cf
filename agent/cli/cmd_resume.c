/* headgate resume: a suspended target goes on. */
#include "cli/command.h"
#include "cli/terminal.h"
#include "engine/person.h"

static struct error *perform(struct invocation *invocation, int *ret_status)
{
	struct arena *arena = invocation->arena;
	const char *target = invocation->target->name;
	bool changed = false;

	(void)ret_status;
	TRY(engine_suspend(&invocation->engine, invocation->target, NULL, arena, &changed));
	if (invocation->json) {
		struct node *node = node_map(arena);

		node_set_text(arena, node, "target", target);
		node_set_bool(arena, node, "suspended", false);
		node_set_bool(arena, node, "changed", changed);
		terminal_json(arena, node);
		return NULL;
	}
	terminal_print(COLOUR_GOOD, "%s", target);
	terminal_print(COLOUR_NONE, "  %s\n", changed ? "goes on" : "was not suspended");
	terminal_field(
		COLOUR_NONE, "next",
		arena_printf(arena, "headgate reconcile --target %s (a running agent does it by itself)",
	                     target));
	return NULL;
}

const struct command cmd_resume = {
	.name = "resume",
	.sentence = "let a suspended target go on",
	.needs = NEEDS_CONFIG | NEEDS_ONE_TARGET,
	.perform = perform,
	.description = "Ends what headgate suspend began. The next pass carries out what has gathered.",
	.example = "headgate resume --target shop",
};
