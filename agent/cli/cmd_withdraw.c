/*
 * headgate withdraw COMMIT: its signature, and tags on it, vouch for nothing any more. What a reader gets wrong: without
 * --target it speaks of every target, since whoever lost a key has no time to think of which.
 */
#include "cli/command.h"
#include "cli/terminal.h"
#include "engine/person.h"

static struct node *answer_node(struct arena *arena, const struct target *target,
                                enum withdrawing withdrawing, const struct withdrawn *withdrawn);
static void print_answer(struct arena *arena, const struct target *target,
                         enum withdrawing withdrawing, const struct withdrawn *withdrawn);
static const char *what_happened(enum withdrawing withdrawing, bool changed);

static struct error *perform(struct invocation *invocation, int *ret_status)
{
	struct arena *arena = invocation->arena;
	const enum withdrawing withdrawing =
		invocation_option(invocation, "undo") ? REINSTATE : WITHDRAW;
	const struct target *targets = NULL;
	const size_t count = invocation_targets(invocation, &targets);
	struct node *list = node_list(arena);

	(void)ret_status;
	for (size_t i = 0; i < count; i++) {
		struct withdrawn withdrawn = {0};

		TRY(engine_withdraw(&invocation->engine, &targets[i], withdrawing,
		                    invocation->operands.items[0],
		                    invocation_option(invocation, "reason"), arena, &withdrawn));
		if (invocation->json)
			node_add(list, answer_node(arena, &targets[i], withdrawing, &withdrawn));
		else
			print_answer(arena, &targets[i], withdrawing, &withdrawn);
	}
	if (invocation->json)
		terminal_json(arena, list);
	return NULL;
}

static struct node *answer_node(struct arena *arena, const struct target *target,
                                enum withdrawing withdrawing, const struct withdrawn *withdrawn)
{
	struct node *node = node_map(arena);

	node_set_text(arena, node, "target", target->name);
	node_set_text(arena, node, "commit", withdrawn->commit);
	node_set_bool(arena, node, "withdrawn", withdrawing == WITHDRAW);
	node_set_bool(arena, node, "changed", withdrawn->changed);
	node_set_bool(arena, node, "deployed", withdrawn->is_deployed);
	node_set_bool(arena, node, "known", !withdrawn->is_unknown);
	return node;
}

static void print_answer(struct arena *arena, const struct target *target,
                         enum withdrawing withdrawing, const struct withdrawn *withdrawn)
{
	terminal_print(withdrawing == WITHDRAW ? COLOUR_CARE : COLOUR_GOOD, "%s", target->name);
	terminal_print(COLOUR_NONE, "  %s %s\n", commit_short(arena, withdrawn->commit),
	               what_happened(withdrawing, withdrawn->changed));
	if (withdrawn->is_unknown)
		terminal_field(COLOUR_NONE, "note",
		               "no such commit was fetched yet; the word stands for when it comes");
	if (target->policy->trust == TRUST_BRANCH)
		terminal_field(COLOUR_CARE, "note",
		               "under trust: branch nobody is asked to vouch, so nothing waits for it");
	if (withdrawn->is_deployed && withdrawing == WITHDRAW)
		terminal_field(
			COLOUR_CARE, "note",
			"it is deployed, and what it brought stays: to take that back, revert it "
			"on the branch");
	terminal_field(COLOUR_NONE, "next",
	               arena_printf(arena,
	                            "headgate reconcile --target %s (a running agent does it by "
	                            "itself)",
	                            target->name));
}

static const char *what_happened(enum withdrawing withdrawing, bool changed)
{
	if (withdrawing == REINSTATE)
		return changed ? "may vouch again" : "was not withdrawn";
	return changed ? "vouches for nothing any more, nor do tags on it"
	               : "was withdrawn already, for the same reason";
}

static const struct option options[] = {
	{"reason", "TEXT", "why; refusals show it"},
	{"undo", NULL, "let it vouch again"},
	{NULL, NULL, NULL},
};

const struct command cmd_withdraw = {
	.name = "withdraw",
	.sentence = "let a commit, and tags on it, vouch for nothing any more",
	.operands = "COMMIT",
	.operands_minimum = 1,
	.operands_maximum = 1,
	.needs = NEEDS_CONFIG,
	.options = options,
	.perform = perform,
	.description =
		"For a signature or an approval tag that was given by mistake, or by a key that somebody else had: deleting a "
		"tag withdraws nothing. The word counts for what waits, from the next pass on; what was deployed stays "
		"deployed. A full id may be withdrawn before the commit was ever fetched. Without --target, for every target.",
	.example = "headgate withdraw 1f2e3d4c5b --reason \"signed by a stolen laptop\"",
};
