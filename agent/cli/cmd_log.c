/* headgate log verify: walks the journal's chain, without repository or database. */
#include <inttypes.h>

#include "cli/command.h"
#include "cli/terminal.h"

static struct error *check(struct journal *journal, struct arena *arena, int64_t *ret_records,
                           const char **ret_head);

static struct error *perform(struct invocation *invocation, int *ret_status)
{
	struct arena *arena = invocation->arena;
	struct journal *journal = NULL;
	const char *head = NULL;
	int64_t records = 0;
	struct error *error;

	(void)ret_status;
	if (!text_equal(invocation->operands.items[0], "verify"))
		return FAIL(arena, USAGE,
		            .what = arena_printf(arena, "headgate log cannot '%s'",
		                                 invocation->operands.items[0]),
		            .hint = "Type: headgate log verify");
	TRY(invocation->registry->open_journal(arena, &invocation->config, /* read_only= */ true,
	                                       &journal));
	error = check(journal, arena, &records, &head);
	journal_close(journal);
	TRY(error);
	if (invocation->json) {
		struct node *node = node_map(arena);

		node_set_number(arena, node, "records", records);
		node_set_text(arena, node, "head", head);
		terminal_json(arena, node);
		return NULL;
	}
	terminal_print(COLOUR_GOOD, "journal");
	terminal_print(COLOUR_NONE, "  %" PRId64 " records, each follows the one before it\n",
	               records);
	terminal_field(COLOUR_NONE, "head", head);
	return NULL;
}

static struct error *check(struct journal *journal, struct arena *arena, int64_t *ret_records,
                           const char **ret_head)
{
	TRY(journal_check(journal, arena, ret_records));
	return journal_chain(journal, arena, ret_head);
}

const struct command cmd_log = {
	.name = "log",
	.sentence = "check the journal: no record was changed, removed or added",
	.operands = "verify",
	.operands_minimum = 1,
	.operands_maximum = 1,
	.needs = NEEDS_CONFIG,
	.perform = perform,
	.description =
		"Walks all records of the journal: each carries the digest of the one before it, and what the agent "
		"remembers must be what the records make. Needs neither repository nor database, and writes nothing. "
		"headgate.deployed in each database holds the head as it was when the agent wrote there last.",
	.example = "headgate log verify",
};
