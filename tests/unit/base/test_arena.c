/* The arena: zeroed, aligned, NUL behind every copy; sizes that cannot be are a BUG and never a small block. */
#include "unit/base/check.h"

static void blocks_are_zeroed_and_aligned(void **state)
{
	for (size_t size = 0; size < 300; size += 7) {
		unsigned char *block = arena_alloc(*state, size);

		assert_int_equal((uintptr_t)block % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(block[i], 0);
		memset(block, 0xff, size); /* a neighbour that overlaps would see it */
	}
}

static void a_block_larger_than_a_chunk_is_had(void **state)
{
	size_t size = 3 * 1024 * 1024;
	char *small = arena_alloc(*state, 10);
	char *large = arena_alloc(*state, size);
	char *behind = arena_alloc(*state, 10);

	memset(large, 'x', size);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(small[i], 0);
		assert_int_equal(behind[i], 0);
	}
	assert_int_equal(arena_used(*state), size + 20);
}

static void a_copy_has_a_nul_behind_it(void **state)
{
	struct bytes bytes = arena_bytes(*state, "a\0b", 3);

	assert_int_equal(bytes.size, 3);
	assert_memory_equal(bytes.data, "a\0b\0", 4);
	assert_string_equal(arena_copy(*state, NULL, 0), "");
	assert_string_equal(arena_text(*state, "word"), "word");
	assert_null(arena_text(*state, NULL));
}

static void printing_has_no_maximum(void **state)
{
	char *text = arena_printf(*state, "%0*d", 10000, 7);

	assert_int_equal(strlen(text), 10000);
	assert_string_equal(arena_printf(*state, "%s-%d", "a", 1), "a-1");
}

static void a_list_keeps_its_items_while_it_grows(void **state)
{
	struct {
		size_t *items;
		size_t count, room;
	} list = {0};

	for (size_t i = 0; i < 1000; i++) {
		size_t *item = LIST_ADD(*state, &list);

		assert_int_equal(*item, 0);
		*item = i;
	}
	assert_int_equal(list.count, 1000);
	for (size_t i = 0; i < list.count; i++)
		assert_int_equal(list.items[i], i);
}

static void ask_for_too_much(void *arena)
{
	(void)arena_alloc(arena, SIZE_MAX - 8);
}

static void ask_for_an_array_that_overflows(void *arena)
{
	volatile size_t count = SIZE_MAX / 8 + 2;

	(void)ARENA_ARRAY(arena, uint64_t, count);
}

static void a_size_that_overflows_is_a_bug(void **state)
{
	assert_true(is_bug(status_of_child(ask_for_too_much, *state)));
	assert_true(is_bug(status_of_child(ask_for_an_array_that_overflows, *state)));
}

static void an_arena_that_is_not_there_may_be_freed(void **state)
{
	(void)state;
	arena_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(blocks_are_zeroed_and_aligned),
		TEST(a_block_larger_than_a_chunk_is_had),
		TEST(a_copy_has_a_nul_behind_it),
		TEST(printing_has_no_maximum),
		TEST(a_list_keeps_its_items_while_it_grows),
		TEST(a_size_that_overflows_is_a_bug),
		TEST(an_arena_that_is_not_there_may_be_freed),
	};

	return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
