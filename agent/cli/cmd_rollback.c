/* headgate rollback NAME: one applied migration goes back by hand, through the gates of a revert. */
#include "cli/command.h"
#include "cli/pass_words.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "engine/person.h"

static struct error *perform(struct invocation *invocation, int *ret_status)
{
	struct pass pass = {0};
	struct error *error;

	(void)ret_status;
	invocation->engine.progress = progress_start();
	error = engine_rollback(&invocation->engine, invocation->target,
	                        invocation->operands.items[0],
	                        invocation_option(invocation, "reason"), invocation->arena, &pass);
	progress_end();
	if (invocation->json)
		terminal_json(invocation->arena, pass_node(invocation, &pass, error));
	else if (!error || pass.head)
		pass_print(invocation, &pass, error);
	return error;
}

static const struct option options[] = {
	{"reason", "TEXT", "why; the migration's commit shows it"},
	{NULL, NULL, NULL},
};

const struct command cmd_rollback = {
	.name = "rollback",
	.sentence = "roll one applied migration back by hand",
	.operands = "NAME",
	.operands_minimum = 1,
	.operands_maximum = 1,
	.needs = NEEDS_CONFIG | NEEDS_ONE_TARGET,
	.options = options,
	.perform = perform,
	.description =
		"Runs the archived down script of NAME after a fresh backup, through the same gates as a revert, and "
		"says so on the commit that brought it. Afterwards the migration is held: it is not applied again until "
		"its folder was removed and brought back, or headgate unhold NAME. Roll back the newest one first.",
	.example = "headgate rollback --target shop 20261124_add_orders --reason \"slow query\"",
};
