/*
 * Backups by pg_dump in its custom format, one folder of files: <target>.<run>.dump, .roles.sql and .json. The last is
 * the manifest; it is written after everything else is on the disk, and without it no file here counts as a backup.
 */
#pragma once

#include "model/target.h"
#include "ports/backup.h"

struct backup_pgdump_options {
	const char *folder;   /* absolute; made with mode 0700 when it is not there */
	const char *url;      /* Prisma's database URL; or */
	const char *url_file; /* a secret's file, read again at each backup; wins over url */
	struct text_list password_command; /* run again at each backup; empty: none */
	enum tls_default tls_default;
	const char *
		journal; /* the journal's identity; runs of another journal with the same number are not ours. May be NULL */
	const char *
		programs; /* folder of pg_dump, pg_restore and pg_dumpall; NULL: found by the server's version */
	uint64_t
		quiet_ms; /* longest silence of a program before it counts as hanging; 0: 30 minutes */
};

/* The texts are copied. Nothing is read, made or started before the first call. Holds nothing outside of the arena. */
FALLIBLE backup_pgdump_open(struct arena *arena, const struct backup_pgdump_options *options,
                            struct backup **ret_backup);
