/* headgate run: the agent. It watches, and starts `headgate reconcile` as a child per target when something changed. */
#include "cli/command.h"

static struct error *perform(struct invocation *invocation, int *ret_status)
{
	const char *level = invocation_option(invocation, "log-level");
	const char *format = invocation_option(invocation, "log-format");
	const char *const arguments[] = {
		"--config",     invocation->config.path,  "--log-level", level ? level : "info",
		"--log-format", format ? format : "text", NULL,
	};
	struct engine engine = invocation->engine;
	struct config config = invocation->config;

	(void)ret_status;
	if (invocation->target) { /* --target: only that one */
		config.targets = (struct target *)(uintptr_t)invocation->target;
		config.target_count = 1;
		engine.config = &config;
	}
	return engine_supervise(&engine, invocation->program, arguments);
}

const struct command cmd_run = {
	.name = "run",
	.sentence = "the agent: watch the branch and the ledgers, and reconcile",
	.needs = NEEDS_CONFIG,
	.perform = perform,
	.description =
		"Stays in the foreground and logs to standard error. Looks at the branch and at each target's ledger "
		"every interval, and starts headgate reconcile as a child when something changed or is due. SIGTERM "
		"lets the children finish or withdraw cleanly, then ends.",
	.example = "headgate --config /etc/headgate/headgate.yaml run",
};
