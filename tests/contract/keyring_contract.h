/*
 * What every keyring must do (ports/keyring.h), as tests. An adapter's test fills a subject and returns
 * keyring_contract_run from its main.
 */
#pragma once

#include "ports/keyring.h"

enum sample {
	SAMPLE_GOOD,     /* by `person`, whose key has no dates */
	SAMPLE_DATED,    /* by the same person, by a key that is valid from `from` until `until` */
	SAMPLE_TAMPERED, /* SAMPLE_GOOD with another message */
	SAMPLE_UNSIGNED,
	SAMPLE_STRANGER, /* by a key that the keyring does not know */
	SAMPLE_FOREIGN,  /* of a format that is not this keyring's */
	SAMPLE_COUNT
};

struct keyring_subject {
	const char *name;
	struct commit samples[SAMPLE_COUNT];
	const char *person;
	const char *fingerprints; /* how each begins */
	int64_t from, until;      /* seconds, both still valid */
	void *context;            /* the adapter's test's own */

	/* Opens the keyring anew on the same place. */
	struct keyring *(*open)(struct keyring_subject *subject, struct arena *arena);
	/* Revokes the key of SAMPLE_GOOD while the keyring is open. */
	void (*revoke)(struct keyring_subject *subject);
	/* Takes away what the keyring must read to judge. */
	void (*break_it)(struct keyring_subject *subject);
	/* As it was at first. Called before each test. */
	void (*reset)(struct keyring_subject *subject);
};

/* Number of failed tests. */
int keyring_contract_run(struct keyring_subject *subject);
