/*
 * How a backup by pg_dump fails: programs that end early, lie, hang or are of another version, roles that may not read,
 * disks that are full, a process that is killed. What every case has in common: no file is left behind.
 */
#include "contract/backup_place.h"

#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/file_calls.h"
#include "base/text.h"
#include "unit/base/check.h"

static struct backup_place place;

static int start(void **state)
{
	backup_place_reset(&place);
	backup_place_script_off(&place);
	return give_arena(state);
}

static struct error *try_with(struct arena *arena, const struct backup_pgdump_options *options,
                              const struct backup_request *request)
{
	struct backup *backup = NULL;
	struct backup_made made = {.file = "untouched"};
	struct error *error;

	assert_fine(backup_pgdump_open(arena, options, &backup));
	error = backup_take(backup, request, NULL, arena, &made);
	if (error)
		assert_string_equal(made.file, "untouched");
	return error;
}

static struct error *try_take(struct arena *arena)
{
	struct backup_request request = backup_place_request(41);

	return try_with(arena, &place.options, &request);
}

static void a_program_that_fails_or_lies_is_found_out(void **state)
{
	static const struct {
		const char *sentence, *script;
		enum error_code code;
		const char *why;
	} rows[] = {
		{"it fails in the middle",
	         "\"$REAL/pg_dump\" \"$@\" | head -c 100000; echo 'pg_dump: error: lost it' >&2; exit 1",
	         ERR_BACKUP, "lost it"},
		{"it is killed in the middle",
	         "\"$REAL/pg_dump\" \"$@\" | head -c 100000; kill -9 $$", ERR_BACKUP, "status 137"},
		{"it loses the last 100 bytes and says nothing",
	         "\"$REAL/pg_dump\" \"$@\" | head -c -100", ERR_BACKUP_DAMAGED, "end of file"},
		{"it loses one half", "\"$REAL/pg_dump\" \"$@\" | head -c 300000",
	         ERR_BACKUP_DAMAGED, "end of file"},
		{"some bits flip on the way",
	         "\"$REAL/pg_dump\" \"$@\" >\"$HERE/d\"; printf '\\377\\000\\377' | dd of=\"$HERE/d\" bs=1 seek=300000 "
	         "conv=notrunc 2>/dev/null; cat \"$HERE/d\"; rm \"$HERE/d\"",
	         ERR_BACKUP_DAMAGED, ""},
		{"it writes something else", "echo 'this is no archive'", ERR_BACKUP_DAMAGED,
	         "valid archive"},
		{"it writes nothing", ":", ERR_BACKUP_DAMAGED, ""},
		{"the server goes away",
	         "echo 'pg_dump: error: connection to server at \"x\" failed: Connection refused' >&2; exit 1",
	         ERR_BACKUP, "Connection refused"},
		{"it tells rows of a table",
	         "printf 'pg_dump: error: Dumping the contents of table \"item\" failed: PQgetResult() failed.\\n"
	         "pg_dump: detail: Error message from server: ERROR:  bad value \"row data\"\\n' >&2; exit 1",
	         ERR_BACKUP, "table \"item\""},
	};
	struct arena *arena = *state;

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct error *error;

		CASE(rows[i].sentence);
		backup_place_script(
			&place,
			arena_printf(arena,
		                     "[ \"$1\" = --version ] && exec \"$REAL/pg_dump\" \"$@\"\n%s",
		                     rows[i].script));
		error = try_take(arena);
		assert_error(error, rows[i].code);
		assert_contains(error->why, rows[i].why);
		assert_null(strstr(error->why, "row data"));
		assert_string_equal(backup_place_names(&place), "");
	}
}

static void a_program_that_hangs_is_ended(void **state)
{
	static const char *const scripts[] = {
		"sleep 600", "\"$REAL/pg_dump\" \"$@\" | head -c 100000; sleep 600"};
	struct backup_pgdump_options options = place.options;
	struct backup_request request = backup_place_request(41);

	options.quiet_ms = 400;
	for (size_t i = 0; i < ROWS(scripts); i++) {
		struct error *error;

		backup_place_script(
			&place,
			arena_printf(*state,
		                     "[ \"$1\" = --version ] && exec \"$REAL/pg_dump\" \"$@\"\n%s",
		                     scripts[i]));
		error = try_with(*state, &options, &request);
		assert_error(error, ERR_PROCESS_TIME);
		assert_contains(error->why, "wrote nothing for 400 ms");
		assert_string_equal(backup_place_names(&place), "");
	}
}

static void a_version_that_does_not_fit_is_refused_with_the_package(void **state)
{
	static const struct {
		const char *sentence, *script;
		int server;
		const char *why, *hint;
	} rows[] = {
		{"older than the server", "echo 'pg_dump (PostgreSQL) 13.2'", 150020, "version 13",
	         "postgresql-client-15"},
		{"the server is newer than everything", NULL, 990000, "is of version 15",
	         "postgresql-client-99"},
		{"it says something else", "echo 'hello'", 150020, "does not tell its version",
	         "postgresql-client-15"},
		{"it does not run", "exit 1", 150020, "does not tell its version",
	         "postgresql-client-15"},
		{"the server itself refuses it",
	         "[ \"$1\" = --version ] && exec \"$REAL/pg_dump\" \"$@\"\n"
	         "echo 'pg_dump: error: aborting because of server version mismatch' >&2; exit 1",
	         150020, "server version mismatch", "later one"},
	};
	struct arena *arena = *state;

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct backup_request request = backup_place_request(41);
		struct error *error;

		CASE(rows[i].sentence);
		if (rows[i].script)
			backup_place_script(&place, rows[i].script);
		else
			backup_place_script_off(&place);
		request.server_version_num = rows[i].server;
		error = try_with(arena, &place.options, &request);
		assert_error(error, ERR_BACKUP_VERSION);
		assert_contains(error->why, rows[i].why);
		assert_contains(error->hint, rows[i].hint);
		assert_string_equal(backup_place_names(&place), "");
	}
}

static void programs_that_are_not_there_are_named(void **state)
{
	struct backup_pgdump_options options = place.options;
	struct backup_request request = backup_place_request(41);
	struct error *error;

	options.programs = place.scratch;
	error = try_with(*state, &options, &request);
	assert_error(error, ERR_BACKUP_VERSION);
	assert_contains(error->why, place.scratch);
}

static void a_role_that_may_not_read_all_is_refused(void **state)
{
	static const struct {
		const char *sentence, *before, *after, *why, *hint;
	} rows[] = {
		{"no right on a table",
	         "GRANT SELECT ON ALL TABLES IN SCHEMA public TO backup_weak", "",
	         "permission denied for", "pg_read_all_data"},
		{"row-level security",
	         "GRANT pg_read_all_data TO backup_weak; ALTER TABLE item ENABLE ROW LEVEL SECURITY",
	         "ALTER TABLE item DISABLE ROW LEVEL SECURITY", "row-level security", "BYPASSRLS"},
	};
	struct arena *arena = *state;
	struct backup_pgdump_options options = place.options;
	struct backup_request request = backup_place_request(41);

	options.url = arena_printf(arena, "postgresql://backup_weak@127.0.0.1:%s/%s",
	                           getenv("HEADGATE_TEST_PGPORT"), place.database);
	(void)backup_place_sql(&place, place.database, "CREATE ROLE backup_weak LOGIN");
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct error *error;

		CASE(rows[i].sentence);
		(void)backup_place_sql(&place, place.database, rows[i].before);
		error = try_with(arena, &options, &request);
		(void)backup_place_sql(&place, place.database, rows[i].after);
		assert_error(error, ERR_BACKUP_RIGHTS);
		assert_contains(error->why, rows[i].why);
		assert_null(strstr(error->why, "Query was"));
		assert_contains(error->hint, rows[i].hint);
		assert_string_equal(backup_place_names(&place), "");
	}
	assert_fine(try_with(arena, &options, &request)); /* with pg_read_all_data alone it works */
	(void)backup_place_sql(&place, place.database,
	                       "DROP OWNED BY backup_weak; DROP ROLE backup_weak");
}

/* ---- space ---- */

static void too_little_space_is_seen_before_anything_is_written(void **state)
{
	struct backup_request request = backup_place_request(41);
	struct error *error;

	request.database_size = (uint64_t)1 << 60;
	error = try_with(*state, &place.options, &request);
	assert_error(error, ERR_BACKUP_SPACE);
	assert_contains(error->what, place.folder);
	assert_contains(error->why, "it may need");
	assert_contains(error->why, "are free");
	assert_contains(error->hint, "headgate retry");
	assert_string_equal(backup_place_names(&place), "");
}

static void the_last_backup_says_more_than_the_databases_size(void **state)
{
	struct backup_request request = backup_place_request(41);

	assert_fine(try_with(*state, &place.options, &request));
	request.run = 42;
	request.database_size = (uint64_t)1 << 60;
	assert_fine(try_with(*state, &place.options, &request));
	request.run = 43;
	request.scope = BACKUP_SCHEMA; /* … of the same scope */
	assert_error(try_with(*state, &place.options, &request), ERR_BACKUP_SPACE);
}

/* In a child: 30 MB that do not compress, into less room than that. The child's status says what happened. */
static void fill_up(void)
{
	AUTO_ARENA arena = arena_new();
	struct error *error;

	backup_place_script(
		&place,
		"[ \"$1\" = --version ] && exec \"$REAL/pg_dump\" \"$@\"\nhead -c 30000000 /dev/urandom");
	error = try_take(arena);
	if (!error || error->row != &error_rows()[ERR_BACKUP_SPACE] ||
	    !strstr(error->why, "were written") || !strstr(error->hint, "df -h"))
		_exit(2);
	if (!text_equal(backup_place_names(&place), ""))
		_exit(3);
}

static void fill_a_small_disk(void *context)
{
	(void)context;
	if (mkdir(place.folder, 0700) || unshare(CLONE_NEWNS) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("headgate", place.folder, "tmpfs", 0, "size=24m,mode=0700"))
		_exit(77);
	fill_up();
}

static void reach_the_largest_file(void *context)
{
	struct rlimit limit = {20 << 20, 20 << 20};

	(void)context;
	(void)signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit))
		_exit(77);
	fill_up();
}

static void a_full_disk_leaves_nothing_behind(void **state)
{
	int status = status_of_child(fill_a_small_disk, NULL);

	(void)state;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		print_message("a small disk needs root; the largest file size stands for it\n");
		return;
	}
	assert_int_equal(status, 0);
}

static void a_file_that_may_grow_no_more_leaves_nothing_behind(void **state)
{
	(void)state;
	assert_int_equal(status_of_child(reach_the_largest_file, NULL), 0);
}

/* ---- interruptions ---- */

#ifdef HEADGATE_FAULTS
static size_t syncs_left;

static int failing_fsync(int fd)
{
	(void)fd;
	if (syncs_left--)
		return 0;
	errno = EIO;
	return -1;
}

static void a_sync_that_fails_leaves_nothing_behind(void **state)
{
	int (*before)(int) = file_calls.fsync;
	size_t failed = 0;

	for (size_t n = 0; n < 10;
	     n++) { /* roles and their folder, the folder, the manifest and its folder */
		struct error *error;

		backup_place_reset(&place);
		syncs_left = n;
		file_calls.fsync = failing_fsync;
		error = try_take(*state);
		file_calls.fsync = before;
		if (!error)
			break;
		failed++;
		assert_error(error, ERR_BACKUP);
		assert_null(strstr(backup_place_names(&place), ".dump"));
		assert_null(strstr(backup_place_names(&place), ".sql"));
		assert_null(strstr(backup_place_names(&place), ".new"));
	}
	assert_int_equal(failed, 5);
}

static void take_and_die(void *fault)
{
	AUTO_ARENA arena = arena_new();

	fault_points_forget();
	(void)setenv("HEADGATE_FAULT", fault, 1);
	(void)!try_take(arena);
}

static void what_a_kill_leaves_is_no_backup_and_goes_with_the_next(void **state)
{
	static const char *const faults[] = {"backup_started", "backup_written"};

	for (size_t i = 0; i < ROWS(faults); i++) {
		char *fault = arena_text(*state, faults[i]);
		struct backup *backup = NULL;
		struct backup_made made = {0};
		bool found = true;
		int status;

		backup_place_reset(&place);
		status = status_of_child(take_and_die, fault);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		assert_string_equal(backup_place_names(&place), ".shop.41.dump.new");
		assert_fine(backup_pgdump_open(*state, &place.options, &backup));
		assert_fine(backup_find(backup, "shop", 41, *state, &found, &made));
		assert_false(found);
		assert_fine(try_take(*state));
		assert_string_equal(backup_place_names(&place),
		                    "shop.41.dump shop.41.json shop.41.roles.sql");
	}
}
#endif

static void stop_while_it_runs(void *context)
{
	AUTO_ARENA arena = arena_new();
	struct error *error;

	(void)context;
	stop_watch();
	backup_place_script(
		&place,
		arena_printf(arena,
	                     "[ \"$1\" = --version ] && exec \"$REAL/pg_dump\" \"$@\"\n"
	                     "\"$REAL/pg_dump\" \"$@\" | head -c 100000; kill %d; sleep 600",
	                     getpid()));
	error = try_take(arena);
	if (!error || error->row != &error_rows()[ERR_STOPPED])
		_exit(2);
	if (!text_equal(backup_place_names(&place), ""))
		_exit(3);
}

static void asked_to_stop_it_leaves_nothing_behind(void **state)
{
	(void)state;
	assert_int_equal(status_of_child(stop_while_it_runs, NULL), 0);
}

static void a_manifest_that_lies_is_no_backup(void **state)
{
	static const struct {
		const char *sentence, *text;
	} rows[] = {
		{"empty", ""},
		{"not JSON", "{"},
		{"of another format",
	         "{\"format\": \"headgate backup 9\", \"target\": \"shop\", \"run\": 41, \"size\": 0}"},
		{"of another run",
	         "{\"format\": \"headgate backup 1\", \"target\": \"shop\", \"run\": 4, \"size\": 0}"},
		{"without a digest",
	         "{\"format\": \"headgate backup 1\", \"target\": \"shop\", \"run\": 41, \"size\": 0}"},
		{"of wrong kinds",
	         "{\"format\": \"headgate backup 1\", \"target\": 3, \"run\": \"41\", \"size\": null}"},
		{"a list", "[]"},
	};
	struct arena *arena = *state;

	assert_fine(folder_private(arena, place.folder));
	write_file(path_join(arena, place.folder, "shop.41.dump"), "", 0600);
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct backup *backup = NULL;
		struct backup_made made = {0};
		bool found = true;

		CASE(rows[i].sentence);
		write_file(path_join(arena, place.folder, "shop.41.json"), rows[i].text, 0600);
		assert_fine(backup_pgdump_open(arena, &place.options, &backup));
		assert_fine(backup_find(backup, "shop", 41, arena, &found, &made));
		assert_false(found);
	}
	assert_fine(try_take(arena)); /* takes the name over */
}

static void a_target_that_is_no_name_is_refused(void **state)
{
	static const char *const names[] = {
		"",    "../shop",
		"a.b", "Shop",
		"a b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};

	for (size_t i = 0; i < ROWS(names); i++) {
		struct backup_request request = backup_place_request(41);

		request.target = names[i];
		assert_error(try_with(*state, &place.options, &request), ERR_BACKUP);
	}
}

int main(void)
{
	AUTO_ARENA arena = arena_new();
#define PLACE_TEST(name) cmocka_unit_test_setup_teardown(name, start, take_arena)
	const struct CMUnitTest tests[] = {
		PLACE_TEST(a_program_that_fails_or_lies_is_found_out),
		PLACE_TEST(a_program_that_hangs_is_ended),
		PLACE_TEST(a_version_that_does_not_fit_is_refused_with_the_package),
		PLACE_TEST(programs_that_are_not_there_are_named),
		PLACE_TEST(a_role_that_may_not_read_all_is_refused),
		PLACE_TEST(too_little_space_is_seen_before_anything_is_written),
		PLACE_TEST(the_last_backup_says_more_than_the_databases_size),
		PLACE_TEST(a_full_disk_leaves_nothing_behind),
		PLACE_TEST(a_file_that_may_grow_no_more_leaves_nothing_behind),
#ifdef HEADGATE_FAULTS
		PLACE_TEST(a_sync_that_fails_leaves_nothing_behind),
		PLACE_TEST(what_a_kill_leaves_is_no_backup_and_goes_with_the_next),
#endif
		PLACE_TEST(asked_to_stop_it_leaves_nothing_behind),
		PLACE_TEST(a_manifest_that_lies_is_no_backup),
		PLACE_TEST(a_target_that_is_no_name_is_refused),
	};
	int failed = backup_place_open(arena, &place);

	if (failed)
		return failed;
	failed = cmocka_run_group_tests_name("backup: pgdump, faults", tests, NULL, NULL);
	backup_place_close(&place);
	return failed;
}
