/* Listings: finding an entry, and what differs between two of them. */
#include "unit/base/check.h"

#include "model/folder.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static struct folder folder_of(const char *tree, struct folder_entry *items, size_t count)
{
	return (struct folder){.tree = tree, .items = items, .count = count};
}
#define FOLDER(tree, ...)                                                                          \
	folder_of((tree), (struct folder_entry[]){__VA_ARGS__},                                    \
	          sizeof((struct folder_entry[]){__VA_ARGS__}) / sizeof(struct folder_entry))

/* "+1_a ~2_b -3_c" */
static const char *changes_of(struct arena *arena, struct folder before, struct folder after)
{
	static const char signs[] = {
		[CHANGE_ADDED] = '+', [CHANGE_CHANGED] = '~', [CHANGE_REMOVED] = '-'};
	const char *line = "";
	struct changes changes;

	folder_compare(arena, &before, &after, &changes);
	for (size_t i = 0; i < changes.count; i++) {
		const struct change *change = &changes.items[i];

		line = arena_printf(arena, "%s%s%c%s", line, i ? " " : "", signs[change->kind],
		                    change->name);
		assert_int_equal(!change->before, change->kind == CHANGE_ADDED);
		assert_int_equal(!change->after, change->kind == CHANGE_REMOVED);
		assert_string_equal((change->before ? change->before : change->after)->name,
		                    change->name);
	}
	return line;
}

static void an_entry_is_found_by_its_whole_name(void **state)
{
	struct folder folder = FOLDER(A, {"1_a", ENTRY_FOLDER, A}, {"1_ab", ENTRY_FILE, B});

	(void)state;
	assert_ptr_equal(folder_find(&folder, "1_a"), &folder.items[0]);
	assert_ptr_equal(folder_find(&folder, "1_ab"), &folder.items[1]);
	assert_null(folder_find(&folder, "1_"));
	assert_null(folder_find(&folder, "1_A"));
	assert_null(folder_find(&(struct folder){0}, "1_a"));
}

static void equal_trees_differ_in_nothing(void **state)
{
	/* The items are not even looked at. */
	struct folder folder = FOLDER(A, {"1_a", ENTRY_FOLDER, A}),
		      same = FOLDER(A, {"2_b", ENTRY_FOLDER, B});

	assert_string_equal(changes_of(*state, folder, same), "");
	assert_string_equal(changes_of(*state, (struct folder){0}, (struct folder){0}), "");
}

static void each_difference_has_its_kind(void **state)
{
	struct folder before = FOLDER(A, {"1_same", ENTRY_FOLDER, A}, {"2_edited", ENTRY_FOLDER, A},
	                              {"3_gone", ENTRY_FOLDER, A}, {"5_program", ENTRY_FILE, A});
	struct folder after = FOLDER(B, {"1_same", ENTRY_FOLDER, A}, {"2_edited", ENTRY_FOLDER, B},
	                             {"4_new", ENTRY_FOLDER, A}, {"5_program", ENTRY_PROGRAM, A});

	assert_string_equal(changes_of(*state, before, after),
	                    "~2_edited -3_gone +4_new ~5_program");
	assert_string_equal(changes_of(*state, after, before),
	                    "~2_edited +3_gone -4_new ~5_program");
}

static void a_folder_that_is_not_there_has_no_entries(void **state)
{
	struct folder folder = FOLDER(A, {"1_a", ENTRY_FOLDER, A}, {"2_b", ENTRY_FOLDER, B});

	assert_string_equal(changes_of(*state, (struct folder){0}, folder), "+1_a +2_b");
	assert_string_equal(changes_of(*state, folder, (struct folder){0}), "-1_a -2_b");
}

static void the_order_of_git_is_not_taken_for_that_of_the_names(void **state)
{
	/* git sorts the folder `a` as `a/`, behind the file `a.b`. */
	struct folder before = FOLDER(A, {"a.b", ENTRY_FILE, A}, {"a", ENTRY_FOLDER, A});
	struct folder after = FOLDER(B, {"a", ENTRY_FILE, B}, {"a.b", ENTRY_FILE, A});

	assert_string_equal(changes_of(*state, before, after), "~a");
	assert_string_equal(before.items[0].name, "a.b"); /* the listing itself keeps its order */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_entry_is_found_by_its_whole_name),
		TEST(equal_trees_differ_in_nothing),
		TEST(each_difference_has_its_kind),
		TEST(a_folder_that_is_not_there_has_no_entries),
		TEST(the_order_of_git_is_not_taken_for_that_of_the_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
