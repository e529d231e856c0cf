/*
 * Owns whole reads and whole writes. Easily got wrong: a rename is only kept once its folder was synced, so an error
 * of file_save may leave the new content in place; saving again is always right.
 */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/clock.h"
#include "base/file_calls.h"
#include "base/text.h"

#define SECRET_MAXIMUM ((size_t)64 * 1024)
#define PIECE ((size_t)64 * 1024)

static void dir_cleanup(DIR **folder)
{
	if (*folder)
		(void)closedir(*folder);
}
#define AUTO_DIR CLEANUP(dir_cleanup) DIR *

#ifdef HEADGATE_FAULTS
struct file_calls file_calls = {
#else
static const struct file_calls file_calls = {
#endif
	.read = read,
	.write = write,
	.fsync = fsync,
	.renameat = renameat,
};

static enum entry_kind kind_of(mode_t mode);
static FALLIBLE failed(struct arena *arena, const char *aim, const char *path, int number);
static FALLIBLE open_to_read(struct arena *arena, const char *path, int *ret_fd,
                             struct stat *ret_stat);
static FALLIBLE read_all(struct arena *arena, int fd, const char *path, size_t maximum,
                         struct bytes *ret_bytes);
static FALLIBLE secret_rights(struct arena *arena, const char *path, const struct stat *stat);
static FALLIBLE open_folder(struct arena *arena, const char *aim, const char *path, int *ret_fd);
static FALLIBLE save_inside(struct arena *arena, int folder, const char *path, struct bytes bytes,
                            mode_t mode, const struct stat *owner);
static FALLIBLE save_temporary(struct arena *arena, int folder, const char *temporary,
                               const char *path, struct bytes bytes, mode_t mode,
                               const struct stat *owner);
static int write_all(int fd, struct bytes bytes);
static const char *path_name(const char *path);

FALLIBLE file_read(struct arena *arena, const char *path, size_t maximum, struct bytes *ret_bytes)
{
	struct stat stat;
	AUTO_FD fd = -1;

	TRY(open_to_read(arena, path, &fd, &stat));
	return read_all(arena, fd, path, maximum, ret_bytes);
}

FALLIBLE file_read_secret(struct arena *arena, const char *path, struct bytes *ret_bytes)
{
	struct bytes bytes;
	struct stat stat;
	AUTO_FD fd = -1;

	TRY(open_to_read(arena, path, &fd, &stat));
	TRY(secret_rights(arena, path, &stat));
	TRY(read_all(arena, fd, path, SECRET_MAXIMUM, &bytes));
	while (bytes.size && strchr(" \t\r\n", bytes.data[bytes.size - 1]))
		bytes.size--;
	if (!bytes.size || memchr(bytes.data, '\0', bytes.size))
		return FAIL(
			arena, FILE,
			.what = arena_printf(arena, "cannot use the secret in '%s'", path),
			.why = bytes.size ? "there is a NUL byte in it" : "the file holds nothing",
			.hint = arena_printf(
				arena, "Write the secret into '%s', as one line of text.", path));
	*ret_bytes = arena_bytes(arena, bytes.data, bytes.size);
	return NULL;
}

FALLIBLE file_check_program(struct arena *arena, const char *path)
{
	struct stat status;

	if (stat(path, &status))
		return failed(arena, "run", path, errno);
	if (!S_ISREG(status.st_mode) || access(path, X_OK))
		return failed(arena, "run", path, EACCES);
	if ((status.st_uid == 0 || status.st_uid == geteuid()) &&
	    !(status.st_mode & (S_IWGRP | S_IWOTH)))
		return NULL;
	return FAIL(arena, FILE_RIGHTS,
	            .what = arena_printf(arena, "cannot trust the program '%s'", path),
	            .why = "others than root and the agent's user may write it",
	            .hint = arena_printf(arena,
	                                 "Take that right away: chown root '%s'; chmod go-w '%s'",
	                                 path, path));
}

FALLIBLE file_save(struct arena *arena, const char *path, struct bytes bytes, mode_t mode)
{
	AUTO_FD folder = -1;

	TRY(open_folder(arena, "write", path_folder(arena, path), &folder));
	TRY(save_inside(arena, folder, path, bytes, mode, /* owner= */ NULL));
	if (file_calls.fsync(folder))
		return failed(arena, "sync the folder of", path, errno);
	return NULL;
}

FALLIBLE file_replace(struct arena *arena, const char *path, struct bytes bytes)
{
	struct stat stat;
	AUTO_FD folder = -1;

	if (lstat(path, &stat))
		return failed(arena, "write", path, errno);
	if (!S_ISREG(stat.st_mode))
		return failed(arena, "write", path, S_ISLNK(stat.st_mode) ? ELOOP : EINVAL);
	TRY(open_folder(arena, "write", path_folder(arena, path), &folder));
	TRY(save_inside(arena, folder, path, bytes, stat.st_mode & 07777, &stat));
	if (file_calls.fsync(folder))
		return failed(arena, "sync the folder of", path, errno);
	return NULL;
}

FALLIBLE file_append(struct arena *arena, const char *path, struct bytes bytes, mode_t mode)
{
	struct stat stat;
	AUTO_FD fd =
		open(path,
	             O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
	             mode);
	int problem;

	if (fd < 0 || fstat(fd, &stat))
		return failed(arena, "append to", path, errno);
	if (!S_ISREG(stat.st_mode))
		return failed(arena, "append to", path, EINVAL);
	problem = write_all(fd, bytes);
	if (!problem && file_calls.fsync(fd))
		problem = errno;
	if (problem) {
		(void)!ftruncate(fd, stat.st_size); /* the first failure is the one to tell */
		return failed(arena, "append to", path, problem);
	}
	return stat.st_size ? NULL : folder_sync(arena, path_folder(arena, path));
}

FALLIBLE folder_private(struct arena *arena, const char *path)
{
	struct stat stat_of;
	char *made = arena_text(arena, path);

	for (char *slash = made + (made[0] == '/');; slash++) {
		char kept;

		slash += strcspn(slash, "/");
		kept = *slash;
		*slash = '\0';
		if (mkdir(made, 0700) && errno != EEXIST && (errno != EROFS || access(made, F_OK)))
			return failed(arena, "make the folder", made, errno);
		*slash = kept;
		if (!kept)
			break;
	}
	if (stat(path, &stat_of))
		return failed(arena, "use the folder", path, errno);
	if (!S_ISDIR(stat_of.st_mode))
		return failed(arena, "use the folder", path, ENOTDIR);
	if (stat_of.st_uid != geteuid())
		return FAIL(arena, FILE_RIGHTS,
		            .what = arena_printf(arena, "cannot use the folder '%s'", path),
		            .why = arena_printf(arena, "it belongs to user %u, and we are user %u",
		                                stat_of.st_uid, geteuid()),
		            .hint = arena_printf(arena, "Give it to us: chown %u '%s'", geteuid(),
		                                 path));
	if (stat_of.st_mode & 022)
		return FAIL(arena, FILE_RIGHTS,
		            .what = arena_printf(arena, "cannot use the folder '%s'", path),
		            .why = arena_printf(arena, "others may write to it (mode %04o)",
		                                stat_of.st_mode & 07777),
		            .hint = arena_printf(arena, "Close it: chmod 700 '%s'", path));
	return NULL;
}

FALLIBLE folder_sync(struct arena *arena, const char *path)
{
	AUTO_FD folder = -1;

	TRY(open_folder(arena, "sync", path, &folder));
	if (file_calls.fsync(folder))
		return failed(arena, "sync the folder", path, errno);
	return NULL;
}

FALLIBLE folder_free_space(struct arena *arena, const char *path, uint64_t *ret_bytes)
{
	struct statvfs space;

	if (statvfs(path, &space))
		return failed(arena, "ask for the free space of", path, errno);
	*ret_bytes = (uint64_t)space.f_bavail * space.f_frsize;
	return NULL;
}

FALLIBLE folder_list(struct arena *arena, const char *path, size_t maximum,
                     struct file_entries *ret_entries)
{
	AUTO_DIR folder = opendir(path);
	struct file_entries entries = {0};
	struct stat stat;

	if (!folder)
		return failed(arena, "list the folder", path, errno);
	for (;;) {
		struct dirent *entry;

		errno = 0;
		entry = readdir(folder);
		if (!entry && errno)
			return failed(arena, "list the folder", path, errno);
		if (!entry)
			break;
		if (text_equal(entry->d_name, ".") || text_equal(entry->d_name, ".."))
			continue;
		if (entries.count == maximum)
			return FAIL(
				arena, FILE_LIMIT,
				.what = arena_printf(arena, "cannot list the folder '%s'", path),
				.why = arena_printf(arena, "it holds more than %zu entries",
			                            maximum),
				.hint = arena_printf(arena, "Is it the right one? Look: ls -l '%s'",
			                             path));
		if (fstatat(dirfd(folder), entry->d_name, &stat, AT_SYMLINK_NOFOLLOW))
			return failed(arena, "look at", path_join(arena, path, entry->d_name),
			              errno);
		*LIST_ADD(arena, &entries) = (struct file_entry){arena_text(arena, entry->d_name),
		                                                 kind_of(stat.st_mode)};
	}
	*ret_entries = entries;
	return NULL;
}

static enum entry_kind kind_of(mode_t mode)
{
	if (S_ISREG(mode))
		return ENTRY_IS_FILE;
	if (S_ISDIR(mode))
		return ENTRY_IS_FOLDER;
	return S_ISLNK(mode) ? ENTRY_IS_LINK : ENTRY_IS_OTHER;
}

bool file_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

const char *path_join(struct arena *arena, const char *folder, const char *name)
{
	if (name[0] == '/' || !folder[0])
		return arena_text(arena, name);
	while (name[0] == '.' && name[1] == '/')
		name += 2;
	return arena_printf(arena, "%s%s%s", folder, text_ends(folder, "/") ? "" : "/", name);
}

const char *path_folder(struct arena *arena, const char *path)
{
	size_t size = strlen(path);

	while (size > 1 && path[size - 1] == '/')
		size--;
	while (size && path[size - 1] != '/')
		size--;
	if (!size)
		return ".";
	while (size > 1 && path[size - 1] == '/')
		size--;
	return arena_copy(arena, path, size);
}

/* What a person does next, by the system's reason. */
static const struct advice {
	int number;
	const char *sentence; /* %s: the path */
} advices[] = {
	{ENOENT, "Make it, or correct its path in the configuration: ls -l '%s'"},
	{ENOTDIR, "A part of the path is not a folder; correct the path: ls -l '%s'"},
	{EACCES, "Give the agent's user the right; who has it is shown by: ls -ld '%s'"},
	{EPERM, "Give the agent's user the right; who has it is shown by: ls -ld '%s'"},
	{ELOOP, "Put the file itself in the place of the symbolic link: ls -l '%s'"},
	{ENOSPC, "Make room on the file system: df -h \"$(dirname '%s')\""},
	{EDQUOT,
         "Make room in the user's quota, or raise it; the use is shown by: du -sh \"$(dirname '%s')\""},
	{EROFS,
         "Make the file system writable, or choose another place: findmnt -T \"$(dirname '%s')\""},
	{EIO,
         "Look for a failing disk: dmesg | tail; the file system is shown by: findmnt -T '%s'"},
	{EISDIR, "Name a file, not a folder: ls -ld '%s'"},
	{0, "Look at the file and its folder: ls -ld '%s'"},
};

static FALLIBLE failed(struct arena *arena, const char *aim, const char *path, int number)
{
	const struct advice *advice = advices;
	struct text hint = TEXT_IN(arena);
	const char *place;

	while (advice->number && advice->number != number)
		advice++;
	place = strstr(advice->sentence, "%s");
	text_add_bytes(&hint, advice->sentence, (size_t)(place - advice->sentence));
	text_add(&hint, path);
	text_add(&hint, place + 2);
	return FAIL(arena, FILE, .what = arena_printf(arena, "cannot %s '%s'", aim, path),
	            .why = errno_text(arena, number), .hint = text_get(&hint));
}

static FALLIBLE open_to_read(struct arena *arena, const char *path, int *ret_fd,
                             struct stat *ret_stat)
{
	/* O_NONBLOCK: never waits at a pipe. */
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0 || fstat(fd, ret_stat))
		return failed(arena, "read", path, errno);
	if (S_ISDIR(ret_stat->st_mode))
		return failed(arena, "read", path, EISDIR);
	if (!S_ISREG(ret_stat->st_mode))
		return FAIL(
			arena, FILE, .what = arena_printf(arena, "cannot read '%s'", path),
			.why = "it is a device, a pipe or a socket, not a file",
			.hint = arena_printf(arena, "Put a regular file there: ls -l '%s'", path));
	*ret_fd = TAKE_FD(fd);
	return NULL;
}

static FALLIBLE read_all(struct arena *arena, int fd, const char *path, size_t maximum,
                         struct bytes *ret_bytes)
{
	struct text text = TEXT_IN(arena);
	AUTO_ARENA scratch = arena_new();
	char *piece = arena_alloc(scratch, PIECE);

	for (;;) {
		ssize_t size = file_calls.read(fd, piece, PIECE);

		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0)
			return failed(arena, "read", path, errno);
		if (!size)
			break;
		if ((size_t)size > maximum - text.size)
			return FAIL(arena, FILE_LIMIT,
			            .what = arena_printf(arena, "cannot read '%s'", path),
			            .why = arena_printf(arena, "it is larger than %s",
			                                text_size(arena, maximum)),
			            .hint = arena_printf(
					    arena,
					    "Look at what it is, and make it smaller: ls -lh '%s'",
					    path));
		text_add_bytes(&text, piece, (size_t)size);
	}
	*ret_bytes = text_bytes(&text);
	return NULL;
}

static FALLIBLE secret_rights(struct arena *arena, const char *path, const struct stat *stat)
{
	bool lent = stat->st_uid == 0 &&
	            geteuid() != 0; /* root lets us read it by a group or an access list */

	if (stat->st_uid != 0 && stat->st_uid != geteuid())
		return FAIL(arena, FILE_RIGHTS,
		            .what = arena_printf(arena, "cannot use the secret in '%s'", path),
		            .why = arena_printf(arena,
		                                "it belongs to user %u, who is neither root nor us",
		                                stat->st_uid),
		            .hint = arena_printf(arena,
		                                 "Give it to the agent's user: chown %u '%s'",
		                                 geteuid(), path));
	if (stat->st_mode & (lent ? 037 : 077))
		return FAIL(
			arena, FILE_RIGHTS,
			.what = arena_printf(arena, "cannot use the secret in '%s'", path),
			.why = arena_printf(arena, "others than its owner may use it (mode %04o)",
		                            stat->st_mode & 07777),
			.hint = arena_printf(arena, "Close it to others: chmod 600 '%s'", path));
	return NULL;
}

static FALLIBLE open_folder(struct arena *arena, const char *aim, const char *path, int *ret_fd)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return failed(arena, arena_printf(arena, "%s in the folder", aim), path, errno);
	*ret_fd = fd;
	return NULL;
}

static FALLIBLE save_inside(struct arena *arena, int folder, const char *path, struct bytes bytes,
                            mode_t mode, const struct stat *owner)
{
	const char *name = path_name(path);
	const char *temporary =
		arena_printf(arena, ".%.200s.%016" PRIx64 ".new", name, random_below(UINT64_MAX));
	struct error *error = save_temporary(arena, folder, temporary, path, bytes, mode, owner);

	if (!error && file_calls.renameat(folder, temporary, folder, name))
		error = failed(arena, "write", path, errno);
	if (error)
		(void)unlinkat(folder, temporary, 0);
	return error;
}

static FALLIBLE save_temporary(struct arena *arena, int folder, const char *temporary,
                               const char *path, struct bytes bytes, mode_t mode,
                               const struct stat *owner)
{
	AUTO_FD fd = openat(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	                    mode);
	int problem;

	if (fd < 0 || (owner && fchown(fd, owner->st_uid, owner->st_gid)) || fchmod(fd, mode))
		return failed(arena, "write", path, errno);
	problem = write_all(fd, bytes);
	if (!problem && file_calls.fsync(fd))
		problem = errno;
	return problem ? failed(arena, "write", path, problem) : NULL;
}

/* 0, or the reason. */
static int write_all(int fd, struct bytes bytes)
{
	while (bytes.size) {
		ssize_t size = file_calls.write(fd, bytes.data, bytes.size);

		if (size < 0 && errno == EINTR)
			continue;
		if (size <= 0)
			return size ? errno : EIO;
		bytes.data += size;
		bytes.size -= (size_t)size;
	}
	return 0;
}

static const char *path_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}
