/* The armor of an OpenPGP signature, before gpg sees it: what is good names its issuer by hex digits alone. */
#include "fuzz/fuzz.h"

#include "adapters/pgp_signature.h"

static bool is_hex(const char *text, size_t digits)
{
	return text && strlen(text) == digits && strspn(text, "0123456789ABCDEF") == digits;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	const struct bytes armor = {(const char *)data, size};
	struct pgp_signature signature = {0}, again = {0};
	const char *reason = NULL, *reason_again = NULL;
	enum verdict_kind kind = pgp_signature_parse(arena, armor, &signature, &reason);

	HOLDS(pgp_signature_parse(arena, armor, &again, &reason_again) == kind);
	HOLDS(text_equal(reason, reason_again) && text_equal(signature.issuer, again.issuer) &&
	      text_equal(signature.issuer_id, again.issuer_id));
	if (kind == VERDICT_GOOD) {
		HOLDS(signature.issuer || signature.issuer_id);
		HOLDS(!signature.issuer || is_hex(signature.issuer, 40));
		HOLDS(!signature.issuer_id || is_hex(signature.issuer_id, 16));
	} else {
		HOLDS(kind == VERDICT_MALFORMED || kind == VERDICT_UNSUPPORTED ||
		      kind == VERDICT_BAD);
		HOLDS(reason && *reason && !text_has_control(reason));
	}
	arena_free(arena);
	return 0;
}
