/*
 * Files: whole reads with a stated maximum, and writes that are complete or absent (temporary name, fsync, rename,
 * fsync of the folder; POSIX rename(2)). Nothing here follows a symbolic link at the last component when it writes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* The whole file. Errors: ERR_FILE when it cannot be read, ERR_FILE_LIMIT when it is larger than `maximum`. */
FALLIBLE file_read(struct arena *arena, const char *path, size_t maximum, struct bytes *ret_bytes);
/*
 * A secret of at most 64 KiB: the same, without white space at the end. It must be ours or root's, and nobody else may
 * read it (ERR_FILE_RIGHTS). One exception, as libpq has it: a file that root gave to us by a group or an access list
 * may be readable for the group (systemd credentials, mounted secrets). Empty, or with NUL inside: ERR_FILE.
 */
FALLIBLE file_read_secret(struct arena *arena, const char *path, struct bytes *ret_bytes);
/*
 * A program that is trusted with a secret: a file that we may execute, ours or root's, and that nobody else may write
 * (ERR_FILE_RIGHTS). ERR_FILE when it is not there.
 */
FALLIBLE file_check_program(struct arena *arena, const char *path);
/* All or nothing; may be repeated. The mode is set as given, whatever the umask. */
FALLIBLE file_save(struct arena *arena, const char *path, struct bytes bytes, mode_t mode);
/* A file that is there, all or nothing, with the owner, group and mode that it has. A link is refused. */
FALLIBLE file_replace(struct arena *arena, const char *path, struct bytes bytes);
/* Behind what is there, synced; after a failure what was there before is all that is there. Makes a missing file. */
FALLIBLE file_append(struct arena *arena, const char *path, struct bytes bytes, mode_t mode);
/* Makes the folder and its parents with 0700; an existing one must be ours and not writable by others. */
FALLIBLE folder_private(struct arena *arena, const char *path);
/*
 * A new private folder "<name>-…" below TMPDIR, when that is an absolute path, or /tmp; removed with all that is in it.
 * NULL is accepted there.
 */
FALLIBLE folder_temporary(struct arena *arena, const char *name, const char **ret_path);
void folder_temporary_remove(const char *path);
FALLIBLE folder_sync(struct arena *arena, const char *path);
FALLIBLE folder_free_space(struct arena *arena, const char *path, uint64_t *ret_bytes);
enum entry_kind { ENTRY_IS_FILE, ENTRY_IS_FOLDER, ENTRY_IS_LINK, ENTRY_IS_OTHER };

struct file_entry {
	const char *name;
	enum entry_kind kind; /* of the entry itself: a link is a link, wherever it leads */
};

struct file_entries {
	struct file_entry *items;
	size_t count, room;
};

/* What stands in a folder, in no order. ERR_FILE; ERR_FILE_LIMIT: more than `maximum` entries. */
FALLIBLE folder_list(struct arena *arena, const char *path, size_t maximum,
                     struct file_entries *ret_entries);
struct stat;
/*
 * Why a file or folder that decides whom to trust must not be believed: it is neither ours nor root's, or others may
 * write it. NULL: it may. `power` ends the first reason: "let in anybody". And what mends it.
 */
const char *file_distrust(struct arena *arena, const struct stat *status, const char *power);
const char *file_distrust_mend(struct arena *arena, const struct stat *status, const char *path);
bool file_exists(const char *path);
const char *path_join(struct arena *arena, const char *folder,
                      const char *name);                        /* an absolute name wins */
const char *path_folder(struct arena *arena, const char *path); /* "a/b.c" -> "a", "b" -> "." */

/*
 * An exclusive lock that dies with the process (flock(2)). *ret_fd stays open as long as it is held, close releases
 * it; -1 when another holds it, and then *ret_holder is what the holder wrote into the file (else NULL).
 */
FALLIBLE file_lock(struct arena *arena, const char *path, const char *holder, int *ret_fd,
                   const char **ret_holder);
