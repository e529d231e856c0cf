/* What a test prints: standard output and standard error are files between capture_begin and capture_end. */
#pragma once

#include "unit/base/check.h"

struct capture {
	struct place *place;
	int kept[2];
};

struct captured {
	const char *out, *err;
};

struct capture capture_begin(struct place *place);
struct captured capture_end(struct capture *capture);
