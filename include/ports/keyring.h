/*
 * Who may vouch. A keyring judges one signature by the cryptographic check alone and names the person; it never
 * talks about roles or policy. Keys lie on the agent's own host, never in the watched repository.
 * Judging the same bytes again gives the same answer as long as keyring_digest is the same.
 */
#pragma once

#include "model/commit.h"
#include "model/verdict.h"

struct keyring;

struct keyring_ops {
	const char *name;
	/*
	 * `when`: the time at which the commit was first seen (seconds), against which a key's validity is tested;
	 * revocation is always tested now. An error (ERR_KEYRING, …) means that no verdict could be reached, which
	 * refuses everything; a bad signature is not an error but a verdict.
	 */
	struct error *(*judge)(struct keyring *keyring, const struct commit *commit, int64_t when,
	                       struct arena *arena, struct verdict *ret_verdict);
	/* SHA-256 over keys and revocations as they are now; a changed file asks again. */
	struct error *(*digest)(struct keyring *keyring, struct arena *arena,
	                        const char **ret_digest);
	void (*close)(struct keyring *keyring);
};

struct keyring {
	const struct keyring_ops *ops;
};

static inline FALLIBLE keyring_judge(struct keyring *keyring, const struct commit *commit,
                                     int64_t when, struct arena *arena, struct verdict *ret_verdict)
{
	return keyring->ops->judge(keyring, commit, when, arena, ret_verdict);
}

static inline FALLIBLE keyring_digest(struct keyring *keyring, struct arena *arena,
                                      const char **ret_digest)
{
	return keyring->ops->digest(keyring, arena, ret_digest);
}

static inline void keyring_close(struct keyring *keyring)
{
	if (keyring)
		keyring->ops->close(keyring);
}
