/*
 * Owns the neutral tree and, alone in the house, JSON by jansson. Easily got wrong: a fraction is a NODE_NUMBER whose
 * `number` is cut toward zero and whose `text` holds all of it.
 */
#include "base/node.h"

#include <jansson.h>

#include "base/text.h"

#define DEPTH_MAXIMUM 32

static void json_cleanup(json_t **json)
{
	json_decref(*json);
}
#define AUTO_JSON CLEANUP(json_cleanup) json_t *

static struct node *node_new(struct arena *arena, enum node_kind kind);
static void append(struct node *parent, struct node *value);
static void replace(struct node *map, struct node *old, struct node *value);
static const char *dump(struct arena *arena, const struct node *node, size_t flags);
static json_t *to_jansson(struct arena *arena, const struct node *node);
static struct node *from_jansson(struct arena *arena, json_t *json, int depth,
                                 const char **ret_why);
static struct node *from_real(struct arena *arena, const json_t *json);

struct node *node_map(struct arena *arena)
{
	return node_new(arena, NODE_MAP);
}

struct node *node_list(struct arena *arena)
{
	return node_new(arena, NODE_LIST);
}

struct node *node_text(struct arena *arena, const char *text)
{
	struct node *node = node_new(arena, text ? NODE_TEXT : NODE_NULL);

	node->text = arena_text(arena, text);
	return node;
}

struct node *node_number(struct arena *arena, int64_t number)
{
	struct node *node = node_new(arena, NODE_NUMBER);

	node->number = number;
	return node;
}

struct node *node_bool(struct arena *arena, bool value)
{
	struct node *node = node_new(arena, NODE_BOOL);

	node->number = value;
	return node;
}

struct node *node_set(struct arena *arena, struct node *map, const char *key, struct node *value)
{
	if (map->kind != NODE_MAP)
		BUG("'%s' is set in what is not a map", key);
	value->key = arena_text(arena, key);
	for (struct node *child = map->child; child; child = child->next) {
		if (text_equal(child->key, key)) {
			replace(map, child, value);
			return value;
		}
	}
	append(map, value);
	return value;
}

struct node *node_set_text(struct arena *arena, struct node *map, const char *key, const char *text)
{
	return node_set(arena, map, key, node_text(arena, text));
}

struct node *node_set_number(struct arena *arena, struct node *map, const char *key, int64_t number)
{
	return node_set(arena, map, key, node_number(arena, number));
}

struct node *node_set_bool(struct arena *arena, struct node *map, const char *key, bool value)
{
	return node_set(arena, map, key, node_bool(arena, value));
}

struct node *node_add(struct node *list, struct node *value)
{
	if (list->kind != NODE_LIST)
		BUG("a value is added to what is not a list");
	append(list, value);
	return value;
}

const struct node *node_find(const struct node *map, const char *key)
{
	if (!map || map->kind != NODE_MAP)
		return NULL;
	for (const struct node *child = map->child; child; child = child->next) {
		if (text_equal(child->key, key))
			return child;
	}
	return NULL;
}

const char *node_find_text(const struct node *map, const char *key)
{
	const struct node *node = node_find(map, key);

	return node && node->kind == NODE_TEXT ? node->text : NULL;
}

int64_t node_find_number(const struct node *map, const char *key, int64_t otherwise)
{
	const struct node *node = node_find(map, key);

	return node && node->kind == NODE_NUMBER ? node->number : otherwise;
}

bool node_find_bool(const struct node *map, const char *key, bool otherwise)
{
	const struct node *node = node_find(map, key);

	return node && node->kind == NODE_BOOL ? node->number != 0 : otherwise;
}

size_t node_count(const struct node *node)
{
	size_t count = 0;

	for (const struct node *child = node ? node->child : NULL; child; child = child->next)
		count++;
	return count;
}

const char *node_to_json(struct arena *arena, const struct node *node)
{
	return dump(arena, node, JSON_COMPACT);
}

const char *node_to_json_pretty(struct arena *arena, const struct node *node)
{
	return dump(arena, node, JSON_INDENT(2));
}

struct node *node_from_json(struct arena *arena, const char *data, size_t size,
                            const char **ret_why)
{
	json_error_t error;
	AUTO_JSON json = json_loadb(data, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);

	if (!json) {
		*ret_why = arena_printf(arena, "%s (line %d, column %d)",
		                        text_clip(arena, error.text, JSON_ERROR_TEXT_LENGTH),
		                        error.line, error.column);
		return NULL;
	}
	return from_jansson(arena, json, 0, ret_why);
}

static struct node *node_new(struct arena *arena, enum node_kind kind)
{
	struct node *node = ARENA_NEW(arena, struct node);

	node->kind = kind;
	return node;
}

static void append(struct node *parent, struct node *value)
{
	if (value->next)
		BUG("a value is given to two parents");
	if (parent->last)
		parent->last->next = value;
	else
		parent->child = value;
	parent->last = value;
}

/* The new value takes the place of the old one, so the order of keys stays. */
static void replace(struct node *map, struct node *old, struct node *value)
{
	struct node **link = &map->child;

	if (value == old)
		return;
	while (*link != old)
		link = &(*link)->next;
	*link = value;
	value->next = old->next;
	old->next = NULL;
	if (map->last == old)
		map->last = value;
}

static const char *dump(struct arena *arena, const struct node *node, size_t flags)
{
	AUTO_JSON json = to_jansson(arena, node);
	char *text = json_dumps(json, flags | JSON_ENCODE_ANY);
	const char *copy;

	if (!text)
		BUG("a tree cannot be written as JSON");
	copy = arena_text(arena, text);
	free(text);
	return copy;
}

static json_t *to_jansson(struct arena *arena, const struct node *node)
{
	json_t *json = NULL;
	int failed = 0;

	switch (node->kind) {
	case NODE_NULL:
		json = json_null();
		break;
	case NODE_BOOL:
		json = json_boolean(node->number);
		break;
	case NODE_NUMBER:
		json = node->text ? json_loads(node->text, JSON_DECODE_ANY, NULL) : NULL;
		if (!json_is_number(json)) {
			json_decref(json);
			json = json_integer(node->number);
		}
		break;
	case NODE_TEXT:
		json = json_string(text_valid(arena, node->text));
		break;
	case NODE_LIST:
		json = json_array();
		for (const struct node *child = node->child; child; child = child->next)
			failed |= json_array_append_new(json, to_jansson(arena, child));
		break;
	case NODE_MAP:
		json = json_object();
		for (const struct node *child = node->child; child; child = child->next)
			failed |= json_object_set_new(json, text_valid(arena, child->key),
			                              to_jansson(arena, child));
		break;
	}
	if (!json || failed)
		BUG("a value cannot be written as JSON");
	return json;
}

static struct node *from_jansson(struct arena *arena, json_t *json, int depth, const char **ret_why)
{
	struct node *node, *value;
	json_t *item;
	const char *key;
	size_t index;

	if (depth >= DEPTH_MAXIMUM) {
		*ret_why = arena_printf(arena, "more than %d levels deep", DEPTH_MAXIMUM);
		return NULL;
	}
	switch (json_typeof(json)) {
	case JSON_NULL:
		return node_new(arena, NODE_NULL);
	case JSON_TRUE:
		return node_bool(arena, true);
	case JSON_FALSE:
		return node_bool(arena, false);
	case JSON_INTEGER:
		return node_number(arena, json_integer_value(json));
	case JSON_REAL:
		return from_real(arena, json);
	case JSON_STRING:
		return node_text(arena, json_string_value(json));
	case JSON_ARRAY:
		node = node_list(arena);
		json_array_foreach(json, index, item)
		{
			value = from_jansson(arena, item, depth + 1, ret_why);
			if (!value)
				return NULL;
			append(node, value);
		}
		return node;
	case JSON_OBJECT:
		node = node_map(arena);
		json_object_foreach(json, key, item)
		{
			value = from_jansson(arena, item, depth + 1, ret_why);
			if (!value)
				return NULL;
			value->key = arena_text(arena, key);
			append(node, value); /* jansson refused doubled keys already */
		}
		return node;
	}
	BUG("jansson has a kind of value that we do not know");
}

static struct node *from_real(struct arena *arena, const json_t *json)
{
	struct node *node = node_new(arena, NODE_NUMBER);
	double real = json_real_value(json);
	char *written = json_dumps(json, JSON_ENCODE_ANY);

	if (!written)
		BUG("a fraction cannot be written as JSON");
	node->text = arena_text(arena, written);
	free(written);
	node->number = real >= 0x1p63 ? INT64_MAX : real <= -0x1p63 ? INT64_MIN : (int64_t)real;
	return node;
}
