/* The drawn histories of trust `signed`: judged as tables (test_trust.c) and as repositories of git (test_trust_git.c). */
#pragma once

#include "unit/model/trust_drawing.h"

struct trust_scenes {
	const struct trust_scene *items;
	size_t count;
};

extern const struct trust_scenes trust_attacks, trust_buttons, trust_two_persons;
