/*
 * The mirror's folder. It is only a cache: whatever is wrong with it, the answer is to remove it.
 * So nothing here repairs; it only takes away what would make git see other objects than the remote
 * has, and what a fetch that was killed left.
 */
#include "adapters/git_mirror.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <unistd.h>

#include "adapters/git.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

#define LOCK_NAME "headgate.lock"
#define LOCK_WAIT_MS 100
#define OPEN_AT_ONCE 8 /* descriptors while a folder is walked */

/*
 * Cut-off, replaced and foreign objects: git-shallow, gitrepository-layout(5). Also what a git
 * command left here.
 */
static const char *const detours[] = {"shallow", "info/grafts", "objects/info/alternates"};

/* What a fetch that was killed leaves among the packs: up to as much as it had received. */
static const struct {
	const char *begin, *end;
	int64_t age_s; /* 0: only the holder of our lock writes such a file */
} unfinished[] = {
	{"pack_git2_", "", 0},
	{"pack-", ".idx.lock", 0},
	{"tmp_", "", 24 * 3600}, /* of a git command, which may be at work */
};

static struct error *refuse_strangers(struct arena *arena, const char *folder);
static void sweep(struct arena *arena, const char *folder);
static int sweep_pack(const char *path, const struct stat *status, int kind, struct FTW *place);
static int sweep_ref(const char *path, const struct stat *status, int kind, struct FTW *place);

FALLIBLE git_mirror_prepare(struct arena *arena, const char *folder, bool *ret_is_new,
                            int *ret_lock)
{
	const char *head = path_join(arena, folder, "HEAD"); /* libgit2 writes it last */
	AUTO_FD lock = -1;
	bool is_new = false;

	if (!file_exists(head)) {
		TRY(folder_private(arena, folder));
		TRY(refuse_strangers(arena, folder));
		TRY(git_mirror_lock(arena, folder, &lock));
		is_new = !file_exists(head);
	}
	for (size_t i = 0; i < sizeof detours / sizeof *detours; i++)
		(void)unlink(path_join(arena, folder, detours[i])); /* nearly always absent */
	*ret_is_new = is_new;
	*ret_lock = TAKE_FD(lock);
	return NULL;
}

/* A wrong path in the configuration must not fill somebody's folder with a repository. */
static struct error *refuse_strangers(struct arena *arena, const char *folder)
{
	DIR *entries = opendir(folder);
	const struct dirent *entry;
	const char *stranger = NULL;
	bool is_ours = false;

	if (!entries)
		return git_mirror_failed(arena, folder, "open", strerror(errno));
	while ((entry = readdir(entries)) && !is_ours) {
		if (text_equal(entry->d_name, ".") || text_equal(entry->d_name, ".."))
			continue;
		is_ours = text_equal(entry->d_name, LOCK_NAME);
		stranger = arena_text(arena, entry->d_name);
	}
	(void)closedir(entries);
	if (is_ours || !stranger)
		return NULL;
	return FAIL(arena, GIT_MIRROR,
	            .what = arena_printf(arena, "cannot use the folder '%s' for a mirror", folder),
	            .why = arena_printf(arena, "it holds '%s' and is no repository", stranger),
	            .hint = "Name a folder of its own for the agent's state in the configuration.");
}

FALLIBLE git_mirror_lock(struct arena *arena, const char *folder, int *ret_lock)
{
	const char *path = path_join(arena, folder, LOCK_NAME), *holder = NULL;
	uint64_t until = clock_monotonic_ms() + GIT_FETCH_MS;
	AUTO_FD lock = -1;

	for (;;) {
		TRY(file_lock(arena, path, arena_printf(arena, "%ld", (long)getpid()), &lock,
		              &holder));
		if (lock >= 0)
			break;
		if (stop_asked())
			return FAIL(arena, STOPPED, .what = "cannot go on with the fetch",
			            .why = "the agent was asked to stop",
			            .hint = "The next pass begins it again.");
		if (clock_monotonic_ms() > until)
			return FAIL(
				arena, GIT_UNREACHABLE,
				.what = arena_printf(arena, "cannot fetch into '%s'", folder),
				.why = arena_printf(arena,
			                            "process %s has held its lock for 10 minutes",
			                            holder),
				.hint = "See what that process does; the next pass tries again.");
		clock_sleep_ms(LOCK_WAIT_MS);
	}
	sweep(arena, folder);
	*ret_lock = TAKE_FD(lock);
	return NULL;
}

/* What cannot be removed is left for the next time. */
static void sweep(struct arena *arena, const char *folder)
{
	(void)nftw(path_join(arena, folder, "objects/pack"), sweep_pack, OPEN_AT_ONCE, FTW_PHYS);
	(void)nftw(path_join(arena, folder, GIT_WATCHED), sweep_ref, OPEN_AT_ONCE, FTW_PHYS);
	(void)nftw(path_join(arena, folder, GIT_KEPT), sweep_ref, OPEN_AT_ONCE, FTW_PHYS);
}

static int sweep_pack(const char *path, const struct stat *status, int kind, struct FTW *place)
{
	const char *name = path + place->base;

	for (size_t i = 0; i < sizeof unfinished / sizeof *unfinished; i++)
		if (kind == FTW_F && text_starts(name, unfinished[i].begin) &&
		    text_ends(name, unfinished[i].end) &&
		    status->st_mtime <= clock_wall() - unfinished[i].age_s)
			(void)unlink(path);
	return 0;
}

/* A ref that was being written: it would stand in the way of every later fetch. No branch has such a name. */
static int sweep_ref(const char *path, const struct stat *status, int kind, struct FTW *place)
{
	(void)status;
	(void)place;
	if (kind == FTW_F && text_ends(path, ".lock"))
		(void)unlink(path);
	return 0;
}

FALLIBLE git_mirror_failed(struct arena *arena, const char *folder, const char *aim,
                           const char *why)
{
	return FAIL(arena, GIT_MIRROR,
	            .what = arena_printf(arena, "cannot %s the mirror '%s'", aim, folder),
	            .why = why,
	            .hint = arena_printf(
			    arena, "Remove the folder; the next pass fetches it anew: rm -r '%s'",
			    folder));
}
