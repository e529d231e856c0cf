/* headgate init: a first configuration from what a project says of itself. It replaces no file. */
#include "cli/command.h"
#include "cli/terminal.h"
#include "engine/init.h"

static void print_found(struct invocation *invocation, const struct init_found *found);
static void print_next(struct invocation *invocation, const struct init_found *found,
                       const char *path);
static struct node *found_node(struct invocation *invocation, const struct init_found *found,
                               const struct init_files *files);

static struct error *perform(struct invocation *invocation, int *ret_status)
{
	struct arena *arena = invocation->arena;
	const char *folder = invocation->operands.count ? invocation->operands.items[0] : ".";
	const char *path = invocation_option(invocation, "output-file");
	struct init_found found = {0};
	struct init_files files = {0};

	(void)ret_status;
	if (!path)
		path = "headgate.yaml";
	TRY(init_look(folder, arena, &found));
	if (text_equal(path, "-") && invocation->json)
		return FAIL(
			arena, USAGE,
			.what = "options '--output json' and '--output-file -' exclude each other",
			.hint = "Leave one of them out.");
	if (text_equal(path, "-")) {
		terminal_print(COLOUR_NONE, "%s", init_configuration(arena, &found, path));
		return NULL;
	}
	TRY(init_write(&found, path, arena, &files));
	if (invocation->json) {
		terminal_json(arena, found_node(invocation, &found, &files));
		return NULL;
	}
	print_found(invocation, &found);
	for (size_t i = 0; i < files.count; i++)
		terminal_field(files.items[i].kept ? COLOUR_CARE : COLOUR_GOOD,
		               files.items[i].kept ? "kept" : "wrote", files.items[i].path);
	print_next(invocation, &found, path);
	return NULL;
}

static void print_found(struct invocation *invocation, const struct init_found *found)
{
	struct arena *arena = invocation->arena;

	for (size_t i = 0; i < found->count; i++) {
		const struct init_target *target = &found->items[i];

		terminal_print(COLOUR_STRONG, "%s", target->name);
		terminal_print(COLOUR_FAINT, "  %s\n", target->schema);
		terminal_field(COLOUR_NONE, "folder",
		               target->has_migrations
		                       ? target->migrations
		                       : arena_printf(arena, "%s, which is not there yet",
		                                      target->migrations));
		terminal_field(COLOUR_NONE, "database",
		               target->variable ? arena_printf(arena, "%s%s%s", target->variable,
		                                               target->dotenv ? ", set in " : "",
		                                               target->dotenv ? target->dotenv : "")
		                                : "no variable names it");
	}
	terminal_print(COLOUR_NONE, "\n");
	terminal_field(COLOUR_NONE, "remote", found->remote ? found->remote : "not known");
	if (found->branch)
		terminal_field(COLOUR_NONE, "branch", found->branch);
	if (found->principal)
		terminal_field(COLOUR_NONE, "signs", found->principal);
	for (size_t i = 0; i < found->notes.count; i++)
		terminal_field(COLOUR_CARE, "note", found->notes.items[i]);
}

static void print_next(struct invocation *invocation, const struct init_found *found,
                       const char *path)
{
	struct arena *arena = invocation->arena;
	const char *folder =
		strchr(path, '/')
			? arena_printf(arena, "%.*s/", (int)(strrchr(path, '/') - path), path)
			: "";
	CLEANUP(free_text) char *resolved = realpath(path, NULL);
	const char *absolute = resolved ? resolved : path;
	int step = 1;

	terminal_print(COLOUR_NONE, "\n");
	terminal_print(COLOUR_STRONG, "Next");
	terminal_print(COLOUR_NONE, "\n");
	for (size_t i = 0; i < found->count; i++) {
		const struct init_target *target = &found->items[i];

		terminal_print(
			COLOUR_NONE,
			"  %d. the database of %s, which stays in this file alone%s%s%s:\n", step++,
			target->name, target->dotenv ? "; export the variable from " : "",
			target->dotenv ? target->dotenv : "", target->dotenv ? " first" : "");
		terminal_print(COLOUR_STRONG,
		               "     (umask 077; printf %%s \"${%s:?}\" > '%ssecrets/%s.url')\n",
		               target->variable ? target->variable : "DATABASE_URL", folder,
		               target->name);
	}
	if (!found->key)
		terminal_print(
			COLOUR_NONE,
			"  %d. the keys of those who may sign, into %skeys/allowed_signers\n",
			step++, folder);
	terminal_print(COLOUR_NONE, "  %d. what is missing, and how to mend it:\n", step++);
	terminal_print(COLOUR_STRONG, "     export HEADGATE_CONFIG='%s'\n", absolute);
	terminal_print(COLOUR_STRONG, "     headgate doctor\n");
	terminal_print(
		COLOUR_NONE,
		"  %d. the commit that the database agrees with, HEAD or an older one; nothing is "
		"executed:\n",
		step++);
	for (size_t i = 0; i < found->count; i++)
		terminal_print(COLOUR_STRONG, "     headgate baseline --target %s HEAD\n",
		               found->items[i].name);
	terminal_print(
		COLOUR_NONE,
		"  %d. headgate run watches it; it observes until the configuration says mode: "
		"apply\n",
		step);
	if (found->is_checkout)
		terminal_print(
			COLOUR_FAINT,
			"\nKeep these files on the agent's host, outside of the repository: who may "
			"write them decides.\n");
}

static struct node *found_node(struct invocation *invocation, const struct init_found *found,
                               const struct init_files *files)
{
	struct arena *arena = invocation->arena;
	struct node *node = node_map(arena), *list;

	node_set_text(arena, node, "repository", found->remote);
	node_set_text(arena, node, "github", found->github);
	node_set_text(arena, node, "branch", found->branch);
	node_set_text(arena, node, "signs", found->principal);
	list = node_set(arena, node, "targets", node_list(arena));
	for (size_t i = 0; i < found->count; i++) {
		struct node *target = node_add(list, node_map(arena));

		node_set_text(arena, target, "name", found->items[i].name);
		node_set_text(arena, target, "schema", found->items[i].schema);
		node_set_text(arena, target, "migrations", found->items[i].migrations);
		node_set_bool(arena, target, "has_migrations", found->items[i].has_migrations);
		node_set_text(arena, target, "variable", found->items[i].variable);
	}
	list = node_set(arena, node, "notes", node_list(arena));
	for (size_t i = 0; i < found->notes.count; i++)
		node_add(list, node_text(arena, found->notes.items[i]));
	list = node_set(arena, node, "files", node_list(arena));
	for (size_t i = 0; i < files->count; i++) {
		struct node *file = node_add(list, node_map(arena));

		node_set_text(arena, file, "path", files->items[i].path);
		node_set_bool(arena, file, "kept", files->items[i].kept);
	}
	return node;
}

static const struct option options[] = {
	{"output-file", "FILE",
         "where the configuration goes, -: to standard output and nowhere else; default: headgate.yaml"},
	{NULL, NULL, NULL},
};

const struct command cmd_init = {
	.name = "init",
	.sentence = "write a first configuration for a Prisma project",
	.operands = "[FOLDER]",
	.operands_maximum = 1,
	.options = options,
	.perform = perform,
	.description =
		"Reads the project's Prisma schemas, prisma.config.ts, the names in .env and git's settings, and writes a "
		"commented configuration with policies and a keyring beside it. Values of variables are never copied, and "
		"no file is replaced. The targets observe until the configuration says otherwise.",
	.example = "headgate init ~/src/shop --output-file /etc/headgate/headgate.yaml",
};
