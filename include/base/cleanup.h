/*
 * Handles belong to a scope. AUTO_FD, AUTO_ARENA and the AUTO_… of each adapter close themselves at the end of the
 * block, on every path; handing a handle on is spelled TAKE_FD(fd) or TAKE(pointer) at the place where it happens.
 */
#pragma once

#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(function) __attribute__((cleanup(function)))

static inline void fd_cleanup(int *fd)
{
	if (*fd >= 0)
		(void)close(
			*fd); /* nothing is written through descriptors closed here; file_save syncs first */
}
#define AUTO_FD CLEANUP(fd_cleanup) int

static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}
#define TAKE_FD(fd) take_fd(&(fd))

static inline void *take_pointer(void **pointer)
{
	void *taken = *pointer;

	*pointer = NULL;
	return taken;
}
#define TAKE(pointer) take_pointer((void **)(void *)&(pointer))

/* For what a library allocated with malloc and gave away. */
static inline void free_text(char **text)
{
	free(*text);
}
