/* Private folders that live as long as one command. What a reader gets wrong: links in them are removed, not followed. */
#include "base/file.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#define OPEN_AT_ONCE 8 /* descriptors while a tree is walked */

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place);

FALLIBLE folder_temporary(struct arena *arena, const char *name, const char **ret_path)
{
	const char *folder = getenv("TMPDIR");
	char *path = arena_printf(arena, "%s/%s-XXXXXX", folder && *folder == '/' ? folder : "/tmp",
	                          name);

	if (!mkdtemp(path))
		return FAIL(arena, FILE,
		            .what = arena_printf(arena, "cannot make the folder '%s'", path),
		            .why = errno_text(arena, errno),
		            .hint = "Name a folder that may be written to: TMPDIR=…");
	*ret_path = path;
	return NULL;
}

void folder_temporary_remove(const char *path)
{
	if (path)
		(void)nftw(path, remove_one, OPEN_AT_ONCE, FTW_DEPTH | FTW_PHYS);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
	(void)status;
	(void)kind;
	(void)place;
	(void)remove(path); /* what is left is in a private folder */
	return 0;
}
