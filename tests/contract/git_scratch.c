/* A scratch repository. Objects are put into it unjudged, also those that git would never make. */
#include "contract/git_scratch.h"

#include <ftw.h>
#include <git2.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/process.h"
#include "base/text.h"

const char *git_scratch_try(struct git_scratch *place, const char *const *arguments,
                            struct bytes input)
{
	static const char *const environment[] = {
		"GIT_CONFIG_NOSYSTEM=1",
		"GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_AUTHOR_NAME=Ann",
		"GIT_COMMITTER_NAME=Ann",
		"GIT_AUTHOR_EMAIL=ann@example.org",
		"GIT_COMMITTER_EMAIL=ann@example.org",
		NULL,
	};
	struct process process = {
		.program = program_find(place->arena, "git"),
		.arguments = arguments,
		.environment = environment,
		.input = input,
		.deadline_ms = 60000,
		.folder = place->folder,
	};
	struct process_result result;
	struct error *error;

	assert_non_null(process.program);
	error = process_run(place->arena, &process, &result);
	if (error)
		fail_msg("git: %s: %s", error->what, error->why);
	if (result.status)
		print_message("git: %s\n", result.complaint);
	return result.status ? NULL : text_trim(place->arena, result.output.data);
}

const char *git_scratch_must(struct git_scratch *place, const char *const *arguments,
                             struct bytes input)
{
	const char *output = git_scratch_try(place, arguments, input);

	if (!output)
		fail_msg("git %s failed", arguments[0]);
	return output;
}

struct git_scratch git_scratch_new(struct arena *arena)
{
	const char *above = getenv("TMPDIR");
	char *folder = arena_printf(arena, "%s/headgate-git-XXXXXX", above ? above : "/tmp");
	struct git_scratch place = {.arena = arena};

	place.folder = mkdtemp(folder);
	assert_non_null(place.folder);
	place.remote = arena_printf(arena, "%s/remote.git", folder);
	place.mirror = arena_printf(arena, "%s/mirror", folder);
	GIT_MUST(&place, "init", "-q", "--bare", "-b", "main", place.remote);
	return place;
}

static int remove_entry(const char *path, const struct stat *stat, int kind, struct FTW *where)
{
	(void)stat, (void)kind, (void)where;
	return remove(path);
}

void git_scratch_remove_folder(const char *folder)
{
	(void)nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

void git_scratch_remove(struct git_scratch *place)
{
	git_scratch_remove_folder(place->folder);
}

/*
 * The library, because a child per object would take most of a test's time; the remote itself is
 * the program's.
 */
static git_repository *open_remote(struct git_scratch *place)
{
	git_repository *repository = NULL;

	assert_true(git_libgit2_init() > 0);
	assert_int_equal(git_repository_open_bare(&repository, place->remote), 0);
	return repository;
}

static void close_remote(git_repository *repository)
{
	git_repository_free(repository);
	(void)git_libgit2_shutdown();
}

const char *git_scratch_put(struct git_scratch *place, enum git_kind kind, struct bytes bytes)
{
	static const git_object_t types[] = {
		[GIT_KIND_COMMIT] = GIT_OBJECT_COMMIT,
		[GIT_KIND_TREE] = GIT_OBJECT_TREE,
		[GIT_KIND_BLOB] = GIT_OBJECT_BLOB,
		[GIT_KIND_TAG] = GIT_OBJECT_TAG,
	};
	git_repository *repository = open_remote(place);
	const char *id;
	git_odb *odb;
	git_oid oid;

	assert_int_equal(git_repository_odb(&odb, repository), 0);
	assert_int_equal(
		git_odb_write(&oid, odb, bytes.data ? bytes.data : "", bytes.size, types[kind]), 0);
	id = arena_text(place->arena, git_oid_tostr_s(&oid));
	git_odb_free(odb);
	close_remote(repository);
	return id;
}

void git_scratch_set_branch(struct git_scratch *place, const char *name, const char *commit)
{
	git_scratch_set_ref(place, arena_printf(place->arena, "refs/heads/%s", name), commit);
}

void git_scratch_set_ref(struct git_scratch *place, const char *ref, const char *commit)
{
	git_repository *repository = open_remote(place);
	git_reference *reference = NULL;
	git_oid oid;

	if (commit) {
		assert_int_equal(git_oid_fromstr(&oid, commit), 0);
		assert_int_equal(git_reference_create(&reference, repository, ref, &oid, 1, NULL),
		                 0);
		git_reference_free(reference);
	} else {
		assert_int_equal(git_reference_remove(repository, ref), 0);
	}
	close_remote(repository);
}
