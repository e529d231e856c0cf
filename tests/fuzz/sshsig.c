/* The armor of an SSH signature: what is good names the key that ssh-keygen is asked about, and nothing else is set. */
#include "fuzz/fuzz.h"

#include "adapters/sshsig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct sshsig none;
	struct arena *arena = arena_new();
	const struct bytes armor = {(const char *)data, size};
	struct sshsig sshsig = none, again = none;
	const char *reason = NULL, *reason_again = NULL;
	enum verdict_kind kind = sshsig_parse(arena, armor, &sshsig, &reason);

	HOLDS(sshsig_parse(arena, armor, &again, &reason_again) == kind);
	HOLDS(text_equal(reason, reason_again));
	if (kind == VERDICT_GOOD) {
		HOLDS(text_equal(sshsig.name_space, "git"));
		HOLDS(text_equal(sshsig.hash, "sha256") || text_equal(sshsig.hash, "sha512"));
		HOLDS(text_starts(sshsig.key.fingerprint, "SHA256:"));
		HOLDS(text_equal(sshsig.key.fingerprint, again.key.fingerprint));
		HOLDS(!sshsig.certificate || ssh_key_equal(&sshsig.key, &sshsig.certificate->key));
	} else {
		HOLDS(kind == VERDICT_MALFORMED || kind == VERDICT_UNSUPPORTED ||
		      kind == VERDICT_BAD);
		HOLDS(reason && *reason && !text_has_control(reason));
		HOLDS(!sshsig.name_space && !sshsig.hash && !sshsig.signature_type &&
		      !sshsig.certificate);
	}
	arena_free(arena);
	return 0;
}
