/*
 * What every forge must do (ports/forge.h), as tests. An adapter's test fills a subject and returns forge_contract_run
 * from its main.
 */
#pragma once

#include "ports/forge.h"

struct forge_subject {
	const char *name;
	const char *commits[2];     /* full ids that the place knows */
	const char *unknown_commit; /* NULL: the place takes every id */
	void *context;              /* the adapter's test's own */

	/* Opens the forge anew on the same place. */
	struct forge *(*open)(struct forge_subject *subject, struct arena *arena);
	/* What a person sees at the commit for the target: the newest state and words. false: nothing. */
	bool (*read)(struct forge_subject *subject, const char *commit, const char *target,
	             struct arena *arena, struct status *ret_status);
	/* How many statuses the place counts for them, old ones included. */
	size_t (*count)(struct forge_subject *subject, const char *commit, const char *target);
	/* The place goes away, or comes back. NULL: it cannot. */
	void (*set_down)(struct forge_subject *subject, bool down);
	/* From now on the commit came by this pull request. NULL: the place knows none. */
	void (*add_pull)(struct forge_subject *subject, const char *commit, uint64_t number);
	/* Forgets everything. Called before each test. */
	void (*reset)(struct forge_subject *subject);
};

/* Number of failed tests. */
int forge_contract_run(struct forge_subject *subject);
