/*
 * The command line, read by the rows of commands and options. What a reader gets wrong: an unknown word is never
 * guessed at; the nearest known one is only named.
 */
#include "cli/command.h"

#include "cli/terminal.h"

static const struct option global[] = {
	{"config", "FILE",
         "the configuration; default: HEADGATE_CONFIG, ./headgate.yaml, /etc/headgate/headgate.yaml"},
	{"target", "NAME",
         "one target; default: every one, and the only one where a command takes one"},
	{"output", "text|json", "how results are printed; default: text"},
	{"log-level", "LEVEL",
         "error, warning, info or debug; default: info for run, no log otherwise"},
	{"log-format", "text|json", "how log lines are written; default: text"},
	{"help", NULL, "print help and end"},
	{NULL, NULL, NULL},
};

static const struct command *const all[] = {
	&cmd_run,     &cmd_reconcile, &cmd_plan,    &cmd_preflight, &cmd_status, &cmd_history,
	&cmd_wait,    &cmd_init,      &cmd_doctor,  &cmd_baseline,  &cmd_verify, &cmd_retry,
	&cmd_resolve, &cmd_rollback,  &cmd_unhold,  &cmd_suspend,   &cmd_resume, &cmd_withdraw,
	&cmd_keys,    &cmd_log,       &cmd_explain, &cmd_version,
};

#define COMMAND_COUNT (sizeof all / sizeof *all)
#define COMMAND_WIDTH 12 /* of the columns of --help */
#define OPTION_WIDTH 24

static struct error *read_option(int argc, char **argv, int *i, struct invocation *invocation);
static const struct option *find_option(const struct option *options, const char *name);
static struct error *refuse_option(struct invocation *invocation, const char *name);
static struct error *read_command(struct invocation *invocation, const char *word);
static struct error *check_operands(struct invocation *invocation);
static struct error *check_choice(struct invocation *invocation, const char *option, const char *a,
                                  const char *b, const char *const *more);
static void print_options(const struct option *options);

const struct command *const *commands_all(size_t *ret_count)
{
	*ret_count = COMMAND_COUNT;
	return all;
}

const struct command *commands_find(const char *name)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (text_equal(all[i]->name, name))
			return all[i];
	return NULL;
}

const struct option *options_global(void)
{
	return global;
}

const char *invocation_option(const struct invocation *invocation, const char *name)
{
	for (size_t i = invocation->given_count; i-- > 0;)
		if (text_equal(invocation->given[i].name, name))
			return invocation->given[i].value;
	return NULL;
}

size_t invocation_targets(const struct invocation *invocation, const struct target **ret_first)
{
	*ret_first = invocation->target ? invocation->target : invocation->config.targets;
	return invocation->target ? 1 : invocation->config.target_count;
}

struct error *arguments_read(int argc, char **argv, struct invocation *invocation, bool *ret_help)
{
	bool options_end = false;

	for (int i = 1; i < argc; i++) {
		if (!options_end && text_equal(argv[i], "--"))
			options_end = true;
		else if (!options_end &&
		         (text_equal(argv[i], "-h") || text_equal(argv[i], "--help")))
			*ret_help = true;
		else if (!options_end && text_equal(argv[i], "--version"))
			invocation->command = &cmd_version;
		else if (!options_end && argv[i][0] == '-' && argv[i][1])
			TRY(read_option(argc, argv, &i, invocation));
		else if (!invocation->command && text_equal(argv[i], "help"))
			*ret_help = true;
		else if (!invocation->command)
			TRY(read_command(invocation, argv[i]));
		else
			*LIST_ADD(invocation->arena, &invocation->operands) = argv[i];
	}
	if (*ret_help || !invocation->command)
		return NULL;
	for (size_t i = 0; i < invocation->given_count; i++)
		if (!find_option(global, invocation->given[i].name) &&
		    !find_option(invocation->command->options, invocation->given[i].name))
			return refuse_option(invocation, invocation->given[i].name);
	TRY(check_choice(invocation, "output", "text", "json", invocation->command->outputs));
	TRY(check_choice(invocation, "log-format", "text", "json", NULL));
	invocation->json = text_equal(invocation_option(invocation, "output"), "json");
	TRY(check_operands(invocation));
	return invocation->command->check ? invocation->command->check(invocation) : NULL;
}

void help_print(const struct command *command)
{
	if (command) {
		terminal_print(COLOUR_STRONG, "headgate %s", command->name);
		terminal_print(COLOUR_NONE, " [options]%s%s — %s\n\n", command->operands ? " " : "",
		               command->operands ? command->operands : "", command->sentence);
		terminal_paragraph(command->description);
		terminal_print(COLOUR_STRONG, "\nExample\n");
		terminal_print(COLOUR_NONE, "  %s\n", command->example);
		if (command->options) {
			terminal_print(COLOUR_STRONG, "\nOptions\n");
			print_options(command->options);
		}
	} else {
		terminal_print(COLOUR_STRONG, "headgate");
		terminal_print(
			COLOUR_NONE,
			" — merged migrations reach PostgreSQL, reverted ones leave it, and the commit says so\n\n"
			"  headgate [options] COMMAND [arguments]\n");
		terminal_print(COLOUR_STRONG, "\nCommands\n");
		for (size_t i = 0; i < COMMAND_COUNT; i++)
			terminal_row(COLOUR_GOOD, COMMAND_WIDTH, all[i]->name, all[i]->sentence);
	}
	terminal_print(COLOUR_STRONG, "\n%s\n", command ? "Options of every command" : "Options");
	print_options(global);
	terminal_print(COLOUR_NONE, "\n");
	terminal_row(
		COLOUR_NONE, COMMAND_WIDTH, "exit",
		"0 done, 1 failed, 2 difference, 3 policy refused, 4 signature refused, 5 not now, 6 a person is needed, "
		"64 usage");
	terminal_row(COLOUR_NONE, COMMAND_WIDTH, "more",
	             command ? "headgate explain, man headgate"
	                     : "headgate COMMAND --help, headgate explain, man headgate");
}

static struct error *read_option(int argc, char **argv, int *i, struct invocation *invocation)
{
	const char *text = argv[*i] + (text_starts(argv[*i], "--") ? 2 : 1);
	const char *equals = strchr(text, '=');
	const char *name =
		equals ? arena_copy(invocation->arena, text, (size_t)(equals - text)) : text;
	const struct option *option = find_option(global, name);

	for (size_t k = 0; !option && k < COMMAND_COUNT; k++)
		option = find_option(all[k]->options, name);
	if (!option || !text_starts(argv[*i], "--"))
		return refuse_option(invocation, name);
	if (invocation->given_count == OPTIONS_MAXIMUM)
		return FAIL(invocation->arena, USAGE, .what = "there are too many options",
		            .hint = "Give each option once.");
	if (!option->argument && equals)
		return FAIL(invocation->arena, USAGE,
		            .what = arena_printf(invocation->arena, "option '--%s' takes no value",
		                                 name),
		            .hint = "Leave out what follows '='.");
	if (option->argument && !equals && *i + 1 >= argc)
		return FAIL(invocation->arena, USAGE,
		            .what = arena_printf(invocation->arena, "option '--%s' needs a value",
		                                 name),
		            .hint = arena_printf(invocation->arena, "Write --%s %s.", name,
		                                 option->argument));
	invocation->given[invocation->given_count].name = option->name;
	invocation->given[invocation->given_count].value = !option->argument ? ""
	                                                   : equals          ? equals + 1
	                                                                     : argv[++*i];
	invocation->given_count++;
	return NULL;
}

static const struct option *find_option(const struct option *options, const char *name)
{
	for (; options && options->name; options++)
		if (text_equal(options->name, name))
			return options;
	return NULL;
}

static struct error *refuse_option(struct invocation *invocation, const char *name)
{
	const struct option *tables[] = {global,
	                                 invocation->command ? invocation->command->options : NULL};
	const char *known[2 * OPTIONS_MAXIMUM], *nearest;
	size_t count = 0;

	for (size_t i = 0; i < 2; i++)
		for (const struct option *option = tables[i]; option && option->name; option++)
			known[count++] = option->name;
	nearest = text_nearest(name, known, count);
	return FAIL(
		invocation->arena, USAGE,
		.what = arena_printf(invocation->arena, "unknown option '--%s'%s%s", name,
	                             invocation->command ? " for " : "",
	                             invocation->command ? invocation->command->name : ""),
		.hint = nearest ? arena_printf(invocation->arena, "Did you mean --%s?", nearest)
	                        : arena_printf(invocation->arena,
	                                       "Type headgate %s%s--help for those that there are.",
	                                       invocation->command ? invocation->command->name : "",
	                                       invocation->command ? " " : ""));
}

static struct error *read_command(struct invocation *invocation, const char *word)
{
	const char *known[COMMAND_COUNT], *nearest;

	invocation->command = commands_find(word);
	if (invocation->command)
		return NULL;
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		known[i] = all[i]->name;
	nearest = text_nearest(word, known, COMMAND_COUNT);
	return FAIL(invocation->arena, USAGE,
	            .what = arena_printf(invocation->arena, "unknown command '%s'", word),
	            .hint = nearest ? arena_printf(invocation->arena, "Did you mean headgate %s?",
	                                           nearest)
	                            : "Type headgate --help for those that there are.");
}

static struct error *check_operands(struct invocation *invocation)
{
	const struct command *command = invocation->command;
	const size_t count = invocation->operands.count;

	if (count >= command->operands_minimum && count <= command->operands_maximum)
		return NULL;
	return FAIL(
		invocation->arena, USAGE,
		.what = count < command->operands_minimum
	                        ? arena_printf(invocation->arena, "headgate %s needs %s",
	                                       command->name, command->operands)
	                        : arena_printf(
					  invocation->arena, "headgate %s does not take '%s'",
					  command->name,
					  invocation->operands.items[command->operands_maximum]),
		.hint = arena_printf(invocation->arena, "Write headgate %s%s%s.", command->name,
	                             command->operands ? " " : "",
	                             command->operands ? command->operands : ""));
}

static struct error *check_choice(struct invocation *invocation, const char *option, const char *a,
                                  const char *b, const char *const *more)
{
	const char *value = invocation_option(invocation, option);
	struct text choices = TEXT_IN(invocation->arena);

	if (!value || text_equal(value, a) || text_equal(value, b))
		return NULL;
	text_printf(&choices, "--%s %s or --%s %s", option, a, option, b);
	for (; more && *more; more++) {
		if (text_equal(value, *more))
			return NULL;
		text_printf(&choices, " or --%s %s", option, *more);
	}
	return FAIL(invocation->arena, USAGE,
	            .what = arena_printf(invocation->arena, "option '--%s' cannot be '%s'", option,
	                                 value),
	            .hint = arena_printf(invocation->arena, "Write %s.", text_get(&choices)));
}

static void print_options(const struct option *options)
{
	AUTO_ARENA arena = arena_new();

	for (; options->name; options++)
		terminal_row(COLOUR_GOOD, OPTION_WIDTH,
		             arena_printf(arena, "--%s%s%s", options->name,
		                          options->argument ? " " : "",
		                          options->argument ? options->argument : ""),
		             options->sentence);
}
