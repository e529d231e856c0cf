/* A secret is a copy, and has no member that could be printed by mistake. */
#include "unit/base/check.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/secret.h"

static void a_secret_is_a_copy(void **state)
{
	char password[] = "hunter2";
	struct secret *secret = secret_new(*state, (struct bytes){.data = password, .size = 7});

	memset(password, 'x', sizeof password);
	assert_string_equal(secret_reveal(secret), "hunter2");
}

static void memory_is_kept_from_cores_and_from_others(void **state)
{
	struct rlimit core;
	int status;
	pid_t child = fork();

	(void)state;
	assert_true(child >= 0);
	if (!child) {
		secrets_guard();
#ifndef __SANITIZE_ADDRESS__
		if (prctl(PR_GET_DUMPABLE))
			_exit(1);
#endif
		_exit(getrlimit(RLIMIT_CORE, &core) || core.rlim_cur || core.rlim_max);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(a_secret_is_a_copy),
	                                   TEST(memory_is_kept_from_cores_and_from_others)};

	return cmocka_run_group_tests_name("secret", tests, NULL, NULL);
}
