/* Decoding: one table of fields with every kind, and tables of documents: what is taken, and how a refusal reads. */
#include "unit/base/check.h"

#include "base/decode.h"
#include "base/text.h"

struct settings {
	const char *name;
	struct text_list schemas;
	int mode;
	unsigned events;
	uint64_t count, lock_timeout, limit;
	bool strict;
	const char *keyring;
	const char *inner;
};

static const char *const modes[] = {"off", "observe", "enforce", NULL};
static const char *const events[] = {"pending", "success", "failure", NULL};

#define MEMBER(member) offsetof(struct settings, member)

static const struct field fields[] = {
	{.name = "name",
         .kind = FIELD_TEXT,
         .offset = MEMBER(name),
         .required = true,
         .minimum = 1,
         .maximum = 10},
	{.name = "schemas",
         .kind = FIELD_TEXTS,
         .offset = MEMBER(schemas),
         .otherwise = "public, app"},
	{.name = "mode",
         .kind = FIELD_CHOICE,
         .offset = MEMBER(mode),
         .otherwise = "observe",
         .choices = modes},
	{.name = "events",
         .kind = FIELD_CHOICES,
         .offset = MEMBER(events),
         .otherwise = "[]",
         .choices = events},
	{.name = "count",
         .kind = FIELD_NUMBER,
         .offset = MEMBER(count),
         .minimum = 1,
         .maximum = 50},
	{.name = "apply.lock_timeout",
         .kind = FIELD_DURATION,
         .offset = MEMBER(lock_timeout),
         .otherwise = "500ms",
         .minimum = 10,
         .maximum = 60000},
	{.name = "apply.limit", .kind = FIELD_SIZE, .offset = MEMBER(limit), .otherwise = "1MiB"},
	{.name = "strict", .kind = FIELD_BOOL, .offset = MEMBER(strict), .otherwise = "true"},
	{.name = "keyring",
         .kind = FIELD_PATH,
         .offset = MEMBER(keyring),
         .otherwise = "keys/allowed"},
	{.name = "a.b.c", .kind = FIELD_TEXT, .offset = MEMBER(inner)},
};

static const struct document document = {
	.path = "/etc/headgate/p.yaml",
	.folder = "/etc/headgate",
	.noun = "policy",
};

/* As YAML gives a tree: every scalar is text, and every node has a line. */
static void as_yaml(struct arena *arena, struct node *node, int *line)
{
	node->line = ++*line;
	if (node->kind == NODE_NUMBER || node->kind == NODE_BOOL) {
		node->text = node_to_json(arena, node);
		node->kind = NODE_TEXT;
	}
	for (struct node *child = node->child; child; child = child->next)
		as_yaml(arena, child, line);
}

static struct error *decode(struct arena *arena, const char *json, bool yaml,
                            struct settings *settings)
{
	const char *why = NULL;
	struct node *node = node_from_json(arena, json, strlen(json), &why);
	int line = 0;

	if (!node)
		fail_msg("'%s': %s", json, why);
	if (yaml)
		as_yaml(arena, node, &line);
	*settings = (struct settings){0};
	return decode_fields(arena, &document, node, fields, ROWS(fields), settings);
}

static void what_is_not_written_has_its_default(void **state)
{
	struct settings settings;

	assert_fine(decode(*state, "{\"name\":\"shop\"}", true, &settings));
	assert_string_equal(settings.name, "shop");
	assert_string_equal(text_join(*state, &settings.schemas, "|"), "public|app");
	assert_int_equal(settings.mode, 1);
	assert_int_equal(settings.events, 0);
	assert_int_equal(settings.count, 0);
	assert_int_equal(settings.lock_timeout, 500);
	assert_int_equal(settings.limit, 1048576);
	assert_true(settings.strict);
	assert_string_equal(settings.keyring, "/etc/headgate/keys/allowed");
	assert_null(settings.inner);
}

static void every_kind_is_read_from_yaml_and_from_json(void **state)
{
	static const char json[] =
		"{\"name\":\"shop\",\"schemas\":[\"a\",\"b c\"],\"mode\":\"enforce\","
		"\"events\":[\"failure\",\"pending\"],\"count\":7,\"strict\":false,"
		"\"apply\":{\"lock_timeout\":\"2s\",\"limit\":4096},\"keyring\":\"/k\","
		"\"a\":{\"b\":{\"c\":12}}}";

	for (int yaml = 0; yaml < 2; yaml++) {
		struct settings settings;

		CASE(yaml ? "YAML: all scalars are text" : "JSON: scalars have kinds");
		assert_fine(decode(*state, json, yaml, &settings));
		assert_string_equal(text_join(*state, &settings.schemas, "|"), "a|b c");
		assert_int_equal(settings.mode, 2);
		assert_int_equal(settings.events, 1U << 2 | 1U << 0);
		assert_int_equal(settings.count, 7);
		assert_int_equal(settings.lock_timeout, 2000);
		assert_int_equal(settings.limit, 4096);
		assert_false(settings.strict);
		assert_string_equal(settings.keyring, "/k");
		assert_string_equal(settings.inner, "12");
	}
}

static void a_single_text_counts_as_a_list_of_one(void **state)
{
	struct settings settings;

	assert_fine(decode(*state, "{\"name\":\"x\",\"schemas\":\"one\",\"events\":\"success\"}",
	                   true, &settings));
	assert_int_equal(settings.schemas.count, 1);
	assert_string_equal(settings.schemas.items[0], "one");
	assert_int_equal(settings.events, 1U << 1);
	assert_fine(decode(*state, "{\"name\":\"x\",\"schemas\":[]}", true, &settings));
	assert_int_equal(settings.schemas.count, 0);
}

static void a_section_without_entries_counts_as_absent(void **state)
{
	struct settings settings;

	assert_fine(decode(*state, "{\"name\":\"x\",\"apply\":null,\"a\":{\"b\":null}}", true,
	                   &settings));
	assert_int_equal(settings.lock_timeout, 500);
}

static void a_refusal_names_the_key_the_line_and_what_is_allowed(void **state)
{
#define IN "policy '/etc/headgate/p.yaml', line "
	static const struct {
		const char *sentence, *json, *what, *why, *hint;
	} rows[] = {
		{"an unknown key with a near name", "{\"name\":\"x\",\"stict\":true}",
	         "unknown key 'stict' in " IN "3", NULL, "Did you mean 'strict'?"},
		{"an unknown key far from any", "{\"repository\":1}",
	         "unknown key 'repository' in " IN "2", NULL,
	         "Known here: name, schemas, mode, events, count, apply, strict, keyring, a."},
		{"an unknown key in a section", "{\"apply\":{\"lock_timout\":\"1s\"}}",
	         "unknown key 'apply.lock_timout' in " IN "3", NULL,
	         "Did you mean 'apply.lock_timeout'?"},
		{"a key of the section far from any", "{\"apply\":{\"everything\":1}}",
	         "unknown key 'apply.everything' in " IN "3", NULL,
	         "Known here: lock_timeout, limit."},
		{"an unknown section", "{\"aply\":{\"limit\":\"1\"}}",
	         "unknown key 'aply' in " IN "2", NULL, "Did you mean 'apply'?"},
		{"a key that belongs into a section", "{\"lock_timeout\":\"1s\"}",
	         "unknown key 'lock_timeout' in " IN "2", NULL,
	         "Did you mean 'apply.lock_timeout'?"},
		{"a key of the top inside a section", "{\"apply\":{\"strict\":true}}",
	         "unknown key 'apply.strict' in " IN "3", NULL, "Did you mean 'strict'?"},
		{"two levels down", "{\"a\":{\"b\":{\"d\":1}}}", "unknown key 'a.b.d' in " IN "4",
	         NULL, "c"},
		{"a section that has a value", "{\"apply\":\"now\"}",
	         "cannot use 'apply' in " IN "2",
	         "it is a section, and has a value instead of keys", "lock_timeout, limit"},
		{"a value that is a section", "{\"name\":{\"x\":1}}",
	         "cannot use 'name' in " IN "2", "it is a section",
	         "Write a text of at most 10 bytes, such as something."},
		{"a value that is a list", "{\"name\":[1]}", "cannot use 'name' in " IN "2",
	         "it is a list", "a text"},
		{"a key without a value", "{\"name\":null}", "cannot use 'name' in " IN "2",
	         "it has no value", "a text"},
		{"a list inside a list", "{\"name\":\"x\",\"schemas\":[\"a\",[]]}",
	         "cannot use 'schemas' in " IN "3", "of entry 2: it is a list",
	         "Write a list of texts, such as public, app."},
		{"a text that is too long", "{\"name\":\"12345678901\"}",
	         "cannot use 'name' in " IN "2", "'12345678901' is longer than 10 bytes",
	         "at most 10 bytes"},
		{"a text that is too short", "{\"name\":\"\"}", "cannot use 'name' in " IN "2",
	         "'' is shorter than 1 bytes", "a text"},
		{"no choice, but near one", "{\"name\":\"x\",\"mode\":\"enforced\"}",
	         "cannot use 'mode' in " IN "3",
	         "'enforced' is not a choice; did you mean 'enforce'?",
	         "Write one of off, observe, enforce."},
		{"one of several is no choice",
	         "{\"name\":\"x\",\"events\":[\"pending\",\"never\"]}",
	         "cannot use 'events' in " IN "3", "'never' is not a choice",
	         "Write any of pending, success, failure."},
		{"no number", "{\"name\":\"x\",\"count\":\"many\"}",
	         "cannot use 'count' in " IN "3", "'many' is not a whole number",
	         "Write a whole number from 1 to 50, such as 1."},
		{"a negative number", "{\"name\":\"x\",\"count\":-1}",
	         "cannot use 'count' in " IN "3", "'-1' is not a whole number", "from 1 to 50"},
		{"a fraction", "{\"name\":\"x\",\"count\":1.5}", "cannot use 'count' in " IN "3",
	         "'1.5' is not a whole number", "from 1 to 50"},
		{"above the maximum", "{\"name\":\"x\",\"count\":51}",
	         "cannot use 'count' in " IN "3", "'51' is above the maximum of 50",
	         "from 1 to 50"},
		{"below the minimum", "{\"name\":\"x\",\"count\":0}",
	         "cannot use 'count' in " IN "3", "'0' is below the minimum of 1", "from 1 to 50"},
		{"a duration without its unit", "{\"name\":\"x\",\"apply\":{\"lock_timeout\":5}}",
	         "cannot use 'apply.lock_timeout' in " IN "4", "'5' has no unit (ms, s, m, h, d)",
	         "Write a duration from 10ms to 1m, such as 500ms."},
		{"no duration", "{\"name\":\"x\",\"apply\":{\"lock_timeout\":\"soon\"}}",
	         "cannot use 'apply.lock_timeout' in " IN "4", "'soon' is not a duration", "500ms"},
		{"too long a duration", "{\"name\":\"x\",\"apply\":{\"lock_timeout\":\"2h\"}}",
	         "cannot use 'apply.lock_timeout' in " IN "4", "'2h' is above the maximum of 1m",
	         "500ms"},
		{"no size", "{\"name\":\"x\",\"apply\":{\"limit\":\"1MB\"}}",
	         "cannot use 'apply.limit' in " IN "4",
	         "'1MB' is not a size (bytes, KiB, MiB, GiB, TiB)", "Write a size, such as 1MiB."},
		{"neither true nor false", "{\"name\":\"x\",\"strict\":\"yes\"}",
	         "cannot use 'strict' in " IN "3", "'yes' is neither true nor false",
	         "Write true or false."},
		{"no path", "{\"name\":\"x\",\"keyring\":\"\"}", "cannot use 'keyring' in " IN "3",
	         "'' is no path", "Write a path, such as keys/allowed."},
		{"a required key is missing", "{}",
	         "missing key 'name' in policy '/etc/headgate/p.yaml'", NULL,
	         "Add a line such as: name: something"},
		{"no map at all", "[1]", "cannot read " IN "1",
	         "keys with values are expected here", "name: something"},
		{"a value that would break the message",
	         "{\"name\":\"x\",\"mode\":\"a\\nb\\u001b\"}", "cannot use 'mode' in " IN "3",
	         "'a b ' is not a choice", "off"},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct settings settings;
		struct error *error = decode(*state, rows[i].json, true, &settings);

		CASE(rows[i].sentence);
		assert_error(error, ERR_CONFIG);
		assert_string_equal(error->what, rows[i].what);
		if (rows[i].why)
			assert_string_equal(error->why, rows[i].why);
		else
			assert_null(error->why);
		assert_contains(error->hint, rows[i].hint);
	}
}

static void a_tree_without_lines_names_none(void **state)
{
	struct settings settings;

	assert_string_equal(decode(*state, "{\"x\":1}", false, &settings)->what,
	                    "unknown key 'x' in policy '/etc/headgate/p.yaml'");
}

static void a_list_has_a_maximum(void **state)
{
	struct node *map = node_map(*state),
		    *list = node_set(*state, map, "schemas", node_list(*state));
	struct settings settings = {0};

	node_set_text(*state, map, "name", "x");
	for (int i = 0; i < 1000; i++)
		node_add(list, node_text(*state, "s"));
	assert_fine(decode_fields(*state, &document, map, fields, ROWS(fields), &settings));
	assert_int_equal(settings.schemas.count, 1000);
	node_add(list, node_text(*state, "s"));
	assert_contains(decode_fields(*state, &document, map, fields, ROWS(fields), &settings)->why,
	                "1000");
}

static void a_missing_key_of_a_section_shows_the_section(void **state)
{
	static const struct field inner = {.name = "a.b", .kind = FIELD_DURATION, .required = true};
	struct settings settings = {0};
	struct error *error =
		decode_fields(*state, &document, node_map(*state), &inner, 1, &settings);

	assert_error(error, ERR_CONFIG);
	assert_string_equal(error->hint, "Add a line such as: a: { b: 30s }");
}

static void decode_a_wrong_default(void *arena)
{
	static const struct field wrong = {
		.name = "a", .kind = FIELD_DURATION, .otherwise = "5", .maximum = 10};
	struct settings settings = {0};

	(void)!decode_fields(arena, &document, node_map(arena), &wrong, 1, &settings);
}

static void a_default_that_is_not_allowed_is_a_bug(void **state)
{
	assert_true(is_bug(status_of_child(decode_a_wrong_default, *state)));
}

struct door {
	const char *name;
	uint64_t width;
};

struct house {
	struct {
		struct door *items;
		size_t count, room;
	} doors;
};

static const struct field door_fields[] = {
	{.name = "name",
         .kind = FIELD_TEXT,
         .offset = offsetof(struct door, name),
         .required = true},
	{.name = "size.width",
         .kind = FIELD_NUMBER,
         .offset = offsetof(struct door, width),
         .otherwise = "80"},
};

static const struct field house_fields[] = {
	{.name = "doors",
         .kind = FIELD_MAPS,
         .offset = offsetof(struct house, doors),
         .otherwise = "[]",
         .maximum = 2,
         .of = door_fields,
         .of_count = ROWS(door_fields),
         .of_size = sizeof(struct door)},
};

static struct error *decode_house(struct arena *arena, const char *json, struct house *house)
{
	const char *why = NULL;
	struct node *node = node_from_json(arena, json, strlen(json), &why);
	int line = 0;

	if (!node)
		fail_msg("'%s': %s", json, why);
	as_yaml(arena, node, &line);
	return decode_fields(arena, &document, node, house_fields, ROWS(house_fields), house);
}

static void a_list_of_maps_is_decoded_by_its_own_rows(void **state)
{
	static const struct {
		const char *sentence, *json, *what, *why;
	} wrong[] = {
		{"no list", "{\"doors\":{\"name\":\"a\"}}", "cannot use 'doors' in policy",
	         "it is no list"},
		{"nothing", "{\"doors\":null}", "cannot use 'doors'", "it has no value"},
		{"a list of words", "{\"doors\":[\"a\"]}", "cannot use 'doors'",
	         "entry 1 (line 3) has no keys"},
		{"more than the maximum",
	         "{\"doors\":[{\"name\":\"a\"},{\"name\":\"b\"},{\"name\":\"c\"}]}",
	         "cannot use 'doors'", "more than 2 entries"},
		{"an unknown key of one", "{\"doors\":[{\"name\":\"a\"},{\"nam\":\"b\"}]}",
	         "unknown key 'nam' in policy '/etc/headgate/p.yaml', line 6", ""},
		{"a key that one lacks", "{\"doors\":[{\"size\":{\"width\":1}}]}",
	         "missing key 'name'", ""},
		{"a wrong value of one",
	         "{\"doors\":[{\"name\":\"a\",\"size\":{\"width\":\"x\"}}]}",
	         "cannot use 'size.width'", "not a whole number"},
	};
	struct house house = {0};

	assert_fine(decode_house(*state, "{}", &house));
	assert_int_equal(house.doors.count, 0);
	assert_fine(decode_house(
		*state,
		"{\"doors\":[{\"name\":\"front\"},{\"size\":{\"width\":120},\"name\":\"gate\"}]}",
		&house));
	assert_int_equal(house.doors.count, 2);
	assert_string_equal(house.doors.items[0].name, "front");
	assert_int_equal(house.doors.items[0].width, 80);
	assert_string_equal(house.doors.items[1].name, "gate");
	assert_int_equal(house.doors.items[1].width, 120);
	for (size_t i = 0; i < ROWS(wrong); i++) {
		struct error *error = decode_house(*state, wrong[i].json, &house);

		CASE(wrong[i].sentence);
		assert_error(error, ERR_CONFIG);
		assert_contains(error->what, wrong[i].what);
		assert_contains(error->why ? error->why : "", wrong[i].why);
		assert_int_equal(house.doors.count, 2);
	}
	assert_string_equal(field_allowed(*state, &house_fields[0]),
	                    "a list of maps, at most 2 of them, such as [{name: something}]");
}

static void every_kind_has_a_name_for_the_reference(void **state)
{
	static const char *const names[] = {
		[FIELD_TEXT] = "text",     [FIELD_TEXTS] = "texts",
		[FIELD_CHOICE] = "choice", [FIELD_CHOICES] = "choices",
		[FIELD_NUMBER] = "number", [FIELD_DURATION] = "duration",
		[FIELD_SIZE] = "size",     [FIELD_BOOL] = "boolean",
		[FIELD_PATH] = "path",     [FIELD_MAPS] = "maps",
	};

	for (unsigned i = 0; i < ROWS(names); i++)
		assert_string_equal(field_kind_name((enum field_kind)i), names[i]);
	for (size_t i = 0; i < ROWS(fields); i++)
		assert_true(field_allowed(*state, &fields[i])[0] != '\0');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_not_written_has_its_default),
		TEST(every_kind_is_read_from_yaml_and_from_json),
		TEST(a_single_text_counts_as_a_list_of_one),
		TEST(a_section_without_entries_counts_as_absent),
		TEST(a_refusal_names_the_key_the_line_and_what_is_allowed),
		TEST(a_tree_without_lines_names_none),
		TEST(a_list_has_a_maximum),
		TEST(a_missing_key_of_a_section_shows_the_section),
		TEST(a_default_that_is_not_allowed_is_a_bug),
		TEST(a_list_of_maps_is_decoded_by_its_own_rows),
		TEST(every_kind_has_a_name_for_the_reference),
	};

	return cmocka_run_group_tests_name("decode", tests, NULL, NULL);
}
