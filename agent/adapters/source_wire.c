/* Owns the bytes of the conversation: source_wire.h says what they mean. Easily got wrong: a length that lies. */
#include "adapters/source_wire.h"

#include "base/text.h"

struct reader {
	const char *at, *end;
	bool is_broken;
};

static void put(struct text *text, uint64_t number, size_t bytes);
static uint64_t take(struct reader *reader, size_t bytes);
static const char *take_text(struct reader *reader);
static struct bytes take_data(struct reader *reader);

struct bytes wire_encode(struct arena *arena, const struct wire_message *message)
{
	struct text text = TEXT_IN(arena);
	size_t size;

	if (message->texts.count > WIRE_TEXTS_MAXIMUM || message->data.size > WIRE_DATA_MAXIMUM)
		BUG("a message of %zu texts and %zu bytes", message->texts.count,
		    message->data.size);
	put(&text, 0, WIRE_HEADER);
	put(&text, message->kind, 1);
	put(&text, message->number, 8);
	put(&text, message->maximum, 8);
	put(&text, message->texts.count, 4);
	for (size_t i = 0; i < message->texts.count; i++) {
		const char *item = message->texts.items[i];

		size = item ? strlen(item) : 0;
		if (size > WIRE_TEXT_MAXIMUM)
			BUG("a text of %zu bytes in a message", size);
		put(&text, item ? size + 1 : 0, 4);
		if (item)
			text_add_bytes(&text, item, size + 1);
	}
	put(&text, message->data.size, 4);
	text_add_bytes(&text, message->data.data, message->data.size);
	size = text.size - WIRE_HEADER;
	for (size_t i = 0; i < WIRE_HEADER; i++)
		text.data[i] = (char)(size >> 8 * i & 0xff);
	return text_bytes(&text);
}

static void put(struct text *text, uint64_t number, size_t bytes)
{
	char raw[8];

	for (size_t i = 0; i < bytes; i++)
		raw[i] = (char)(number >> 8 * i & 0xff);
	text_add_bytes(text, raw, bytes);
}

size_t wire_length(const unsigned char header[WIRE_HEADER])
{
	size_t length = 0;

	for (size_t i = WIRE_HEADER; i-- > 0;)
		length = length << 8 | header[i];
	return length;
}

bool wire_decode(struct arena *arena, struct bytes payload, struct wire_message *ret_message)
{
	struct reader reader = {.at = payload.data, .end = payload.data + payload.size};
	struct wire_message message = {0};
	const uint64_t kind = take(&reader, 1);
	uint64_t count;

	message.number = take(&reader, 8);
	message.maximum = take(&reader, 8);
	count = take(&reader, 4);
	if (kind >= WIRE_KINDS || count > WIRE_TEXTS_MAXIMUM)
		return false;
	message.kind = (enum wire_kind)kind;
	for (uint64_t i = 0; i < count && !reader.is_broken; i++)
		*LIST_ADD(arena, &message.texts) = take_text(&reader);
	message.data = take_data(&reader);
	if (reader.is_broken || reader.at != reader.end)
		return false;
	*ret_message = message;
	return true;
}

static uint64_t take(struct reader *reader, size_t bytes)
{
	uint64_t number = 0;

	if ((size_t)(reader->end - reader->at) < bytes) {
		reader->is_broken = true;
		return 0;
	}
	for (size_t i = bytes; i-- > 0;)
		number = number << 8 | (unsigned char)reader->at[i];
	reader->at += bytes;
	return number;
}

static const char *take_text(struct reader *reader)
{
	const uint64_t size = take(reader, 4); /* with its NUL */
	const char *text = reader->at;

	if (!size)
		return NULL;
	if (size > WIRE_TEXT_MAXIMUM + 1 || size > (size_t)(reader->end - reader->at) ||
	    memchr(text, 0, (size_t)size) != text + size - 1) {
		reader->is_broken = true;
		return NULL;
	}
	reader->at += size;
	return text;
}

static struct bytes take_data(struct reader *reader)
{
	const uint64_t size = take(reader, 4);
	const struct bytes data = {.data = reader->at, .size = (size_t)size};

	if (size > WIRE_DATA_MAXIMUM || size > (size_t)(reader->end - reader->at)) {
		reader->is_broken = true;
		return (struct bytes){0};
	}
	reader->at += size;
	return data;
}

struct wire_message wire_of_error(struct arena *arena, const struct error *error)
{
	struct wire_message message = {.kind = WIRE_ERROR};

	*LIST_ADD(arena, &message.texts) = error->row->code;
	*LIST_ADD(arena, &message.texts) = text_clip(arena, error->what, WIRE_WORDS_MAXIMUM);
	*LIST_ADD(arena, &message.texts) =
		error->why ? text_clip(arena, error->why, WIRE_WORDS_MAXIMUM) : NULL;
	*LIST_ADD(arena, &message.texts) = text_clip(arena, error->hint, WIRE_WORDS_MAXIMUM);
	return message;
}

struct error *wire_error(struct arena *arena, const struct wire_message *message)
{
	const char *const *texts = message->texts.items;
	const struct error_row *row;

	if (message->kind != WIRE_ERROR)
		return NULL;
	if (message->texts.count != 4 || !texts[0] || !texts[1] || !texts[3])
		return FAIL(arena, GIT_APART, .what = "cannot read the repository",
		            .why = "the process that reads it gave an error without words",
		            .hint = "The next pass tries again.");
	row = error_find(texts[0]);
	return error_new(
		arena, row ? (enum error_code)(row - error_rows()) : ERR_GIT_APART,
		&(struct error_text){
			.what = text_clip(arena, texts[1], WIRE_WORDS_MAXIMUM),
			.why = texts[2] ? text_clip(arena, texts[2], WIRE_WORDS_MAXIMUM) : NULL,
			.hint = text_clip(arena, texts[3], WIRE_WORDS_MAXIMUM),
		});
}
