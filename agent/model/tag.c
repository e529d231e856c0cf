/*
 * The strict parser of raw tag objects. What a reader gets wrong: git takes the last line that begins an armor for the
 * signature and does not ask what stands behind it; here a message holds one armor at most, and it is the end.
 */
#include "model/tag.h"

#include "model/object_reader.h"

static FALLIBLE parse_headers(struct object_reader *reader, struct tag *tag);
static FALLIBLE parse_word(struct object_reader *reader, const struct object_header *header,
                           const char *name, const char **ret_value);
static bool is_type(const char *type);
static FALLIBLE parse_message(struct object_reader *reader, struct tag *tag);
static const char *find_armor(struct object_reader *reader, unsigned *line);

FALLIBLE tag_parse(struct arena *arena, const char *id, struct bytes raw, struct tag *ret_tag)
{
	struct object_reader reader = {
		.arena = arena,
		.id = id,
		.noun = "tag",
		.hint = "Make the tag anew with git itself: git tag -s, under another name.",
	};
	struct tag tag = {.id = arena_text(arena, id)};

	TRY(object_begin(&reader, raw, TAG_MAXIMUM));
	TRY(parse_headers(&reader, &tag));
	TRY(parse_message(&reader, &tag));
	tag.seal.id = tag.id;
	tag.seal.payload = text_bytes(&reader.payload);
	*ret_tag = tag;
	return NULL;
}

static FALLIBLE parse_headers(struct object_reader *reader, struct tag *tag)
{
	struct object_header header;

	TRY(object_take(reader, &header));
	TRY(object_read_id(reader, &header, "object", &tag->object));
	TRY(object_take(reader, &header));
	TRY(parse_word(reader, &header, "type", &tag->type));
	if (!is_type(tag->type))
		return object_malformed(reader, "line %u names no type of git's", header.line);
	TRY(object_take(reader, &header));
	TRY(parse_word(reader, &header, "tag", &tag->name));
	TRY(object_take(reader, &header));
	TRY(object_read_ident(reader, &header, "tagger", &tag->tagger));
	if (object_at_blank_line(reader))
		return NULL;
	TRY(object_take(reader, &header));
	return object_malformed(reader, "line %u is a header '%s', which has no place in a tag",
	                        header.line, header.name);
}

static FALLIBLE parse_word(struct object_reader *reader, const struct object_header *header,
                           const char *name, const char **ret_value)
{
	TRY(object_expect(reader, header, name));
	if (!*header->value || text_has_control(header->value))
		return object_malformed(reader, "'%s' in line %u is empty or holds odd characters",
		                        name, header->line);
	text_add_bytes(&reader->payload, header->whole.data, header->whole.size);
	*ret_value = header->value;
	return NULL;
}

static bool is_type(const char *type)
{
	static const char *const types[] = {"commit", "tree", "blob", "tag"};

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (text_equal(type, types[i]))
			return true;
	return false;
}

/* The armor is no part of the message, nor of what it signs. */
static FALLIBLE parse_message(struct object_reader *reader, struct tag *tag)
{
	unsigned line = reader->line;
	const char *armor = find_armor(reader, &line);
	const size_t size = (size_t)(reader->end - armor);

	text_add_bytes(&reader->payload, reader->at, (size_t)(armor - reader->at));
	tag->message =
		arena_printf(reader->arena, "%.*s", (int)(armor - reader->at - 1), reader->at + 1);
	if (!size)
		return NULL;
	if (size > SIGNATURE_MAXIMUM)
		return object_malformed(reader, "its signature is larger than %d bytes",
		                        SIGNATURE_MAXIMUM);
	tag->seal.signature = arena_bytes(reader->arena, armor, size);
	TRY(object_read_armor(reader, line, tag->seal.signature, &tag->seal.format));
	if (tag->seal.format == SIGNATURE_UNKNOWN)
		return object_malformed(reader, "the signature in line %u has an odd beginning",
		                        line);
	return NULL;
}

/* The first line that begins one, or the end. A second one is found when the first is read. */
static const char *find_armor(struct object_reader *reader, unsigned *line)
{
	const char *at = reader->at;

	while (at < reader->end && !object_begins_armor(at)) {
		at += strcspn(at, "\n");
		if (at < reader->end)
			at++;
		(*line)++;
	}
	return at;
}
