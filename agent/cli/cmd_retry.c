/* headgate retry: a person asks to decide anew what stands refused from the backup on. */
#include "cli/command.h"
#include "cli/terminal.h"

static struct error *perform(struct invocation *invocation, int *ret_status)
{
	(void)ret_status;
	TRY(engine_retry(&invocation->engine, invocation->target, invocation->arena));
	if (invocation->json) {
		struct node *node = node_map(invocation->arena);

		node_set_text(invocation->arena, node, "target", invocation->target->name);
		node_set_text(invocation->arena, node, "next",
		              arena_printf(invocation->arena, "headgate reconcile --target %s",
		                           invocation->target->name));
		terminal_json(invocation->arena, node);
		return NULL;
	}
	terminal_print(COLOUR_GOOD, "%s", invocation->target->name);
	terminal_print(COLOUR_NONE, "  the next pass decides anew\n");
	terminal_field(COLOUR_NONE, "next",
	               arena_printf(invocation->arena,
	                            "headgate reconcile --target %s (a running agent does it "
	                            "by itself)",
	                            invocation->target->name));
	return NULL;
}

const struct command cmd_retry = {
	.name = "retry",
	.sentence = "let the next pass decide anew what stands refused",
	.needs = NEEDS_CONFIG | NEEDS_ONE_TARGET,
	.perform = perform,
	.description =
		"A refusal by backup, apply or confirm stands until the plan changes, or the policy, or a person says "
		"retry. The reason is kept in the journal; nothing is executed.",
	.example = "headgate retry --target shop",
};
