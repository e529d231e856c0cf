/*
 * What the tests of this floor share: cmocka with all it needs before it, an arena per test, a folder per test, and
 * children for what ends a process. Easily got wrong: a child ends by _exit, so its leaks are not looked for.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

/* Before a case of a table: what a failing run prints. */
#define CASE(sentence) print_message("         - %s\n", (sentence))

static inline int give_arena(void **state)
{
	*state = arena_new();
	return 0;
}

static inline int take_arena(void **state)
{
	arena_free(*state);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, give_arena, take_arena)

struct place { /* a test's arena, and a folder that goes with it */
	struct arena *arena;
	const char *folder;
};

static inline int give_place(void **state)
{
	struct arena *arena = arena_new();
	struct place *place = ARENA_NEW(arena, struct place);
	const char *above = getenv("TMPDIR");
	char *folder = arena_printf(arena, "%s/headgate-test-XXXXXX", above ? above : "/tmp");

	place->arena = arena;
	place->folder = mkdtemp(folder);
	*state = place;
	return place->folder ? 0 : -1;
}

static inline int remove_entry(const char *path, const struct stat *stat, int kind,
                               struct FTW *where)
{
	(void)stat;
	(void)kind;
	(void)where;
	return remove(path);
}

static inline int take_place(void **state)
{
	struct place *place = *state;
	int failed = nftw(place->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);

	arena_free(place->arena);
	return failed;
}

#define TEST_IN_PLACE(name) cmocka_unit_test_setup_teardown(name, give_place, take_place)

static inline const char *path_of(const struct place *place, const char *name)
{
	return arena_printf(place->arena, "%s/%s", place->folder, name);
}

static inline void write_file(const char *path, const char *text, mode_t mode)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
}

/* The wait status of a child that did nothing but `function`. */
static inline int status_of_child(void (*function)(void *context), void *context)
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		int nowhere = open("/dev/null", O_WRONLY);

		(void)dup2(nowhere, STDERR_FILENO);
		function(context);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	return status;
}

static inline bool is_bug(int status)
{
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static inline void assert_contains(const char *text, const char *part)
{
	if (!text || !strstr(text, part))
		fail_msg("'%s' does not hold '%s'", text ? text : "(null)", part);
}

static inline void assert_error(const struct error *error, enum error_code code)
{
	if (!error)
		fail_msg("it passed; error %s was expected", error_rows()[code].name);
	else if (error->row != &error_rows()[code])
		fail_msg("error %s (%s: %s) instead of %s", error->row->name, error->what,
		         error->why ? error->why : "", error_rows()[code].name);
}

static inline void assert_fine(const struct error *error)
{
	if (error)
		fail_msg("%s: %s: %s", error->row->name, error->what, error->why ? error->why : "");
}
