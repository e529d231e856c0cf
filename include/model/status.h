/*
 * A status: what a commit shows for one target. States and lengths as all forges agree on:
 * pending = at work, WAIT, RETRY, behind; success = done; failure = REFUSE, HALT; error = RETRY for over ten minutes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define STATUS_DESCRIPTION_MAXIMUM 140 /* code points */
#define STATUS_CONTEXT_MAXIMUM 255

enum status_state { STATUS_PENDING, STATUS_SUCCESS, STATUS_FAILURE, STATUS_ERROR };

struct status {
	const char *target;
	const char *commit;  /* full id */
	const char *context; /* "headgate/<target>" */
	enum status_state state;
	const char *description; /* one line, verdict first, at most 140 code points */
	const char *url;         /* NULL: none */
	int64_t run;             /* 0: none */
	bool retried; /* an earlier try failed and may have arrived all the same: a forge may look first */
};

const char *status_state_name(
	enum status_state state); /* "pending", "success", "failure", "error" */
bool status_state_find(const char *name, enum status_state *ret_state);
const char *status_context(struct arena *arena, const char *target);
