/* headgate baseline COMMIT: a person says from which commit on the branch is to be trusted. */
#include "cli/command.h"
#include "cli/terminal.h"
#include "engine/baseline.h"

static void print_made(struct invocation *invocation, const struct baseline_made *made);
static void print_count(struct arena *arena, size_t count, const char *label, const char *what);
static void print_json(struct invocation *invocation, const struct baseline_made *made);

static struct error *perform(struct invocation *invocation, int *ret_status)
{
	const struct baseline_wish wish = {
		.commit = invocation->operands.count ? invocation->operands.items[0] : NULL,
		.applied_up_to = invocation_option(invocation, "applied-up-to"),
		.accept = invocation_option(invocation, "yes"),
		.same_data = invocation_option(invocation, "same-data"),
	};
	struct baseline_made made = {0};

	(void)ret_status;
	TRY(engine_baseline(&invocation->engine, invocation->target, &wish, invocation->arena,
	                    &made));
	if (invocation->json)
		print_json(invocation, &made);
	else
		print_made(invocation, &made);
	return NULL;
}

static struct error *check(struct invocation *invocation)
{
	const bool same_data = invocation_option(invocation, "same-data");

	if (same_data != (invocation->operands.count > 0))
		return NULL;
	return FAIL(invocation->arena, USAGE,
	            .what = same_data ? "--same-data takes no commit"
	                              : "headgate baseline needs a commit",
	            .why = same_data ? "the baseline stays where it is" : NULL,
	            .hint = same_data ? "Leave the commit out, or --same-data."
	                              : "Write for instance headgate baseline HEAD.");
}

static void print_made(struct invocation *invocation, const struct baseline_made *made)
{
	struct arena *arena = invocation->arena;
	const char *target = invocation->target->name;

	terminal_print(COLOUR_GOOD, "%s", target);
	if (made->moved)
		terminal_print(COLOUR_NONE,
		               " holds the same data on another server; its baseline stays %s.\n",
		               commit_short(arena, made->commit));
	else
		terminal_print(COLOUR_NONE, " is trusted from commit %s on%s.\n",
		               commit_short(arena, made->commit),
		               made->again ? " (there was a baseline before)" : "");
	if (made->taken_over)
		terminal_field(COLOUR_CARE, "note",
		               "The target belonged to another journal and was taken over.");
	print_count(arena, made->marked, "marked", "as applied, as you said; none was run");
	print_count(arena, made->adopted, "adopted", "that others applied as the commit has it");
	for (size_t i = 0; i < made->differences.count; i++)
		terminal_field(COLOUR_CARE, "accepted", made->differences.items[i]);
	print_count(arena, made->pending, "trusts", "of its tree; the first run applies what is missing");
	terminal_field(
		COLOUR_NONE, "next",
		arena_printf(arena,
	                     "headgate plan --target %s, then headgate reconcile --target %s",
	                     target, target));
}

static void print_count(struct arena *arena, size_t count, const char *label, const char *what)
{
	if (count)
		terminal_field(
			COLOUR_NONE, label,
			arena_printf(arena, "%s %s", text_plural(arena, count, "migration"), what));
}

static void print_json(struct invocation *invocation, const struct baseline_made *made)
{
	struct arena *arena = invocation->arena;
	struct node *node = node_map(arena), *differences;

	node_set_text(arena, node, "target", invocation->target->name);
	node_set_text(arena, node, "commit", made->commit);
	node_set_number(arena, node, "migrations", (int64_t)made->migrations);
	node_set_number(arena, node, "adopted", (int64_t)made->adopted);
	node_set_number(arena, node, "marked", (int64_t)made->marked);
	node_set_number(arena, node, "pending", (int64_t)made->pending);
	differences = node_set(arena, node, "accepted", node_list(arena));
	for (size_t i = 0; i < made->differences.count; i++)
		node_add(differences, node_text(arena, made->differences.items[i]));
	node_set_bool(arena, node, "again", made->again);
	node_set_bool(arena, node, "taken_over", made->taken_over);
	node_set_bool(arena, node, "same_data", made->moved);
	terminal_json(arena, node);
}

static const struct option options[] = {
	{"applied-up-to", "NAME",
         "objects but no ledger: the last migration of COMMIT that counts as applied, or none"},
	{"yes", NULL, "accept what ledger and commit differ in"},
	{"same-data", NULL, "instead of COMMIT: the same database is on another server now"},
	{NULL, NULL, NULL},
};

const struct command cmd_baseline = {
	.name = "baseline",
	.sentence = "say from which commit on the branch is to be trusted",
	.operands = "[COMMIT]",
	.operands_minimum = 0,
	.operands_maximum = 1,
	.needs = NEEDS_CONFIG | NEEDS_ONE_TARGET,
	.options = options,
	.check = check,
	.perform = perform,
	.description =
		"Runs no migration. On an empty database the migrations of COMMIT's tree are trusted as they stand and "
		"applied by the first run; on one that Prisma or another agent filled, rows that agree with COMMIT are "
		"adopted, and differences are shown and accepted with --yes; on one with objects but no ledger, say with "
		"--applied-up-to what counts as applied. What comes after COMMIT is judged by the policy. COMMIT is an "
		"id, a branch, or HEAD for the head of the watched branch. It may be repeated.",
	.example = "headgate baseline --target shop HEAD",
};
