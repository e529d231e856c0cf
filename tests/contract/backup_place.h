/*
 * A database to back up, a folder for the backups, and a folder of programs in which pg_dump is a script that a test may
 * replace. Needs the cluster of tests/with-postgres. Shared by the tests of backup_pgdump.
 */
#pragma once

#include "adapters/backup_pgdump.h"

struct backup_place {
	struct arena *arena;
	const char *scratch;  /* removed by backup_place_close */
	const char *folder;   /* of the backups; not made yet */
	const char *programs; /* pg_dump (a script), pg_restore and pg_dumpall */
	const char *real;     /* folder of the true programs */
	const char *database, *url;
	struct backup_pgdump_options options; /* folder, url and programs of this place */
};

/* 77, for main to return, where no cluster was announced; else 0. */
int backup_place_open(struct arena *arena, struct backup_place *ret_place);
void backup_place_close(struct backup_place *place);
/* pg_dump becomes this script; "$REAL" in it is the folder of the true programs, "$HERE" the one of this. */
void backup_place_script(const struct backup_place *place, const char *text);
void backup_place_script_off(const struct backup_place *place); /* the true pg_dump again */
/* Removes every backup. */
void backup_place_reset(const struct backup_place *place);
/* What psql prints for it in that database, trimmed. */
const char *backup_place_sql(const struct backup_place *place, const char *database,
                             const char *sql);
/* The names in the folder, sorted, with blanks between; "" when it is empty or missing. */
const char *backup_place_names(const struct backup_place *place);
struct backup_request backup_place_request(int64_t run); /* target "shop" */
