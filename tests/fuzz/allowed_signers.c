/*
 * The two files of an SSH keyring. The strict reading and the one for people must agree: a file that counts has no problem,
 * and one that does not has at least one. Whoever was given an end has it when the file is read again.
 */
#include "fuzz/fuzz.h"

#include "adapters/allowed_signers.h"

#define END 1700000000

static void read_signers(struct arena *arena, struct bytes bytes)
{
	struct allowed_signers signers = {0}, checked = {0}, ended = {0};
	struct key_problems problems = {0};
	struct error *error = allowed_signers_parse(arena, "allowed_signers", bytes, &signers);
	struct bytes changed = {0};
	size_t count = 0;

	allowed_signers_check(arena, "allowed_signers", bytes, &checked, &problems);
	if (error) {
		HOLDS(error->row == &error_rows()[ERR_KEYRING] && is_told(error));
		HOLDS(problems.count || !checked.count);
		return;
	}
	HOLDS(signers.count && !problems.count && checked.count == signers.count);
	for (size_t i = 0; i < signers.count; i++) {
		HOLDS(*signers.items[i].principal && signers.items[i].line);
		HOLDS(text_starts(signers.items[i].key.fingerprint, "SHA256:"));
	}
	if (allowed_signers_expire(arena, "allowed_signers", bytes, signers.items[0].principal, END,
	                           &changed, &count))
		return; /* a person whose lines cannot be changed is told so */
	HOLDS(!allowed_signers_parse(arena, "allowed_signers", changed, &ended));
	HOLDS(ended.count == signers.count);
	for (size_t i = 0; i < ended.count; i++)
		if (text_equal(ended.items[i].principal, signers.items[0].principal))
			HOLDS(ended.items[i].valid_before <= END);
}

static void read_revoked(struct arena *arena, struct bytes bytes)
{
	struct ssh_keys keys = {0}, checked = {0};
	struct key_problems problems = {0};
	struct error *error = revoked_keys_parse(arena, "revoked", bytes, &keys);

	revoked_keys_check(arena, "revoked", bytes, &checked, &problems);
	HOLDS(!error == !problems.count);
	HOLDS(error ? is_told(error) : checked.count == keys.count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	const struct bytes bytes = arena_bytes(arena, data, size); /* as file_read gives them */

	read_signers(arena, bytes);
	if (!revoked_keys_are_krl(bytes))
		read_revoked(arena, bytes);
	arena_free(arena);
	return 0;
}
