/* headgate resolve: a person says what one row of the ledger means. */
#include "cli/command.h"
#include "cli/terminal.h"
#include "engine/person.h"

static const struct {
	const char *option;
	enum resolution resolution;
} forms[] = {
	{"applied", RESOLVE_APPLIED},
	{"rolled-back", RESOLVE_ROLLED_BACK},
	{"accept", RESOLVE_ACCEPT},
	{"accept-edit", RESOLVE_ACCEPT_EDIT},
};

#define FORM_COUNT (sizeof forms / sizeof *forms)

static size_t find_form(const struct invocation *invocation);

static struct error *perform(struct invocation *invocation, int *ret_status)
{
	struct arena *arena = invocation->arena;
	const char *target = invocation->target->name, *name;
	struct resolved resolved = {0};
	const size_t form = find_form(invocation);

	(void)ret_status;
	name = invocation_option(invocation, forms[form].option);
	TRY(engine_resolve(&invocation->engine, invocation->target, forms[form].resolution, name,
	                   invocation_option(invocation, "reason"), arena, &resolved));
	if (invocation->json) {
		struct node *node = node_map(arena);

		node_set_text(arena, node, "target", target);
		node_set_text(arena, node, "migration", name);
		node_set_text(arena, node, "resolved", forms[form].option);
		node_set_bool(arena, node, "changed", !resolved.nothing);
		node_set_text(arena, node, "did", resolved.did);
		terminal_json(arena, node);
		return NULL;
	}
	terminal_print(COLOUR_GOOD, "%s", target);
	terminal_print(COLOUR_NONE, "  %s: %s\n", name, resolved.did);
	terminal_field(
		COLOUR_NONE, "next",
		arena_printf(arena,
	                     "headgate reconcile --target %s (a running agent does it by itself)",
	                     target));
	return NULL;
}

static struct error *check(struct invocation *invocation)
{
	size_t given = 0;

	for (size_t i = 0; i < FORM_COUNT; i++)
		given += invocation_option(invocation, forms[i].option) != NULL;
	if (given == 1)
		return NULL;
	return FAIL(
		invocation->arena, USAGE,
		.what = given ? "headgate resolve takes one resolution at a time"
	                      : "headgate resolve needs to be told what is so",
		.hint = "Write one of --applied, --rolled-back, --accept or --accept-edit, and the "
			"migration's name.");
}

static size_t find_form(const struct invocation *invocation)
{
	size_t form = 0;

	while (form + 1 < FORM_COUNT && !invocation_option(invocation, forms[form].option))
		form++;
	return form;
}

static const struct option options[] = {
	{"applied", "NAME",
         "its effect is there: write an applied row, as prisma migrate resolve --applied does"},
	{"rolled-back", "NAME",
         "its failed try was taken back by hand: as prisma migrate resolve --rolled-back does"},
	{"accept", "NAME", "its applied row may stand as it is, whatever the branch says"},
	{"accept-edit", "NAME", "the branch's edited file counts as the one that was applied"},
	{"reason", "TEXT", "kept in the journal"},
	{NULL, NULL, NULL},
};

const struct command cmd_resolve = {
	.name = "resolve",
	.sentence = "say what a row of the ledger means",
	.needs = NEEDS_CONFIG | NEEDS_ONE_TARGET,
	.options = options,
	.check = check,
	.perform = perform,
	.description =
		"Runs no migration. --applied and --rolled-back write rows exactly as prisma migrate resolve does, under "
		"Prisma's lock, and refuse where it refuses (P3008, P3011, P3012, P3017). --accept and --accept-edit "
		"write only into the journal. The next pass acts upon what was said.",
	.example = "headgate resolve --target shop --rolled-back 20261124_add_orders",
};
