/*
 * The notes adapter keeps the contract on a real bare repository, read back by git's own program as a person would;
 * and what is true of notes alone: the remote's history wins, and nothing is pushed by force.
 */
#include "contract/forge_contract.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "adapters/forge_notes.h"
#include "adapters/git.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"

#define UNKNOWN_COMMIT "3333333333333333333333333333333333333333"

struct place { /* a remote and the agent's mirror of it, both with two commits */
	struct arena *arena;
	const char *folder, *remote, *mirror;
	const char *commits[2];
};

static void must(struct error *error)
{
	if (error)
		fail_msg("%s: %s: %s", error->row->code, error->what, error->why ? error->why : "");
}

/* Runs a program; the standard output is returned without white space at its ends. NULL: it failed. */
static const char *run(struct arena *arena, const char *name, const char *const *arguments)
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
		.program = program_find(arena, name),
		.arguments = arguments,
		.environment = environment,
		.deadline_ms = 20000,
	};
	struct process_result result;

	assert_non_null(process.program);
	must(process_run(arena, &process, &result));
	return result.status == 0 ? text_trim(arena, result.output.data) : NULL;
}

#define RUN(arena, name, ...) run((arena), (name), (const char *const[]){__VA_ARGS__, NULL})
#define GIT(place, ...) RUN((place)->arena, "git", "-C", (place)->remote, __VA_ARGS__)

static void make_mirror(struct place *place)
{
	struct git_access access = {0};
	struct git *git = NULL;
	bool found = false;

	(void)RUN(place->arena, "rm", "-rf", place->mirror);
	must(git_address_parse(place->arena, place->remote, false, false, &access.address));
	must(git_open(place->arena, place->mirror, &git));
	must(git_fetch_ref(git, &access, "refs/heads/main", "refs/heads/main", place->arena,
	                   &found));
	git_close(git);
	assert_true(found);
}

static void make_place(struct place *place)
{
	const char *tree;

	(void)RUN(place->arena, "rm", "-rf", place->folder);
	assert_int_equal(mkdir(place->folder, 0700), 0);
	assert_non_null(
		RUN(place->arena, "git", "init", "-q", "--bare", "-b", "main", place->remote));
	tree = GIT(place, "mktree");
	assert_non_null(tree);
	place->commits[0] = GIT(place, "commit-tree", "-m", "first", tree);
	place->commits[1] =
		GIT(place, "commit-tree", "-m", "second", "-p", place->commits[0], tree);
	assert_non_null(GIT(place, "update-ref", "refs/heads/main", place->commits[1]));
	make_mirror(place);
}

static struct place *new_place(struct arena *arena)
{
	const char *temporary = getenv("TMPDIR");
	char *folder =
		arena_printf(arena, "%s/headgate-notes-XXXXXX", temporary ? temporary : "/tmp");
	struct place *place = ARENA_NEW(arena, struct place);

	assert_non_null(mkdtemp(folder));
	*place = (struct place){
		.arena = arena,
		.folder = folder,
		.remote = path_join(arena, folder, "remote.git"),
		.mirror = path_join(arena, folder, "mirror.git"),
	};
	make_place(place);
	return place;
}

static struct forge *open_place(struct place *place, struct arena *arena, bool push)
{
	struct forge_notes_options options = {
		.mirror = place->mirror, .push = push, .remote = place->remote};
	struct forge *forge = NULL;

	must(forge_notes_open(arena, &options, &forge));
	return forge;
}

static const char *note_of(struct place *place, const char *commit, const char *target)
{
	const char *ref = arena_printf(place->arena, "--ref=headgate/%s", target);

	return GIT(place, "notes", ref, "show", commit);
}

/* --- the contract --- */

static struct forge *open_again(struct forge_subject *subject, struct arena *arena)
{
	return open_place(subject->context, arena, true);
}

static bool read_status(struct forge_subject *subject, const char *commit, const char *target,
                        struct arena *arena, struct status *ret_status)
{
	const char *note = note_of(subject->context, commit, target);
	const char *context = arena_printf(arena, " %s: ", status_context(arena, target)), *found;
	struct text_list lines = {0};

	if (!note)
		return false;
	text_split(arena, note, '\n', &lines);
	found = strstr(lines.items[0], context);
	assert_non_null(found);
	assert_true(status_state_find(arena_copy(arena, note, (size_t)(found - lines.items[0])),
	                              &ret_status->state));
	ret_status->description = found + strlen(context);
	return true;
}

static size_t count(struct forge_subject *subject, const char *commit, const char *target)
{
	struct place *place = subject->context;
	const char *note = note_of(place, commit, target);
	struct text_list lines = {0};

	if (!note)
		return 0;
	text_split(place->arena, note, '\n', &lines);
	return lines.count - 1; /* the second line belongs to the first */
}

static void set_down(struct forge_subject *subject, bool down)
{
	struct place *place = subject->context;
	const char *away = path_join(place->arena, place->folder, "away.git");

	if (down)
		assert_int_equal(rename(place->remote, away), 0);
	else if (file_exists(away))
		assert_int_equal(rename(away, place->remote), 0);
}

static void reset(struct forge_subject *subject)
{
	struct place *place = subject->context;

	make_place(place);
	subject->commits[0] = place->commits[0];
	subject->commits[1] = place->commits[1];
}

static int contract(void)
{
	AUTO_ARENA arena = arena_new();
	struct place *place = new_place(arena);
	struct forge_subject subject = {
		.name = "forge contract: notes",
		.unknown_commit = UNKNOWN_COMMIT,
		.context = place,
		.open = open_again,
		.read = read_status,
		.count = count,
		.set_down = set_down,
		.reset = reset,
	};
	int failed = forge_contract_run(&subject);

	(void)RUN(arena, "rm", "-rf", place->folder);
	return failed;
}

/* --- what is the notes' own --- */

static int set_up(void **state)
{
	assert_int_equal(setenv("HEADGATE_TEST_CLOCK", "1795563135", 1), 0);
	*state = new_place(arena_new());
	return 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;

	(void)unsetenv("HEADGATE_TEST_CLOCK");
	(void)RUN(place->arena, "rm", "-rf", place->folder);
	arena_free(place->arena);
	return 0;
}

static struct status word(struct place *place, enum status_state state, const char *description)
{
	return (struct status){
		.target = "shop",
		.commit = place->commits[1],
		.context = "headgate/shop",
		.state = state,
		.description = description,
	};
}

static struct error *say(struct place *place, bool push, enum status_state state,
                         const char *description)
{
	struct forge *forge = open_place(place, place->arena, push);
	struct status status = word(place, state, description);
	uint64_t wait_ms = 0;
	struct error *error = forge_post(forge, &status, place->arena, &wait_ms);

	if (!error)
		error = forge_flush(forge, place->arena, &wait_ms);
	forge_close(forge);
	return error;
}

static void the_log_shows_the_verdict(void **state)
{
	struct place *place = *state;
	const char *log;

	must(say(place, true, STATUS_PENDING, "backup 168 KiB done, applying 2 migrations"));
	must(say(place, true, STATUS_SUCCESS, "applied 2 migrations in 1.3 s"));
	log = GIT(place, "log", "-1", "--format=%s%n%N", "--notes=headgate/*", "main");
	assert_string_equal(
		log,
		"second\nsuccess headgate/shop: applied 2 migrations in 1.3 s\n"
		"  2026-11-24 23:32:15 UTC\n"
		"  2026-11-24 23:32:15 UTC  pending  backup 168 KiB done, applying 2 migrations");
}

static void a_batch_is_one_commit(void **state)
{
	struct place *place = *state;
	struct forge *forge = open_place(place, place->arena, true);
	struct status statuses[] = {
		word(place, STATUS_PENDING, "applying"),
		word(place, STATUS_SUCCESS, "applied"),
		word(place, STATUS_SUCCESS, "nothing to run"),
	};
	uint64_t wait_ms = 0;

	statuses[2].commit = place->commits[0];
	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
		must(forge_post(forge, &statuses[i], place->arena, &wait_ms));
	assert_null(note_of(place, place->commits[1], "shop"));
	must(forge_flush(forge, place->arena, &wait_ms));
	forge_close(forge);
	assert_string_equal(GIT(place, "rev-list", "--count", "refs/notes/headgate/shop"), "1");
	assert_string_equal(note_of(place, place->commits[1], "shop"),
	                    "success headgate/shop: applied\n  2026-11-24 23:32:15 UTC\n"
	                    "  2026-11-24 23:32:15 UTC  pending  applying");
	assert_non_null(strstr(note_of(place, place->commits[0], "shop"), "nothing to run"));
}

static void without_push_the_remote_hears_nothing(void **state)
{
	struct place *place = *state;

	must(say(place, false, STATUS_SUCCESS, "applied"));
	assert_null(note_of(place, place->commits[1], "shop"));
	place->remote = place->mirror;
	assert_non_null(note_of(place, place->commits[1], "shop"));
}

static void a_mirror_that_was_made_anew_keeps_the_history(void **state)
{
	struct place *place = *state;

	must(say(place, true, STATUS_PENDING, "applying"));
	make_mirror(place);
	must(say(place, true, STATUS_SUCCESS, "applied"));
	assert_string_equal(note_of(place, place->commits[1], "shop"),
	                    "success headgate/shop: applied\n  2026-11-24 23:32:15 UTC\n"
	                    "  2026-11-24 23:32:15 UTC  pending  applying");
}

static void what_another_wrote_meanwhile_stays(void **state)
{
	struct place *place = *state;
	const char *first = place->commits[0];

	must(say(place, true, STATUS_PENDING, "applying"));
	assert_non_null(GIT(place, "notes", "--ref=headgate/shop", "add", "-m", "by hand", first));
	must(say(place, true, STATUS_SUCCESS, "applied"));
	assert_string_equal(note_of(place, first, "shop"), "by hand");
	assert_non_null(strstr(note_of(place, place->commits[1], "shop"),
	                       "success headgate/shop: applied\n"));
	assert_non_null(strstr(note_of(place, place->commits[1], "shop"), "pending  applying"));
}

static void a_word_that_the_mirror_has_already_is_still_pushed(void **state)
{
	struct place *place = *state;

	must(say(place, false, STATUS_SUCCESS,
	         "applied")); /* as if the flush had not been reached */
	must(say(place, true, STATUS_SUCCESS, "applied"));
	assert_non_null(note_of(place, place->commits[1], "shop"));
}

static void a_remote_that_cannot_take_the_ref_is_asked_again_later(void **state)
{
	struct place *place = *state;
	struct error *error;

	must(file_save(place->arena, path_join(place->arena, place->remote, "refs/notes"),
	               (struct bytes){"x", 1}, 0600));
	error = say(place, true, STATUS_SUCCESS, "applied");
	assert_non_null(error);
	assert_string_not_equal(error->row->name, "FORGE_REFUSED"); /* that would be for good */
	assert_true(text_starts(error->row->name, "FORGE_"));
}

static void a_name_that_is_no_part_of_a_ref_is_refused(void **state)
{
	static const char *const names[] = {"",     "-shop", "a/b",    "../x",
	                                    "Shop", "a b",   "a.lock", "a\nb"};
	struct place *place = *state;
	struct forge *forge = open_place(place, place->arena, true);
	struct status status = word(place, STATUS_SUCCESS, "applied");
	uint64_t wait_ms = 0;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct error *error;

		status.target = names[i];
		error = forge_post(forge, &status, place->arena, &wait_ms);
		assert_non_null(error);
		assert_string_equal(error->row->name, "FORGE_REFUSED");
	}
	forge_close(forge);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_log_shows_the_verdict),
		CASE(a_batch_is_one_commit),
		CASE(without_push_the_remote_hears_nothing),
		CASE(a_mirror_that_was_made_anew_keeps_the_history),
		CASE(what_another_wrote_meanwhile_stays),
		CASE(a_word_that_the_mirror_has_already_is_still_pushed),
		CASE(a_remote_that_cannot_take_the_ref_is_asked_again_later),
		CASE(a_name_that_is_no_part_of_a_ref_is_refused),
	};

	return contract() + cmocka_run_group_tests_name("forge: notes", tests, NULL, NULL);
}
