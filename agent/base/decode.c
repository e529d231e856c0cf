/*
 * Owns the walk from a tree of keys to a struct, and its messages. Easily got wrong: keys are looked for twice, first
 * all that are written (is each known?), then all that are known (is each written, and well?).
 */
#include "base/decode.h"

#include "base/decode_value.h"
#include "base/text.h"

struct maps { /* as every list of the kind has it */
	void *items;
	size_t count, room;
};

struct walk {
	struct arena *arena;
	const struct document *document;
	const struct field *fields;
	size_t count;
};

static FALLIBLE refuse_unknown(const struct walk *walk, const char *section,
                               const struct node *map);
static bool is_field(const struct walk *walk, const char *name);
static bool is_section(const struct walk *walk, const char *name);
static FALLIBLE unknown_key(const struct walk *walk, const char *section, const char *name,
                            const struct node *node);
static const char *guess(const struct walk *walk, const char *section, const char *name,
                         const char *key);
static const char *known_in(const struct walk *walk, const char *section);
static const struct node *find_value(struct arena *arena, const struct node *map, const char *name);
static FALLIBLE decode_maps(const struct walk *walk, const struct field *field,
                            const struct node *value, void *member);
static FALLIBLE missing_key(const struct walk *walk, const struct field *field);
static const char *example_line(struct arena *arena, const struct field *field);
static const char *place(const struct walk *walk, const struct node *node);

FALLIBLE decode_fields(struct arena *arena, const struct document *document, const struct node *map,
                       const struct field *fields, size_t count, void *into)
{
	struct walk walk = {.arena = arena, .document = document, .fields = fields, .count = count};
	const char *why;

	if (map->kind != NODE_MAP && map->kind != NODE_NULL)
		return FAIL(arena, CONFIG,
		            .what = arena_printf(arena, "cannot read %s", place(&walk, map)),
		            .why = "keys with values are expected here",
		            .hint = arena_printf(arena, "Write lines such as: %s",
		                                 count ? example_line(arena, &fields[0])
		                                       : "key: value"));
	TRY(refuse_unknown(&walk, "", map));
	for (size_t i = 0; i < count; i++) {
		const struct field *field = &fields[i];
		const struct node *value = find_value(arena, map, field->name);

		if (value && field->kind == FIELD_MAPS) {
			TRY(decode_maps(&walk, field, value, (char *)into + field->offset));
			continue;
		}
		if (value && !decode_value(arena, document, field, value, into, &why))
			return FAIL(arena, CONFIG,
			            .what = arena_printf(arena, "cannot use '%s' in %s",
			                                 field->name, place(&walk, value)),
			            .why = why,
			            .hint = arena_printf(arena, "Write %s.",
			                                 field_allowed(arena, field)));
		if (value)
			continue;
		if (field->required)
			return missing_key(&walk, field);
		if (!decode_default(arena, document, field, into, &why))
			BUG("the default of '%s': %s", field->name, why);
	}
	return NULL;
}

static FALLIBLE refuse_unknown(const struct walk *walk, const char *section, const struct node *map)
{
	for (const struct node *node = map->child; node; node = node->next) {
		const char *name = arena_printf(walk->arena, "%s%s", section, node->key);

		if (is_field(walk, name))
			continue;
		if (!is_section(walk, name))
			TRY(unknown_key(walk, section, name, node));
		else if (node->kind == NODE_MAP)
			TRY(refuse_unknown(walk, arena_printf(walk->arena, "%s.", name), node));
		else if (node->kind != NODE_NULL)
			return FAIL(
				walk->arena, CONFIG,
				.what = arena_printf(walk->arena, "cannot use '%s' in %s", name,
			                             place(walk, node)),
				.why = "it is a section, and has a value instead of keys",
				.hint = arena_printf(
					walk->arena, "Write its keys below it: %s",
					known_in(walk, arena_printf(walk->arena, "%s.", name))));
	}
	return NULL;
}

static bool is_field(const struct walk *walk, const char *name)
{
	for (size_t i = 0; i < walk->count; i++) {
		if (text_equal(walk->fields[i].name, name))
			return true;
	}
	return false;
}

static bool is_section(const struct walk *walk, const char *name)
{
	size_t size = strlen(name);

	for (size_t i = 0; i < walk->count; i++) {
		if (text_starts(walk->fields[i].name, name) && walk->fields[i].name[size] == '.')
			return true;
	}
	return false;
}

static FALLIBLE unknown_key(const struct walk *walk, const char *section, const char *name,
                            const struct node *node)
{
	struct arena *arena = walk->arena;
	const char *shown = text_clip(arena, name, 100);
	const char *nearest = guess(walk, section, name, node->key);

	return FAIL(
		arena, CONFIG,
		.what = arena_printf(arena, "unknown key '%s' in %s", shown, place(walk, node)),
		.hint = nearest ? arena_printf(arena, "Did you mean '%s'?", nearest)
	                        : arena_printf(arena, "Known here: %s.", known_in(walk, section)));
}

/* The same key in another section first, then the nearest name here or anywhere. */
static const char *guess(const struct walk *walk, const char *section, const char *name,
                         const char *key)
{
	struct text_list known = {0};
	const char *nearest;

	for (size_t i = 0; i < walk->count; i++) {
		const char *field = walk->fields[i].name;
		const char *dot = strrchr(field, '.');

		if (text_equal(dot ? dot + 1 : field, key))
			return field;
		if (text_starts(field, section))
			*LIST_ADD(walk->arena, &known) =
				arena_copy(walk->arena, field + strlen(section),
			                   strcspn(field + strlen(section), "."));
	}
	nearest = text_nearest(key, known.items, known.count);
	if (nearest)
		return arena_printf(walk->arena, "%s%s", section, nearest);
	known.count = 0;
	for (size_t i = 0; i < walk->count; i++)
		*LIST_ADD(walk->arena, &known) = walk->fields[i].name;
	return text_nearest(name, known.items, known.count);
}

/* The names of one level, each once; the rows of a section stand together. */
static const char *known_in(const struct walk *walk, const char *section)
{
	struct text text = TEXT_IN(walk->arena);
	const char *last = "";

	for (size_t i = 0; i < walk->count; i++) {
		const char *rest = walk->fields[i].name + strlen(section), *name;

		if (!text_starts(walk->fields[i].name, section))
			continue;
		name = arena_copy(walk->arena, rest, strcspn(rest, "."));
		if (!text_equal(name, last))
			text_printf(&text, "%s%s", text.size ? ", " : "", name);
		last = name;
	}
	return text_get(&text);
}

/* NULL when the key or a section on the way to it is absent. */
static const struct node *find_value(struct arena *arena, const struct node *map, const char *name)
{
	const char *dot = strchr(name, '.');

	if (!dot)
		return node_find(map, name);
	return find_value(arena, node_find(map, arena_copy(arena, name, (size_t)(dot - name))),
	                  dot + 1);
}

static FALLIBLE decode_maps(const struct walk *walk, const struct field *field,
                            const struct node *value, void *member)
{
	struct arena *arena = walk->arena;
	const size_t maximum = field->maximum ? field->maximum : DECODE_LIST_MAXIMUM;
	struct maps maps = {0};
	const char *why = NULL;

	if (value->kind != NODE_LIST)
		why = value->kind == NODE_NULL ? "it has no value" : "it is no list";
	else if (node_count(value) > maximum)
		why = arena_printf(arena, "it has more than %zu entries", maximum);
	for (const struct node *item = value->child; !why && item; item = item->next)
		if (item->kind != NODE_MAP)
			why = arena_printf(arena, "entry %zu (line %d) has no keys", ++maps.count,
			                   item->line);
		else
			maps.count++;
	if (why)
		return FAIL(arena, CONFIG,
		            .what = arena_printf(arena, "cannot use '%s' in %s", field->name,
		                                 place(walk, value)),
		            .why = why,
		            .hint = arena_printf(arena, "Write %s.", field_allowed(arena, field)));
	maps.items = arena_array(arena, maps.count, field->of_size);
	maps.room = maps.count;
	maps.count = 0;
	for (const struct node *item = value->child; item; item = item->next)
		TRY(decode_fields(arena, walk->document, item, field->of, field->of_count,
		                  (char *)maps.items + maps.count++ * field->of_size));
	memcpy(member, &maps, sizeof maps); /* its items have another type */
	return NULL;
}

static FALLIBLE missing_key(const struct walk *walk, const struct field *field)
{
	struct arena *arena = walk->arena;

	return FAIL(
		arena, CONFIG,
		.what = arena_printf(arena, "missing key '%s' in %s '%s'", field->name,
	                             walk->document->noun, walk->document->path),
		.hint = arena_printf(arena, "Add a line such as: %s", example_line(arena, field)));
}

/* "apply: { lock_timeout: 500ms }" */
static const char *example_line(struct arena *arena, const struct field *field)
{
	struct text text = TEXT_IN(arena);
	struct text_list parts;

	text_split(arena, field->name, '.', &parts);
	for (size_t i = 0; i + 1 < parts.count; i++)
		text_printf(&text, "%s: { ", parts.items[i]);
	text_printf(&text, "%s: %s", parts.items[parts.count - 1], field_example(field));
	for (size_t i = 0; i + 1 < parts.count; i++)
		text_add(&text, " }");
	return text_get(&text);
}

/* "policy '/etc/headgate/p.yaml', line 12" */
static const char *place(const struct walk *walk, const struct node *node)
{
	const struct document *document = walk->document;

	if (!node->line)
		return arena_printf(walk->arena, "%s '%s'", document->noun, document->path);
	return arena_printf(walk->arena, "%s '%s', line %d", document->noun, document->path,
	                    node->line);
}
