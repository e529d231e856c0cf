/* headgate baseline COMMIT: a person says from which commit on the branch is to be trusted. */
#include "cli/command.h"
#include "cli/terminal.h"

static struct error *perform(struct invocation *invocation, int *ret_status)
{
	struct baseline_made made = {0};
	struct arena *arena = invocation->arena;

	(void)ret_status;
	TRY(engine_baseline(&invocation->engine, invocation->target, invocation->operands.items[0],
	                    arena, &made));
	if (invocation->json) {
		struct node *node = node_map(arena);

		node_set_text(arena, node, "target", invocation->target->name);
		node_set_text(arena, node, "commit", made.commit);
		node_set_number(arena, node, "migrations", (int64_t)made.migrations);
		node_set_bool(arena, node, "again", made.again);
		node_set_bool(arena, node, "taken_over", made.taken_over);
		terminal_json(arena, node);
		return NULL;
	}
	terminal_print(COLOUR_GOOD, "%s", invocation->target->name);
	terminal_print(COLOUR_NONE, " is trusted from commit %s on%s.\n",
	               commit_short(arena, made.commit),
	               made.again ? " (there was a baseline before)" : "");
	if (made.taken_over)
		terminal_field(COLOUR_CARE, "note",
		               "The target belonged to another journal and was taken over.");
	if (made.migrations)
		terminal_field(COLOUR_NONE, "trusts",
		               arena_printf(arena, "%s of its tree, as they stand.",
		                            text_plural(arena, made.migrations, "migration")));
	terminal_field(
		COLOUR_NONE, "next",
		arena_printf(arena,
	                     "headgate plan --target %s, then headgate reconcile --target %s",
	                     invocation->target->name, invocation->target->name));
	return NULL;
}

const struct command cmd_baseline = {
	.name = "baseline",
	.sentence = "say from which commit on the branch is to be trusted",
	.operands = "COMMIT",
	.operands_minimum = 1,
	.operands_maximum = 1,
	.needs = NEEDS_CONFIG | NEEDS_ONE_TARGET,
	.perform = perform,
	.description =
		"Executes nothing. The migrations of COMMIT's tree are trusted as they stand and applied by the first "
		"run; what comes after COMMIT is judged by the policy. COMMIT is an id, a branch, or HEAD for the "
		"head of the watched branch. It may be repeated. The database must be empty, or filled by this "
		"journal; or by another Headgate, when its applied rows agree with COMMIT's tree.",
	.example = "headgate baseline --target shop HEAD",
};
