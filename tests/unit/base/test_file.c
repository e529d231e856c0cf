/*
 * Files: whole or absent. The table of system calls is replaced to see a full disk, a short write, an interrupted
 * call and a failing fsync. Runs as root and as anybody; what only root can try is skipped elsewhere.
 */
#include "unit/base/check.h"

#include <dirent.h>
#include <errno.h>

#include "base/file.h"
#include "base/file_calls.h"
#include "base/text.h"

#define BYTES(text) ((struct bytes){.data = (text), .size = strlen(text)})

static const struct file_calls *real;
static int calls; /* of the replaced function, since the test set it to 0 */

static int give_calls(void **state)
{
	static struct file_calls kept;

	kept = file_calls;
	real = &kept;
	calls = 0;
	return give_place(state);
}

static int take_calls(void **state)
{
	file_calls = *real;
	return take_place(state);
}

#define TEST_WITH_CALLS(name) cmocka_unit_test_setup_teardown(name, give_calls, take_calls)

static ssize_t write_to_a_full_disk(int fd, const void *data, size_t size)
{
	(void)data;
	if (calls++ == 0)
		return real->write(fd, data, size / 2);
	errno = ENOSPC;
	return -1;
}

static ssize_t write_a_byte_and_be_interrupted(int fd, const void *data, size_t size)
{
	if (calls++ % 2 == 0) {
		errno = EINTR;
		return -1;
	}
	return real->write(fd, data, size ? 1 : 0);
}

static ssize_t read_a_byte_and_be_interrupted(int fd, void *data, size_t size)
{
	if (calls++ % 2 == 0) {
		errno = EINTR;
		return -1;
	}
	return real->read(fd, data, size ? 1 : 0);
}

static ssize_t read_from_a_broken_disk(int fd, void *data, size_t size)
{
	(void)fd;
	(void)data;
	(void)size;
	errno = EIO;
	return -1;
}

static int sync_fails(int fd)
{
	(void)fd;
	calls++;
	errno = EIO;
	return -1;
}

static int sync_fails_the_second_time(int fd)
{
	if (calls++ == 0)
		return real->fsync(fd);
	errno = EIO;
	return -1;
}

static int rename_fails(int from_folder, const char *from, int to_folder, const char *to)
{
	(void)from_folder;
	(void)from;
	(void)to_folder;
	(void)to;
	errno = EROFS;
	return -1;
}

static void assert_holds(const struct place *place, const char *path, const char *text)
{
	struct bytes bytes;

	file_calls = *real;
	assert_fine(file_read(place->arena, path, 1 << 20, &bytes));
	assert_string_equal(bytes.data, text);
	assert_int_equal(bytes.size, strlen(text));
}

static int count_entries(const struct place *place)
{
	DIR *folder = opendir(place->folder);
	int count = -2; /* "." and ".." */

	assert_non_null(folder);
	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}

static mode_t mode_of(const char *path)
{
	struct stat stat_of;

	assert_int_equal(lstat(path, &stat_of), 0);
	return stat_of.st_mode & 07777;
}

static void a_file_is_read_up_to_its_maximum(void **state)
{
	struct place *place = *state;
	const char *path = path_of(place, "five");
	struct bytes bytes = {.data = "untouched"};

	write_file(path, "12345", 0644);
	assert_fine(file_read(place->arena, path, 5, &bytes));
	assert_string_equal(bytes.data, "12345");

	struct error *error = file_read(place->arena, path, 4, &bytes);

	assert_error(error, ERR_FILE_LIMIT);
	assert_contains(error->why, "4 B");
	assert_string_equal(bytes.data, "12345");
	write_file(path, "", 0644);
	assert_fine(file_read(place->arena, path, 0, &bytes));
	assert_int_equal(bytes.size, 0);
	assert_string_equal(bytes.data, "");
}

static void what_is_not_a_file_is_not_read(void **state)
{
	struct place *place = *state;
	const char *fifo = path_of(place, "fifo");
	struct bytes bytes;
	struct error *error = file_read(place->arena, path_of(place, "absent"), 10, &bytes);

	assert_error(error, ERR_FILE);
	assert_contains(error->why, "ENOENT");
	assert_contains(error->hint, "ls -l");
	error = file_read(place->arena, place->folder, 10, &bytes);
	assert_error(error, ERR_FILE);
	assert_contains(error->why, "EISDIR");
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_error(file_read(place->arena, fifo, 10, &bytes),
	             ERR_FILE); /* and does not wait for a writer */
	assert_error(file_read(place->arena, "/dev/zero", 10, &bytes), ERR_FILE);
}

static void an_interrupted_read_goes_on(void **state)
{
	struct place *place = *state;
	const char *path = path_of(place, "file");
	struct bytes bytes;

	write_file(path, "a b c", 0644);
	file_calls.read = read_a_byte_and_be_interrupted;
	assert_fine(file_read(place->arena, path, 5, &bytes));
	assert_string_equal(bytes.data, "a b c");
	file_calls.read = read_from_a_broken_disk;
	assert_contains(file_read(place->arena, path, 5, &bytes)->why, "EIO");
}

static void a_secret_is_only_for_its_owner(void **state)
{
	static const struct {
		const char *sentence;
		mode_t mode;
		bool good;
	} rows[] = {
		{"the owner reads and writes", 0600, true},
		{"the owner reads", 0400, true},
		{"the group reads", 0640, false},
		{"all read", 0604, false},
		{"the group writes", 0620, false},
		{"all write", 0602, false},
		{"all may run it", 0601, false},
	};
	struct place *place = *state;
	const char *path = path_of(place, "secret");
	struct bytes bytes;

	for (size_t i = 0; i < ROWS(rows); i++) {
		CASE(rows[i].sentence);
		write_file(path, "hunter2 \r\n\n", 0600);
		assert_int_equal(chmod(path, rows[i].mode), 0);

		struct error *error = file_read_secret(place->arena, path, &bytes);

		if (rows[i].good) {
			assert_fine(error);
			assert_string_equal(bytes.data, "hunter2");
			assert_int_equal(bytes.size, 7);
		} else {
			assert_error(error, ERR_FILE_RIGHTS);
			assert_contains(error->hint, "chmod 600");
		}
		assert_int_equal(unlink(path), 0);
	}
}

static void a_secret_of_somebody_else_is_refused(void **state)
{
	struct place *place = *state;
	const char *path = path_of(place, "secret");
	struct bytes bytes;

	if (geteuid() != 0)
		skip();
	write_file(path, "x", 0600);
	assert_int_equal(chown(path, 65534, 65534), 0);
	assert_error(file_read_secret(place->arena, path, &bytes), ERR_FILE_RIGHTS);
}

static void read_as_nobody(void *context)
{
	struct place *place = context;
	struct bytes bytes;

	if (setgid(65534) || setuid(65534) ||
	    file_read_secret(place->arena, path_of(place, "lent"), &bytes) ||
	    !file_read_secret(place->arena, path_of(place, "open"), &bytes))
		_exit(1);
}

static void a_secret_that_root_lent_to_our_group_is_read(void **state)
{
	struct place *place = *state;

	if (geteuid() != 0)
		skip();
	write_file(path_of(place, "lent"), "x", 0440);
	write_file(path_of(place, "open"), "x", 0444);
	assert_int_equal(chown(path_of(place, "lent"), 0, 65534), 0);
	assert_int_equal(chmod(place->folder, 0755), 0);
	assert_int_equal(status_of_child(read_as_nobody, place), 0);
}

static void a_secret_holds_something_and_is_text(void **state)
{
	struct place *place = *state;
	const char *path = path_of(place, "secret");
	struct bytes bytes;

	write_file(path, " \n", 0600);
	assert_error(file_read_secret(place->arena, path, &bytes), ERR_FILE);
	assert_fine(file_save(place->arena, path, (struct bytes){.data = "a\0b", .size = 3}, 0600));
	assert_error(file_read_secret(place->arena, path, &bytes), ERR_FILE);
	assert_int_equal(truncate(path, 64 * 1024 + 1), 0);
	assert_error(file_read_secret(place->arena, path, &bytes), ERR_FILE_LIMIT);
}

static void a_file_is_saved_with_its_mode_and_nothing_is_left_beside_it(void **state)
{
	struct place *place = *state;
	const char *path = path_of(place, "file");
	mode_t before = umask(077);

	assert_fine(file_save(place->arena, path, BYTES("one"), 0644));
	(void)umask(before);
	assert_int_equal(mode_of(path), 0644);
	assert_holds(place, path, "one");
	assert_fine(file_save(place->arena, path, BYTES("two"), 0600));
	assert_int_equal(mode_of(path), 0600);
	assert_holds(place, path, "two");
	assert_int_equal(count_entries(place), 1);
}

static void saving_replaces_a_link_and_leaves_what_it_points_to(void **state)
{
	struct place *place = *state;
	const char *victim = path_of(place, "victim"), *link = path_of(place, "link");

	write_file(victim, "mine", 0600);
	assert_int_equal(symlink(victim, link), 0);
	assert_fine(file_save(place->arena, link, BYTES("new"), 0600));
	assert_holds(place, victim, "mine");
	assert_holds(place, link, "new");
}

static void a_save_that_fails_leaves_the_old_file(void **state)
{
	static const struct {
		const char *sentence, *why;
		struct file_calls calls;
	} rows[] = {
		{"the disk is full", "ENOSPC", {.write = write_to_a_full_disk}},
		{"fsync of the file fails", "EIO", {.fsync = sync_fails}},
		{"the rename fails", "EROFS", {.renameat = rename_fails}},
	};
	struct place *place = *state;
	const char *path = path_of(place, "file");

	assert_fine(file_save(place->arena, path, BYTES("old"), 0600));
	for (size_t i = 0; i < ROWS(rows); i++) {
		CASE(rows[i].sentence);
		calls = 0;
		file_calls.write = rows[i].calls.write ? rows[i].calls.write : real->write;
		file_calls.fsync = rows[i].calls.fsync ? rows[i].calls.fsync : real->fsync;
		file_calls.renameat =
			rows[i].calls.renameat ? rows[i].calls.renameat : real->renameat;

		struct error *error = file_save(place->arena, path, BYTES("new content"), 0600);

		assert_error(error, ERR_FILE);
		assert_contains(error->what, "cannot write '");
		assert_contains(error->why, rows[i].why);
		assert_holds(place, path, "old");
		assert_int_equal(count_entries(place), 1);
	}
}

static void a_folder_that_was_not_synced_is_told(void **state)
{
	struct place *place = *state;

	file_calls.fsync = sync_fails_the_second_time;
	assert_error(file_save(place->arena, path_of(place, "file"), BYTES("new"), 0600), ERR_FILE);
	assert_int_equal(calls, 2);
	assert_holds(place, path_of(place, "file"), "new");
}

static void a_short_write_goes_on(void **state)
{
	struct place *place = *state;
	const char *path = path_of(place, "file");

	file_calls.write = write_a_byte_and_be_interrupted;
	assert_fine(file_save(place->arena, path, BYTES("piece by piece"), 0600));
	assert_holds(place, path, "piece by piece");
}

static void saving_into_a_folder_that_is_not_there_is_told(void **state)
{
	struct place *place = *state;
	struct error *error = file_save(place->arena, path_of(place, "a/b"), BYTES("x"), 0600);

	assert_error(error, ERR_FILE);
	assert_contains(error->why, "ENOENT");
}

static void appending_adds_behind(void **state)
{
	struct place *place = *state;
	const char *path = path_of(place, "log");

	assert_fine(file_append(place->arena, path, BYTES("one\n"), 0600));
	assert_fine(file_append(place->arena, path, BYTES("two\n"), 0644));
	assert_holds(place, path, "one\ntwo\n");
	assert_int_equal(mode_of(path), 0600);
}

static void an_append_that_fails_leaves_no_half_line(void **state)
{
	struct place *place = *state;
	const char *path = path_of(place, "log");

	assert_fine(file_append(place->arena, path, BYTES("one\n"), 0600));
	file_calls.write = write_to_a_full_disk;
	assert_contains(file_append(place->arena, path, BYTES("two\n"), 0600)->why, "ENOSPC");
	assert_holds(place, path, "one\n");
}

static void nothing_is_appended_through_a_link(void **state)
{
	struct place *place = *state;
	const char *victim = path_of(place, "victim"), *link = path_of(place, "link");

	write_file(victim, "mine", 0600);
	assert_int_equal(symlink(victim, link), 0);
	assert_contains(file_append(place->arena, link, BYTES("x"), 0600)->why, "ELOOP");
	assert_holds(place, victim, "mine");
}

static void a_file_that_is_replaced_keeps_owner_and_mode(void **state)
{
	struct place *place = *state;
	const char *path = path_of(place, "keys"), *link = path_of(place, "link");
	struct stat old, new;

	assert_error(file_replace(place->arena, path, BYTES("x")), ERR_FILE);
	assert_false(file_exists(path));
	write_file(path, "old", 0640);
	if (geteuid() == 0)
		assert_int_equal(chown(path, 12345, 54321), 0);
	assert_int_equal(stat(path, &old), 0);
	assert_fine(file_replace(place->arena, path, BYTES("new")));
	assert_int_equal(stat(path, &new), 0);
	assert_holds(place, path, "new");
	assert_int_equal(new.st_mode, old.st_mode);
	assert_int_equal(new.st_uid, old.st_uid);
	assert_int_equal(new.st_gid, old.st_gid);
	assert_int_equal(symlink(path, link), 0);
	assert_contains(file_replace(place->arena, link, BYTES("x"))->why, "ELOOP");
	calls = 0;
	file_calls.write = write_to_a_full_disk;
	assert_contains(file_replace(place->arena, path, BYTES("newer"))->why, "ENOSPC");
	assert_holds(place, path, "new");
}

static void a_private_folder_is_made_with_its_parents(void **state)
{
	struct place *place = *state;
	const char *path = path_of(place, "a//b/c/");

	assert_fine(folder_private(place->arena, path));
	assert_fine(folder_private(place->arena, path));
	assert_int_equal(mode_of(path_of(place, "a")), 0700);
	assert_int_equal(mode_of(path_of(place, "a/b/c")), 0700);
	assert_fine(folder_sync(place->arena, path));
}

/* Programs that get its name run in other folders, so it is never named from where we are. */
static void a_temporary_folder_is_absolute_and_goes_with_all_that_is_in_it(void **state)
{
	struct place *place = *state;
	const char *const before = getenv("TMPDIR");
	const char *path = NULL, *outside = path_of(place, "outside");

	write_file(outside, "x", 0600);
	assert_int_equal(setenv("TMPDIR", place->folder, 1), 0);
	assert_fine(folder_temporary(place->arena, "test", &path));
	assert_true(text_starts(path, place->folder));
	assert_int_equal(mode_of(path), 0700);
	assert_fine(folder_private(place->arena, path_join(place->arena, path, "a/b")));
	assert_int_equal(symlink(outside, path_join(place->arena, path, "a/b/link")), 0);
	folder_temporary_remove(path);
	assert_false(file_exists(path));
	assert_true(file_exists(outside));
	assert_int_equal(setenv("TMPDIR", ".", 1), 0);
	assert_fine(folder_temporary(place->arena, "test", &path));
	assert_true(text_starts(path, "/"));
	folder_temporary_remove(path);
	assert_int_equal(before ? setenv("TMPDIR", before, 1) : unsetenv("TMPDIR"), 0);
}

static void a_folder_that_others_may_write_to_is_not_private(void **state)
{
	static const struct {
		const char *sentence;
		mode_t mode;
		bool good;
	} rows[] = {
		{"only ours", 0700, true},
		{"others may look", 0755, true},
		{"the group may write", 0770, false},
		{"all may write", 0707, false},
		{"all may write, with the sticky bit", 01777, false},
	};
	struct place *place = *state;
	const char *path = path_of(place, "folder");

	for (size_t i = 0; i < ROWS(rows); i++) {
		CASE(rows[i].sentence);
		assert_fine(folder_private(place->arena, path));
		assert_int_equal(chmod(path, rows[i].mode), 0);

		struct error *error = folder_private(place->arena, path);

		if (rows[i].good) {
			assert_fine(error);
		} else {
			assert_error(error, ERR_FILE_RIGHTS);
			assert_contains(error->hint, "chmod 700");
		}
		assert_int_equal(rmdir(path), 0);
	}
}

static void a_folder_of_somebody_else_or_a_file_is_not_private(void **state)
{
	struct place *place = *state;
	const char *path = path_of(place, "there");

	write_file(path, "a file", 0600);
	assert_contains(folder_private(place->arena, path)->why, "ENOTDIR");
	assert_error(folder_private(place->arena, path_of(place, "there/below")), ERR_FILE);
	if (geteuid() != 0)
		skip();
	assert_int_equal(chown(place->folder, 65534, 65534), 0);
	assert_error(folder_private(place->arena, place->folder), ERR_FILE_RIGHTS);
}

static void free_space_is_known(void **state)
{
	struct place *place = *state;
	uint64_t space = UINT64_MAX;

	assert_fine(folder_free_space(place->arena, place->folder, &space));
	assert_true(space < UINT64_MAX);
	assert_error(folder_free_space(place->arena, path_of(place, "absent"), &space), ERR_FILE);
	assert_true(file_exists(place->folder));
	assert_false(file_exists(path_of(place, "absent")));
}

static void paths_are_joined_and_taken_apart(void **state)
{
	static const struct {
		const char *folder, *name, *joined;
	} joins[] = {
		{"/a", "b", "/a/b"}, {"/a/", "b", "/a/b"}, {"/", "b", "/b"},
		{"/a", "/b", "/b"},  {"", "b", "b"},
	};
	static const struct {
		const char *path, *folder;
	} folders[] = {
		{"a/b.c", "a"}, {"b", "."},   {"/b", "/"},     {"/a/b", "/a"}, {"/a/b/", "/a"},
		{"/", "/"},     {"//b", "/"}, {"a//b//", "a"}, {"", "."},
	};
	struct place *place = *state;

	for (size_t i = 0; i < ROWS(joins); i++)
		assert_string_equal(path_join(place->arena, joins[i].folder, joins[i].name),
		                    joins[i].joined);
	for (size_t i = 0; i < ROWS(folders); i++)
		assert_string_equal(path_folder(place->arena, folders[i].path), folders[i].folder);
}

static void a_folder_is_listed_without_following_links(void **state)
{
	struct place *place = *state;
	struct file_entries entries = {0};
	char kinds[] = "????";

	write_file(path_of(place, "0"), "x", 0600);
	assert_int_equal(mkdir(path_of(place, "1"), 0700), 0);
	assert_int_equal(symlink("1", path_of(place, "2")), 0);
	assert_int_equal(mkfifo(path_of(place, "3"), 0600), 0);
	assert_fine(folder_list(place->arena, place->folder, 4, &entries));
	assert_int_equal(entries.count, 4);
	for (size_t i = 0; i < entries.count; i++)
		kinds[entries.items[i].name[0] - '0'] = "FDLO"[entries.items[i].kind];
	assert_string_equal(kinds, "FDLO");
	assert_error(folder_list(place->arena, place->folder, 3, &entries), ERR_FILE_LIMIT);
	assert_error(folder_list(place->arena, path_of(place, "none"), 3, &entries), ERR_FILE);
	assert_int_equal(entries.count, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_WITH_CALLS(a_file_is_read_up_to_its_maximum),
		TEST_WITH_CALLS(what_is_not_a_file_is_not_read),
		TEST_WITH_CALLS(an_interrupted_read_goes_on),
		TEST_WITH_CALLS(a_secret_is_only_for_its_owner),
		TEST_WITH_CALLS(a_secret_of_somebody_else_is_refused),
		TEST_WITH_CALLS(a_secret_that_root_lent_to_our_group_is_read),
		TEST_WITH_CALLS(a_secret_holds_something_and_is_text),
		TEST_WITH_CALLS(a_file_is_saved_with_its_mode_and_nothing_is_left_beside_it),
		TEST_WITH_CALLS(saving_replaces_a_link_and_leaves_what_it_points_to),
		TEST_WITH_CALLS(a_save_that_fails_leaves_the_old_file),
		TEST_WITH_CALLS(a_folder_that_was_not_synced_is_told),
		TEST_WITH_CALLS(a_short_write_goes_on),
		TEST_WITH_CALLS(saving_into_a_folder_that_is_not_there_is_told),
		TEST_WITH_CALLS(appending_adds_behind),
		TEST_WITH_CALLS(an_append_that_fails_leaves_no_half_line),
		TEST_WITH_CALLS(nothing_is_appended_through_a_link),
		TEST_WITH_CALLS(a_file_that_is_replaced_keeps_owner_and_mode),
		TEST_WITH_CALLS(a_private_folder_is_made_with_its_parents),
		TEST_IN_PLACE(a_temporary_folder_is_absolute_and_goes_with_all_that_is_in_it),
		TEST_WITH_CALLS(a_folder_that_others_may_write_to_is_not_private),
		TEST_WITH_CALLS(a_folder_of_somebody_else_or_a_file_is_not_private),
		TEST_WITH_CALLS(free_space_is_known),
		TEST_WITH_CALLS(paths_are_joined_and_taken_apart),
		TEST_IN_PLACE(a_folder_is_listed_without_following_links),
	};

	return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
