/* headgate suspend: leave a target alone for a while, and say why. */
#include "cli/command.h"
#include "cli/terminal.h"
#include "engine/person.h"

static struct error *check(struct invocation *invocation)
{
	if (invocation_option(invocation, "reason"))
		return NULL;
	return FAIL(invocation->arena, USAGE, .what = "headgate suspend needs a reason",
	            .why = "commits that wait show it",
	            .hint = "Add --reason \"freeze for the release\".");
}

static struct error *perform(struct invocation *invocation, int *ret_status)
{
	struct arena *arena = invocation->arena;
	const char *target = invocation->target->name;
	bool changed = false;

	(void)ret_status;
	TRY(engine_suspend(&invocation->engine, invocation->target,
	                   invocation_option(invocation, "reason"), arena, &changed));
	if (invocation->json) {
		struct node *node = node_map(arena);

		node_set_text(arena, node, "target", target);
		node_set_bool(arena, node, "suspended", true);
		node_set_bool(arena, node, "changed", changed);
		terminal_json(arena, node);
		return NULL;
	}
	terminal_print(COLOUR_CARE, "%s", target);
	terminal_print(COLOUR_NONE, "  is %s\n",
	               changed ? "suspended" : "suspended already, for the same reason");
	terminal_field(COLOUR_NONE, "next",
	               arena_printf(arena, "headgate resume --target %s, when it may go on", target));
	return NULL;
}

static const struct option options[] = {
	{"reason", "TEXT", "why; pending commits show it"},
	{NULL, NULL, NULL},
};

const struct command cmd_suspend = {
	.name = "suspend",
	.sentence = "leave a target alone until headgate resume",
	.needs = NEEDS_CONFIG | NEEDS_ONE_TARGET,
	.options = options,
	.check = check,
	.perform = perform,
	.description =
		"Nothing is applied or rolled back any more; branch and ledger are still looked at, and commits that "
		"wait show the reason. A run that is at work is not interrupted; one that was is still settled.",
	.example = "headgate suspend --target shop --reason \"freeze for the release\"",
};
