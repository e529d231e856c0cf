/* Owns secrets in memory: whoever wants the text must call secret_reveal, and can be found by that name. */
#include "base/secret.h"

struct secret {
	const char *text;
};

struct secret *secret_new(struct arena *arena, struct bytes bytes)
{
	struct secret *secret = ARENA_NEW(arena, struct secret);

	secret->text = arena_copy(arena, bytes.data, bytes.size);
	return secret;
}

const char *secret_reveal(const struct secret *secret)
{
	return secret->text;
}
