/*
 * What every journal must do (ports/journal.h), as tests. An adapter's test fills a subject and returns
 * journal_contract_run from its main.
 */
#pragma once

#include "ports/journal.h"

struct journal_subject {
	const char *name;
	void *context; /* the adapter's test's own */

	/* Opens the journal, again when it was opened before: what was written is still there. */
	struct journal *(*open)(struct journal_subject *subject, struct arena *arena);
	/* Forgets everything. Called before each test. */
	void (*reset)(struct journal_subject *subject);
};

/* Number of failed tests. */
int journal_contract_run(struct journal_subject *subject);
