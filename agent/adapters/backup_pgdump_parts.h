/*
 * What the three files of backup_pgdump know of each other: the programs (backup_pgdump_tools.c) and the shelf, which is
 * the folder with its names and manifests (backup_pgdump_shelf.c). Private to backup_pgdump.
 */
#pragma once

#include "adapters/backup_pgdump.h"
#include "base/hash.h"
#include "base/process.h"
#include "model/database_url.h"

struct tools {
	const char *dump, *restore, *roles; /* roles NULL: no pg_dumpall beside it */
	const char *version;                /* "pg_dump (PostgreSQL) 15.18" */
	struct database_url url;
	const char *connection;         /* libpq's connection string; no secret in it */
	const char *const *environment; /* holds the password, when there is one */
	uint64_t quiet_ms;
};

/* Reads the URL, finds the programs for the server. ERR_BACKUP_VERSION names the package; also ERR_DB_URL, ERR_FILE…. */
FALLIBLE tools_find(struct arena *arena, const struct backup_pgdump_options *options,
                    int server_version_num, struct tools *ret_tools);
/* Who and where, without the password. */
FALLIBLE tools_url(struct arena *arena, const struct backup_pgdump_options *options,
                   struct database_url *ret_url);
/* pg_dump into the sink. ERR_BACKUP, ERR_BACKUP_RIGHTS, or what the sink says. */
FALLIBLE tools_dump(struct arena *arena, const struct tools *tools,
                    const struct backup_request *request, process_sink *sink, void *context);
/* Decodes the whole file. ERR_BACKUP_DAMAGED. */
FALLIBLE tools_decode(struct arena *arena, const struct tools *tools, const char *target,
                      const char *path, const struct progress *progress);
/* Roles without passwords. *ret_why says why there are none; an error only when we are asked to stop. */
FALLIBLE tools_roles(struct arena *arena, const struct tools *tools, struct bytes *ret_sql,
                     const char **ret_why);

struct shelf_item {       /* a manifest */
	const char *stem; /* "shop.41" */
	const char *target;
	int64_t run;
	int64_t finished_us;
	uint64_t size;
	enum backup_scope scope;
};

struct shelf_list { /* newest first */
	struct shelf_item *items;
	size_t count, room;
};

/* "shop.41", or "shop.41.3f2a9c1b" with the journal's identity. */
const char *shelf_stem(struct arena *arena, const struct backup_pgdump_options *options,
                       const char *target, int64_t run);
const char *shelf_path(struct arena *arena, const char *folder, const char *stem,
                       const char *extension);
/* The temporary name under which a file grows. */
const char *shelf_draft(struct arena *arena, const char *folder, const char *stem,
                        const char *extension);
/* Finished backups of the target; an unreadable folder or manifest is none. */
void shelf_list(struct arena *arena, const char *folder, const char *target,
                struct shelf_list *ret_list);
/* Removes what an interrupted try left behind. One run per target at a time, so nobody else's work is met. */
void shelf_sweep(struct arena *arena, const char *folder, const char *target);
/* Removes the oldest finished ones of the request's target beyond `keep`, never `stem` nor one that is younger than
 * keep_younger_ms. What cannot be removed is tried again next time. */
void shelf_prune(struct arena *arena, const char *folder, const struct backup_request *request,
                 const char *stem);

struct manifest {
	const char *target, *database, *server_version, *tool;
	const char *identity; /* which database it is: shelf_identity */
	const struct text_list *schemas;
	int64_t run, started_us, finished_us;
	struct backup_made made;
};

FALLIBLE shelf_save(struct arena *arena, const char *folder, const char *stem,
                    const struct manifest *manifest);
/* The server's own identifier, where it is known, and the way to the database. A copy of a server's files keeps the
 * identifier, and a name may lead to another server one day, so both have to agree. */
const char *shelf_identity(struct arena *arena, const struct database_url *url,
                           const char *database_id);
/* As find_recent says, among the manifests with that identity. */
FALLIBLE shelf_find_recent(struct arena *arena, const struct backup_pgdump_options *options,
                           const struct backup_request *request, const char *identity,
                           bool *ret_found, struct backup_made *ret_made);
/* *ret_found false: no manifest, or its file is not the one it speaks of. ERR_STOPPED. */
FALLIBLE shelf_find(struct arena *arena, const char *folder, const char *stem, const char *target,
                    int64_t run, bool *ret_found, struct backup_made *ret_made);
