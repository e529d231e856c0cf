/*
 * Raw commits. What is shown and what was signed must be the same bytes: the payload is the object without the lines of its
 * signature headers, the signature is those lines, and the message is the payload's end.
 */
#include "fuzz/seal.h"

#define ID "1111111111111111111111111111111111111111"

static bool same(const struct commit *a, const struct commit *b)
{
	if (a->parents.count != b->parents.count)
		return false;
	for (size_t i = 0; i < a->parents.count; i++)
		if (!text_equal(a->parents.items[i], b->parents.items[i]))
			return false;
	return text_equal(a->tree, b->tree) && same_ident(&a->author, &b->author) &&
	       same_ident(&a->committer, &b->committer) && text_equal(a->subject, b->subject) &&
	       text_equal(a->message, b->message) && same_seal(&a->seal, &b->seal);
}

/* Line by line, in another way than the parser: the lines of `gpgsig` go one way, all others the other way. */
static void take_apart(struct bytes raw, struct text *payload, struct text *signature)
{
	const char *at = raw.data, *end = raw.data + raw.size;
	bool in_headers = true, in_signature = false, in_other = false;

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t size = newline ? (size_t)(newline - at) + 1 : (size_t)(end - at);

		if (in_headers && *at == '\n')
			in_headers = in_signature = in_other = false;
		if (in_headers && *at != ' ') {
			in_signature = size > 7 && memcmp(at, "gpgsig ", 7) == 0;
			in_other = size > 14 && memcmp(at, "gpgsig-sha256 ", 14) == 0;
		}
		if (in_signature)
			text_add_bytes(signature, at + (*at == ' ' ? 1 : 7),
			               size - (*at == ' ' ? 1 : 7));
		else if (!in_other)
			text_add_bytes(payload, at, size);
		at += size;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	const struct bytes raw = {(const char *)data, size};
	struct commit commit = {0}, again = {0};
	struct error *error = commit_parse(arena, ID, raw, &commit);

	HOLDS(same_error(error, commit_parse(arena, ID, raw, &again)));
	if (error) {
		HOLDS(error->row == &error_rows()[ERR_MALFORMED] && is_told(error));
		HOLDS(!commit.id && !commit.message);
	} else {
		struct text payload = TEXT_IN(arena), signature = TEXT_IN(arena);
		size_t length = strlen(commit.message);

		HOLDS(same(&commit, &again));
		HOLDS(commit_id_is_valid(commit.tree));
		for (size_t i = 0; i < commit.parents.count; i++)
			HOLDS(commit_id_is_valid(commit.parents.items[i]));
		HOLDS(is_clean_ident(&commit.author) && is_clean_ident(&commit.committer));
		take_apart(raw, &payload, &signature);
		HOLDS(same_bytes(commit.seal.payload, text_bytes(&payload)));
		HOLDS(same_bytes(commit.seal.signature, text_bytes(&signature)));
		HOLDS((commit.seal.format == SIGNATURE_NONE) == (signature.size == 0));
		HOLDS(length <= payload.size &&
		      memcmp(payload.data + payload.size - length, commit.message, length) == 0);
		HOLDS(text_starts(commit.message + strspn(commit.message, "\n"), commit.subject));
	}
	arena_free(arena);
	return 0;
}
