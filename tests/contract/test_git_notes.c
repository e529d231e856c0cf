/*
 * Notes as the git wrapper keeps them, read back by the git program; and pushes that meet
 * another's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "adapters/git.h"
#include "base/text.h"
#include "contract/git_scratch.h"
#include "fakes/git_build.h"
#include "model/commit.h"

#define REF "refs/notes/headgate/shop"

struct fixture {
	struct arena *arena;
	struct git_scratch place;
	struct git_build build;
	struct git_access access;
	struct git *git;
	const char *commit, *other; /* two commits that the mirror has */
};

static void must(struct error *error)
{
	if (error)
		fail_msg("%s: %s: %s", error->row->code, error->what, error->why ? error->why : "");
}

static const char *put(void *place, enum git_kind kind, struct bytes bytes)
{
	return git_scratch_put(place, kind, bytes);
}

static int set_up(void **state)
{
	struct arena *arena = arena_new();
	struct fixture *fixture = ARENA_NEW(arena, struct fixture);
	struct build_commit commit;
	bool found;

	fixture->arena = arena;
	fixture->place = git_scratch_new(arena);
	fixture->build = (struct git_build){.arena = arena, .put = put, .context = &fixture->place};
	commit = (struct build_commit){
		.tree = BUILD_TREE(&fixture->build, {.path = "a", .text = "x"})};
	fixture->commit = build_commit(&fixture->build, &commit);
	commit.parents[0] = fixture->commit;
	fixture->other = build_commit(&fixture->build, &commit);
	git_scratch_set_branch(&fixture->place, "main", fixture->other);
	must(git_address_parse(arena, fixture->place.remote, false, false,
	                       &fixture->access.address));
	must(git_open(arena, fixture->place.mirror, &fixture->git));
	must(git_fetch_ref(fixture->git, &fixture->access, "refs/heads/main", "refs/headgate/main",
	                   arena, &found));
	assert_true(found);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	git_close(fixture->git);
	git_scratch_remove(&fixture->place);
	arena_free(fixture->arena);
	return 0;
}

static void assert_note(struct fixture *fixture, const char *commit, const char *text)
{
	struct bytes note;

	must(git_notes_read(fixture->git, REF, commit, fixture->arena, &note));
	assert_string_equal(note.data, text);
	assert_int_equal(note.size, strlen(text));
}

static bool push(struct fixture *fixture)
{
	bool rejected;

	must(git_push_ref(fixture->git, &fixture->access, REF, fixture->arena, &rejected));
	return !rejected;
}

/* Another agent, or a person, writes a note straight into the remote. */
static void write_elsewhere(struct fixture *fixture, const char *commit, const char *text)
{
	GIT_MUST(&fixture->place, "-C", fixture->place.remote, "notes", "--ref=headgate/shop",
	         "add", "-f", "-m", text, commit);
}

static const char *read_elsewhere(struct fixture *fixture, const char *commit)
{
	return GIT_TRY(&fixture->place, "-C", fixture->place.remote, "notes", "--ref=headgate/shop",
	               "show", commit);
}

static void a_note_is_written_replaced_and_read(void **state)
{
	struct fixture *fixture = *state;

	assert_note(fixture, fixture->commit, "");
	must(git_notes_write(fixture->git, REF, fixture->commit, "pending\n", fixture->arena));
	assert_note(fixture, fixture->commit, "pending\n");
	assert_note(fixture, fixture->other, "");
	must(git_notes_write(fixture->git, REF, fixture->commit, "success\napplied 2 migrations\n",
	                     fixture->arena));
	assert_note(fixture, fixture->commit, "success\napplied 2 migrations\n");
	assert_string_equal(GIT_MUST(&fixture->place, "-C", fixture->place.mirror, "log", "-1",
	                             "--format=%an <%ae> %cn", REF),
	                    "headgate <headgate@localhost> headgate");
}

static void a_pushed_note_is_what_git_shows(void **state)
{
	struct fixture *fixture = *state;

	must(git_notes_write(fixture->git, REF, fixture->commit, "success\n", fixture->arena));
	assert_null(read_elsewhere(fixture, fixture->commit));
	assert_true(push(fixture));
	assert_string_equal(read_elsewhere(fixture, fixture->commit), "success");
	assert_true(push(fixture)); /* nothing new */
	must(git_notes_write(fixture->git, REF, fixture->other, "failure\n", fixture->arena));
	assert_true(push(fixture));
	assert_string_equal(read_elsewhere(fixture, fixture->commit), "success");
	assert_string_equal(read_elsewhere(fixture, fixture->other), "failure");
}

static void a_push_never_overwrites_what_another_wrote(void **state)
{
	struct fixture *fixture = *state;
	bool found;

	must(git_notes_write(fixture->git, REF, fixture->commit, "success\n", fixture->arena));
	write_elsewhere(fixture, fixture->other, "theirs");
	assert_false(push(fixture)); /* the remote has a history that the mirror does not know */
	must(git_fetch_ref(fixture->git, &fixture->access, REF, REF, fixture->arena, &found));
	assert_true(found);
	assert_note(fixture, fixture->commit, "");
	assert_note(fixture, fixture->other, "theirs\n");
	must(git_notes_write(fixture->git, REF, fixture->commit, "success\n", fixture->arena));
	write_elsewhere(fixture, fixture->other, "theirs again");
	assert_false(push(fixture)); /* known, and left behind */
	must(git_fetch_ref(fixture->git, &fixture->access, REF, REF, fixture->arena, &found));
	must(git_notes_write(fixture->git, REF, fixture->commit, "success\n", fixture->arena));
	assert_true(push(fixture));
	assert_string_equal(read_elsewhere(fixture, fixture->other), "theirs again");
	assert_string_equal(read_elsewhere(fixture, fixture->commit), "success");
}

static void a_remote_without_notes_is_no_error(void **state)
{
	struct fixture *fixture = *state;
	bool found = true;

	must(git_notes_write(fixture->git, REF, fixture->commit, "mine\n", fixture->arena));
	must(git_fetch_ref(fixture->git, &fixture->access, REF, REF, fixture->arena, &found));
	assert_false(found);
	assert_note(fixture, fixture->commit, "mine\n");
}

static void notes_in_folders_are_found(void **state)
{
	struct fixture *fixture = *state;
	struct arena *arena = fixture->arena;
	const char *id = fixture->commit, *notes;
	const char *const paths[] = {
		arena_printf(arena, "%.2s/%s", id, id + 2),
		arena_printf(arena, "%.2s/%.2s/%s", id, id + 2, id + 4),
		arena_printf(arena, "%.2s/%.2s/%.2s/%s", id, id + 2, id + 4, id + 6),
	};
	bool found;

	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		const char *text = arena_printf(arena, "note %zu\n", i);

		print_message("         - %s\n", paths[i]);
		notes = build_commit(&fixture->build,
		                     &(struct build_commit){
					     .tree = BUILD_TREE(&fixture->build,
		                                                {.path = paths[i], .text = text},
		                                                {.path = "README", .text = "x"})});
		GIT_MUST(&fixture->place, "-C", fixture->place.remote, "update-ref", REF, notes);
		must(git_fetch_ref(fixture->git, &fixture->access, REF, REF, arena, &found));
		assert_note(fixture, id, text);
		assert_note(fixture, fixture->other, "");
		must(git_notes_write(fixture->git, REF, id, "new\n", arena));
		assert_note(fixture, id, "new\n");
	}
}

static void many_notes_are_one_commit(void **state)
{
	struct fixture *fixture = *state;
	struct git_note both[] = {{fixture->commit, "first\n"}, {fixture->other, "second\n"}};
	const struct git_note_list notes = {.items = both, .count = 2}, none = {0};
	const char *id = "";

	must(git_notes_write_all(fixture->git, REF, &none, fixture->arena));
	must(git_find_ref(fixture->git, REF, fixture->arena, &id));
	assert_null(id);
	must(git_notes_write(fixture->git, REF, fixture->commit, "old\n", fixture->arena));
	must(git_notes_write_all(fixture->git, REF, &notes, fixture->arena));
	assert_note(fixture, fixture->commit, "first\n");
	assert_note(fixture, fixture->other, "second\n");
	assert_string_equal(
		GIT_MUST(&fixture->place, "-C", fixture->place.mirror, "rev-list", "--count", REF),
		"2");
	assert_true(push(fixture));
	assert_string_equal(read_elsewhere(fixture, fixture->other), "second");
}

static void a_new_note_goes_into_the_folder_that_is_there_for_it(void **state)
{
	struct fixture *fixture = *state;
	struct arena *arena = fixture->arena;
	const char *id = fixture->commit, *path = arena_printf(arena, "%.2s/x", id);
	const char *notes = build_commit(
		&fixture->build,
		&(struct build_commit){
			.tree = BUILD_TREE(&fixture->build, {.path = path, .text = "x"})});
	bool found;

	GIT_MUST(&fixture->place, "-C", fixture->place.remote, "update-ref", REF, notes);
	must(git_fetch_ref(fixture->git, &fixture->access, REF, REF, arena, &found));
	must(git_notes_write(fixture->git, REF, id, "new\n", arena));
	assert_note(fixture, id, "new\n");
	assert_string_equal(GIT_MUST(&fixture->place, "-C", fixture->place.mirror, "cat-file", "-p",
	                             arena_printf(arena, "%s:%.2s/%s", REF, id, id + 2)),
	                    "new");
}

static void a_huge_note_is_not_read(void **state)
{
	struct fixture *fixture = *state;
	char *text = arena_alloc(fixture->arena, GIT_NOTE_MAXIMUM + 2);
	struct bytes note;
	struct error *error;
	const char *tree;
	bool found;

	memset(text, 'x', GIT_NOTE_MAXIMUM + 1);
	tree = BUILD_TREE(&fixture->build, {.path = fixture->commit, .text = text});
	GIT_MUST(&fixture->place, "-C", fixture->place.remote, "update-ref", REF,
	         build_commit(&fixture->build, &(struct build_commit){.tree = tree}));
	must(git_fetch_ref(fixture->git, &fixture->access, REF, REF, fixture->arena, &found));
	error = git_notes_read(fixture->git, REF, fixture->commit, fixture->arena, &note);
	assert_non_null(error);
	assert_ptr_equal(error->row, &error_rows()[ERR_GIT_LIMIT]);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	static const struct CMUnitTest tests[] = {
		TEST(a_note_is_written_replaced_and_read),
		TEST(a_pushed_note_is_what_git_shows),
		TEST(a_push_never_overwrites_what_another_wrote),
		TEST(a_remote_without_notes_is_no_error),
		TEST(notes_in_folders_are_found),
		TEST(many_notes_are_one_commit),
		TEST(a_new_note_goes_into_the_folder_that_is_there_for_it),
		TEST(a_huge_note_is_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
