/* headgate unhold NAME: what was rolled back on purpose may be applied again. */
#include "cli/command.h"
#include "cli/terminal.h"
#include "engine/person.h"

static struct error *perform(struct invocation *invocation, int *ret_status)
{
	struct arena *arena = invocation->arena;
	const char *target = invocation->target->name, *name = invocation->operands.items[0];

	(void)ret_status;
	TRY(engine_unhold(&invocation->engine, invocation->target, name,
	                  invocation_option(invocation, "reason"), arena));
	if (invocation->json) {
		struct node *node = node_map(arena);

		node_set_text(arena, node, "target", target);
		node_set_text(arena, node, "migration", name);
		node_set_bool(arena, node, "held", false);
		terminal_json(arena, node);
		return NULL;
	}
	terminal_print(COLOUR_GOOD, "%s", target);
	terminal_print(COLOUR_NONE, "  %s is no longer held: if the branch has it, it is pending\n",
	               name);
	terminal_field(
		COLOUR_NONE, "next",
		arena_printf(arena,
	                     "headgate plan --target %s, then headgate reconcile --target %s",
	                     target, target));
	return NULL;
}

static const struct option options[] = {
	{"reason", "TEXT", "kept in the journal"},
	{NULL, NULL, NULL},
};

const struct command cmd_unhold = {
	.name = "unhold",
	.sentence = "let a migration that was rolled back be applied again",
	.operands = "NAME",
	.operands_minimum = 1,
	.operands_maximum = 1,
	.needs = NEEDS_CONFIG | NEEDS_ONE_TARGET,
	.options = options,
	.perform = perform,
	.description =
		"A migration that was rolled back on purpose is held: it is not applied again while its folder merely "
		"stands in the branch. A revert of the revert releases it by itself; unhold does it by hand. Executes "
		"nothing; the next pass applies it through all of its gates.",
	.example = "headgate unhold --target shop 20261124_add_orders",
};
