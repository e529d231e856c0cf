/* The fake keeps the contract once it was told what each of its files does. */
#include "contract/database_contract.h"
#include "fakes/database_memory.h"

static const char *const create[] = {"CREATE TABLE", NULL};
static const char *const create_select[] = {"CREATE TABLE", "SELECT 1", NULL};
static const char *const own[] = {"BEGIN", "CREATE TABLE", "COMMIT", NULL};
static const char *const left_open[] = {"BEGIN", "CREATE TABLE", NULL};

/* The first session of the contract, as its fake server calls it. */
static struct blocker blockers[] = {{.pid = 2,
                                     .application = "headgate/" CONTRACT_TARGET,
                                     .state = "idle in transaction",
                                     .age_ms = 1}};

/* The latest that fits holds: one of them begins like another. */
/* clang-format off */
static const struct database_lesson lessons[] = {
	{.contains = FILE_MAKES, .tags = create, .makes = "thing"},
	{.contains = FILE_FAILS, .tags = create_select, .makes = "thing", .sqlstate = "22012", .message = "division by zero"},
	{.contains = FILE_COPIES, .tags = create, .makes = "thing", .sqlstate = "57014", .copy_ended = true},
	{.contains = FILE_LEFT_OPEN, .tags = left_open, .makes = "thing", .leaves_open = true},
	{.contains = FILE_OWN_TRANSACTION, .tags = own, .makes = "thing", .sqlstate = "22012", .took_effect = true},
	{.contains = FILE_DROPS_LOCK, .drops_lock = true},
	{.contains = FILE_BREAKS, .makes = "thing", .sqlstate = "57P01", .lost = true},
	{.contains = FILE_FILLS, .makes = "pairs"},
	{.contains = FILE_INDEX, .index = "pairs_b"},
	{.contains = FILE_WAITS, .sqlstate = "55P03", .blockers = {.items = blockers, .count = 1, .relation = "thing"}},
	{.contains = FILE_BAD_INDEX, .remnant = "pairs_a", .sqlstate = "23505"},
};
/* clang-format on */

static struct database *open_memory(struct database_subject *subject, struct arena *arena)
{
	(void)arena;
	return database_memory_session(subject->context, CONTRACT_TARGET);
}

static void reset_memory(struct database_subject *subject)
{
	struct database_memory *memory = subject->context,
			       *fresh = database_memory_new(memory->arena);

	for (size_t i = 0; i < sizeof lessons / sizeof lessons[0]; i++)
		database_memory_teach(fresh, &lessons[i]);
	subject->context = fresh;
}

static bool exists_in_memory(struct database_subject *subject, const char *thing)
{
	return database_memory_exists(subject->context, thing);
}

int main(void)
{
	AUTO_ARENA arena = arena_new();
	struct database_subject subject = {
		.name = "database contract: memory",
		.context = database_memory_new(arena),
		.open = open_memory,
		.reset = reset_memory,
		.exists = exists_in_memory,
	};

	return database_contract_run(&subject);
}
