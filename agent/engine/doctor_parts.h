/*
 * What the checks of headgate doctor share: what was opened so far, and the one way in which a check speaks. Private to
 * the engine.
 */
#pragma once

#include "engine/doctor.h"

enum fact { /* what a check may give to later ones */
	    FACT_CONFIG = 1 << 0,
	    FACT_STATE = 1 << 1,
	    FACT_JOURNAL = 1 << 2,
	    FACT_KEYRING = 1 << 3,
	    FACT_SOURCE = 1 << 4,
	    FACT_HEAD = 1 << 5, /* of the target at hand, as are those that follow */
	    FACT_SESSION = 1 << 6,
	    FACT_LEDGER = 1 << 7,
	    FACT_BACKUP = 1 << 8,
};

#define FACT_COUNT 9

struct doctor {
	const struct registry *registry;
	struct arena *arena;
	const char *config_path;
	struct config config;
	unsigned facts; /* enum fact: what there is */
	const char *since
		[FACT_COUNT]; /* what a fact is missing for, when its check was not looked at either */
	struct diagnoses diagnoses;
	struct journal *journal;
	struct keyring_keys keys;
	struct keyring *keyring;
	struct source *source;

	/* the check at hand */
	const char *area, *check;
	const struct target *target; /* NULL: of the whole agent */

	/* the target at hand */
	const char *branch, *head;
	struct database *database;
	struct server server;
	struct inspection inspection;
	const char *schema;
	struct text_list schemas;
	struct ledger ledger;
	struct memory memory;
	struct backup *backup;
};

/* Each adds a line. The texts are borrowed; type may be NULL. */
void doctor_pass(struct doctor *doctor, const char *what);
void doctor_warn(struct doctor *doctor, const char *what, const char *mend, const char *type);
void doctor_fail(struct doctor *doctor, const char *what, const char *mend, const char *type);
/* A failure that is an error: its hint is the mend. */
void doctor_error(struct doctor *doctor, const struct error *error);

const char *doctor_existing(struct arena *arena,
                            const char *path); /* the path, or its nearest folder that exists */
/* One line about a folder that the agent writes to: there and private, or one that it can make. */
void doctor_folder(struct doctor *doctor, const char *path, const char *noun);

/* doctor_place.c: this machine */
void doctor_check_configuration(struct doctor *doctor);
void doctor_check_user(struct doctor *doctor);
void doctor_check_state(struct doctor *doctor);
void doctor_check_space(struct doctor *doctor);
void doctor_check_journal(struct doctor *doctor);
void doctor_check_disks(struct doctor *doctor);
void doctor_check_keyring(struct doctor *doctor);
void doctor_check_expiry(struct doctor *doctor);
void doctor_check_key_files(struct doctor *doctor);
void doctor_check_ssh_keygen(struct doctor *doctor);
void doctor_check_gpg(struct doctor *doctor);
void doctor_check_policy(struct doctor *doctor);
/* doctor_outside.c: the repository and the forges */
void doctor_check_address(struct doctor *doctor);
void doctor_check_branch(struct doctor *doctor);
void doctor_check_migrations(struct doctor *doctor);
void doctor_check_tags(struct doctor *doctor);
void doctor_check_forges(struct doctor *doctor);
/* doctor_database.c: the database and its books */
void doctor_check_connection(struct doctor *doctor);
void doctor_check_tls(struct doctor *doctor);
void doctor_check_pooler(struct doctor *doctor);
void doctor_check_server(struct doctor *doctor);
void doctor_check_role(struct doctor *doctor);
void doctor_check_rights(struct doctor *doctor);
void doctor_check_others(struct doctor *doctor);
void doctor_check_schema(struct doctor *doctor);
void doctor_check_clock(struct doctor *doctor);
void doctor_check_connections(struct doctor *doctor);
void doctor_check_transactions(struct doctor *doctor);
void doctor_check_ledger(struct doctor *doctor);
void doctor_check_owner(struct doctor *doctor);
void doctor_check_baseline(struct doctor *doctor);
/* doctor_backup.c */
void doctor_check_backup_folder(struct doctor *doctor);
void doctor_check_backup_programs(struct doctor *doctor);
void doctor_check_backup_reads(struct doctor *doctor);
void doctor_check_backup_space(struct doctor *doctor);
