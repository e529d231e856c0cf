/* Raw tags: payload and signature, one behind the other, are the whole object, and the message is the payload's end. */
#include "fuzz/seal.h"

#include "model/tag.h"

#define ID "1111111111111111111111111111111111111111"

static bool same(const struct tag *a, const struct tag *b)
{
	return text_equal(a->object, b->object) && text_equal(a->type, b->type) &&
	       text_equal(a->name, b->name) && same_ident(&a->tagger, &b->tagger) &&
	       text_equal(a->message, b->message) && same_seal(&a->seal, &b->seal);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	const struct bytes raw = {(const char *)data, size};
	struct tag tag = {0}, again = {0};
	struct error *error = tag_parse(arena, ID, raw, &tag);

	HOLDS(same_error(error, tag_parse(arena, ID, raw, &again)));
	if (error) {
		HOLDS(error->row == &error_rows()[ERR_MALFORMED] && is_told(error));
		HOLDS(!tag.id && !tag.message);
	} else {
		const struct bytes payload = tag.seal.payload, signature = tag.seal.signature;
		size_t length = strlen(tag.message);

		HOLDS(same(&tag, &again));
		HOLDS(commit_id_is_valid(tag.object) && *tag.name && *tag.type);
		HOLDS(!text_has_control(tag.name) && !text_has_control(tag.type));
		HOLDS(is_clean_ident(&tag.tagger));
		HOLDS(payload.size + signature.size == raw.size);
		HOLDS(memcmp(raw.data, payload.data, payload.size) == 0);
		HOLDS(!signature.size ||
		      memcmp(raw.data + payload.size, signature.data, signature.size) == 0);
		HOLDS((tag.seal.format == SIGNATURE_NONE) == (signature.size == 0));
		HOLDS(length <= payload.size &&
		      memcmp(payload.data + payload.size - length, tag.message, length) == 0);
	}
	arena_free(arena);
	return 0;
}
