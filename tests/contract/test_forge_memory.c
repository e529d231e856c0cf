/* The fake keeps the contract, so that stages tested on it are tested on something true. */
#include "contract/forge_contract.h"
#include "fakes/forge_memory.h"

#include "base/text.h"

static struct forge_memory *memory_of(struct forge_subject *subject)
{
	return subject->context;
}

static struct forge *open_again(struct forge_subject *subject, struct arena *arena)
{
	(void)arena;
	memory_of(subject)->closed = false;
	return &memory_of(subject)->base;
}

static bool read_status(struct forge_subject *subject, const char *commit, const char *target,
                        struct arena *arena, struct status *ret_status)
{
	const struct status *found =
		forge_memory_find(memory_of(subject), commit, status_context(arena, target));

	if (!found)
		return false;
	*ret_status = *found;
	return true;
}

static size_t count(struct forge_subject *subject, const char *commit, const char *target)
{
	const struct forge_memory *memory = memory_of(subject);
	size_t number = 0;

	for (size_t i = 0; i < memory->posted.count; i++)
		number += text_equal(memory->posted.items[i].commit, commit) &&
		          text_equal(memory->posted.items[i].target, target);
	return number;
}

static void set_down(struct forge_subject *subject, bool down)
{
	memory_of(subject)->failures = down ? SIZE_MAX : 0;
}

static void add_pull(struct forge_subject *subject, const char *commit, uint64_t number)
{
	struct forge_memory *memory = memory_of(subject);

	*LIST_ADD(memory->arena, &memory->pulls) = (struct forge_memory_pull){commit, number};
}

static void reset(struct forge_subject *subject)
{
	memory_of(subject)->posted.count = 0;
	memory_of(subject)->pulls.count = 0;
}

int main(void)
{
	AUTO_ARENA arena = arena_new();
	struct forge_memory *memory = forge_memory_new(arena);
	struct forge_subject subject = {
		.name = "forge contract: memory",
		.commits = {"1111111111111111111111111111111111111111",
	                    "2222222222222222222222222222222222222222"},
		.unknown_commit = "3333333333333333333333333333333333333333",
		.context = memory,
		.open = open_again,
		.read = read_status,
		.count = count,
		.set_down = set_down,
		.add_pull = add_pull,
		.reset = reset,
	};

	*LIST_ADD(arena, &memory->commits) = subject.commits[0];
	*LIST_ADD(arena, &memory->commits) = subject.commits[1];
	return forge_contract_run(&subject);
}
