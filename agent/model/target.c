/* Finding a target by its name, and the order that `after` asks for. */
#include "model/target.h"

#include "base/error.h"

static bool may_follow(const struct config *config, const struct target *target,
                       const bool *is_placed);

struct text_list target_schemas(struct arena *arena, const struct target *target,
                                const char *ledger_schema)
{
	struct text_list schemas = target->schemas;

	if (!schemas.count && ledger_schema)
		*LIST_ADD(arena, &schemas) = ledger_schema;
	return schemas;
}

const struct target *config_find_target(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->target_count; i++)
		if (text_equal(config->targets[i].name, name))
			return &config->targets[i];
	return NULL;
}

const struct target *const *config_in_order(struct arena *arena, const struct config *config)
{
	const size_t count = config->target_count;
	const struct target **order = ARENA_ARRAY(arena, const struct target *, count);
	bool *is_placed = ARENA_ARRAY(arena, bool, count);

	for (size_t placed = 0; placed < count; placed++) {
		size_t next = 0;

		while (next < count &&
		       (is_placed[next] || !may_follow(config, &config->targets[next], is_placed)))
			next++;
		if (next == count)
			BUG("targets that wait for each other"); /* no configuration holds them */
		is_placed[next] = true;
		order[placed] = &config->targets[next];
	}
	return order;
}

static bool may_follow(const struct config *config, const struct target *target,
                       const bool *is_placed)
{
	for (size_t i = 0; i < target->after.count; i++) {
		const struct target *first = config_find_target(config, target->after.items[i]);

		if (first && !is_placed[first - config->targets])
			return false;
	}
	return true;
}
