/* Owns the names of a status's states, which the forges agree on. The journal keeps the names, never the numbers. */
#include "model/status.h"

#include "base/text.h"

static const char *const state_names[] = {
	[STATUS_PENDING] = "pending",
	[STATUS_SUCCESS] = "success",
	[STATUS_FAILURE] = "failure",
	[STATUS_ERROR] = "error",
};

#define STATE_COUNT (sizeof state_names / sizeof *state_names)

const char *status_state_name(enum status_state state)
{
	return state_names[state];
}

bool status_state_find(const char *name, enum status_state *ret_state)
{
	for (size_t state = 0; state < STATE_COUNT; state++) {
		if (text_equal(state_names[state], name)) {
			*ret_state = (enum status_state)state;
			return true;
		}
	}
	return false;
}

const char *status_context(struct arena *arena, const char *target)
{
	return text_clip(arena, arena_printf(arena, "headgate/%s", target), STATUS_CONTEXT_MAXIMUM);
}
