/*
 * Owns the lock that dies with its process. Easily got wrong: the file may be removed or replaced between opening
 * and locking, and then the lock guards nothing; so the name is looked at again.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"

#define HOLDER_MAXIMUM 1024
#define TRIES 10

static FALLIBLE failed(struct arena *arena, const char *path);
static bool still_there(int fd, const char *path);
static int write_holder(int fd, const char *holder);
static const char *read_holder(struct arena *arena, int fd);

FALLIBLE file_lock(struct arena *arena, const char *path, const char *holder, int *ret_fd,
                   const char **ret_holder)
{
	for (int i = 0; i < TRIES; i++) {
		AUTO_FD fd = open(path,
		                  O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
		                  0600);

		if (fd < 0)
			return failed(arena, path);
		if (flock(fd, LOCK_EX | LOCK_NB)) {
			if (errno == EINTR)
				continue;
			if (errno != EWOULDBLOCK)
				return failed(arena, path);
			*ret_holder = read_holder(arena, fd);
			*ret_fd = -1;
			return NULL;
		}
		if (!still_there(fd, path))
			continue;
		if (write_holder(fd, holder))
			return failed(arena, path);
		*ret_holder = NULL;
		*ret_fd = TAKE_FD(fd);
		return NULL;
	}
	errno = EAGAIN;
	return failed(arena, path);
}

static FALLIBLE failed(struct arena *arena, const char *path)
{
	return FAIL(arena, FILE, .what = arena_printf(arena, "cannot lock '%s'", path),
	            .why = errno_text(arena, errno),
	            .hint = arena_printf(
			    arena, "Look at the file, its folder and its file system: ls -ld '%s'",
			    path));
}

static bool still_there(int fd, const char *path)
{
	struct stat ours, named;

	return !fstat(fd, &ours) && !lstat(path, &named) && ours.st_ino == named.st_ino &&
	       ours.st_dev == named.st_dev;
}

static int write_holder(int fd, const char *holder)
{
	size_t size = strlen(holder);

	if (size > HOLDER_MAXIMUM)
		size = HOLDER_MAXIMUM;
	if (ftruncate(fd, 0))
		return -1;
	return pwrite(fd, holder, size, 0) == (ssize_t)size ? 0 : -1;
}

static const char *read_holder(struct arena *arena, int fd)
{
	char data[HOLDER_MAXIMUM + 1];
	ssize_t size = pread(fd, data, HOLDER_MAXIMUM, 0);

	if (size <= 0) /* it has the lock and has not written yet */
		return "another process";
	data[size] = '\0';
	return text_clip(arena, text_trim(arena, data), HOLDER_MAXIMUM);
}
