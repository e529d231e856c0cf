/* Owns secrets in memory: whoever wants the text must call secret_reveal, and can be found by that name. */
#include "base/secret.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#if defined(__SANITIZE_ADDRESS__)
#define HAS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif
#ifndef HAS_SANITIZER
#define HAS_SANITIZER 0
#endif

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

void secrets_guard(void)
{
	(void)setrlimit(RLIMIT_CORE, &(struct rlimit){0});
	if (!HAS_SANITIZER)
		(void)prctl(PR_SET_DUMPABLE, 0L);
}
