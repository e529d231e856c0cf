/*
 * What only the source with a child can meet: a child that is killed, that hits its limits, that hangs or lies, a stop
 * while it fetches; and what the child must not be able to see. This program is its own child; as a liar it says what
 * lies in a file that is named by its parent.
 */
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "adapters/source_apart.h"
#include "adapters/source_wire.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "contract/git_scratch.h"
#include "fakes/git_build.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))
#define SECRET "postgresql://owner:geheim@127.0.0.1/shop"
#define TOKEN "gehe1mesWort"

#if defined(__SANITIZE_ADDRESS__)
#define HAS_SANITIZER true
#else
#define HAS_SANITIZER false
#endif

struct fixture {
	struct arena *arena;
	struct git_scratch place;
	struct git_build build;
	const char *tree, *blob, *commit;
	struct source *source;
};

static const char *put(void *place, enum git_kind kind, struct bytes bytes)
{
	return git_scratch_put(place, kind, bytes);
}

static void open_at(struct fixture *fixture, const char *url)
{
	struct error *error = source_apart_open(
		fixture->arena,
		&(struct source_git_options){
			.url = url,
			.mirror = fixture->place.mirror,
			.token = secret_new(fixture->arena, (struct bytes){TOKEN, strlen(TOKEN)}),
			.allow_http = true,
		},
		&fixture->source);

	if (error)
		fail_msg("%s", error_line(fixture->arena, error));
}

static int set_up(void **state)
{
	struct arena *arena = arena_new();
	struct fixture *fixture = ARENA_NEW(arena, struct fixture);

	fixture->arena = arena;
	fixture->place = git_scratch_new(arena);
	fixture->build = (struct git_build){.arena = arena, .put = put, .context = &fixture->place};
	fixture->blob = build_blob(&fixture->build, "SELECT 1;");
	fixture->tree = BUILD_TREE(&fixture->build,
	                           {.path = "migrations/1_a/migration.sql", .text = "SELECT 1;"});
	fixture->commit =
		build_commit(&fixture->build, &(struct build_commit){.tree = fixture->tree});
	git_scratch_set_branch(&fixture->place, "main", fixture->commit);
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

static void must(struct fixture *fixture, struct error *error)
{
	if (error)
		fail_msg("%s", error_line(fixture->arena, error));
}

static void must_fail(struct fixture *fixture, struct error *error, enum error_code code,
                      const char *part)
{
	if (!error)
		fail_msg("it passed instead of '%s'", part);
	if (error->row != &error_rows()[code] || !strstr(error_line(fixture->arena, error), part))
		fail_msg("'%s' instead of %s '%s'", error_line(fixture->arena, error),
		         error_rows()[code].code, part);
}

static void bring(struct fixture *fixture)
{
	const char *branch, *commit;

	must(fixture, source_head(fixture->source, "main", fixture->arena, &branch, &commit));
	must(fixture, source_fetch(fixture->source, branch, commit, fixture->arena));
}

/* The process whose parent is `parent` and that has our hidden argument; 0: none. */
static pid_t find_child(pid_t parent)
{
	DIR *folder = opendir("/proc");
	struct dirent *entry;
	pid_t found = 0;

	while (!found && (entry = readdir(folder)) != NULL) {
		AUTO_ARENA arena = arena_new();
		struct bytes stat, line;
		const char *after;
		uint64_t pid;

		if (!parse_number(entry->d_name, INT32_MAX, &pid) ||
		    file_read(arena, arena_printf(arena, "/proc/%s/stat", entry->d_name), 4096,
		              &stat) ||
		    file_read(arena, arena_printf(arena, "/proc/%s/cmdline", entry->d_name), 65536,
		              &line))
			continue;
		after = strrchr(stat.data, ')'); /* ") S 123 …" */
		if (after && strtol(after + 4, NULL, 10) == parent && line.size > 4 &&
		    memmem(line.data, line.size, SOURCE_APART_ARGUMENT,
		           strlen(SOURCE_APART_ARGUMENT)))
			found = (pid_t)pid;
	}
	(void)closedir(folder);
	return found;
}

static void a_child_that_is_ended_says_by_what_and_another_is_started(void **state)
{
	static const struct {
		const char *sentence;
		int signal;
		enum error_code code;
		const char *part;
	} rows[] = {
		{"killed, as by a kernel without memory", SIGKILL, ERR_GIT_APART, "signal 9"},
		{"too much processor time", SIGXCPU, ERR_GIT_LIMIT,
	         "900 seconds of processor time"},
		{"a file too long", SIGXFSZ, ERR_GIT_LIMIT, "a file of more than 2.2"},
	};
	struct fixture *fixture = *state;
	const char *commit;

	open_at(fixture, fixture->place.remote);
	bring(fixture);
	for (size_t i = 0; i < ROWS(rows); i++) {
		print_message("         - %s\n", rows[i].sentence);
		assert_int_equal(kill(find_child(getpid()), rows[i].signal), 0);
		must_fail(fixture, source_resolve(fixture->source, "main", fixture->arena, &commit),
		          rows[i].code, rows[i].part);
		must(fixture, source_resolve(fixture->source, "main", fixture->arena, &commit));
		assert_string_equal(commit, fixture->commit);
	}
	assert_int_equal(kill(find_child(getpid()), SIGKILL), 0);
	for (int i = 0; i < 2; i++)
		must_fail(fixture, source_resolve(fixture->source, "main", fixture->arena, &commit),
		          ERR_GIT_APART, i ? "ended 4 times" : "signal 9");
}

static void memory_and_files_end_at_their_limits(void **state)
{
	const struct rlimit little = {.rlim_cur = 64 * 1024 * 1024, .rlim_max = 64 * 1024 * 1024};
	const struct rlimit nothing = {.rlim_cur = 10, .rlim_max = 10};
	struct fixture *fixture = *state;
	const char *branch, *commit, *big;
	struct bytes bytes = {.size = 48 * 1024 * 1024};

	bytes.data = arena_alloc(fixture->arena, bytes.size);
	big = git_scratch_put(&fixture->place, GIT_KIND_BLOB, bytes);
	git_scratch_set_branch(
		&fixture->place, "main",
		build_commit(
			&fixture->build,
			&(struct build_commit){
				.tree = BUILD_TREE(&fixture->build, {.path = "big", .id = big})}));
	open_at(fixture, fixture->place.remote);
	must(fixture, source_head(fixture->source, "main", fixture->arena, &branch, &commit));
	assert_int_equal(prlimit(find_child(getpid()), RLIMIT_FSIZE, &nothing, NULL), 0);
	must_fail(fixture, source_fetch(fixture->source, branch, commit, fixture->arena),
	          ERR_GIT_LIMIT, "a file of more than");
	bring(fixture);
	if (HAS_SANITIZER)
		return;
	assert_int_equal(prlimit(find_child(getpid()), RLIMIT_AS, &little, NULL), 0);
	must_fail(fixture,
	          source_blob(fixture->source, big, 64 * 1024 * 1024, fixture->arena, &bytes),
	          ERR_GIT_LIMIT, "of memory");
	must(fixture, source_commit(fixture->source, commit, fixture->arena, &bytes));
}

/* Small files in so many folders that an answer is full with the last file of one of them. */
static void folders_that_just_fill_an_answer_are_read(void **state)
{
	enum { FOLDERS = 64, FILES = 39 }; /* each is 40 objects, and 50 of them are the most */
	struct fixture *fixture = *state;
	struct build_file files[FOLDERS * FILES];
	struct folder folder, below;

	for (int i = 0; i < FOLDERS * FILES; i++)
		files[i] = (struct build_file){
			.path = arena_printf(fixture->arena, "migrations/%02d_a/%02d_%02d",
		                             i / FILES, i % FILES, i / FILES),
			.id = fixture->blob,
		};
	fixture->commit = build_commit(
		&fixture->build,
		&(struct build_commit){.tree = build_tree(&fixture->build, files, ROWS(files))});
	git_scratch_set_branch(&fixture->place, "main", fixture->commit);
	open_at(fixture, fixture->place.remote);
	bring(fixture);
	must(fixture, source_folder(fixture->source, fixture->commit, "migrations", fixture->arena,
	                            &folder));
	assert_int_equal(folder.count, FOLDERS);
	for (size_t i = 0; i < folder.count; i++) {
		must(fixture,
		     source_entries(fixture->source, folder.items[i].id, fixture->arena, &below));
		assert_int_equal(below.count, FILES);
	}
}

static void what_is_wrong_with_the_mirror_is_said_each_time(void **state)
{
	struct fixture *fixture = *state;
	const char *branch, *commit;

	must(fixture, folder_private(fixture->arena, fixture->place.mirror));
	must(fixture, file_save(fixture->arena,
	                        path_join(fixture->arena, fixture->place.mirror, "thesis.txt"),
	                        (struct bytes){"x", 1}, 0600));
	open_at(fixture, fixture->place.remote);
	for (int i = 0; i < APART_STARTS_MAXIMUM + 2; i++)
		must_fail(fixture,
		          source_head(fixture->source, "main", fixture->arena, &branch, &commit),
		          ERR_GIT_MIRROR, "thesis.txt");
}

/* A server that takes a connection and never answers; its port. */
static int listen_silently(int *ret_fd)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
	                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof address;

	*ret_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(*ret_fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(*ret_fd, 8), 0);
	assert_int_equal(getsockname(*ret_fd, (struct sockaddr *)&address, &size), 0);
	return ntohs(address.sin_port);
}

/* In a process of its own: a while later the signal goes to us, or to our child. */
static pid_t signal_later(int number, bool to_child)
{
	const pid_t us = getpid(), helper = fork();

	assert_true(helper >= 0);
	if (helper)
		return helper;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)usleep(400 * 1000);
	_exit(kill(to_child ? find_child(us) : us, number) != 0);
}

static void a_child_killed_while_it_talks_is_an_error_at_once(void **state)
{
	struct fixture *fixture = *state;
	const uint64_t began_ms = clock_monotonic_ms();
	const char *branch, *commit;
	AUTO_FD fd = -1;
	int port = listen_silently(&fd);
	pid_t helper;

	open_at(fixture, arena_printf(fixture->arena, "http://127.0.0.1:%d/shop.git", port));
	helper = signal_later(SIGKILL, true);
	must_fail(fixture, source_head(fixture->source, "main", fixture->arena, &branch, &commit),
	          ERR_GIT_APART, "signal 9");
	assert_true(clock_monotonic_ms() - began_ms < 10000);
	(void)waitpid(helper, NULL, 0);
}

static void a_stop_ends_the_talk_but_what_is_here_can_still_be_read(void **state)
{
	struct fixture *fixture = *state;
	const uint64_t began_ms = clock_monotonic_ms();
	const char *branch, *commit;
	struct bytes raw;
	AUTO_FD fd = -1;
	int port = listen_silently(&fd);
	pid_t helper;

	open_at(fixture, fixture->place.remote);
	bring(fixture);
	source_close(fixture->source);
	open_at(fixture, arena_printf(fixture->arena, "http://127.0.0.1:%d/shop.git", port));
	stop_watch(); /* for good, so this test is the last */
	helper = signal_later(SIGTERM, false);
	must_fail(fixture, source_head(fixture->source, "main", fixture->arena, &branch, &commit),
	          ERR_STOPPED, "asked to stop");
	assert_true(clock_monotonic_ms() - began_ms < 10000);
	assert_int_equal(find_child(getpid()), 0);
	must(fixture, source_commit(fixture->source, fixture->commit, fixture->arena, &raw));
	(void)waitpid(helper, NULL, 0);
}

static bool holds(struct fixture *fixture, pid_t pid, const char *file, const char *text)
{
	struct bytes bytes;
	struct error *error =
		file_read(fixture->arena, arena_printf(fixture->arena, "/proc/%d/%s", pid, file),
	                  1024 * 1024, &bytes);

	if (error)
		fail_msg("%s", error_line(fixture->arena, error));
	return memmem(bytes.data, bytes.size, text, strlen(text)) != NULL;
}

static void the_child_inherits_nothing_and_is_limited(void **state)
{
	struct fixture *fixture = *state;
	AUTO_FD leaked = open("/dev/null", O_RDONLY);
	pid_t pid;

	assert_int_equal(setenv("DATABASE_URL", SECRET, 1), 0);
	open_at(fixture, fixture->place.remote);
	bring(fixture);
	pid = find_child(getpid());
	assert_true(pid > 0);
	assert_false(holds(fixture, pid, "cmdline", "geh"));
	if (geteuid() == 0 || HAS_SANITIZER) { /* nobody else may even look */
		assert_true(holds(fixture, pid, "environ", "LC_ALL="));
		assert_false(holds(fixture, pid, "environ", "geheim"));
		assert_false(
			file_exists(arena_printf(fixture->arena, "/proc/%d/fd/%d", pid, leaked)) &&
			leaked > 20);
	}
	assert_true(holds(fixture, pid, "status", "NoNewPrivs:\t1"));
	assert_true(holds(fixture, pid, "limits", "Max cpu time              900"));
	assert_true(holds(fixture, pid, "limits", "Max core file size        0  "));
	assert_true(holds(fixture, pid, "limits", "Max file size             2415919104"));
	if (!HAS_SANITIZER)
		assert_true(holds(fixture, pid, "limits", "Max address space         1073741824"));
	source_close(fixture->source);
	fixture->source = NULL;
	assert_int_equal(find_child(getpid()), 0);
	assert_int_equal(unsetenv("DATABASE_URL"), 0);
}

/* Where a liar finds what it says after it was opened. */
static const char *lie_path(struct arena *arena, pid_t parent)
{
	return arena_printf(arena, "/tmp/headgate-lie-%d", (int)parent);
}

enum { ASK_COMMIT, ASK_HEAD, ASK_DEFAULT, ASK_RESOLVE, ASK_REFS, ASK_TAG };

static struct error *ask(struct fixture *fixture, int what)
{
	struct source *source = fixture->source;
	const char *prefix = "refs/tags/approve/", *branch, *commit;
	struct source_refs refs;
	struct bytes raw;

	switch (what) {
	case ASK_COMMIT:
		return source_commit(source, fixture->commit, fixture->arena, &raw);
	case ASK_HEAD:
		return source_head(source, "main", fixture->arena, &branch, &commit);
	case ASK_DEFAULT:
		return source_head(source, NULL, fixture->arena, &branch, &commit);
	case ASK_RESOLVE:
		return source_resolve(source, fixture->commit, fixture->arena, &commit);
	case ASK_REFS:
		return source_list_refs(source, &(struct text_list){.items = &prefix, .count = 1},
		                        fixture->arena, &refs);
	default:
		return source_tag(source, fixture->commit, fixture->arena, &raw);
	}
}

static void a_lie_is_not_believed_and_ends_the_liar(void **state)
{
#define OBJECT(state, kind, size)                                                                  \
	{                                                                                          \
		.items = (const char *[]){((struct fixture *)*(state))->commit, kind, size},       \
		.count = 3                                                                         \
	}
#define ID "0123456789012345678901234567890123456789"
	const struct {
		const char *sentence;
		int asked;
		struct wire_message lie;
		const char *part;
	} rows[] = {
		{"other bytes than the id's",
	         ASK_COMMIT,
	         {.kind = WIRE_DONE, .texts = OBJECT(state, "commit", "6"), .data = {"tree x", 6}},
	         "other bytes"},
		{"other bytes of a tag",
	         ASK_TAG,
	         {.kind = WIRE_DONE, .texts = OBJECT(state, "tag", "8"), .data = {"object x", 8}},
	         "other bytes"},
		{"an object of another kind",
	         ASK_TAG,
	         {.kind = WIRE_DONE,
	          .texts = OBJECT(state, "commit", "8"),
	          .data = {"object x", 8}},
	         "does not hold the object"},
		{"a size beyond the bytes",
	         ASK_COMMIT,
	         {.kind = WIRE_DONE,
	          .texts = OBJECT(state, "commit", "9"),
	          .data = {"object x", 8}},
	         "does not hold the object"},
		{"bytes of nothing",
	         ASK_COMMIT,
	         {.kind = WIRE_DONE,
	          .texts = OBJECT(state, "commit", "7"),
	          .data = {"object x", 8}},
	         "does not hold the object"},
		{"nothing", ASK_COMMIT, {.kind = WIRE_DONE}, "does not hold the object"},
		{"a question", ASK_COMMIT, {.kind = WIRE_HEAD}, "no answer"},
		{"more than was asked for",
	         ASK_COMMIT,
	         {.kind = WIRE_DONE,
	          .data = {arena_alloc(((struct fixture *)*state)->arena, 30 << 20), 30 << 20}},
	         "longer"},
		{"another branch",
	         ASK_HEAD,
	         {.kind = WIRE_DONE, .texts = {.items = (const char *[]){"other", ID}, .count = 2}},
	         "no branch"},
		{"no commit",
	         ASK_HEAD,
	         {.kind = WIRE_DONE,
	          .texts = {.items = (const char *[]){"main", "HEAD"}, .count = 2}},
	         "no branch"},
		{"a branch whose name is no text",
	         ASK_DEFAULT,
	         {.kind = WIRE_DONE,
	          .texts = {.items = (const char *[]){"ma\xffin", ID}, .count = 2}},
	         "no branch"},
		{"no texts", ASK_HEAD, {.kind = WIRE_DONE}, "no branch"},
		{"another commit than the one typed",
	         ASK_RESOLVE,
	         {.kind = WIRE_DONE, .texts = {.items = (const char *[]){ID}, .count = 1}},
	         "no such commit"},
		{"a ref that was not asked for",
	         ASK_REFS,
	         {.kind = WIRE_DONE,
	          .texts = {.items = (const char *[]){"refs/heads/main", ID}, .count = 2}},
	         "no list of refs"},
		{"a ref whose name is no text",
	         ASK_REFS,
	         {.kind = WIRE_DONE,
	          .texts = {.items = (const char *[]){"refs/tags/approve/\xff", ID}, .count = 2}},
	         "no list of refs"},
		{"refs twice",
	         ASK_REFS,
	         {.kind = WIRE_DONE,
	          .texts = {.items = (const char *[]){"refs/tags/approve/a", ID,
	                                              "refs/tags/approve/a", ID},
	                    .count = 4}},
	         "no list of refs"},
		{"a ref without an id",
	         ASK_REFS,
	         {.kind = WIRE_DONE,
	          .texts = {.items = (const char *[]){"refs/tags/approve/a"}, .count = 1}},
	         "no list of refs"},
		{"an unknown error",
	         ASK_HEAD,
	         {.kind = WIRE_ERROR,
	          .texts = {.items = (const char *[]){"X1", "cannot", NULL, "Do."}, .count = 4}},
	         "cannot"},
	};
	struct fixture *fixture = *state;
	const char *path = lie_path(fixture->arena, getpid());

	for (size_t i = 0; i < ROWS(rows); i++) {
		const struct bytes lie = wire_encode(fixture->arena, &rows[i].lie);

		print_message("         - %s\n", rows[i].sentence);
		must(fixture, file_save(fixture->arena, path, lie, 0600));
		open_at(fixture, fixture->place.remote);
		must_fail(fixture, ask(fixture, rows[i].asked), ERR_GIT_APART, rows[i].part);
		source_close(fixture->source);
	}
	fixture->source = NULL;
	(void)unlink(path);
}

/* The liar's object came along early; once it was seen through, the next child is asked for the true one. */
static void a_lie_is_forgotten_with_the_liar(void **state)
{
	struct fixture *fixture = *state;
	const char *path = lie_path(fixture->arena, getpid());
	const struct bytes raw =
		build_commit_bytes(fixture->arena, &(struct build_commit){.tree = fixture->tree});
	const char *texts[] = {
		fixture->commit, "commit", arena_printf(fixture->arena, "%zu", raw.size),
		fixture->tree,   "tree",   "6",
	};
	const struct wire_message message = {
		.kind = WIRE_DONE,
		.texts = {.items = texts, .count = ROWS(texts)},
		.data = {arena_printf(fixture->arena, "%stree x", raw.data), raw.size + 6},
	};
	struct folder folder;

	open_at(fixture, fixture->place.remote);
	bring(fixture);
	source_close(fixture->source);
	must(fixture, file_save(fixture->arena, path, wire_encode(fixture->arena, &message), 0600));
	open_at(fixture, fixture->place.remote);
	must_fail(fixture,
	          source_folder(fixture->source, fixture->commit, "migrations", fixture->arena,
	                        &folder),
	          ERR_GIT_APART, "other bytes");
	assert_int_equal(unlink(path), 0);
	must(fixture, source_folder(fixture->source, fixture->commit, "migrations", fixture->arena,
	                            &folder));
	assert_int_equal(folder.count, 1);
}

/* The child as a liar: yes to the first question, then always what the file says. */
static int lie(const char *path)
{
	AUTO_ARENA arena = arena_new();
	const struct bytes yes = wire_encode(arena, &(struct wire_message){.kind = WIRE_DONE});
	struct bytes said;

	if (file_read(arena, path, 64 << 20, &said))
		return 1;
	for (int i = 0;; i++) {
		unsigned char header[WIRE_HEADER];
		const struct bytes out = i ? said : yes;
		char rest[65536];
		size_t length, sent = 0;

		if (read(STDIN_FILENO, header, sizeof header) != sizeof header)
			return 0;
		length = wire_length(header);
		if (length > sizeof rest || read(STDIN_FILENO, rest, length) != (ssize_t)length)
			return 1;
		while (sent < out.size) {
			ssize_t size = write(STDOUT_FILENO, out.data + sent, out.size - sent);

			if (size < 0)
				return 1;
			sent += (size_t)size;
		}
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		TEST(the_child_inherits_nothing_and_is_limited),
		TEST(a_child_that_is_ended_says_by_what_and_another_is_started),
		TEST(memory_and_files_end_at_their_limits),
		TEST(a_child_killed_while_it_talks_is_an_error_at_once),
		TEST(folders_that_just_fill_an_answer_are_read),
		TEST(what_is_wrong_with_the_mirror_is_said_each_time),
		TEST(a_lie_is_not_believed_and_ends_the_liar),
		TEST(a_lie_is_forgotten_with_the_liar),
		TEST(a_stop_ends_the_talk_but_what_is_here_can_still_be_read),
	};
	AUTO_ARENA arena = arena_new();

	if (argc == 2 && text_equal(argv[1], SOURCE_APART_ARGUMENT)) {
		const char *path = lie_path(arena, getppid());

		return file_exists(path) ? lie(path) : source_apart_serve();
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
