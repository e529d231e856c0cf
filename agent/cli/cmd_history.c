/* headgate history [RUN]: what was done, stage by stage, and the line that restores the backup taken before it. */
#include "base/clock.h"
#include "base/file.h"
#include "cli/command.h"
#include "cli/terminal.h"

#define LIMIT_OTHERWISE 20
#define LIMIT_MAXIMUM 100000

static struct error *list_runs(struct invocation *invocation, struct journal *journal);
static struct error *show_run(struct invocation *invocation, struct journal *journal,
                              const char *number);
static void print_run(struct invocation *invocation, const struct run_memory *run);
static void print_stage(struct invocation *invocation, const struct stage_memory *stage);
static const char *answer_word(const char *reaction);
static enum colour outcome_colour(const char *outcome);
static struct node *run_node(struct invocation *invocation, const struct run_memory *run);

static struct error *perform(struct invocation *invocation, int *ret_status)
{
	struct journal *journal = NULL;
	struct error *error;

	(void)ret_status;
	TRY(invocation->registry->open_journal(invocation->arena, &invocation->config,
	                                       /* read_only= */ true, &journal));
	error = invocation->operands.count
	                ? show_run(invocation, journal, invocation->operands.items[0])
	                : list_runs(invocation, journal);
	journal_close(journal);
	return error;
}

static struct error *list_runs(struct invocation *invocation, struct journal *journal)
{
	struct arena *arena = invocation->arena;
	const char *limit_text = invocation_option(invocation, "limit");
	uint64_t limit = LIMIT_OTHERWISE;
	struct runs runs = {0};
	struct node *list = node_list(arena);
	size_t names_width = 0, outcomes_width = 0;

	if (limit_text && (!parse_number(limit_text, LIMIT_MAXIMUM, &limit) || !limit))
		return FAIL(arena, USAGE,
		            .what = arena_printf(arena, "'%s' is no limit", limit_text),
		            .hint = "Write a number, such as --limit 50.");
	TRY(journal_runs(journal, invocation->target ? invocation->target->name : NULL, limit,
	                 arena, &runs));
	for (size_t i = 0; i < runs.count; i++) {
		const size_t outcome_width =
			strlen(runs.items[i].outcome ? runs.items[i].outcome : "open");

		names_width = strlen(runs.items[i].target) > names_width
		                      ? strlen(runs.items[i].target)
		                      : names_width;
		outcomes_width = outcome_width > outcomes_width ? outcome_width : outcomes_width;
	}
	for (size_t i = 0; i < runs.count; i++) {
		const struct run_memory *run = &runs.items[i];
		const char *outcome = run->outcome ? run->outcome : "open";

		if (invocation->json) {
			node_add(list, run_node(invocation, run));
			continue;
		}
		terminal_print(COLOUR_STRONG, "%4lld", (long long)run->id);
		terminal_print(COLOUR_NONE, "  %s  %-*s  %-8s  ", clock_human(arena, run->begun_us),
		               (int)names_width, run->target, run->direction);
		terminal_print(outcome_colour(run->outcome), "%-*s  ", (int)outcomes_width,
		               outcome);
		terminal_print(COLOUR_NONE, "%-10s  ",
		               run->head ? commit_short(arena, run->head) : "");
		terminal_print(COLOUR_FAINT, "%s\n",
		               text_plural(arena, node_count(run->items), "item"));
	}
	if (invocation->json)
		terminal_json(arena, list);
	else if (!runs.count)
		terminal_print(COLOUR_NONE, "No runs yet.\n");
	return NULL;
}

static struct error *show_run(struct invocation *invocation, struct journal *journal,
                              const char *number)
{
	struct run_memory run = {0};
	uint64_t id = 0;

	if (!parse_number(number, INT64_MAX, &id))
		return FAIL(invocation->arena, USAGE,
		            .what = arena_printf(invocation->arena, "'%s' is no run", number),
		            .hint = "Write the number of a run; headgate history lists them.");
	TRY(journal_run(journal, (int64_t)id, invocation->arena, &run));
	if (invocation->json)
		terminal_json(invocation->arena, run_node(invocation, &run));
	else
		print_run(invocation, &run);
	return NULL;
}

static void print_run(struct invocation *invocation, const struct run_memory *run)
{
	struct arena *arena = invocation->arena;
	const char *log =
		path_join(arena, invocation->config.state,
	                  arena_printf(arena, "runs/%s-%lld.log", run->target, (long long)run->id));

	terminal_print(COLOUR_STRONG, "run %lld", (long long)run->id);
	terminal_print(COLOUR_NONE, "  %s of %s  ", run->direction, run->target);
	terminal_print(outcome_colour(run->outcome), "%s\n", run->outcome ? run->outcome : "open");
	terminal_field(COLOUR_NONE, "begun", clock_human(arena, run->begun_us));
	if (run->ended_us)
		terminal_field(
			COLOUR_NONE, "took",
			text_duration(arena, (uint64_t)(run->ended_us - run->begun_us) / 1000));
	if (run->head)
		terminal_field(COLOUR_NONE, "head", run->head);
	for (const struct node *item = run->items ? run->items->child : NULL; item;
	     item = item->next)
		terminal_field(
			COLOUR_NONE, node_find_text(item, "action"),
			arena_printf(arena, "%s  (%s)", node_find_text(item, "name"),
		                     node_find_text(item, "commit")
		                             ? commit_short(arena, node_find_text(item, "commit"))
		                             : ""));
	terminal_print(COLOUR_NONE, "\n");
	for (size_t i = 0; i < run->stages.count; i++)
		print_stage(invocation, &run->stages.items[i]);
	if (run->backup) {
		terminal_print(COLOUR_NONE, "\n");
		terminal_field(COLOUR_NONE, "backup", node_find_text(run->backup, "file"));
		if (node_find_text(run->backup, "from_target"))
			terminal_field(
				COLOUR_NONE, "from",
				arena_printf(
					arena, "run %lld of '%s', %s before this one",
					(long long)node_find_number(run->backup, "from_run", 0),
					node_find_text(run->backup, "from_target"),
					text_duration(arena, (uint64_t)node_find_number(
								     run->backup, "age_ms", 0))));
		terminal_field(COLOUR_NONE, "sha256", node_find_text(run->backup, "sha256"));
		if (node_find_text(run->backup, "roles_why"))
			terminal_field(COLOUR_CARE, "roles",
			               arena_printf(arena, "not saved: %s",
			                            node_find_text(run->backup, "roles_why")));
		if (node_find_text(
			    run->backup,
			    "restore")) { /* on one line, however long: it is there to be copied */
			terminal_print(COLOUR_FAINT, "  restore   ");
			terminal_print(COLOUR_NONE, "%s\n", node_find_text(run->backup, "restore"));
			terminal_field(
				COLOUR_NONE, "",
				"Into a new database; createdb needs a role that may create databases.");
		}
	}
	if (file_exists(log))
		terminal_field(COLOUR_NONE, "log", log);
}

static void print_stage(struct invocation *invocation, const struct stage_memory *stage)
{
	struct arena *arena = invocation->arena;

	terminal_print(stage->done      ? COLOUR_GOOD
	               : stage->stopped ? COLOUR_BAD
	                                : COLOUR_CARE,
	               "  %-9s", stage->name);
	terminal_print(COLOUR_NONE, "%s%s\n",
	               stage->done      ? "done     "
	               : stage->stopped ? answer_word(stage->reaction)
	                                : "begun, not ended",
	               stage->done ? text_duration(arena, (uint64_t)stage->took_ms) : "");
	if (stage->stopped && !stage->done) {
		terminal_field(COLOUR_BAD, stage->code, stage->what);
		if (stage->why)
			terminal_field(COLOUR_NONE, "why", stage->why);
		terminal_field(COLOUR_CARE, "next", stage->hint);
	}
}

static const char *answer_word(const char *reaction)
{
	static const struct {
		enum reaction reaction;
		const char *word;
	} words[] = {
		{REACT_RETRY, "to be tried again"},
		{REACT_WAIT, "waits"},
		{REACT_REFUSE, "refused"},
		{REACT_HALT, "halted, a person is needed"},
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (text_equal(reaction_name(words[i].reaction), reaction))
			return words[i].word;
	return reaction;
}

static enum colour outcome_colour(const char *outcome)
{
	return !outcome                            ? COLOUR_CARE
	       : text_equal(outcome, "done")       ? COLOUR_GOOD
	       : text_equal(outcome, "superseded") ? COLOUR_FAINT
	                                           : COLOUR_BAD;
}

static struct node *run_node(struct invocation *invocation, const struct run_memory *run)
{
	struct arena *arena = invocation->arena;
	struct node *node = node_map(arena), *stages;

	node_set_number(arena, node, "run", run->id);
	node_set_text(arena, node, "target", run->target);
	node_set_text(arena, node, "direction", run->direction);
	node_set_text(arena, node, "outcome", run->outcome);
	node_set_text(arena, node, "head", run->head);
	node_set_text(arena, node, "begun", clock_iso(arena, run->begun_us));
	node_set_text(arena, node, "ended", run->ended_us ? clock_iso(arena, run->ended_us) : NULL);
	if (run->items)
		node_set(arena, node, "items", (struct node *)(uintptr_t)run->items);
	stages = node_set(arena, node, "stages", node_list(arena));
	for (size_t i = 0; i < run->stages.count; i++) {
		const struct stage_memory *stage = &run->stages.items[i];
		struct node *row = node_add(stages, node_map(arena));

		node_set_text(arena, row, "stage", stage->name);
		node_set_text(arena, row, "outcome",
		              stage->done      ? "done"
		              : stage->stopped ? stage->reaction
		                               : "begun");
		node_set_number(arena, row, "took_ms", stage->took_ms);
		node_set_text(arena, row, "code", stage->code);
		node_set_text(arena, row, "what", stage->what);
		node_set_text(arena, row, "why", stage->why);
		node_set_text(arena, row, "next", stage->hint);
		if (stage->evidence)
			node_set(arena, row, "evidence", (struct node *)(uintptr_t)stage->evidence);
	}
	if (run->backup)
		node_set(arena, node, "backup", (struct node *)(uintptr_t)run->backup);
	return node;
}

static const struct option options[] = {
	{"limit", "N", "how many runs to list; default: 20"},
	{NULL, NULL, NULL},
};

const struct command cmd_history = {
	.name = "history",
	.sentence = "what was done, and how to bring a backup back",
	.operands = "[RUN]",
	.operands_maximum = 1,
	.needs = NEEDS_CONFIG,
	.options = options,
	.perform = perform,
	.description =
		"Lists the runs, newest first; with a number, one run with its items, stages, errors and backup, and the "
		"pg_restore line that brings the backup back.",
	.example = "headgate history 41",
};
