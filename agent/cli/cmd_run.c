/* headgate run: the agent. It watches, and starts `headgate reconcile` as a child per target when something changed. */
#include "cli/command.h"

#include "policy/config.h"

static struct error *read_again(void *context, struct arena *arena,
                                const struct config **ret_config);
static struct error *narrow(struct arena *arena, const char *target, struct config *config);

static struct error *perform(struct invocation *invocation, int *ret_status)
{
	const char *level = invocation_option(invocation, "log-level");
	const char *format = invocation_option(invocation, "log-format");
	const char *const arguments[] = {
		"--config",     invocation->config.path,  "--log-level", level ? level : "info",
		"--log-format", format ? format : "text", NULL,
	};
	const struct supervision supervision = {.program = invocation->program,
	                                        .arguments = arguments,
	                                        .only = invocation_option(invocation, "target"),
	                                        .reload = read_again,
	                                        .context = invocation};
	struct engine engine = invocation->engine;
	struct config config = invocation->config;

	(void)ret_status;
	TRY(narrow(invocation->arena, invocation_option(invocation, "target"), &config));
	engine.config = &config;
	return engine_supervise(&engine, &supervision, invocation->arena);
}

static struct error *read_again(void *context, struct arena *arena,
                                const struct config **ret_config)
{
	const struct invocation *invocation = context;
	struct config *config = ARENA_NEW(arena, struct config);

	TRY(config_load(arena, invocation->config.path, invocation->registry->read_yaml, config));
	TRY(narrow(arena, invocation_option(invocation, "target"), config));
	*ret_config = config;
	return NULL;
}

/* --target: only that one. */
static struct error *narrow(struct arena *arena, const char *target, struct config *config)
{
	const struct target *only = target ? config_find_target(config, target) : NULL;

	if (target && !only)
		return FAIL(arena, UNKNOWN_TARGET,
		            .what = arena_printf(arena, "there is no target '%s' any more", target),
		            .why = arena_printf(arena, "'%s' does not name it", config->path),
		            .hint = "Put it back, or start the agent without --target.");
	if (only) {
		config->targets = (struct target *)(uintptr_t)only;
		config->target_count = 1;
	}
	return NULL;
}

const struct command cmd_run = {
	.name = "run",
	.sentence = "the agent: watch the branch and the ledgers, and reconcile",
	.needs = NEEDS_CONFIG,
	.perform = perform,
	.description =
		"Stays in the foreground and logs to standard error. Looks at the branch and at each target's ledger "
		"every interval, and starts headgate reconcile as a child when something changed or is due. SIGTERM "
		"lets the children finish or withdraw cleanly, then ends. SIGHUP reads the configuration again; one "
		"that is not valid is refused: watching goes on as before, and passes begin again once the file is valid.",
	.example = "headgate --config /etc/headgate/headgate.yaml run",
};
