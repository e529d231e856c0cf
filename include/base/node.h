/*
 * A neutral tree for everything that is written down as keys and values: configuration and policies (from YAML),
 * answers of forges and programs (from JSON), evidence and `--output json` (to JSON). Nodes live in an arena.
 * Every node from YAML knows the line it came from (0 when it was made by us or read from JSON). Reading JSON:
 * jansson; duplicate keys, NUL inside a text and anything behind the document refused, at most 32 levels deep.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum node_kind { NODE_NULL, NODE_BOOL, NODE_NUMBER, NODE_TEXT, NODE_LIST, NODE_MAP };

struct node {
	enum node_kind kind;
	int line;         /* 1-based line in the source, 0 when made by us */
	const char *key;  /* inside a map */
	const char *text; /* NODE_TEXT; for scalars from YAML of any kind, as it was written */
	int64_t number; /* NODE_NUMBER (of a fraction: cut toward zero, all of it in text), NODE_BOOL (0 or 1) */
	struct node *child, *last, *next;
};

struct node *node_map(struct arena *arena);
struct node *node_list(struct arena *arena);
struct node *node_text(struct arena *arena, const char *text); /* NULL becomes NODE_NULL */
struct node *node_number(struct arena *arena, int64_t number);
struct node *node_bool(struct arena *arena, bool value);

/* Adding to a map or list returns the added node. A value belongs to one parent only.
 * A key that is set again keeps its place and gets the new value. */
struct node *node_set(struct arena *arena, struct node *map, const char *key, struct node *value);
struct node *node_set_text(struct arena *arena, struct node *map, const char *key,
                           const char *text);
struct node *node_set_number(struct arena *arena, struct node *map, const char *key,
                             int64_t number);
struct node *node_set_bool(struct arena *arena, struct node *map, const char *key, bool value);
struct node *node_add(struct node *list, struct node *value);

const struct node *node_find(const struct node *map,
                             const char *key); /* NULL when absent or not a map */
const char *node_find_text(const struct node *map,
                           const char *key); /* NULL when absent or not text */
int64_t node_find_number(const struct node *map, const char *key, int64_t otherwise);
bool node_find_bool(const struct node *map, const char *key, bool otherwise);
size_t node_count(const struct node *node);

/* Keys in the order they were set; compact (one line) or indented by two. Invalid UTF-8 in texts becomes U+FFFD. */
const char *node_to_json(struct arena *arena, const struct node *node);
const char *node_to_json_pretty(struct arena *arena, const struct node *node);

/* On failure *ret_why holds jansson's reason with line and column, and NULL is returned. */
struct node *node_from_json(struct arena *arena, const char *data, size_t size,
                            const char **ret_why);
