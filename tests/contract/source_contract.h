/*
 * What every source must do (ports/source.h), as tests. An adapter's test fills a subject and
 * returns source_contract_run from its main.
 */
#pragma once

#include "fakes/git_build.h"
#include "ports/source.h"

struct source_subject {
	const char *name;
	void *context; /* the adapter's test's own */

	/*
	 * A remote without commits, whose default branch is called main, and no mirror yet. Called
	 * before each test.
	 */
	void (*reset)(struct source_subject *subject, struct arena *arena);
	/* Opens the source anew on the same remote and mirror. */
	struct source *(*open)(struct source_subject *subject, struct arena *arena);
	/* Stores an object in the remote as it is. */
	const char *(*put)(void *subject, enum git_kind kind, struct bytes bytes);
	void (*set_branch)(struct source_subject *subject, const char *name,
	                   const char *commit); /* NULL: removes it */
	void (*set_ref)(struct source_subject *subject, const char *name,
	                const char *id); /* any ref by its full name; NULL: removes it */
	void (*set_down)(struct source_subject *subject,
	                 bool down); /* the remote goes away, or comes back */
};

/* Number of failed tests. */
int source_contract_run(struct source_subject *subject);
