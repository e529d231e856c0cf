/*
 * Reads YAML event by event into a tree. What a reader gets wrong: nothing is guessed about types; `no` and `1.10` are
 * texts here, and the table of fields that decodes them knows what they should be.
 */
#include "adapters/yaml.h"

#include "base/text.h"

#include <libfyaml.h>

struct reading {
	struct arena *arena;
	const char *path;
	struct fy_parser *parser;
	struct text complaints; /* libfyaml's own words */
};

static void diag_cleanup(struct fy_diag **diag);
static void parser_cleanup(struct fy_parser **parser);
static void keep_complaint(struct fy_diag *diag, void *user, const char *text, size_t size);
static struct error *read_stream(struct reading *reading, struct node **ret_node);
static struct error *next_event(struct reading *reading, struct fy_event **ret_event);
static struct error *read_node(struct reading *reading, struct fy_event *event, int depth,
                               struct node **ret_node);
static struct error *read_map(struct reading *reading, int depth, struct node *map);
static struct error *read_list(struct reading *reading, int depth, struct node *list);
static struct error *refuse(struct reading *reading, int line, const char *why);
static int line_of(struct fy_event *event);
static struct error *read_scalar(struct reading *reading, struct fy_token *token, int line,
                                 const char **ret_text);
static bool has_control(struct bytes yaml);
static const char *complaint(struct reading *reading, int *line);

struct error *yaml_read(struct arena *arena, const char *path, struct bytes yaml,
                        struct node **ret_node)
{
	struct reading reading = {.arena = arena, .path = path, .complaints = TEXT_IN(arena)};
	struct fy_diag_cfg diag_cfg;
	CLEANUP(diag_cleanup) struct fy_diag *diag = NULL;
	CLEANUP(parser_cleanup) struct fy_parser *parser = NULL;

	if (yaml.size > YAML_MAXIMUM)
		return refuse(&reading, 0, "it is larger than 1 MiB");
	if (!text_is_utf8(yaml.data, yaml.size))
		return refuse(&reading, 0, "it is not UTF-8");
	if (has_control(yaml))
		return refuse(&reading, 0, "it holds a control character");
	fy_diag_cfg_default(&diag_cfg);
	diag_cfg.fp = NULL;
	diag_cfg.output_fn = keep_complaint;
	diag_cfg.user = &reading;
	diag_cfg.colorize = false;
	diag_cfg.show_source = diag_cfg.show_module = diag_cfg.show_type = false;
	diag_cfg.show_position = true;
	diag = fy_diag_create(&diag_cfg);
	parser = fy_parser_create(
		&(struct fy_parse_cfg){.flags = FYPCF_DEFAULT_PARSE, .diag = diag});
	if (!diag || !parser || fy_parser_set_string(parser, yaml.size ? yaml.data : "", yaml.size))
		return refuse(&reading, 0, "the YAML parser could not be started");
	reading.parser = parser;
	return read_stream(&reading, ret_node);
}

static void diag_cleanup(struct fy_diag **diag)
{
	if (*diag)
		fy_diag_destroy(*diag);
}

static void parser_cleanup(struct fy_parser **parser)
{
	if (*parser)
		fy_parser_destroy(*parser);
}

static void keep_complaint(struct fy_diag *diag, void *user, const char *text, size_t size)
{
	struct reading *reading = user;

	(void)diag;
	if (reading->complaints.size < 1024)
		text_add_bytes(&reading->complaints, text, size);
}

static struct error *read_stream(struct reading *reading, struct node **ret_node)
{
	struct node *root = NULL;
	int documents = 0;

	for (;;) {
		struct fy_event *event = NULL;
		struct error *error;
		enum fy_event_type type;

		TRY(next_event(reading, &event));
		type = event->type;
		error = type == FYET_DOCUMENT_START && ++documents > 1
		                ? refuse(reading, line_of(event), "it holds more than one document")
		                : NULL;
		if (!error && (type == FYET_SCALAR || type == FYET_MAPPING_START ||
		               type == FYET_SEQUENCE_START || type == FYET_ALIAS))
			error = read_node(reading, event, 1, &root);
		fy_parser_event_free(reading->parser, event);
		TRY(error);
		if (type == FYET_STREAM_END)
			break;
	}
	if (!root || root->kind == NODE_NULL)
		root = node_map(reading->arena);
	if (root->kind != NODE_MAP)
		return refuse(reading, root->line, "it is not a list of keys and values");
	*ret_node = root;
	return NULL;
}

static struct error *next_event(struct reading *reading, struct fy_event **ret_event)
{
	*ret_event = fy_parser_parse(reading->parser);
	return *ret_event ? NULL : refuse(reading, 0, "it is not YAML");
}

static struct error *read_node(struct reading *reading, struct fy_event *event, int depth,
                               struct node **ret_node)
{
	const int line = line_of(event);
	struct node *node = NULL;

	if (depth > YAML_DEPTH_MAXIMUM)
		return refuse(reading, line, "it is nested too deeply");
	if (event->type == FYET_ALIAS ||
	    (event->type == FYET_SCALAR && (event->scalar.anchor || event->scalar.tag)) ||
	    (event->type == FYET_MAPPING_START &&
	     (event->mapping_start.anchor || event->mapping_start.tag)) ||
	    (event->type == FYET_SEQUENCE_START &&
	     (event->sequence_start.anchor || event->sequence_start.tag)))
		return refuse(reading, line, "anchors, aliases and tags are not allowed here");
	if (event->type == FYET_SCALAR) {
		const char *text = NULL;

		TRY(read_scalar(reading, event->scalar.value, line, &text));
		node = node_text(reading->arena, text);
	} else if (event->type == FYET_MAPPING_START) {
		node = node_map(reading->arena);
		TRY(read_map(reading, depth, node));
	} else {
		node = node_list(reading->arena);
		TRY(read_list(reading, depth, node));
	}
	node->line = line;
	*ret_node = node;
	return NULL;
}

static struct error *read_map(struct reading *reading, int depth, struct node *map)
{
	for (;;) {
		struct fy_event *event = NULL;
		struct node *value = NULL;
		struct error *error = NULL;
		const char *key = NULL;
		enum fy_event_type type;
		int line;

		TRY(next_event(reading, &event));
		type = event->type;
		line = line_of(event);
		if (type == FYET_SCALAR && (event->scalar.anchor || event->scalar.tag))
			error = refuse(reading, line, "anchors and tags are not allowed here");
		else if (type == FYET_SCALAR)
			error = read_scalar(reading, event->scalar.value, line, &key);
		fy_parser_event_free(reading->parser, event);
		TRY(error);
		if (type == FYET_MAPPING_END)
			return NULL;
		if (!key || text_equal(key, "<<"))
			return refuse(reading, line, "a key must be a plain word");
		if (node_find(map, key))
			return refuse(
				reading, line,
				arena_printf(reading->arena, "the key '%s' stands twice", key));
		TRY(next_event(reading, &event));
		error = read_node(reading, event, depth + 1, &value);
		fy_parser_event_free(reading->parser, event);
		TRY(error);
		value->line = line; /* where a person looks for it: its key's */
		node_set(reading->arena, map, key, value);
	}
}

static struct error *read_list(struct reading *reading, int depth, struct node *list)
{
	for (;;) {
		struct fy_event *event = NULL;
		struct node *value = NULL;
		struct error *error;
		enum fy_event_type type;

		TRY(next_event(reading, &event));
		type = event->type;
		error = type == FYET_SEQUENCE_END ? NULL
		                                  : read_node(reading, event, depth + 1, &value);
		fy_parser_event_free(reading->parser, event);
		TRY(error);
		if (type == FYET_SEQUENCE_END)
			return NULL;
		node_add(list, value);
	}
}

static struct error *refuse(struct reading *reading, int line, const char *why)
{
	const char *words = line ? "" : complaint(reading, &line);

	return FAIL(
		reading->arena, CONFIG,
		.what = line ? arena_printf(reading->arena, "cannot read '%s', line %d",
	                                    reading->path, line)
	                     : arena_printf(reading->arena, "cannot read '%s'", reading->path),
		.why = *words ? arena_printf(reading->arena, "%s: %s", why, words) : why,
		.hint = "Correct the file; a complete example is in the manual page headgate.yaml(5).");
}

/* "<memory-@0x…>:4:1: error: flow sequence without a closing bracket", the first line of what libfyaml said. */
static const char *complaint(struct reading *reading, int *line)
{
	const char *text = text_get(&reading->complaints), *place = strstr(text, ">:");
	const char *words = strstr(text, "error: ");
	uint64_t number = 0;

	if (place && parse_number(arena_copy(reading->arena, place + 2, strcspn(place + 2, ":")),
	                          INT32_MAX, &number))
		*line = (int)number;
	text = words ? words + strlen("error: ") : "";
	text = text_trim(reading->arena, arena_copy(reading->arena, text, strcspn(text, "\n")));
	return text_clip(reading->arena, text, 200);
}

/* 1-based; 0 when the event stands nowhere. */
static int line_of(struct fy_event *event)
{
	struct fy_token *token = NULL;
	const struct fy_mark *mark;

	if (event->type == FYET_SCALAR)
		token = event->scalar.value;
	else if (event->type == FYET_MAPPING_START)
		token = event->mapping_start.mapping_start;
	else if (event->type == FYET_SEQUENCE_START)
		token = event->sequence_start.sequence_start;
	else if (event->type == FYET_ALIAS)
		token = event->alias.anchor;
	mark = token ? fy_token_start_mark(token) : NULL;
	return mark ? mark->line + 1 : 0;
}

/* NULL when nothing is written: a key without a value. */
static struct error *read_scalar(struct reading *reading, struct fy_token *token, int line,
                                 const char **ret_text)
{
	size_t size = 0;
	const char *text = token ? fy_token_get_text(token, &size) : NULL;

	if (size && memchr(text, 0, size)) /* "\0" in double quotes */
		return refuse(reading, line, "a text holds NUL");
	if (text && (size || fy_token_scalar_style(token) != FYSS_PLAIN))
		*ret_text = arena_copy(reading->arena, text, size);
	return NULL;
}

/* YAML 1.2, 5.1: none but tab and line ends may stand in a file. */
static bool has_control(struct bytes yaml)
{
	for (size_t i = 0; i < yaml.size; i++) {
		const unsigned char c = (unsigned char)yaml.data[i];

		if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f)
			return true;
	}
	return false;
}
