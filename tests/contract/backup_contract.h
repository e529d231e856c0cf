/* What every backup must do (ports/backup.h), as tests. An adapter's test fills a subject and runs it from its main. */
#pragma once

#include "ports/backup.h"

struct backup_subject {
	const char *name;
	void *context;
	struct backup_request
		request; /* that succeeds: schemas, version and size of the place; target and run are the test's */

	/* Opens it anew on the same place. */
	struct backup *(*open)(struct backup_subject *subject, struct arena *arena);
	/* Forgets every backup. Called before each test. */
	void (*reset)(struct backup_subject *subject);
	/* Changes what is kept of that backup, so that it no longer is what was taken. */
	void (*damage)(struct backup_subject *subject, const struct backup_made *made);
	/* The next call of take fails; put right again by the call after it. */
	void (*break_next)(struct backup_subject *subject);
	/* Are there files (or the like) besides finished backups of `count` runs? */
	bool (*is_tidy)(struct backup_subject *subject, size_t count);
};

/* Number of failed tests. */
int backup_contract_run(struct backup_subject *subject);
