/* A run on its way through the looking stages, over a site in memory. */
#pragma once

#include "unit/engine/pass_world.h"

/* watch and verify; the run may go on. */
static inline struct run *verified(struct pass_world *world)
{
	struct run *run = pass_world_run(world);

	assert_fine(watch_perform(run));
	assert_fine(verify_perform(run));
	return run;
}

/* "a b" are left in the plan; the rest is behind the step that was refused with this error (NULL: none was). */
static inline void assert_left(const struct run *run, const char *names, const char *refused,
                               enum error_code code)
{
	struct text text = TEXT_IN(run->arena);

	for (size_t i = 0; i < run->plan.count; i++)
		text_printf(&text, "%s%s", i ? " " : "", run->plan.items[i].name);
	assert_string_equal(text_get(&text), names);
	if (!refused) {
		assert_null(run->refusal);
		return;
	}
	assert_error(run->refusal, code);
	assert_string_equal(run->refused_step->id, refused);
}
