/*
 * A backup of a target, taken before anything touches it. A backup exists when its file was hashed while it was
 * written, decoded to its end, synced, and given its final name; nothing else is ever called one.
 */
#pragma once

#include "model/ledger.h"
#include "model/progress.h"

enum backup_scope { BACKUP_DATABASE, BACKUP_SCHEMA };

struct backup_request {
	const char *target;
	int64_t run; /* part of the file's name: asking again for the same run finds the finished file */
	enum backup_scope scope;
	const struct text_list *schemas; /* for BACKUP_SCHEMA */
	int server_version_num;
	const char *database_id; /* which database it is, whatever its name; NULL: not known */
	uint64_t max_age_ms;     /* a finished one that is younger serves as well; 0: none does */
	uint64_t
		database_size; /* bytes, an upper estimate for the free-space check; 0: not known */
	uint64_t
		keep; /* how many finished backups of this target stay, the new one included; at least 1 */
	uint64_t
		keep_younger_ms; /* a finished one that is younger is never removed: others may rest on it */
};

struct backup_made {
	const char *file; /* absolute */
	const char *sha256;
	uint64_t size;
	uint64_t took_ms;
	const char *tool;      /* "pg_dump (PostgreSQL) 15.18" */
	const char *roles;     /* file with the roles, or NULL */
	const char *roles_why; /* why there is none ("the role may not read pg_authid"), or NULL */
	enum backup_scope scope;
	bool again;              /* it was already there for this run */
	const char *from_target; /* whose run took it, when find_recent found it; else NULL */
	int64_t from_run;
	uint64_t age_ms; /* with from_target: since it was finished */
};

struct backup;

struct backup_ops {
	const char *name;
	/* ERR_BACKUP_SPACE, ERR_BACKUP_VERSION, ERR_BACKUP, ERR_BACKUP_DAMAGED: no file of the try is left behind. */
	struct error *(*take)(struct backup *backup, const struct backup_request *request,
	                      const struct progress *progress, struct arena *arena,
	                      struct backup_made *ret_made);
	/* The finished backup of that target and run, checked against its digest; *ret_found false: there is none. */
	struct error *(*find)(struct backup *backup, const char *target, int64_t run,
	                      struct arena *arena, bool *ret_found, struct backup_made *ret_made);
	/*
	 * The newest finished backup of the same database that is younger than max_age_ms, whichever target it was taken
	 * for, and that holds all that the request asks for: the whole database serves every request, schemas serve a
	 * request for some of them. Checked against its digest; a damaged one is passed over. Never one of another
	 * journal or of this very run, and never one of which it is not certain that its database is this one. *ret_found false: there is none.
	 */
	struct error *(*find_recent)(struct backup *backup, const struct backup_request *request,
	                             struct arena *arena, bool *ret_found,
	                             struct backup_made *ret_made);
	/* The command line that brings it back, for people. */
	const char *(*restore_line)(struct backup *backup, const char *file,
	                            enum backup_scope scope, struct arena *arena);
	/* The programs for a server of that version are there: *ret_tool is "pg_dump (PostgreSQL) 15.18, in FOLDER".
	 * ERR_BACKUP_VERSION names the package. */
	struct error *(*ready)(struct backup *backup, int server_version_num, struct arena *arena,
	                       const char **ret_tool);
	void (*close)(struct backup *backup);
};

struct backup {
	const struct backup_ops *ops;
};

static inline FALLIBLE backup_take(struct backup *backup, const struct backup_request *request,
                                   const struct progress *progress, struct arena *arena,
                                   struct backup_made *ret_made)
{
	return backup->ops->take(backup, request, progress, arena, ret_made);
}

static inline FALLIBLE backup_find(struct backup *backup, const char *target, int64_t run,
                                   struct arena *arena, bool *ret_found,
                                   struct backup_made *ret_made)
{
	return backup->ops->find(backup, target, run, arena, ret_found, ret_made);
}

static inline FALLIBLE backup_find_recent(struct backup *backup,
                                          const struct backup_request *request, struct arena *arena,
                                          bool *ret_found, struct backup_made *ret_made)
{
	return backup->ops->find_recent(backup, request, arena, ret_found, ret_made);
}

static inline const char *backup_restore_line(struct backup *backup, const char *file,
                                              enum backup_scope scope, struct arena *arena)
{
	return backup->ops->restore_line(backup, file, scope, arena);
}

static inline FALLIBLE backup_ready(struct backup *backup, int server_version_num,
                                    struct arena *arena, const char **ret_tool)
{
	return backup->ops->ready(backup, server_version_num, arena, ret_tool);
}

static inline void backup_close(struct backup *backup)
{
	if (backup)
		backup->ops->close(backup);
}
