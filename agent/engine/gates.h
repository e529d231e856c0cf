/* What may keep a target from being touched although there is something to do. Private to the engine. */
#pragma once

#include "engine/work.h"

/*
 * After looking, before anything touches the target. ERR_SUSPENDED: a person said so. ERR_AFTER: a target that this one
 * comes after has not got to the horizon; the error says where it is, and why.
 */
FALLIBLE gates_pass(struct work *work);
/* The second of them alone, for a person who looks. */
FALLIBLE gates_after(struct work *work);
