/* headgate version: what this is. */
#include "cli/command.h"
#include "cli/terminal.h"

static struct error *perform(struct invocation *invocation, int *ret_status)
{
	(void)ret_status;
	if (invocation->json) {
		struct node *node = node_map(invocation->arena);

		node_set_text(invocation->arena, node, "version", HEADGATE_VERSION);
		terminal_json(invocation->arena, node);
	} else {
		terminal_print(COLOUR_NONE, "headgate %s\n", HEADGATE_VERSION);
	}
	return NULL;
}

const struct command cmd_version = {
	.name = "version",
	.sentence = "print the version",
	.perform = perform,
	.description = "Prints the version of this program.",
	.example = "headgate version --output json",
};
