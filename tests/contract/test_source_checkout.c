/*
 * A checkout as a source: what git itself calls things is understood, what a clone was cut off from is said, and
 * nothing of it is ever changed. The bare remote of git_scratch stands for a clone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "adapters/source_checkout.h"
#include "base/file.h"
#include "base/text.h"
#include "contract/git_scratch.h"
#include "fakes/git_build.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))
#define UNKNOWN "3333333333333333333333333333333333333333"

struct fixture {
	struct arena *arena;
	struct git_scratch place;
	struct git_build build;
	struct source *source;
	const char *first, *second, *side; /* two commits of main, one beside the second */
};

static const char *put(void *place, enum git_kind kind, struct bytes bytes)
{
	return git_scratch_put(place, kind, bytes);
}

static const char *add_commit(struct fixture *fixture, const char *text, const char *parent)
{
	return build_commit(
		&fixture->build,
		&(struct build_commit){
			.tree = BUILD_TREE(&fixture->build,
	                                   {.path = "migrations/1_a/migration.sql", .text = text}),
			.parents = {parent},
		});
}

static struct source *open_source(struct fixture *fixture, const char *path)
{
	struct source *source = NULL;
	struct error *error = source_checkout_open(fixture->arena, path, &source);

	if (error)
		fail_msg("%s: %s", error->what, error->why);
	return source;
}

static int set_up(void **state)
{
	struct arena *arena = arena_new();
	struct fixture *fixture = ARENA_NEW(arena, struct fixture);

	fixture->arena = arena;
	fixture->place = git_scratch_new(arena);
	fixture->build = (struct git_build){.arena = arena, .put = put, .context = &fixture->place};
	fixture->first = add_commit(fixture, "SELECT 1;", NULL);
	fixture->second = add_commit(fixture, "SELECT 2;", fixture->first);
	fixture->side = add_commit(fixture, "SELECT 3;", fixture->first);
	git_scratch_set_branch(&fixture->place, "main", fixture->second);
	git_scratch_set_branch(&fixture->place, "side/one", fixture->side);
	fixture->source = open_source(fixture, fixture->place.remote);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	source_close(fixture->source);
	git_scratch_remove(&fixture->place);
	arena_free(fixture->arena);
	return 0;
}

static void assert_code(const struct error *error, enum error_code code)
{
	assert_non_null(error);
	if (error->row != &error_rows()[code])
		fail_msg("%s (%s) instead of %s", error->row->name, error->what,
		         error_rows()[code].name);
	assert_null(strstr(error->hint, "rm -r")); /* it is not ours to remove */
	assert_null(strstr(error->what, "mirror"));
}

static void names_are_read_as_git_reads_them(void **state)
{
	struct fixture *fixture = *state;
	const struct {
		const char *text, *commit;
	} rows[] = {
		{"HEAD", fixture->second},
		{"main", fixture->second},
		{"refs/heads/main", fixture->second},
		{"main~1", fixture->first},
		{"HEAD^", fixture->first},
		{"side/one", fixture->side},
		{fixture->side, fixture->side},
		{arena_copy(fixture->arena, fixture->side, 12), fixture->side},
		{"nothing", NULL},
		{"main~2", NULL},
		{UNKNOWN, NULL},
		{"..", NULL},
		{"main^{tree}", NULL},
		{"", NULL},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		const char *id = "untouched";
		struct error *error =
			source_resolve(fixture->source, rows[i].text, fixture->arena, &id);

		print_message("         - '%s'\n", rows[i].text);
		if (rows[i].commit) {
			assert_null(error);
			assert_string_equal(id, rows[i].commit);
		} else {
			assert_code(error, ERR_UNKNOWN_COMMIT);
			assert_string_equal(id, "untouched");
		}
	}
}

static void history_and_objects_are_read(void **state)
{
	struct fixture *fixture = *state;
	struct history history = {0};
	struct folder folder = {0}, entries = {0};
	struct bytes bytes = {0};
	const char *branch = NULL, *commit = NULL;
	bool descends = true;

	assert_null(source_head(fixture->source, "side/one", fixture->arena, &branch, &commit));
	assert_string_equal(commit, fixture->side);
	assert_code(source_head(fixture->source, "gone", fixture->arena, &branch, &commit),
	            ERR_GIT_NO_BRANCH);
	assert_null(source_fetch(fixture->source, "main", UNKNOWN, fixture->arena));
	assert_null(source_history(fixture->source, fixture->second, fixture->side, fixture->arena,
	                           &history, &descends));
	assert_int_equal(history.count, 1);
	assert_string_equal(history.items[0].parents.items[0], fixture->first);
	assert_false(descends);
	assert_null(source_folder(fixture->source, fixture->side, "migrations", fixture->arena,
	                          &folder));
	assert_null(source_entries(fixture->source, folder.items[0].id, fixture->arena, &entries));
	assert_null(source_blob(fixture->source, entries.items[0].id, 100, fixture->arena, &bytes));
	assert_string_equal(bytes.data, "SELECT 3;");
	assert_code(source_blob(fixture->source, entries.items[0].id, 3, fixture->arena, &bytes),
	            ERR_GIT_LIMIT);
	assert_code(source_blob(fixture->source, UNKNOWN, 100, fixture->arena, &bytes),
	            ERR_GIT_OBJECT);
	assert_code(source_commit(fixture->source, UNKNOWN, fixture->arena, &bytes),
	            ERR_UNKNOWN_COMMIT);
}

static void a_clone_that_was_cut_off_is_named(void **state)
{
	struct fixture *fixture = *state;
	const char *folder = arena_printf(fixture->arena, "%s/shallow", fixture->place.folder);
	const char *url = arena_printf(fixture->arena, "file://%s", fixture->place.remote);
	struct history history = {0};
	struct source *source;
	const char *id = NULL;
	bool descends = false;

	GIT_MUST(&fixture->place, "clone", "-q", "--no-checkout", "--depth", "1", url, folder);
	source = open_source(fixture, folder);
	assert_null(source_resolve(source, "HEAD", fixture->arena, &id));
	assert_code(source_resolve(source, "HEAD~1", fixture->arena, &id), ERR_GIT_SHALLOW);
	assert_code(source_resolve(source, "origin/side/one", fixture->arena, &id),
	            ERR_GIT_SHALLOW);
	assert_code(
		source_history(source, NULL, fixture->second, fixture->arena, &history, &descends),
		ERR_GIT_SHALLOW);
	source_close(source);
}

static void a_folder_that_is_no_clone_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct source *source = NULL;

	assert_code(source_checkout_open(fixture->arena, fixture->place.folder, &source),
	            ERR_GIT_CHECKOUT);
	assert_code(
		source_checkout_open(fixture->arena,
	                             arena_printf(fixture->arena, "%s/gone", fixture->place.folder),
	                             &source),
		ERR_GIT_CHECKOUT);
	assert_null(source);
}

static void a_mirror_is_read_as_it_lies_there_and_no_repository_around_it(void **state)
{
	struct fixture *fixture = *state;
	const char *outer = path_join(fixture->arena, fixture->place.folder, "outer");
	const char *damaged = path_join(fixture->arena, outer, "state/mirror.git");
	const char *branch, *commit;
	struct source *source = NULL;
	struct error *error;

	GIT_MUST(&fixture->place, "init", "-q", "--bare", fixture->place.mirror);
	GIT_MUST(&fixture->place, "-C", fixture->place.mirror, "fetch", "-q", fixture->place.remote,
	         "refs/heads/main:refs/headgate/main");
	assert_null(source_mirror_open(fixture->arena, fixture->place.mirror, &source));
	assert_null(source_head(source, NULL, fixture->arena, &branch, &commit));
	assert_string_equal(branch, "main");
	assert_string_equal(commit, fixture->second);
	source_close(source);
	GIT_MUST(&fixture->place, "clone", "-q", fixture->place.remote, outer);
	assert_null(folder_private(fixture->arena, damaged));
	error = source_mirror_open(fixture->arena, damaged, &source);
	assert_ptr_equal(error ? error->row : NULL, &error_rows()[ERR_GIT_MIRROR]);
	error = source_mirror_open(fixture->arena, path_join(fixture->arena, outer, "none"),
	                           &source);
	assert_ptr_equal(error ? error->row : NULL, &error_rows()[ERR_UNKNOWN_COMMIT]);
}

#define CHECKOUT_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECKOUT_TEST(names_are_read_as_git_reads_them),
		CHECKOUT_TEST(history_and_objects_are_read),
		CHECKOUT_TEST(a_clone_that_was_cut_off_is_named),
		CHECKOUT_TEST(a_folder_that_is_no_clone_is_refused),
		CHECKOUT_TEST(a_mirror_is_read_as_it_lies_there_and_no_repository_around_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
