/* Maps from texts to pointers. */
#include "unit/base/check.h"

#include "base/map.h"
#include "base/text.h"

static void what_was_put_in_is_found_and_nothing_else(void **state)
{
	enum { COUNT = 5000 };
	struct map map = {0};
	static int values[COUNT];

	for (int i = 0; i < COUNT; i++) {
		void **value = map_at(&map, *state, arena_printf(*state, "key %d", i));

		assert_null(*value);
		*value = &values[i];
	}
	assert_int_equal(map.count, COUNT);
	for (int i = 0; i < COUNT; i++)
		assert_ptr_equal(*map_at(&map, *state, arena_printf(*state, "key %d", i)),
		                 &values[i]);
	assert_int_equal(map.count, COUNT);
	assert_null(*map_at(&map, *state, "key"));
	assert_null(*map_at(&map, *state, ""));
}

static void a_key_may_change_behind_its_back(void **state)
{
	struct map map = {0};
	char key[] = "one";

	*map_at(&map, *state, key) = key;
	key[0] = 'x';
	assert_ptr_equal(*map_at(&map, *state, "one"), key);
	assert_null(*map_at(&map, *state, "xne"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_put_in_is_found_and_nothing_else),
		TEST(a_key_may_change_behind_its_back),
	};

	return cmocka_run_group_tests_name("map", tests, NULL, NULL);
}
