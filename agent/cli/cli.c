/*
 * One invocation: read the words, prepare what the command's row says it needs, perform it, print how it ended. What a
 * reader gets wrong: a command never prints its own error; it returns it.
 */
#include "cli/cli.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/terminal.h"
#include "policy/config.h"

#include <errno.h>
#include <limits.h>

static struct node *error_node(struct arena *arena, const struct error *error);
static struct error *prepare(struct invocation *invocation);
static struct error *finish_output(struct arena *arena);
static struct error *configure_log(struct invocation *invocation);
static struct error *choose_target(struct invocation *invocation);
static const char *own_path(struct arena *arena, const char *name);

int cli_main(int argc, char **argv, const struct registry *registry)
{
	AUTO_ARENA arena = arena_new();
	struct invocation invocation = {
		.arena = arena, .registry = registry, .program = own_path(arena, argv[0])};
	bool help = false, is_logged = false;
	int status = EXIT_DONE;
	struct error *error = arguments_read(argc, argv, &invocation, &help);

	if (!error && (help || !invocation.command)) {
		help_print(invocation.command);
		return help ? EXIT_DONE : EXIT_USAGE;
	}
	if (!error) {
		error = prepare(&invocation);
		is_logged = invocation.command == &cmd_reconcile && log_is_on(LOG_LEVEL_INFO);
		if (error && is_logged)
			LOG(ERROR, PASS_ENDED, .outcome = reaction_name(error->row->reaction),
			    .code = error->row->code,
			    .msg = arena_printf(arena, "%s; next: %s", error_line(arena, error),
			                        error->hint));
		if (!error)
			error = invocation.command->perform(&invocation, &status);
	}
	if (error && invocation.json && !terminal_json_printed()) {
		terminal_json(arena, error_node(arena, error));
		(void)fflush(stdout);
	}
	if (!error)
		error = finish_output(arena);
	if (!error)
		return status;
	if (!is_logged)
		terminal_error(error);
	return error->row->exit_status;
}

/* Whoever asks by a script must not take a full disk for "all is good". */
static struct error *finish_output(struct arena *arena)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return NULL;
	return FAIL(
		arena, FILE, .what = "cannot write the output", .why = errno_text(arena, errno),
		.hint = "Make room on the disk, or keep standard output open, and type the command again.");
}

/* A program that reads the output is told in its own language, too. */
static struct node *error_node(struct arena *arena, const struct error *error)
{
	struct node *node = node_map(arena);

	node_set_text(arena, node, "outcome", reaction_name(error->row->reaction));
	node_set_text(arena, node, "code", error->row->code);
	node_set_text(arena, node, "what", error->what);
	node_set_text(arena, node, "why", error->why);
	node_set_text(arena, node, "next", error->hint);
	return node;
}

static struct error *prepare(struct invocation *invocation)
{
	TRY(configure_log(invocation));
	stop_watch();
	if (!(invocation->command->needs & NEEDS_CONFIG) ||
	    (invocation->command->needs_unless &&
	     invocation_option(invocation, invocation->command->needs_unless)))
		return NULL;
	return invocation_load(invocation);
}

struct error *invocation_load(struct invocation *invocation)
{
	TRY(config_load(invocation->arena, invocation_config_path(invocation),
	                invocation->registry->read_yaml, &invocation->config));
	invocation->engine =
		(struct engine){.config = &invocation->config, .registry = invocation->registry};
	return choose_target(invocation);
}

static struct error *configure_log(struct invocation *invocation)
{
	const char *level_name = invocation_option(invocation, "log-level");
	enum log_level level = invocation->command == &cmd_run
	                               ? LOG_LEVEL_INFO
	                               : LOG_LEVEL_NONE; /* an error is printed anyway */

	if (!level_name)
		level_name = getenv("HEADGATE_LOG_LEVEL");
	if (level_name && *level_name && !log_level_parse(level_name, &level))
		return FAIL(invocation->arena, USAGE,
		            .what = arena_printf(invocation->arena, "there is no log level '%s'",
		                                 level_name),
		            .hint = "Write error, warning, info or debug.");
	log_configure(level, text_equal(invocation_option(invocation, "log-format"), "json"));
	return NULL;
}

const char *invocation_config_path(const struct invocation *invocation)
{
	const char *given = invocation_option(invocation, "config");

	if (!given)
		given = getenv("HEADGATE_CONFIG");
	if (given && *given)
		return arena_text(invocation->arena, given);
	return file_exists("headgate.yaml") ? "headgate.yaml" : "/etc/headgate/headgate.yaml";
}

static struct error *choose_target(struct invocation *invocation)
{
	const struct config *config = &invocation->config;
	const char *name = invocation_option(invocation, "target");
	struct text_list names = {0};

	if (!name && config->target_count == 1) {
		invocation->target = config->targets;
		return NULL;
	}
	for (size_t i = 0; i < config->target_count; i++)
		*LIST_ADD(invocation->arena, &names) = config->targets[i].name;
	if (!name && !(invocation->command->needs & NEEDS_ONE_TARGET))
		return NULL;
	if (!name)
		return FAIL(invocation->arena, USAGE,
		            .what = arena_printf(invocation->arena, "headgate %s needs one target",
		                                 invocation->command->name),
		            .hint = arena_printf(invocation->arena,
		                                 "Add --target; targets are: %s.",
		                                 text_join(invocation->arena, &names, ", ")));
	invocation->target = config_find_target(config, name);
	if (invocation->target)
		return NULL;
	return FAIL(invocation->arena, UNKNOWN_TARGET,
	            .what = arena_printf(invocation->arena, "there is no target '%s'", name),
	            .why = arena_printf(invocation->arena, "'%s' does not name it", config->path),
	            .hint = text_nearest(name, names.items, names.count)
	                            ? arena_printf(invocation->arena, "Did you mean '%s'?",
	                                           text_nearest(name, names.items, names.count))
	                            : arena_printf(invocation->arena, "Targets are: %s.",
	                                           text_join(invocation->arena, &names, ", ")));
}

/* The supervisor starts this very program again; not whatever bears its name by then. */
static const char *own_path(struct arena *arena, const char *name)
{
	char path[PATH_MAX];
	const ssize_t size = readlink("/proc/self/exe", path, sizeof path - 1);

	return size > 0 ? arena_copy(arena, path, (size_t)size) : arena_text(arena, name);
}
