/*
 * The system calls of file.c, as one table: tests replace one entry to see a full disk, a short write or a failing
 * fsync. In release builds the table is constant.
 */
#pragma once

#include <sys/types.h>

struct file_calls {
	ssize_t (*read)(int fd, void *data, size_t size);
	ssize_t (*write)(int fd, const void *data, size_t size);
	int (*fsync)(int fd);
	int (*renameat)(int from_folder, const char *from, int to_folder, const char *to);
};

#ifdef HEADGATE_FAULTS
extern struct file_calls file_calls;
#endif
