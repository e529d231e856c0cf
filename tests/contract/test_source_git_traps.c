/*
 * What only the git source can meet: a mirror that is foreign, half made, damaged or bent by
 * another git, a machine full of configuration, remotes of other kinds, several processes at once.
 */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "adapters/source_git.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "contract/git_scratch.h"
#include "fakes/git_build.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

/*
 * libgit2 1.5 loses the match of a regular expression when it refuses an extension (the SHA-256
 * cases).
 */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libpcre2-8";
}

struct fixture {
	struct arena *arena;
	struct git_scratch place;
	struct git_build build;
	const char *first, *second; /* two commits of main; the second is the head */
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

static int set_up(void **state)
{
	struct arena *arena = arena_new();
	struct fixture *fixture = ARENA_NEW(arena, struct fixture);

	fixture->arena = arena;
	fixture->place = git_scratch_new(arena);
	fixture->build = (struct git_build){.arena = arena, .put = put, .context = &fixture->place};
	fixture->first = add_commit(fixture, "SELECT 1;", NULL);
	fixture->second = add_commit(fixture, "SELECT 2;", fixture->first);
	git_scratch_set_branch(&fixture->place, "main", fixture->second);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	git_scratch_remove(&fixture->place);
	arena_free(fixture->arena);
	return 0;
}

static void must(struct error *error)
{
	if (error)
		fail_msg("%s: %s: %s", error->row->code, error->what, error->why ? error->why : "");
}

static void must_fail(struct error *error, enum error_code code, const char *part)
{
	if (!error)
		fail_msg("it passed; %s was expected", error_rows()[code].name);
	if (error->row != &error_rows()[code])
		fail_msg("%s (%s: %s) instead of %s", error->row->name, error->what,
		         error->why ? error->why : "", error_rows()[code].name);
	if (part && !strstr(error->what, part) && !strstr(error->hint, part) &&
	    !(error->why && strstr(error->why, part)))
		fail_msg("'%s: %s. %s' does not hold '%s'", error->what, error->why, error->hint,
		         part);
}

static struct error *open_source(struct fixture *fixture, struct source **ret_source)
{
	return source_git_open(fixture->arena,
	                       &(struct source_git_options){.url = fixture->place.remote,
	                                                    .mirror = fixture->place.mirror},
	                       ret_source);
}

static struct source *open_and_fetch(struct fixture *fixture)
{
	struct source *source = NULL;

	must(open_source(fixture, &source));
	must(source_fetch(source, "main", fixture->second, fixture->arena));
	return source;
}

static const char *in_mirror(struct fixture *fixture, const char *name)
{
	return path_join(fixture->arena, fixture->place.mirror, name);
}

static void write_text(struct fixture *fixture, const char *path, const char *text)
{
	must(file_save(fixture->arena, path, (struct bytes){text, strlen(text)}, 0600));
}

static void check_all_is_read(struct fixture *fixture, struct source *source)
{
	struct history history;
	struct folder folder;
	struct bytes sql;
	bool descends;

	must(source_history(source, NULL, fixture->second, fixture->arena, &history, &descends));
	assert_int_equal(history.count, 2);
	must(source_folder(source, fixture->second, "migrations", fixture->arena, &folder));
	must(source_entries(source, folder.items[0].id, fixture->arena, &folder));
	must(source_blob(source, folder.items[0].id, 100, fixture->arena, &sql));
	assert_string_equal(sql.data, "SELECT 2;");
}

/* ---- the mirror's folder ---- */

static void a_mirror_is_made_for_us_alone_and_holds_only_what_is_watched(void **state)
{
	struct fixture *fixture = *state;
	struct stat stat_of;

	git_scratch_set_branch(&fixture->place, "other", add_commit(fixture, "SELECT 3;", NULL));
	GIT_MUST(&fixture->place, "-C", fixture->place.remote, "tag", "v1", fixture->first);
	source_close(open_and_fetch(fixture));
	assert_int_equal(stat(fixture->place.mirror, &stat_of), 0);
	assert_int_equal(stat_of.st_mode & 07777, 0700);
	assert_string_equal(GIT_MUST(&fixture->place, "-C", fixture->place.mirror, "for-each-ref",
	                             "--format=%(refname)"),
	                    "refs/headgate/main");
	/* libgit2 makes this file, and nothing may ever stand in it */
	assert_true(stat(in_mirror(fixture, "FETCH_HEAD"), &stat_of) || !stat_of.st_size);
	GIT_MUST(&fixture->place, "-C", fixture->place.mirror, "fsck", "--strict");
}

static void a_folder_with_other_things_is_left_alone(void **state)
{
	struct fixture *fixture = *state;
	struct source *source = NULL;

	must(folder_private(fixture->arena, fixture->place.mirror));
	write_text(fixture, in_mirror(fixture, "thesis.txt"), "years of work");
	must_fail(open_source(fixture, &source), ERR_GIT_MIRROR, "thesis.txt");
	assert_null(source);
	assert_false(file_exists(in_mirror(fixture, "HEAD")));
	assert_false(file_exists(in_mirror(fixture, "headgate.lock")));
}

static void a_mirror_whose_making_was_cut_off_is_made_again(void **state)
{
	struct fixture *fixture = *state;
	struct source *source;

	source_close(open_and_fetch(fixture));
	assert_int_equal(unlink(in_mirror(fixture, "HEAD")), 0); /* what is written last */
	source = open_and_fetch(fixture);
	check_all_is_read(fixture, source);
	source_close(source);
}

static void an_empty_folder_is_taken(void **state)
{
	struct fixture *fixture = *state;

	must(folder_private(fixture->arena, fixture->place.mirror));
	source_close(open_and_fetch(fixture));
}

static void a_mirror_of_another_user_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct source *source = NULL;

	if (geteuid())
		skip(); /* only root can make one */
	source_close(open_and_fetch(fixture));
	assert_int_equal(chown(fixture->place.mirror, 1, 1), 0);
	must_fail(open_source(fixture, &source), ERR_GIT_MIRROR, "rm -r");
}

static void a_remote_of_another_user_is_read(void **state)
{
	struct fixture *fixture = *state;

	if (geteuid())
		skip();
	assert_int_equal(chown(fixture->place.remote, 1, 1), 0);
	source_close(open_and_fetch(fixture));
}

/* ---- damage ---- */

static void a_broken_repository_says_how_to_have_it_rebuilt(void **state)
{
	static const struct {
		const char *file, *text;
	} rows[] = {
		{"config", "[core"},
		{"config", "[core]\n\trepositoryformatversion = 9\n"},
		{"config",
	         "[core]\n\trepositoryformatversion = 1\n[extensions]\n\tobjectformat = sha256\n"},
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct source *source = NULL;

		git_scratch_remove_folder(fixture->place.mirror);
		source_close(open_and_fetch(fixture));
		write_text(fixture, in_mirror(fixture, rows[i].file), rows[i].text);
		must_fail(open_source(fixture, &source), ERR_GIT_MIRROR, fixture->place.mirror);
		must_fail(open_source(fixture, &source), ERR_GIT_MIRROR, "rm -r");
	}
	git_scratch_remove_folder(fixture->place.mirror);
	source_close(open_and_fetch(fixture));
}

/* Overwrites each seventh byte of the mirror's packs, or cuts them off in the middle. */
static void damage_packs(struct fixture *fixture, bool cut)
{
	const char *folder = in_mirror(fixture, "objects/pack");
	DIR *entries = opendir(folder);
	const struct dirent *entry;

	assert_non_null(entries);
	while ((entry = readdir(entries))) {
		const char *path = path_join(fixture->arena, folder, entry->d_name);
		struct stat stat_of;
		AUTO_FD fd = -1;

		if (!text_ends(path, ".pack"))
			continue;
		assert_int_equal(chmod(path, 0600), 0);
		fd = open(path, O_RDWR | O_CLOEXEC);
		assert_int_equal(fstat(fd, &stat_of), 0);
		if (cut)
			assert_int_equal(ftruncate(fd, stat_of.st_size / 2), 0);
		for (off_t at = 12; !cut && at < stat_of.st_size - 20; at += 7)
			assert_int_equal(pwrite(fd, "\x55", 1, at), 1);
	}
	(void)closedir(entries);
}

static void damaged_objects_are_never_given(void **state)
{
	struct fixture *fixture = *state;
	struct source *source = NULL;
	struct bytes raw = {"untouched", 9};

	source_close(open_and_fetch(fixture));
	damage_packs(fixture, false);
	must(open_source(fixture, &source));
	must_fail(source_commit(source, fixture->second, fixture->arena, &raw), ERR_GIT_MIRROR,
	          "rm -r");
	assert_string_equal(raw.data, "untouched");
	source_close(source);
}

static void a_pack_that_was_cut_off_is_seen_by_the_next_fetch(void **state)
{
	struct fixture *fixture = *state;
	struct source *source = NULL;

	source_close(open_and_fetch(fixture));
	damage_packs(fixture, true);
	must(open_source(fixture, &source));
	must_fail(source_fetch(source, "main", fixture->second, fixture->arena), ERR_GIT_MIRROR,
	          "rm -r");
	must_fail(source_commit(source, fixture->second, fixture->arena, &(struct bytes){0}),
	          ERR_UNKNOWN_COMMIT, "mirror");
	source_close(source);
	git_scratch_remove_folder(fixture->place.mirror);
	source_close(open_and_fetch(fixture));
}

/* ---- detours ---- */

static void what_bends_another_git_does_not_bend_the_mirror(void **state)
{
	struct fixture *fixture = *state;
	const char *fake = add_commit(fixture, "DROP TABLE users;", NULL);
	struct source *source = open_and_fetch(fixture);

	source_close(source);
	write_text(fixture, in_mirror(fixture, "shallow"),
	           arena_printf(fixture->arena, "%s\n", fixture->second));
	must(folder_private(fixture->arena, in_mirror(fixture, "info")));
	write_text(fixture, in_mirror(fixture, "info/grafts"),
	           arena_printf(fixture->arena, "%s\n", fixture->second));
	must(folder_private(fixture->arena, in_mirror(fixture, "objects/info")));
	write_text(fixture, in_mirror(fixture, "objects/info/alternates"),
	           arena_printf(fixture->arena, "%s/objects\n", fixture->place.remote));
	GIT_MUST(&fixture->place, "-C", fixture->place.mirror, "update-ref",
	         arena_printf(fixture->arena, "refs/replace/%s", fixture->second), fixture->first);

	must(open_source(fixture, &source));
	check_all_is_read(fixture, source);
	must_fail(source_commit(source, fake, fixture->arena, &(struct bytes){0}),
	          ERR_UNKNOWN_COMMIT, fake);
	must(source_fetch(source, "main", fixture->second, fixture->arena));
	source_close(source);
}

static void no_configuration_of_user_or_environment_is_read(void **state)
{
	struct fixture *fixture = *state;
	const char *home = path_join(fixture->arena, fixture->place.folder, "home");
	const char *config =
		arena_printf(fixture->arena, "[url \"/nowhere\"]\n\tinsteadOf = %s\n[core",
	                     fixture->place.folder);
	const char *const before[] = {getenv("HOME"), getenv("XDG_CONFIG_HOME")};
	struct source *source;

	must(folder_private(fixture->arena, path_join(fixture->arena, home, "git")));
	write_text(fixture, path_join(fixture->arena, home, ".gitconfig"), config);
	write_text(fixture, path_join(fixture->arena, home, "git/config"), config);
	assert_int_equal(setenv("HOME", home, 1) | setenv("XDG_CONFIG_HOME", home, 1), 0);
	assert_int_equal(setenv("GIT_DIR", "/nowhere", 1) |
	                         setenv("GIT_OBJECT_DIRECTORY", "/nowhere", 1),
	                 0);
	source = open_and_fetch(fixture);
	check_all_is_read(fixture, source);
	source_close(source);
	(void)unsetenv("GIT_DIR");
	(void)unsetenv("GIT_OBJECT_DIRECTORY");
	(void)(before[0] ? setenv("HOME", before[0], 1) : unsetenv("HOME"));
	(void)(before[1] ? setenv("XDG_CONFIG_HOME", before[1], 1) : unsetenv("XDG_CONFIG_HOME"));
}

/* ---- remotes of other kinds ---- */

static void a_sha256_repository_is_refused_by_name(void **state)
{
	struct fixture *fixture = *state;
	const char *branch, *commit;
	struct source *source;

	git_scratch_remove_folder(fixture->place.remote);
	GIT_MUST(&fixture->place, "init", "-q", "--bare", "--object-format=sha256",
	         fixture->place.remote);
	must(open_source(fixture, &source));
	must_fail(source_head(source, "main", fixture->arena, &branch, &commit), ERR_GIT_FORMAT,
	          "SHA-256");
	source_close(source);
}

static void a_shallow_repository_is_refused_by_name(void **state)
{
	struct fixture *fixture = *state;
	const char *shallow = path_join(fixture->arena, fixture->place.folder, "shallow.git");
	struct source *source;

	GIT_MUST(&fixture->place, "clone", "-q", "--bare", "--depth", "1",
	         arena_printf(fixture->arena, "file://%s", fixture->place.remote), shallow);
	fixture->place.remote = shallow;
	must(open_source(fixture, &source));
	must_fail(source_fetch(source, "main", fixture->second, fixture->arena), ERR_GIT_FORMAT,
	          "shallow");
	source_close(source);
}

static void a_remote_is_also_reached_as_a_file_url_and_as_a_work_tree(void **state)
{
	struct fixture *fixture = *state;
	const char *const bare = fixture->place.remote;
	const char *branch, *commit;
	struct source *source;

	fixture->place.remote = arena_printf(fixture->arena, "file://%s", bare);
	source_close(open_and_fetch(fixture));
	fixture->place.remote = path_join(fixture->arena, fixture->place.folder, "work");
	GIT_MUST(&fixture->place, "clone", "-q", bare, fixture->place.remote);
	must(open_source(fixture, &source));
	must(source_head(source, NULL, fixture->arena, &branch, &commit));
	assert_string_equal(branch, "main");
	assert_string_equal(commit, fixture->second);
	source_close(source);
}

static void a_detached_head_names_no_default_branch(void **state)
{
	struct fixture *fixture = *state;
	const char *branch, *commit;
	struct source *source;

	GIT_MUST(&fixture->place, "-C", fixture->place.remote, "update-ref", "--no-deref", "HEAD",
	         fixture->first);
	must(open_source(fixture, &source));
	must_fail(source_head(source, NULL, fixture->arena, &branch, &commit), ERR_GIT_NO_BRANCH,
	          "'main'");
	must(source_head(source, "main", fixture->arena, &branch, &commit));
	source_close(source);
}

/* ---- several at once ---- */

static void fetch_in_child(struct fixture *fixture)
{
	AUTO_ARENA arena = arena_new();
	struct source *source;
	struct error *error = open_source(fixture, &source);
	struct bytes raw;

	if (!error)
		error = source_fetch(source, "main", fixture->second, arena);
	if (!error)
		error = source_commit(source, fixture->second, arena, &raw);
	if (error)
		(void)fprintf(stderr, "%s: %s\n", error->what, error->why);
	_exit(error ? 1 : 0);
}

static void processes_that_fetch_at_once_do_not_disturb_each_other(void **state)
{
	struct fixture *fixture = *state;
	pid_t children[4];

	for (size_t i = 0; i < ROWS(children); i++) {
		children[i] = fork();
		assert_true(children[i] >= 0);
		if (!children[i])
			fetch_in_child(fixture);
	}
	for (size_t i = 0; i < ROWS(children); i++) {
		int status;

		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	GIT_MUST(&fixture->place, "-C", fixture->place.mirror, "fsck");
}

static void a_fetch_waits_for_the_one_under_way(void **state)
{
	struct fixture *fixture = *state;
	const char *holder;
	pid_t child;
	int status, lock;

	source_close(open_and_fetch(fixture));
	fixture->second = add_commit(fixture, "SELECT 3;", fixture->second);
	git_scratch_set_branch(&fixture->place, "main", fixture->second);
	must(file_lock(fixture->arena, in_mirror(fixture, "headgate.lock"), "1", &lock, &holder));
	assert_true(lock >= 0);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		(void)close(lock);
		fetch_in_child(fixture);
	}
	clock_sleep_ms(300);
	assert_int_equal(waitpid(child, &status, WNOHANG), 0);
	(void)close(lock);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* What nobody but the holder of the mirror's lock writes goes at once, what a git command may be writing after a day. */
static void what_a_killed_fetch_left_does_not_stay(void **state)
{
	static const struct {
		const char *name;
		int hours;
		bool stays;
	} rows[] = {
		{"objects/pack/pack_git2_0123456789abcdef", 0, false},
		{"objects/pack/pack-0123456789012345678901234567890123456789.idx.lock", 0, false},
		{"objects/pack/tmp_pack_a1B2c3", 30, false},
		{"objects/pack/tmp_idx_a1B2c3", 30, false},
		{"objects/pack/tmp_pack_d4E5f6", 20, true},
		{"objects/pack/pack-0123456789012345678901234567890123456789.keep", 30, true},
		{"refs/headgate/main.lock", 0, false},
		{"refs/headgate/feature/x.lock", 0, false},
		{"refs/notes/main.lock", 0, true},
	};
	struct fixture *fixture = *state;

	source_close(open_and_fetch(fixture));
	must(folder_private(fixture->arena, in_mirror(fixture, "refs/headgate/feature")));
	must(folder_private(fixture->arena, in_mirror(fixture, "refs/notes")));
	for (size_t i = 0; i < ROWS(rows); i++) {
		const char *path = in_mirror(fixture, rows[i].name);
		const struct timespec then = {.tv_sec = clock_wall() - rows[i].hours * 3600};

		write_text(fixture, path, "left behind");
		assert_int_equal(utimensat(AT_FDCWD, path, (struct timespec[]){then, then}, 0), 0);
	}
	fixture->second = add_commit(fixture, "SELECT 3;", fixture->second);
	git_scratch_set_branch(&fixture->place, "main", fixture->second);
	source_close(open_and_fetch(fixture));
	for (size_t i = 0; i < ROWS(rows); i++)
		if (file_exists(in_mirror(fixture, rows[i].name)) != rows[i].stays)
			fail_msg("'%s' %s", rows[i].name, rows[i].stays ? "went" : "stayed");
}

static void an_agent_that_was_asked_to_stop_does_not_fetch(void **state)
{
	struct fixture *fixture = *state;
	struct source *source;
	int status;
	pid_t child;

	must(open_source(fixture, &source));
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		struct error *error;

		stop_watch();
		(void)raise(SIGTERM);
		error = source_fetch(source, "main", fixture->second, fixture->arena);
		_exit(error && error->row == &error_rows()[ERR_STOPPED] ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	source_close(source);
}

/* On the server such a tag keeps every "approve/production/…" away; in the mirror it must not, also not when it went. */
static void a_tag_that_is_in_the_way_of_others_is_in_nobodys_way_here(void **state)
{
	struct fixture *fixture = *state;
	struct source *source;
	struct text_list prefixes = {0};
	struct source_refs refs;
	struct bytes raw;

	*LIST_ADD(fixture->arena, &prefixes) = "refs/tags/approve/";
	must(open_source(fixture, &source));
	git_scratch_set_ref(&fixture->place, "refs/tags/approve/production", fixture->first);
	must(source_list_refs(source, &prefixes, fixture->arena, &refs));
	must(source_bring(source, &refs, fixture->arena));
	git_scratch_set_ref(&fixture->place, "refs/tags/approve/production", NULL);
	git_scratch_set_ref(&fixture->place, "refs/tags/approve/production/x", fixture->second);
	must(source_list_refs(source, &prefixes, fixture->arena, &refs));
	assert_int_equal(refs.count, 1);
	must(source_bring(source, &refs, fixture->arena));
	must(source_commit(source, fixture->first, fixture->arena, &raw));
	must(source_commit(source, fixture->second, fixture->arena, &raw));
	source_close(source);
	assert_string_equal(GIT_MUST(&fixture->place, "--git-dir", fixture->place.mirror,
	                             "for-each-ref", "--format=%(refname)", "refs/tags",
	                             "refs/headgate"),
	                    "");
	assert_string_equal(
		GIT_MUST(&fixture->place, "--git-dir", fixture->place.mirror, "rev-parse",
	                 arena_printf(fixture->arena, "refs/headgate-kept/%s", fixture->second)),
		fixture->second);
}

/* A name is never a pattern, a second refspec or a path; one that no git takes is passed over, and the others come. */
static void names_that_no_git_takes_are_passed_over(void **state)
{
	struct fixture *fixture = *state;
	struct text name = TEXT_IN(fixture->arena);
	struct source *source;
	struct bytes raw;

	must(open_source(fixture, &source));
	git_scratch_set_ref(&fixture->place, "refs/pull/7/head", fixture->second);
	text_add(&name, "refs/pull/");
	while (name.size < 65536)
		text_add(&name, "x");
	{
		struct source_ref items[] = {
			{"refs/pull/*", fixture->first},
			{"refs/pull/*/head", fixture->first},
			{"refs/pull/7/head:refs/headgate/main", fixture->first},
			{"^refs/pull/7/head", fixture->first},
			{"+refs/pull/7/head", fixture->first},
			{"refs/../../escape", fixture->first},
			{"refs/pull/\033[2J", fixture->first},
			{"refs/pull/a b", fixture->first},
			{"", fixture->first},
			{text_get(&name), fixture->first},
			{"refs/pull/7/head", fixture->second},
		};

		must(source_bring(source,
		                  &(struct source_refs){.items = items, .count = ROWS(items)},
		                  fixture->arena));
	}
	must(source_commit(source, fixture->second, fixture->arena, &raw));
	source_close(source);
	assert_string_equal(GIT_MUST(&fixture->place, "--git-dir", fixture->place.mirror,
	                             "for-each-ref", "--format=%(refname)"),
	                    arena_printf(fixture->arena, "refs/headgate-kept/%s", fixture->second));
}

static void more_refs_than_the_maximum_are_cut_and_a_longer_prefix_finds_the_rest(void **state)
{
	struct fixture *fixture = *state;
	struct text packed = TEXT_IN(fixture->arena);
	const char *prefix = "refs/pull/";
	struct text_list prefixes = {.items = &prefix, .count = 1};
	struct source_refs refs;
	struct source *source;

	for (int i = 1; i <= SOURCE_REFS_MAXIMUM + 1; i++)
		text_printf(&packed, "%s refs/pull/%05d/head\n", fixture->first, i);
	write_text(fixture, path_join(fixture->arena, fixture->place.remote, "packed-refs"),
	           text_get(&packed));
	must(open_source(fixture, &source));
	must(source_list_refs(source, &prefixes, fixture->arena, &refs));
	assert_true(refs.is_cut);
	assert_int_equal(refs.count, SOURCE_REFS_MAXIMUM);
	prefix = "refs/pull/10001/";
	must(source_list_refs(source, &prefixes, fixture->arena, &refs));
	assert_false(refs.is_cut);
	assert_int_equal(refs.count, 1);
	source_close(source);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	static const struct CMUnitTest tests[] = {
		TEST(a_mirror_is_made_for_us_alone_and_holds_only_what_is_watched),
		TEST(a_folder_with_other_things_is_left_alone),
		TEST(a_mirror_whose_making_was_cut_off_is_made_again),
		TEST(an_empty_folder_is_taken),
		TEST(a_mirror_of_another_user_is_refused),
		TEST(a_remote_of_another_user_is_read),
		TEST(a_broken_repository_says_how_to_have_it_rebuilt),
		TEST(damaged_objects_are_never_given),
		TEST(a_pack_that_was_cut_off_is_seen_by_the_next_fetch),
		TEST(what_bends_another_git_does_not_bend_the_mirror),
		TEST(no_configuration_of_user_or_environment_is_read),
		TEST(a_sha256_repository_is_refused_by_name),
		TEST(a_shallow_repository_is_refused_by_name),
		TEST(a_remote_is_also_reached_as_a_file_url_and_as_a_work_tree),
		TEST(a_detached_head_names_no_default_branch),
		TEST(processes_that_fetch_at_once_do_not_disturb_each_other),
		TEST(a_fetch_waits_for_the_one_under_way),
		TEST(what_a_killed_fetch_left_does_not_stay),
		TEST(an_agent_that_was_asked_to_stop_does_not_fetch),
		TEST(a_tag_that_is_in_the_way_of_others_is_in_nobodys_way_here),
		TEST(names_that_no_git_takes_are_passed_over),
		TEST(more_refs_than_the_maximum_are_cut_and_a_longer_prefix_finds_the_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
