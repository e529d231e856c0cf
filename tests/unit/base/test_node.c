/* The tree and its JSON: order is kept, foreign JSON is read strictly, what we write is always valid. */
#include "unit/base/check.h"

#include "base/node.h"
#include "base/text.h"

static struct node *read_json(struct arena *arena, const char *json)
{
	const char *why = NULL;
	struct node *node = node_from_json(arena, json, strlen(json), &why);

	if (!node)
		fail_msg("'%s': %s", json, why);
	return node;
}

static void json_comes_back_as_it_was(void **state)
{
	static const char *const rows[] = {
		"{\"z\":1,\"a\":[true,false,null,\"x\"],\"m\":{\"k\":\"v\"}}",
		"[]",
		"{}",
		"[[],{}]",
		"{\"b\":1,\"a\":2,\"c\":3}",
		"{\"n\":-9223372036854775808,\"m\":9223372036854775807}",
		"[1.5,-0.25]",
		"\"text\"",
		"{\"quote\":\"a\\\"b\\\\c\\nd\"}",
		"{\"accent\":\"d\xC3\xA9j\xC3\xA0\"}",
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		CASE(rows[i]);
		assert_string_equal(node_to_json(*state, read_json(*state, rows[i])), rows[i]);
	}
}

static void json_that_is_not_exact_is_refused(void **state)
{
	static const struct {
		const char *sentence, *json, *why;
	} rows[] = {
		{"nothing", "", "line 1"},
		{"a doubled key", "{\"a\":1,\"a\":2}", "duplicate"},
		{"a doubled key further down", "{\"x\":{\"a\":1,\"a\":2}}", "duplicate"},
		{"something behind the document", "{} x", "end of file"},
		{"a second document", "{}{}", "end of file"},
		{"cut off", "{\"a\":", "line 1"},
		{"a comma too many", "[1,]", "line 1"},
		{"NUL inside a text", "[\"a\\u0000b\"]", "\\u0000"},
		{"NUL inside a key", "{\"a\\u0000b\":1}", ""},
		{"bytes that are not UTF-8", "[\"\xFF\"]", "line 1"},
		{"a number too large", "[9223372036854775808]", "big"},
		{"a comment", "{} // no", "end of file"},
		{"the line is told", "{\n\"a\": x\n}", "line 2"},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		const char *why = NULL;

		CASE(rows[i].sentence);
		assert_null(node_from_json(*state, rows[i].json, strlen(rows[i].json), &why));
		assert_contains(why, rows[i].why);
	}
}

static const char *nested(struct arena *arena, int levels)
{
	struct text text = TEXT_IN(arena);

	for (int i = 0; i < levels; i++)
		text_add(&text, "[");
	for (int i = 0; i < levels; i++)
		text_add(&text, "]");
	return text_get(&text);
}

static void json_is_read_32_levels_deep(void **state)
{
	const char *json = nested(*state, 33), *why = NULL;

	(void)read_json(*state, nested(*state, 32));
	assert_null(node_from_json(*state, json, strlen(json), &why));
	assert_contains(why, "32 levels");
}

static void size_is_the_end_of_json_and_not_a_nul(void **state)
{
	const char *why = NULL;

	assert_non_null(node_from_json(*state, "[1]garbage", 3, &why));
	assert_null(node_from_json(*state, "[1]\0x", 5, &why));
}

static void a_fraction_keeps_its_text(void **state)
{
	const struct node *list = read_json(*state, "[2.75,-2.75,1e300,-1e300]");
	const struct node *node = list->child;

	assert_int_equal(node->kind, NODE_NUMBER);
	assert_int_equal(node->number, 2);
	assert_string_equal(node->text, "2.75");
	assert_int_equal(node->next->number, -2);
	assert_true(node->next->next->number == INT64_MAX);
	assert_true(node->next->next->next->number == INT64_MIN);
}

static void keys_keep_the_order_in_which_they_were_set(void **state)
{
	struct node *map = node_map(*state), *list = node_list(*state);

	node_set_text(*state, map, "z", "1");
	node_set_number(*state, map, "a", -5);
	node_set_bool(*state, map, "m", true);
	node_set_text(*state, map, "none", NULL);
	node_set(*state, map, "list", list);
	node_add(list, node_text(*state, "x"));
	node_add(list, node_number(*state, 2));
	assert_string_equal(node_to_json(*state, map),
	                    "{\"z\":\"1\",\"a\":-5,\"m\":true,\"none\":null,\"list\":[\"x\",2]}");
	assert_int_equal(node_count(map), 5);
	assert_int_equal(node_count(list), 2);
	assert_int_equal(node_count(NULL), 0);
}

static void a_key_that_is_set_again_keeps_its_place(void **state)
{
	struct node *map = node_map(*state);

	node_set_number(*state, map, "a", 1);
	node_set_number(*state, map, "b", 2);
	node_set_number(*state, map, "c", 3);
	node_set_number(*state, map, "a", 10);
	node_set_number(*state, map, "c", 30);
	node_set_number(*state, map, "d", 4);
	assert_string_equal(node_to_json(*state, map), "{\"a\":10,\"b\":2,\"c\":30,\"d\":4}");
}

static void what_is_of_another_kind_is_not_found(void **state)
{
	const struct node *map = read_json(*state, "{\"t\":\"x\",\"n\":7,\"b\":true,\"z\":null}");

	assert_string_equal(node_find_text(map, "t"), "x");
	assert_null(node_find_text(map, "n"));
	assert_null(node_find_text(map, "z"));
	assert_null(node_find_text(map, "absent"));
	assert_int_equal(node_find_number(map, "n", -1), 7);
	assert_int_equal(node_find_number(map, "t", -1), -1);
	assert_int_equal(node_find_number(map, "b", -1), -1);
	assert_true(node_find_bool(map, "b", false));
	assert_true(node_find_bool(map, "n", true));
	assert_null(node_find(NULL, "t"));
	assert_null(node_find(node_list(*state), "t"));
	assert_null(node_find(node_find(map, "t"), "t"));
}

static void what_we_write_is_valid_whatever_it_holds(void **state)
{
	struct node *map = node_map(*state);
	const char *json;

	node_set_text(*state, map, "bad\xFF", "x\xE2\x82y");
	json = node_to_json(*state, map);
	assert_string_equal(json, "{\"bad\uFFFD\":\"x\uFFFD\uFFFDy\"}");
	(void)read_json(*state, json);
}

static void pretty_json_is_indented_by_two(void **state)
{
	assert_string_equal(node_to_json_pretty(*state, read_json(*state, "{\"a\":[1]}")),
	                    "{\n  \"a\": [\n    1\n  ]\n}");
}

static void a_scalar_of_yaml_is_written_by_its_kind(void **state)
{
	struct node *node = node_number(*state, 10);

	node->text = "0x0a"; /* as YAML may write it, and JSON may not */
	assert_string_equal(node_to_json(*state, node), "10");
}

static void add_to_a_text(void *arena)
{
	(void)node_add(node_text(arena, "x"), node_text(arena, "y"));
}

static void set_in_a_list(void *arena)
{
	(void)node_set_text(arena, node_list(arena), "x", "y");
}

static void adding_to_what_holds_nothing_is_a_bug(void **state)
{
	assert_true(is_bug(status_of_child(add_to_a_text, *state)));
	assert_true(is_bug(status_of_child(set_in_a_list, *state)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(json_comes_back_as_it_was),
		TEST(json_that_is_not_exact_is_refused),
		TEST(json_is_read_32_levels_deep),
		TEST(size_is_the_end_of_json_and_not_a_nul),
		TEST(a_fraction_keeps_its_text),
		TEST(keys_keep_the_order_in_which_they_were_set),
		TEST(a_key_that_is_set_again_keeps_its_place),
		TEST(what_is_of_another_kind_is_not_found),
		TEST(what_we_write_is_valid_whatever_it_holds),
		TEST(pretty_json_is_indented_by_two),
		TEST(a_scalar_of_yaml_is_written_by_its_kind),
		TEST(adding_to_what_holds_nothing_is_a_bug),
	};

	return cmocka_run_group_tests_name("node", tests, NULL, NULL);
}
