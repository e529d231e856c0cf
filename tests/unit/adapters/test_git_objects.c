/*
 * Raw objects that git itself would not write: cut off, out of form, without names. The contract
 * has the rest.
 */
#include "unit/base/check.h"

#include "adapters/git_objects.h"
#include "base/text.h"

#define ID20 "aaaaaaaaaaaaaaaaaaaa" /* twenty bytes, 61 each in hex */
#define ID "6161616161616161616161616161616161616161"
#define BYTES(text) ((struct bytes){(text), sizeof(text) - 1})

static struct error *give_tree(void *context, const char *id, enum git_kind kind, size_t maximum,
                               struct arena *arena, struct bytes *ret_bytes)
{
	const struct bytes *tree = context;

	(void)id;
	assert_int_equal(kind, GIT_KIND_TREE);
	assert_true(maximum <= TREE_MAXIMUM);
	*ret_bytes = arena_bytes(arena, tree->data, tree->size);
	return NULL;
}

static void a_tree_out_of_form_is_refused(void **state)
{
	const struct {
		const char *sentence;
		struct bytes tree;
		const char *part; /* NULL: it passes */
	} rows[] = {
		{"nothing in it", BYTES(""), NULL},
		{"one entry", BYTES("100644 a\0" ID20), NULL},
		{"two entries", BYTES("100644 a\0" ID20 "40000 b\0" ID20), NULL},
		{"an old mode", BYTES("100664 a\0" ID20), NULL},
		{"no name", BYTES("100644 \0" ID20), "empty"},
		{"an id cut short",
	         BYTES("100644 a\0"
	               "aaaaaaaaaaaaaaaaaaa"),
	         "as git writes"},
		{"a second entry cut short", BYTES("100644 a\0" ID20 "40000 b"), "as git writes"},
		{"bytes behind the last entry", BYTES("100644 a\0" ID20 "x"), "as git writes"},
		{"no mode", BYTES(" a\0" ID20), "as git writes"},
		{"no space", BYTES("100644\0" ID20), "as git writes"},
		{"a sign before the mode", BYTES("-100644 a\0" ID20), "as git writes"},
		{"a mode that is not octal", BYTES("1009 a\0" ID20), "as git writes"},
		{"a mode beyond all numbers", BYTES("7777777777777777777777777777 a\0" ID20),
	         "only files"},
		{"the same name twice", BYTES("100644 a\0" ID20 "100644 a\0" ID20),
	         "both 'a' and 'a'"},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct bytes tree = rows[i].tree;
		struct git_objects objects = {give_tree, &tree};
		struct folder folder = {.tree = "untouched"};
		struct error *error =
			git_objects_entries(&objects, ID, "migrations", *state, &folder);

		CASE(rows[i].sentence);
		if (!rows[i].part) {
			assert_fine(error);
			assert_string_equal(folder.tree, ID);
			continue;
		}
		assert_non_null(error);
		assert_contains(error_line(*state, error), rows[i].part);
		assert_string_equal(folder.tree, "untouched");
	}
}

static void an_entry_is_found_without_listing(void **state)
{
	struct bytes tree = BYTES("100755 a\0" ID20 "40000 ab\0" ID20);
	struct folder_entry entry;
	bool found;

	assert_fine(git_objects_find(*state, ID, tree, "a", &found, &entry));
	assert_true(found);
	assert_string_equal(entry.id, ID);
	assert_int_equal(entry.mode, ENTRY_PROGRAM);
	assert_fine(git_objects_find(*state, ID, tree, "ab", &found, &entry));
	assert_true(found && entry.mode == ENTRY_FOLDER);
	assert_fine(git_objects_find(*state, ID, tree, "b", &found, &entry));
	assert_false(found);
}

static void the_links_of_a_commit_are_read_as_far_as_they_go(void **state)
{
	static const struct {
		const char *sentence, *raw;
		size_t parents;
		int64_t when;
	} rows[] = {
		{"a root",
	         "tree " ID "\nauthor A <a> 1 +0000\ncommitter A <a> 1700000000 +0000\n\nx\n", 0,
	         1700000000},
		{"a merge",
	         "tree " ID "\nparent " ID "\nparent " ID
	         "\nauthor A <a> 1 +0000\ncommitter A <a> 5 +0000\n\nx",
	         2, 5},
		{"a time before 1970", "tree " ID "\ncommitter A <a> -5 +0000\n\n", 0, 0},
		{"a name with >", "tree " ID "\ncommitter A> 7 <a> 9 +0000\n\n", 0, 9},
		{"no time", "tree " ID "\ncommitter A <a>\n\n", 0, 0},
		{"no committer", "tree " ID "\nparent " ID "\n\nmessage", 1, 0},
		{"a parent in the message", "tree " ID "\n\nparent " ID "\n", 0, 0},
		{"a parent that is no id",
	         "tree " ID "\nparent =161616161616161616161616161616161616161\n", 0, 0},
		{"a parent of 39 digits",
	         "tree " ID "\nparent 616161616161616161616161616161616161616\n", 0, 0},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct commit_links links;

		CASE(rows[i].sentence);
		assert_fine(git_objects_links(
			*state, ID, (struct bytes){rows[i].raw, strlen(rows[i].raw)}, &links));
		assert_string_equal(links.tree, ID);
		assert_int_equal(links.parents.count, rows[i].parents);
		assert_int_equal(links.when, rows[i].when);
	}
}

/* git takes them for the same object, so a commit cannot hide behind them. */
static void ids_in_capitals_are_the_same_ids(void **state)
{
	static const char raw[] = "tree ABABABABABABABABABABABABABABABABABABABAB\n"
				  "parent CDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCD\n\nx";
	struct commit_links links;

	assert_fine(git_objects_links(*state, ID, (struct bytes){raw, sizeof raw - 1}, &links));
	assert_string_equal(links.tree, "abababababababababababababababababababab");
	assert_int_equal(links.parents.count, 1);
	assert_string_equal(links.parents.items[0], "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd");
}

static void a_commit_without_a_tree_has_no_links(void **state)
{
	static const char *const rows[] = {"",
	                                   "tree\n",
	                                   "tree =161616161616161616161616161616161616161\n",
	                                   "tree 6161\n",
	                                   "author A\ntree " ID "\n",
	                                   ("tree " ID)};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct commit_links links;

		CASE(rows[i]);
		assert_error(git_objects_links(*state, ID, (struct bytes){rows[i], strlen(rows[i])},
		                               &links),
		             ERR_GIT_OBJECT);
	}
}

/* Commit N names commit N-1 as its parent twenty thousand times: a few kilobytes in a pack. */
static struct error *give_crowd(void *context, const char *id, enum git_kind kind, size_t maximum,
                                struct arena *arena, struct bytes *ret_bytes)
{
	struct text text = TEXT_IN(arena);
	const unsigned long number = strtoul(id, NULL, 10);

	(void)context;
	(void)kind;
	(void)maximum;
	text_printf(&text, "tree %040d\n", 0);
	for (int i = 0; number && i < 20000; i++)
		text_printf(&text, "parent %040lu\n", number - 1);
	text_add(&text, "author a <a@b> 1 +0000\ncommitter a <a@b> 1 +0000\n\nx\n");
	*ret_bytes = text_bytes(&text);
	return NULL;
}

static void parents_without_number_end_at_a_limit(void **state)
{
	AUTO_ARENA arena = arena_new();
	const struct git_objects crowd = {.read = give_crowd};
	struct history history;
	struct error *error;
	bool descends;

	(void)state;
	assert_null(git_objects_history(&crowd, NULL, arena_printf(arena, "%040d", 10), arena,
	                                &history, &descends));
	assert_int_equal(history.count, 11);
	error = git_objects_history(&crowd, NULL, arena_printf(arena, "%040d", 100), arena,
	                            &history, &descends);
	assert_ptr_equal(error ? error->row : NULL, &error_rows()[ERR_GIT_LIMIT]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_tree_out_of_form_is_refused),
		TEST(an_entry_is_found_without_listing),
		TEST(the_links_of_a_commit_are_read_as_far_as_they_go),
		TEST(ids_in_capitals_are_the_same_ids),
		TEST(a_commit_without_a_tree_has_no_links),
		TEST(parents_without_number_end_at_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
