/* The fake keeps the contract. */
#include "contract/backup_contract.h"
#include "fakes/backup_memory.h"

#include "base/text.h"

static struct backup_memory *memory_of(struct backup_subject *subject)
{
	return subject->context;
}

static struct backup *open_again(struct backup_subject *subject, struct arena *arena)
{
	(void)arena;
	memory_of(subject)->closed = false;
	return &memory_of(subject)->base;
}

static void reset(struct backup_subject *subject)
{
	memory_of(subject)->taken.count = 0;
	memory_of(subject)->failures = 0;
}

static void damage(struct backup_subject *subject, const struct backup_made *made)
{
	struct backup_memory *memory = memory_of(subject);

	for (size_t i = 0; i < memory->taken.count; i++)
		memory->taken.items[i].damaged |=
			text_equal(memory->taken.items[i].made.file, made->file);
}

static void break_next(struct backup_subject *subject)
{
	memory_of(subject)->failures = 1;
}

static bool is_tidy(struct backup_subject *subject, size_t count)
{
	return memory_of(subject)->taken.count == count;
}

int main(void)
{
	AUTO_ARENA arena = arena_new();
	struct backup_subject subject = {
		.name = "backup contract: memory",
		.context = backup_memory_new(arena),
		.open = open_again,
		.reset = reset,
		.damage = damage,
		.break_next = break_next,
		.is_tidy = is_tidy,
	};

	return backup_contract_run(&subject);
}
