/*
 * Owns the kinds of fields: how each is read, named and described. Easily got wrong: YAML gives every scalar as text,
 * JSON gives numbers and booleans; so everything is read from the text of a scalar, whatever its kind.
 */
#include "base/decode_value.h"

#include <inttypes.h>
#include <limits.h>

#include "base/file.h"
#include "base/text.h"

#define TEXT_MAXIMUM 4096
#define CREDENTIAL "credential:"
#define CREDENTIALS "/run/credentials/headgate.service" /* where systemd shows them to the unit */
#define SHOWN_MAXIMUM 60 /* code points of a wrong value in a message */

struct reading {
	struct arena *arena;
	const struct document *document;
	const struct field *field;
	const char *why;
};

static bool read_text(struct reading *reading, const char *text, void *member);
static bool read_choice(struct reading *reading, const char *text, void *member);
static bool read_number(struct reading *reading, const char *text, void *member);
static bool read_duration(struct reading *reading, const char *text, void *member);
static bool read_size(struct reading *reading, const char *text, void *member);
static bool read_bool(struct reading *reading, const char *text, void *member);
static bool read_path(struct reading *reading, const char *text, void *member);
static bool is_file(const struct field *field);
static bool is_credential(const char *name);
static const char *credential_path(struct arena *arena, const char *name);
static bool read_texts(struct reading *reading, const struct text_list *texts, void *member);
static bool read_choices(struct reading *reading, const struct text_list *texts, void *member);
static bool read_no_maps(struct reading *reading, const struct text_list *texts, void *member);
static const char *print_number(struct arena *arena, uint64_t number);
static const char *print_duration(struct arena *arena, uint64_t number);
static const char *print_size(struct arena *arena, uint64_t number);

static const struct kind {
	const char *name;    /* in the reference */
	const char *noun;    /* "… is not a duration" */
	const char *example; /* when the field has no default */
	bool (*one)(struct reading *reading, const char *text, void *member);
	/* Either this or `one`. */
	bool (*many)(struct reading *reading, const struct text_list *texts, void *member);
	/* Bounds, as a person writes them; NULL: they count bytes. */
	const char *(*print)(struct arena *arena, uint64_t number);
} kinds[] = {
	[FIELD_TEXT] = {"text", "a text", "something", read_text, NULL, NULL},
	[FIELD_TEXTS] = {"texts", "a list of texts", "[one, two]", NULL, read_texts, NULL},
	[FIELD_CHOICE] = {"choice", "one of the choices", NULL, read_choice, NULL, NULL},
	[FIELD_CHOICES] = {"choices", "a list of choices", NULL, NULL, read_choices, NULL},
	[FIELD_NUMBER] = {"number", "a whole number", "1", read_number, NULL, print_number},
	[FIELD_DURATION] = {"duration", "a duration", "30s", read_duration, NULL, print_duration},
	[FIELD_SIZE] = {"size", "a size", "16MiB", read_size, NULL, print_size},
	[FIELD_BOOL] = {"boolean", "true or false", "true", read_bool, NULL, NULL},
	[FIELD_PATH] = {"path", "a path", "/etc/headgate/file", read_path, NULL, NULL},
	[FIELD_MAPS] = {"maps", "a list of maps", NULL, NULL, read_no_maps, NULL},
};

static bool scalar_text(struct reading *reading, const struct node *value, const char **ret_text);
static bool list_texts(struct reading *reading, const struct node *value,
                       struct text_list *ret_texts);
static void default_texts(struct reading *reading, struct text_list *ret_texts);
static bool refuse_value(struct reading *reading, const char *text, const char *reason);
static bool in_bounds(struct reading *reading, const char *text, uint64_t number, uint64_t *member);
static bool find_choice(struct reading *reading, const char *text, unsigned *ret_index);

bool decode_value(struct arena *arena, const struct document *document, const struct field *field,
                  const struct node *value, void *into, const char **ret_why)
{
	struct reading reading = {.arena = arena, .document = document, .field = field};
	const struct kind *kind = &kinds[field->kind];
	void *member = (char *)into + field->offset;
	struct text_list texts;
	const char *text;
	bool good;

	if (kind->one)
		good = scalar_text(&reading, value, &text) && kind->one(&reading, text, member);
	else
		good = list_texts(&reading, value, &texts) && kind->many(&reading, &texts, member);
	if (!good)
		*ret_why = reading.why;
	return good;
}

bool decode_default(struct arena *arena, const struct document *document, const struct field *field,
                    void *into, const char **ret_why)
{
	struct reading reading = {.arena = arena, .document = document, .field = field};
	const struct kind *kind = &kinds[field->kind];
	void *member = (char *)into + field->offset;
	struct text_list texts;
	bool good;

	if (!field->otherwise)
		return true;
	if (kind->one) {
		good = kind->one(&reading, field->otherwise, member);
	} else {
		default_texts(&reading, &texts);
		good = kind->many(&reading, &texts, member);
	}
	if (!good)
		*ret_why = reading.why;
	return good;
}

const char *field_kind_name(enum field_kind kind)
{
	return kinds[kind].name;
}

/* "[{name: something, persons: [one, two]}]", of the rows that must be there */
static const char *maps_example(struct arena *arena, const struct field *field)
{
	struct text text = TEXT_IN(arena);

	for (size_t i = 0; i < field->of_count; i++)
		if (field->of[i].required)
			text_printf(&text, "%s%s: %s", text.size ? ", " : "", field->of[i].name,
			            field_example(&field->of[i]));
	return arena_printf(arena, "[{%s}]", text_get(&text));
}

const char *field_example(const struct field *field)
{
	if (field->otherwise)
		return field->otherwise;
	return field->choices ? field->choices[0] : kinds[field->kind].example;
}

const char *field_allowed(struct arena *arena, const struct field *field)
{
	const char *range = field_range(arena, field);

	if (field->choices || field->kind == FIELD_BOOL)
		return range;
	if (field->kind == FIELD_MAPS)
		return arena_printf(arena, "%s, such as %s", range, maps_example(arena, field));
	return arena_printf(arena, "%s, such as %s", range, field_example(field));
}

const char *field_range(struct arena *arena, const struct field *field)
{
	const struct kind *kind = &kinds[field->kind];
	struct text text = TEXT_IN(arena);

	if (field->choices) {
		text_add(&text, kind->many ? "any of " : "one of ");
		for (size_t i = 0; field->choices[i]; i++)
			text_printf(&text, "%s%s", i ? ", " : "", field->choices[i]);
		return text_get(&text);
	}
	text_add(&text, kind->noun);
	if (kind->print && field->maximum)
		text_printf(&text, " from %s to %s", kind->print(arena, field->minimum),
		            kind->print(arena, field->maximum));
	else if (kind->print && field->minimum)
		text_printf(&text, " of at least %s", kind->print(arena, field->minimum));
	else if (field->maximum && field->kind == FIELD_MAPS)
		text_printf(&text, ", at most %" PRIu64 " of them", field->maximum);
	else if (field->maximum && field->kind != FIELD_BOOL)
		text_printf(&text, " of at most %" PRIu64 " bytes", field->maximum);
	return text_get(&text);
}

static bool scalar_text(struct reading *reading, const struct node *value, const char **ret_text)
{
	switch (value->kind) {
	case NODE_NULL:
		reading->why = "it has no value";
		return false;
	case NODE_LIST:
		reading->why = "it is a list";
		return false;
	case NODE_MAP:
		reading->why = "it is a section";
		return false;
	case NODE_TEXT:
		*ret_text = value->text;
		return true;
	case NODE_BOOL:
		*ret_text = value->text ? value->text : value->number ? "true" : "false";
		return true;
	case NODE_NUMBER:
		*ret_text = value->text ? value->text
		                        : arena_printf(reading->arena, "%" PRId64, value->number);
		return true;
	}
	BUG("a node of kind %d", (int)value->kind);
}

static bool list_texts(struct reading *reading, const struct node *value,
                       struct text_list *ret_texts)
{
	struct text_list texts = {0};
	const char *text;

	if (value->kind != NODE_LIST) {
		if (!scalar_text(reading, value, &text))
			return false;
		*LIST_ADD(reading->arena, &texts) = text;
		*ret_texts = texts;
		return true;
	}
	for (const struct node *item = value->child; item; item = item->next) {
		if (texts.count == DECODE_LIST_MAXIMUM) {
			reading->why = arena_printf(reading->arena, "it has more than %d entries",
			                            DECODE_LIST_MAXIMUM);
			return false;
		}
		if (!scalar_text(reading, item, &text)) {
			reading->why = arena_printf(reading->arena, "of entry %zu: %s",
			                            texts.count + 1, reading->why);
			return false;
		}
		*LIST_ADD(reading->arena, &texts) = text;
	}
	*ret_texts = texts;
	return true;
}

/* "a, b" or "[a, b]"; "[]" is empty. */
static void default_texts(struct reading *reading, struct text_list *ret_texts)
{
	const char *otherwise = reading->field->otherwise;
	size_t size = strlen(otherwise);
	struct text_list texts;

	if (text_starts(otherwise, "[") && text_ends(otherwise, "]"))
		otherwise = arena_copy(reading->arena, otherwise + 1, size - 2);
	*ret_texts = (struct text_list){0};
	if (!otherwise[0])
		return;
	text_split(reading->arena, otherwise, ',', &texts);
	for (size_t i = 0; i < texts.count; i++)
		texts.items[i] = text_trim(reading->arena, texts.items[i]);
	*ret_texts = texts;
}

static bool refuse_value(struct reading *reading, const char *text, const char *reason)
{
	reading->why = arena_printf(reading->arena, "'%s' %s",
	                            text_clip(reading->arena, text, SHOWN_MAXIMUM), reason);
	return false;
}

static bool read_text(struct reading *reading, const char *text, void *member)
{
	const struct field *field = reading->field;
	uint64_t size = strlen(text), maximum = field->maximum ? field->maximum : TEXT_MAXIMUM;

	if (size > maximum)
		return refuse_value(
			reading, text,
			arena_printf(reading->arena, "is longer than %" PRIu64 " bytes", maximum));
	if (size < field->minimum)
		return refuse_value(reading, text,
		                    arena_printf(reading->arena,
		                                 "is shorter than %" PRIu64 " bytes",
		                                 field->minimum));
	*(const char **)member = arena_text(reading->arena, text);
	return true;
}

static bool read_choice(struct reading *reading, const char *text, void *member)
{
	unsigned index;

	if (!find_choice(reading, text, &index))
		return false;
	*(int *)member = (int)index;
	return true;
}

static bool read_number(struct reading *reading, const char *text, void *member)
{
	uint64_t number;

	if (!parse_number(text, UINT64_MAX, &number))
		return refuse_value(reading, text, "is not a whole number");
	return in_bounds(reading, text, number, member);
}

static bool read_duration(struct reading *reading, const char *text, void *member)
{
	uint64_t number;

	if (!parse_duration(text, UINT64_MAX, &number))
		return refuse_value(reading, text,
		                    parse_number(text, UINT64_MAX, &number)
		                            ? "has no unit (ms, s, m, h, d)"
		                            : "is not a duration");
	return in_bounds(reading, text, number, member);
}

static bool read_size(struct reading *reading, const char *text, void *member)
{
	uint64_t number;

	if (!parse_size(text, UINT64_MAX, &number))
		return refuse_value(reading, text, "is not a size (bytes, KiB, MiB, GiB, TiB)");
	return in_bounds(reading, text, number, member);
}

static bool read_bool(struct reading *reading, const char *text, void *member)
{
	if (!text_equal(text, "true") && !text_equal(text, "false"))
		return refuse_value(reading, text, "is neither true nor false");
	*(bool *)member = text_equal(text, "true");
	return true;
}

static bool read_path(struct reading *reading, const char *text, void *member)
{
	const char *path;

	if (!text[0])
		return refuse_value(reading, text, "is no path");
	if (!read_text(reading, text, &path))
		return false;
	if (text_starts(path, CREDENTIAL) && is_file(reading->field)) {
		if (!is_credential(path + strlen(CREDENTIAL)))
			return refuse_value(reading, text, "is no name of a credential");
		path = credential_path(reading->arena, path + strlen(CREDENTIAL));
	} else if (reading->document->folder)
		path = path_join(reading->arena, reading->document->folder, path);
	*(const char **)member = path;
	return true;
}

/* "database_url_file", "repository.token_file": secrets, and no folders. */
static bool is_file(const struct field *field)
{
	const char *end = strrchr(field->name, '_');

	return end && text_equal(end, "_file");
}

/* As LoadCredential= of systemd takes them. */
static bool is_credential(const char *name)
{
	return *name && *name != '.' && !strchr(name, '/') && strlen(name) <= NAME_MAX;
}

/* A command typed beside the service has no variable: it finds the service's own folder, if it may read it. */
static const char *credential_path(struct arena *arena, const char *name)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");

	return path_join(arena, folder && *folder == '/' ? folder : CREDENTIALS, name);
}

static bool read_texts(struct reading *reading, const struct text_list *texts, void *member)
{
	struct text_list read = {0};

	for (size_t i = 0; i < texts->count; i++) {
		if (!read_text(reading, texts->items[i], LIST_ADD(reading->arena, &read)))
			return false;
	}
	*(struct text_list *)member = read;
	return true;
}

static bool read_choices(struct reading *reading, const struct text_list *texts, void *member)
{
	unsigned set = 0, index;

	for (size_t i = 0; i < texts->count; i++) {
		if (!find_choice(reading, texts->items[i], &index))
			return false;
		set |= 1U << index;
	}
	*(unsigned *)member = set;
	return true;
}

/* Of its default, which is none; what is written is decoded by the walk. */
static bool read_no_maps(struct reading *reading, const struct text_list *texts, void *member)
{
	(void)reading;
	(void)member;
	return !texts->count;
}

static bool in_bounds(struct reading *reading, const char *text, uint64_t number, uint64_t *member)
{
	const struct field *field = reading->field;
	const struct kind *kind = &kinds[field->kind];

	if (number < field->minimum)
		return refuse_value(reading, text,
		                    arena_printf(reading->arena, "is below the minimum of %s",
		                                 kind->print(reading->arena, field->minimum)));
	if (field->maximum && number > field->maximum)
		return refuse_value(reading, text,
		                    arena_printf(reading->arena, "is above the maximum of %s",
		                                 kind->print(reading->arena, field->maximum)));
	*member = number;
	return true;
}

static bool find_choice(struct reading *reading, const char *text, unsigned *ret_index)
{
	const char *const *choices = reading->field->choices;
	size_t count = 0;
	const char *nearest;

	for (; choices[count]; count++) {
		if (text_equal(choices[count], text)) {
			*ret_index = (unsigned)count;
			return true;
		}
	}
	nearest = text_nearest(text, choices, count);
	if (nearest)
		return refuse_value(reading, text,
		                    arena_printf(reading->arena,
		                                 "is not a choice; did you mean '%s'?", nearest));
	return refuse_value(reading, text, "is not a choice");
}

static const char *print_number(struct arena *arena, uint64_t number)
{
	return arena_printf(arena, "%" PRIu64, number);
}

/* As parse_duration reads it: the largest unit that loses nothing. */
static const char *print_duration(struct arena *arena, uint64_t number)
{
	static const struct {
		uint64_t milliseconds;
		const char *unit;
	} rows[] = {{86400000, "d"}, {3600000, "h"}, {60000, "m"}, {1000, "s"}};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (number && number % rows[i].milliseconds == 0)
			return arena_printf(arena, "%" PRIu64 "%s", number / rows[i].milliseconds,
			                    rows[i].unit);
	}
	return arena_printf(arena, "%" PRIu64 "%s", number, number ? "ms" : "");
}

static const char *print_size(struct arena *arena, uint64_t number)
{
	static const char *const units[] = {"", "KiB", "MiB", "GiB", "TiB"};
	size_t unit = 0;

	while (number && number % 1024 == 0 && unit + 1 < sizeof units / sizeof units[0]) {
		number /= 1024;
		unit++;
	}
	return arena_printf(arena, "%" PRIu64 "%s", number, units[unit]);
}
