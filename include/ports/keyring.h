/*
 * Who may vouch. A keyring judges one signature by the cryptographic check alone and names the person; it never
 * talks about roles or policy. Keys lie on the agent's own host, never in the watched repository.
 * Judging the same bytes again gives the same answer as long as keyring_digest is the same.
 */
#pragma once

#include "model/commit.h"
#include "model/verdict.h"

struct keyring_key { /* as it stands in the keyring now */
	const char *principal;
	const char *fingerprint;
	int64_t valid_after, valid_before; /* seconds, inclusive; INT64_MIN, INT64_MAX: no limit */
	bool revoked;
	const char *kind; /* "ssh-ed25519" */
	const char *file; /* where it stands; NULL: nowhere that a person could look */
	size_t line;      /* in that file; 0: the whole file */
	bool authority;   /* it certifies keys of persons; the principal is the patterns of their names */
};

struct keyring_keys {
	struct keyring_key *items;
	size_t count, room;
};

struct keyring_ask { /* one signature to judge, borrowed */
	const struct seal *seal;
	int64_t when;
};

struct keyring;

struct keyring_ops {
	const char *name;
	/*
	 * `when`: the time at which the commit was first seen (seconds), against which a key's validity is tested;
	 * revocation is always tested now. An error (ERR_KEYRING, …) means that no verdict could be reached, which
	 * refuses everything; a bad signature is not an error but a verdict.
	 */
	struct error *(*judge)(struct keyring *keyring, const struct seal *seal, int64_t when,
	                       struct arena *arena, struct verdict *ret_verdict);
	/*
	 * The same for many at once, which is faster where a program must be started for each: the same verdicts in the
	 * order of the asks, or one error and none. NULL: they are judged one by one.
	 */
	struct error *(*judge_many)(struct keyring *keyring, const struct keyring_ask *asks,
	                            size_t count, struct arena *arena,
	                            struct verdict *ret_verdicts);
	/* SHA-256 over keys and revocations as they are now; a changed file asks again. */
	struct error *(*digest)(struct keyring *keyring, struct arena *arena,
	                        const char **ret_digest);
	/* All keys, in the keyring's own order. Errors as judge. */
	struct error *(*keys)(struct keyring *keyring, struct arena *arena,
	                      struct keyring_keys *ret_keys);
	void (*close)(struct keyring *keyring);
};

struct keyring {
	const struct keyring_ops *ops;
};

static inline FALLIBLE keyring_judge(struct keyring *keyring, const struct seal *seal, int64_t when,
                                     struct arena *arena, struct verdict *ret_verdict)
{
	return keyring->ops->judge(keyring, seal, when, arena, ret_verdict);
}

static inline FALLIBLE keyring_judge_many(struct keyring *keyring, const struct keyring_ask *asks,
                                          size_t count, struct arena *arena,
                                          struct verdict *ret_verdicts)
{
	struct verdict *verdicts;

	if (keyring->ops->judge_many)
		return keyring->ops->judge_many(keyring, asks, count, arena, ret_verdicts);
	verdicts = ARENA_ARRAY(arena, struct verdict, count);
	for (size_t i = 0; i < count; i++)
		TRY(keyring_judge(keyring, asks[i].seal, asks[i].when, arena, &verdicts[i]));
	for (size_t i = 0; i < count; i++)
		ret_verdicts[i] = verdicts[i];
	return NULL;
}

static inline FALLIBLE keyring_digest(struct keyring *keyring, struct arena *arena,
                                      const char **ret_digest)
{
	return keyring->ops->digest(keyring, arena, ret_digest);
}

static inline FALLIBLE keyring_list(struct keyring *keyring, struct arena *arena,
                                    struct keyring_keys *ret_keys)
{
	return keyring->ops->keys(keyring, arena, ret_keys);
}

static inline void keyring_close(struct keyring *keyring)
{
	if (keyring)
		keyring->ops->close(keyring);
}
