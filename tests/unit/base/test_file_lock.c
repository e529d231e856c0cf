/* The lock: one holder, who can be named; gone with its process, and with nothing else. */
#include "unit/base/check.h"

#include "base/file.h"

static void two_cannot_hold_one_lock(void **state)
{
	struct place *place = *state;
	const char *path = path_of(place, "lock"), *holder = "untouched";
	int first = -1, second = -1;

	assert_fine(file_lock(place->arena, path, "pid 12 since noon", &first, &holder));
	assert_true(first >= 0);
	assert_null(holder);
	assert_fine(file_lock(place->arena, path, "pid 13", &second, &holder));
	assert_int_equal(second, -1);
	assert_string_equal(holder, "pid 12 since noon");
	assert_int_equal(close(first), 0);
	assert_fine(file_lock(place->arena, path, "13", &second, &holder));
	assert_true(second >= 0);
	assert_null(holder);
	assert_fine(file_lock(place->arena, path, "14", &first, &holder));
	assert_string_equal(holder, "13"); /* nothing is left of the longer name before it */
	assert_int_equal(close(second), 0);
}

static void hold_and_die(void *context)
{
	struct place *place = context;
	const char *holder;
	int fd = -1;

	if (file_lock(place->arena, path_of(place, "lock"), "the dead", &fd, &holder) || fd < 0)
		_exit(1);
	(void)kill(getpid(), SIGKILL);
}

static void a_lock_dies_with_its_process(void **state)
{
	struct place *place = *state;
	const char *holder;
	int status = status_of_child(hold_and_die, place), fd = -1;

	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_fine(file_lock(place->arena, path_of(place, "lock"), "me", &fd, &holder));
	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
}

static void a_holder_without_a_name_is_another_process(void **state)
{
	struct place *place = *state;
	const char *holder;
	int first = -1, second = -1;

	assert_fine(file_lock(place->arena, path_of(place, "lock"), "", &first, &holder));
	assert_fine(file_lock(place->arena, path_of(place, "lock"), "me", &second, &holder));
	assert_string_equal(holder, "another process");
	assert_int_equal(close(first), 0);
}

static void a_name_of_many_lines_is_read_as_one(void **state)
{
	struct place *place = *state;
	const char *holder;
	int first = -1, second = -1;

	assert_fine(file_lock(place->arena, path_of(place, "lock"), "a\nb\n", &first, &holder));
	assert_fine(file_lock(place->arena, path_of(place, "lock"), "me", &second, &holder));
	assert_string_equal(holder, "a b");
	assert_int_equal(close(first), 0);
}

static void a_link_in_the_place_of_the_lock_is_refused(void **state)
{
	struct place *place = *state;
	const char *holder;
	int fd = -1;

	write_file(path_of(place, "victim"), "mine", 0600);
	assert_int_equal(symlink(path_of(place, "victim"), path_of(place, "lock")), 0);
	assert_contains(file_lock(place->arena, path_of(place, "lock"), "me", &fd, &holder)->why,
	                "ELOOP");
	assert_error(file_lock(place->arena, path_of(place, "absent/lock"), "me", &fd, &holder),
	             ERR_FILE);
	assert_int_equal(fd, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_IN_PLACE(two_cannot_hold_one_lock),
		TEST_IN_PLACE(a_lock_dies_with_its_process),
		TEST_IN_PLACE(a_holder_without_a_name_is_another_process),
		TEST_IN_PLACE(a_name_of_many_lines_is_read_as_one),
		TEST_IN_PLACE(a_link_in_the_place_of_the_lock_is_refused),
	};

	return cmocka_run_group_tests_name("file_lock", tests, NULL, NULL);
}
