/* The fake keeps the contract, so that stages and engine are tested on something true. */
#include "contract/journal_contract.h"
#include "fakes/journal_memory.h"

static struct journal *open_again(struct journal_subject *subject, struct arena *arena)
{
	struct journal_memory **memory = subject->context;

	(void)arena;
	(*memory)->closed = false;
	return &(*memory)->port;
}

static void reset(struct journal_subject *subject)
{
	struct journal_memory **memory = subject->context;

	*memory = journal_memory_new((*memory)->arena);
}

int main(void)
{
	AUTO_ARENA arena = arena_new();
	struct journal_memory *memory = journal_memory_new(arena);
	struct journal_subject subject = {
		.name = "journal contract: memory",
		.context = &memory,
		.open = open_again,
		.reset = reset,
	};

	return journal_contract_run(&subject);
}
