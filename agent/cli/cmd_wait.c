/*
 * headgate wait: what stands before an application, or before whatever else needs its migrations. Two questions in one
 * command: has the database what this folder brings, and what became of this commit. The first needs no configuration.
 */
#include "cli/command.h"
#include "cli/terminal.h"

#define TIMEOUT_OTHERWISE "15m"
#define TIMEOUT_MAXIMUM_MS (UINT64_C(7) * 24 * 3600 * 1000)

static uint64_t timeout_ms(const struct invocation *invocation);
static void tell(void *context, const char *label, const char *text, const char *next);
static struct error *wait_for_migrations(struct invocation *invocation, const char *folder,
                                         const struct wait_options *options);
static struct node *migrations_node(struct arena *arena, const char *folder,
                                    const struct migrations_awaited *awaited);
static void set_names(struct arena *arena, struct node *node, const char *key,
                      const struct text_list *names);
static struct error *wait_for_commit(struct invocation *invocation, const char *text,
                                     const struct wait_options *options);
static void print_commit(struct arena *arena, const struct target *target,
                         const struct commit_awaited *awaited);
static void set_outcome(struct arena *arena, struct node *node, uint64_t waited_ms,
                        const struct error *error);

static struct error *check(struct invocation *invocation)
{
	const char *timeout = invocation_option(invocation, "timeout");
	const bool migrations = invocation_option(invocation, "migrations");
	const bool commit = invocation_option(invocation, "commit");
	uint64_t ignored;

	if (migrations == commit)
		return FAIL(
			invocation->arena, USAGE,
			.what = migrations
		                        ? "headgate wait takes --migrations or --commit, not both"
		                        : "headgate wait needs --migrations or --commit",
			.hint = "Write headgate wait --migrations prisma/migrations before an application, or headgate wait "
				"--target NAME --commit SHA on the agent's host.");
	if (text_equal(invocation_option(invocation, "commit"), "HEAD"))
		return FAIL(invocation->arena, USAGE, .what = "HEAD names no commit to wait for",
		            .why = "the agent may not have seen yet what was pushed a moment ago",
		            .hint = "Write the commit itself: --commit $(git rev-parse HEAD)");
	if (migrations && invocation_option(invocation, "target"))
		return FAIL(
			invocation->arena, USAGE, .what = "--migrations takes no --target",
			.hint = "Leave it out: the database is the one that DATABASE_URL names.");
	if (timeout && !parse_duration(timeout, TIMEOUT_MAXIMUM_MS, &ignored))
		return FAIL(
			invocation->arena, USAGE,
			.what = arena_printf(invocation->arena, "'%s' is no time to wait", timeout),
			.hint = "Write a number with its unit, at most seven days, such as --timeout 15m; 0 looks once.");
	return NULL;
}

static struct error *perform(struct invocation *invocation, int *ret_status)
{
	const char *folder = invocation_option(invocation, "migrations");
	const struct wait_options options = {.timeout_ms = timeout_ms(invocation), .tell = tell};

	(void)ret_status;
	return folder ? wait_for_migrations(invocation, folder, &options)
	              : wait_for_commit(invocation, invocation_option(invocation, "commit"),
	                                &options);
}

static uint64_t timeout_ms(const struct invocation *invocation)
{
	const char *text = invocation_option(invocation, "timeout");
	uint64_t milliseconds = 0;

	if (!parse_duration(text ? text : TIMEOUT_OTHERWISE, TIMEOUT_MAXIMUM_MS, &milliseconds))
		BUG("a time-out that was not checked");
	return milliseconds;
}

/* To standard error: what is waited for is no result. */
static void tell(void *context, const char *label, const char *text, const char *next)
{
	(void)context;
	terminal_aside(COLOUR_CARE, label, text);
	if (next)
		terminal_aside(COLOUR_NONE, "", next);
}

static struct error *wait_for_migrations(struct invocation *invocation, const char *folder,
                                         const struct wait_options *options)
{
	const char *url = getenv("DATABASE_URL");
	struct migrations_awaited awaited = {0};
	struct arena *arena = invocation->arena;
	struct error *error;

	if (!url || !*url)
		return FAIL(
			arena, USAGE, .what = "DATABASE_URL is not set",
			.hint = "Give it the application's own, as Prisma has it: "
				"DATABASE_URL=postgresql://user:password@host:5432/database?schema=public");
	error = engine_wait_migrations(invocation->registry, folder, url, options, arena, &awaited);
	if (invocation->json) {
		struct node *node = migrations_node(arena, folder, &awaited);

		set_outcome(arena, node, awaited.waited_ms, error);
		terminal_json(arena, node);
	} else if (!error && awaited.brought > 1) {
		terminal_print(COLOUR_GOOD, "database has all %zu migrations\n", awaited.brought);
	} else if (!error) {
		terminal_print(COLOUR_GOOD, "%s\n",
		               awaited.brought ? "database has the 1 migration"
		                               : "no migrations to wait for");
	}
	return error;
}

static struct node *migrations_node(struct arena *arena, const char *folder,
                                    const struct migrations_awaited *awaited)
{
	const struct arrival *arrival = &awaited->arrival;
	struct node *node = node_map(arena), *list;

	node_set_text(arena, node, "folder", folder);
	node_set_number(arena, node, "migrations", (int64_t)awaited->brought);
	node_set_bool(arena, node, "ledger_read", awaited->was_read);
	set_names(arena, node, "arrived", &arrival->arrived);
	set_names(arena, node, "lacking", &arrival->lacking);
	set_names(arena, node, "held", &arrival->held);
	set_names(arena, node, "open", &arrival->open);
	list = node_set(arena, node, "differing", node_list(arena));
	for (size_t i = 0; i < arrival->differing.count; i++) {
		struct node *row = node_add(list, node_map(arena));

		node_set_text(arena, row, "name", arrival->differing.items[i].name);
		node_set_text(arena, row, "brought", arrival->differing.items[i].brought);
		node_set_text(arena, row, "applied", arrival->differing.items[i].applied);
	}
	return node;
}

static void set_names(struct arena *arena, struct node *node, const char *key,
                      const struct text_list *names)
{
	struct node *list = node_set(arena, node, key, node_list(arena));

	for (size_t i = 0; i < names->count; i++)
		node_add(list, node_text(arena, names->items[i]));
}

static struct error *wait_for_commit(struct invocation *invocation, const char *text,
                                     const struct wait_options *options)
{
	struct arena *arena = invocation->arena;
	struct commit_awaited awaited = {0};
	struct error *error = engine_wait_commit(&invocation->engine, invocation->target, text,
	                                         options, arena, &awaited);

	if (invocation->json) {
		struct node *node = node_map(arena);

		node_set_text(arena, node, "target", invocation->target->name);
		node_set_text(arena, node, "commit", awaited.commit);
		node_set_text(arena, node, "state", awaited.state);
		node_set_text(arena, node, "description", awaited.description);
		node_set_text(arena, node, "deployed", awaited.deployed);
		set_outcome(arena, node, awaited.waited_ms, error);
		terminal_json(arena, node);
	} else if (!error) {
		print_commit(arena, invocation->target, &awaited);
	}
	return error;
}

static void print_commit(struct arena *arena, const struct target *target,
                         const struct commit_awaited *awaited)
{
	terminal_print(COLOUR_GOOD, "%s", target->name);
	terminal_print(COLOUR_NONE, "  has %s: %s\n", commit_short(arena, awaited->commit),
	               awaited->description ? awaited->description
	                                    : arena_printf(arena, "it is at %s",
	                                                   commit_short(arena, awaited->deployed)));
}

static void set_outcome(struct arena *arena, struct node *node, uint64_t waited_ms,
                        const struct error *error)
{
	node_set_number(arena, node, "waited_ms", (int64_t)waited_ms);
	node_set_number(arena, node, "exit_status", error ? error->row->exit_status : EXIT_DONE);
	node_set_text(arena, node, "code", error ? error->row->code : NULL);
	node_set_text(arena, node, "what", error ? error->what : NULL);
	node_set_text(arena, node, "why", error ? error->why : NULL);
	node_set_text(arena, node, "next", error ? error->hint : NULL);
}

static const struct option options[] = {
	{"migrations", "DIR",
         "wait until the database of DATABASE_URL has every migration of this folder"},
	{"commit", "COMMIT", "wait for the outcome of this commit on the target"},
	{"timeout", "TIME", "how long to wait; default: 15m; 0: look once"},
	{NULL, NULL, NULL},
};

const struct command cmd_wait = {
	.name = "wait",
	.sentence = "wait until the database has an application's migrations",
	.needs = NEEDS_CONFIG | NEEDS_ONE_TARGET,
	.needs_unless = "migrations",
	.options = options,
	.check = check,
	.perform = perform,
	.description =
		"Stands before an application instead of prisma migrate deploy. With --migrations it needs no "
		"configuration and no more than SELECT on the ledger: exit status 0 when the database has all, 1 when a "
		"failed migration is in the way, 6 when the database has another file or the image is newer, 5 when the "
		"time is over. With --commit, on the agent's host, it ends as that commit ended on the target.",
	.example = "headgate wait --migrations prisma/migrations --timeout 15m",
};
