/* Fault points: the named moment, its n-th passage, and a loud refusal of names that are no moment. */
#include "unit/base/check.h"

#include "base/fault.h"

static void pass_three_times(void *fault)
{
	if (setenv("HEADGATE_FAULT", fault, 1))
		_exit(99);
	FAULT_POINT(apply);
	FAULT_POINT(confirm);
	FAULT_POINT(apply);
	FAULT_POINT(apply);
	_exit(3);
}

static int status_with(const char *fault)
{
	return status_of_child(pass_three_times, (void *)(uintptr_t)fault);
}

static void the_process_dies_where_it_was_told(void **state)
{
	static const struct {
		const char *fault;
		bool dies;
	} rows[] = {
		{"", false},         {"apply", true},      {"apply:3", true}, {"apply:4", false},
		{"confirm:1", true}, {"confirm:2", false}, {"report", false}, {"apply:0", false},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		int status = status_with(rows[i].fault);

		CASE(rows[i].fault);
		if (rows[i].dies)
			assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		else
			assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 3);
	}
}

static void a_process_can_be_stopped_instead(void **state)
{
	static const char *const faults[] = {"apply:stop", "apply:2:stop"};

	(void)state;
	for (size_t i = 0; i < ROWS(faults); i++) {
		int status = 0;
		pid_t pid = fork();

		if (!pid)
			pass_three_times((void *)(uintptr_t)faults[i]);
		assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
		assert_true(WIFSTOPPED(status));
		assert_int_equal(kill(pid, SIGCONT), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 3);
	}
}

static void a_name_that_is_no_moment_is_a_bug(void **state)
{
	(void)state;
	assert_true(is_bug(status_with("aply")));
	assert_true(is_bug(status_with("apply:x")));
}

static void every_moment_has_a_name(void **state)
{
	(void)state;
	for (unsigned i = 0; i < FAULT_COUNT; i++)
		assert_true(fault_point_name((enum fault_point)i)[0] != '\0');
	assert_string_equal(fault_point_name(FAULT_apply_after_commit), "apply_after_commit");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_process_dies_where_it_was_told),
		TEST(a_process_can_be_stopped_instead),
		TEST(a_name_that_is_no_moment_is_a_bug),
		TEST(every_moment_has_a_name),
	};

	return cmocka_run_group_tests_name("fault", tests, NULL, NULL);
}
