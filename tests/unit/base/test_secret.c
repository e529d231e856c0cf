/* A secret is a copy, and has no member that could be printed by mistake. */
#include "unit/base/check.h"

#include "base/secret.h"

static void a_secret_is_a_copy(void **state)
{
	char password[] = "hunter2";
	struct secret *secret = secret_new(*state, (struct bytes){.data = password, .size = 7});

	memset(password, 'x', sizeof password);
	assert_string_equal(secret_reveal(secret), "hunter2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(a_secret_is_a_copy)};

	return cmocka_run_group_tests_name("secret", tests, NULL, NULL);
}
