/* Whether a file that decides whom to trust may be believed. Easily got wrong: a reader who is not its owner may still
 * write it by the group. */
#include "base/file.h"

#include <sys/stat.h>
#include <unistd.h>

const char *file_distrust(struct arena *arena, const struct stat *status, const char *power)
{
	if (status->st_uid != geteuid() && status->st_uid != 0)
		return arena_printf(arena, "it belongs to user %u, who could %s",
		                    (unsigned)status->st_uid, power);
	if (status->st_mode & (S_IWGRP | S_IWOTH))
		return "others than its owner may write it";
	return NULL;
}

const char *file_distrust_mend(struct arena *arena, const struct stat *status, const char *path)
{
	if (status->st_uid != geteuid() && status->st_uid != 0)
		return arena_printf(arena, "Give it to the agent's user or to root: chown root %s",
		                    path);
	return arena_printf(arena, "Take that right away: chmod go-w %s", path);
}
