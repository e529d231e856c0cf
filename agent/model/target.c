/* Finding a target by its name. */
#include "model/target.h"

const struct target *config_find_target(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->target_count; i++)
		if (text_equal(config->targets[i].name, name))
			return &config->targets[i];
	return NULL;
}
