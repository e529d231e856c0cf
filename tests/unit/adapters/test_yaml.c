/* YAML into the neutral tree: lines, scalars as they were written, and everything that a plain file has no need of. */
#include "unit/base/check.h"

#include "adapters/yaml.h"
#include "base/text.h"

static struct error *read_bytes(struct arena *arena, const char *data, size_t size,
                                struct node **ret_node)
{
	return yaml_read(arena, "/etc/x.yaml", (struct bytes){data, size}, ret_node);
}

static struct node *read_text(struct arena *arena, const char *text)
{
	struct node *node = NULL;

	assert_fine(read_bytes(arena, text, strlen(text), &node));
	assert_non_null(node);
	return node;
}

static void scalars_stay_as_they_were_written(void **state)
{
	static const struct {
		const char *sentence, *yaml, *json;
	} rows[] = {
		{"plain words", "a: no\nb: 1.10\nc: 0x10\nd: ~\ne: true\nf: 2026-11-24\n",
	         "{\"a\":\"no\",\"b\":\"1.10\",\"c\":\"0x10\",\"d\":\"~\",\"e\":\"true\",\"f\":\"2026-11-24\"}"},
		{"quoted ones", "a: 'it''s'\nb: \"x\\ty\"\nc: ''\n",
	         "{\"a\":\"it's\",\"b\":\"x\\ty\",\"c\":\"\"}"},
		{"a key without a value", "a:\nb: 1\n", "{\"a\":null,\"b\":\"1\"}"},
		{"blocks", "a: |\n  x\n  y\nb: >-\n  x\n  y\n",
	         "{\"a\":\"x\\ny\\n\",\"b\":\"x y\"}"},
		{"lists and maps of both styles", "a:\n  - x\n  - {y: [1, 2]}\nb: {c: {}}\n",
	         "{\"a\":[\"x\",{\"y\":[\"1\",\"2\"]}],\"b\":{\"c\":{}}}"},
		{"comments", "# a\na: b # c\n# d\n", "{\"a\":\"b\"}"},
		{"a document mark", "---\na: b\n...\n", "{\"a\":\"b\"}"},
		{"CRLF", "a: b\r\nc: d\r\n", "{\"a\":\"b\",\"c\":\"d\"}"},
		{"no line end at the end", "a: b", "{\"a\":\"b\"}"},
		{"UTF-8", "a: \xc3\xa4\n", "{\"a\":\"\xc3\xa4\"}"},
		{"an empty file", "", "{}"},
		{"only white space and comments", "\n  \n# nothing\n", "{}"},
		{"an empty document", "---\n", "{}"},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		CASE(rows[i].sentence);
		assert_string_equal(node_to_json(*state, read_text(*state, rows[i].yaml)),
		                    rows[i].json);
	}
}

static void every_value_knows_its_line(void **state)
{
	const struct node *root =
		read_text(*state, "# one\na: x\nb:\n  c: y\n  d:\n    - z\n    - {e: f}\n");
	const struct node *b = node_find(root, "b"), *d = node_find(b, "d");

	assert_int_equal(node_find(root, "a")->line, 2);
	assert_int_equal(node_find(b, "c")->line, 4);
	assert_int_equal(d->child->line, 6);
	assert_int_equal(d->last->line, 7);
	assert_int_equal(node_find(d->last, "e")->line, 7);
	assert_int_equal(b->line, 3);
	assert_int_equal(d->line, 5);
}

static void what_plain_files_do_not_need_is_refused_with_its_line(void **state)
{
	static const struct {
		const char *sentence, *yaml, *says;
		int line; /* 0: none is named */
	} rows[] = {
		{"a key that stands twice", "a: 1\nb: 2\na: 3\n", "'a' stands twice", 3},
		{"inside a section", "s:\n  a: 1\n  a: 2\n", "'a' stands twice", 3},
		{"an anchor", "a: &x 1\n", "anchors", 1},
		{"an anchor of a map", "a: &x\n  b: 1\n", "anchors", 2},
		{"an anchor of a list", "a: &x [1]\n", "anchors", 1},
		{"an anchor of a key", "&x a: 1\n", "anchors", 1},
		{"an alias", "a: *x\n", "", 1},
		{"an alias of what is there", "a: 1\nb: *a\n", "", 2},
		{"a merge key", "<<: {a: 1}\n", "a plain word", 1},
		{"a tag", "a: !!str 1\n", "tags", 1},
		{"a tag of our own", "a: !x {b: 1}\n", "tags", 1},
		{"a list for a key", "? [a, b]\n: c\n", "a plain word", 0},
		{"a map for a key", "? {a: b}\n: c\n", "a plain word", 0},
		{"two documents", "a: 1\n---\nb: 2\n", "more than one document", 0},
		{"two empty documents", "---\n---\n", "more than one document", 0},
		{"a list at the top", "- a\n- b\n", "keys and values", 1},
		{"a word at the top", "hello\n", "keys and values", 1},
		{"a bracket that is never closed", "a: [1, 2\n", "not YAML: ", 2},
		{"a tab for indentation", "a:\n\tb: 1\n", "not YAML", 0},
		{"a quote that is never closed", "a: \"x\n", "not YAML", 0},
		{"wrong indentation", "a: 1\n  b: 2\n", "not YAML", 0},
		{"NUL in quotes", "a: 1\nb: \"x\\0y\"\n", "holds NUL", 2},
		{"NUL in a key", "\"x\\0y\": 1\n", "holds NUL", 1},
		{"control characters", "a: x\x1b[31m\n", "a control character", 0},
		{"DEL", "a: x\x7f\n", "a control character", 0},
		{"garbage", "{[}\n", "not YAML", 0},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct node *node = NULL;
		struct error *error = read_bytes(*state, rows[i].yaml, strlen(rows[i].yaml), &node);

		CASE(rows[i].sentence);
		assert_error(error, ERR_CONFIG);
		assert_null(node);
		assert_contains(error->what, "'/etc/x.yaml'");
		assert_contains(error->why, rows[i].says);
		if (rows[i].line)
			assert_contains(error->what,
			                arena_printf(*state, ", line %d", rows[i].line));
		assert_false(text_has_control(error->why));
	}
}

static void what_the_parser_says_names_the_place(void **state)
{
	static const char yaml[] = "a: 1\nb: 2\nc: [1, 2\n";
	struct node *node = NULL;
	struct error *error = read_bytes(*state, yaml, strlen(yaml), &node);

	assert_error(error, ERR_CONFIG);
	assert_string_equal(error->what, "cannot read '/etc/x.yaml', line 4");
	assert_string_equal(error->why, "it is not YAML: flow sequence without a closing bracket");
}

static void what_is_no_text_is_refused(void **state)
{
	struct node *node = NULL;
	struct error *error = read_bytes(*state, "a: \xff\xfe\n", 6, &node);

	assert_error(error, ERR_CONFIG);
	assert_contains(error->why, "not UTF-8");
	assert_error(read_bytes(*state, "a: x\0y\n", 7, &node), ERR_CONFIG);
	assert_error(read_bytes(*state, "a\0", 2, &node), ERR_CONFIG);
}

static const char *nested(struct arena *arena, size_t depth)
{
	struct text text = TEXT_IN(arena);

	for (size_t i = 0; i < depth; i++)
		text_add(&text, "{a: ");
	text_add(&text, "b");
	for (size_t i = 0; i < depth; i++)
		text_add(&text, "}");
	return text_get(&text);
}

static void depth_and_size_have_a_maximum(void **state)
{
	struct node *node = NULL;
	const char *deep = nested(*state, YAML_DEPTH_MAXIMUM),
		   *flat = nested(*state, YAML_DEPTH_MAXIMUM - 1);
	const char *very_deep = nested(*state, 20000);
	char *large = arena_alloc(*state, YAML_MAXIMUM + 1);
	struct error *error;

	assert_fine(read_bytes(*state, flat, strlen(flat), &node));
	error = read_bytes(*state, deep, strlen(deep), &node);
	assert_error(error, ERR_CONFIG);
	assert_contains(error->why, "nested too deeply");
	assert_error(read_bytes(*state, very_deep, strlen(very_deep), &node), ERR_CONFIG);
	memset(large, '#', YAML_MAXIMUM + 1);
	assert_fine(read_bytes(*state, large, YAML_MAXIMUM, &node));
	error = read_bytes(*state, large, YAML_MAXIMUM + 1, &node);
	assert_error(error, ERR_CONFIG);
	assert_contains(error->why, "1 MiB");
}

/* Whatever the bytes, the answer is a tree or an error; the sanitizers watch. */
static void garbage_is_an_error_and_nothing_else(void **state)
{
	static const char alphabet[] = " \n\t:-{}[],#&*!|>'\"%@`?ab<=~\\\r\x7f\xc3\xa4";
	uint64_t seed = 1;

	for (int round = 0; round < 3000; round++) {
		char yaml[48];
		size_t size = 0;
		struct node *node = NULL;
		struct error *error;

		do {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			yaml[size++] = alphabet[(seed >> 33) % (sizeof alphabet - 1)];
		} while (size < sizeof yaml - 1 && (seed >> 59) != 0);
		yaml[size] = '\0';
		error = read_bytes(*state, yaml, size, &node);
		assert_true(error ? error->row == &error_rows()[ERR_CONFIG] && !node
		                  : node && node->kind == NODE_MAP);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(scalars_stay_as_they_were_written),
		TEST(every_value_knows_its_line),
		TEST(what_plain_files_do_not_need_is_refused_with_its_line),
		TEST(what_the_parser_says_names_the_place),
		TEST(what_is_no_text_is_refused),
		TEST(depth_and_size_have_a_maximum),
		TEST(garbage_is_an_error_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
