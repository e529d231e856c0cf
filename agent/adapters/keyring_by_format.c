/*
 * Two keyrings as one. A person who has a key in both is one person, as the names are the same; what a reader gets
 * wrong is the digest: it is over both, so that a change of either file asks again about every commit.
 */
#include "adapters/keyring_by_format.h"

#include "base/hash.h"

struct by_format {
	struct keyring keyring;
	struct keyring *ssh, *openpgp;
};

static FALLIBLE judge(struct keyring *keyring, const struct seal *seal, int64_t when,
                      struct arena *arena, struct verdict *ret_verdict);
static FALLIBLE judge_many(struct keyring *keyring, const struct keyring_ask *asks, size_t count,
                           struct arena *arena, struct verdict *ret_verdicts);
static FALLIBLE judge_those(struct keyring *keyring, bool openpgp, const struct keyring_ask *asks,
                            size_t count, struct arena *arena, struct verdict *verdicts);
static FALLIBLE digest(struct keyring *keyring, struct arena *arena, const char **ret_digest);
static FALLIBLE list_keys(struct keyring *keyring, struct arena *arena,
                          struct keyring_keys *ret_keys);
static void close_keyring(struct keyring *keyring);

static const struct keyring_ops by_format_ops = {.name = "by format",
                                                 .judge = judge,
                                                 .judge_many = judge_many,
                                                 .digest = digest,
                                                 .keys = list_keys,
                                                 .close = close_keyring};

struct keyring *keyring_by_format(struct arena *arena, struct keyring *ssh, struct keyring *openpgp)
{
	struct by_format *both = ARENA_NEW(arena, struct by_format);

	*both = (struct by_format){{&by_format_ops}, ssh, openpgp};
	return &both->keyring;
}

static FALLIBLE judge(struct keyring *keyring, const struct seal *seal, int64_t when,
                      struct arena *arena, struct verdict *ret_verdict)
{
	struct by_format *both = (struct by_format *)keyring;

	return keyring_judge(seal->format == SIGNATURE_OPENPGP ? both->openpgp : both->ssh, seal,
	                     when, arena, ret_verdict);
}

static FALLIBLE judge_many(struct keyring *keyring, const struct keyring_ask *asks, size_t count,
                           struct arena *arena, struct verdict *ret_verdicts)
{
	struct by_format *both = (struct by_format *)keyring;
	struct verdict *verdicts = ARENA_ARRAY(arena, struct verdict, count);

	TRY(judge_those(both->ssh, false, asks, count, arena, verdicts));
	TRY(judge_those(both->openpgp, true, asks, count, arena, verdicts));
	for (size_t i = 0; i < count; i++)
		ret_verdicts[i] = verdicts[i];
	return NULL;
}

static FALLIBLE judge_those(struct keyring *keyring, bool openpgp, const struct keyring_ask *asks,
                            size_t count, struct arena *arena, struct verdict *verdicts)
{
	struct keyring_ask *own = ARENA_ARRAY(arena, struct keyring_ask, count);
	struct verdict *found = ARENA_ARRAY(arena, struct verdict, count);
	size_t *places = ARENA_ARRAY(arena, size_t, count), own_count = 0;

	for (size_t i = 0; i < count; i++)
		if ((asks[i].seal->format == SIGNATURE_OPENPGP) == openpgp) {
			places[own_count] = i;
			own[own_count++] = asks[i];
		}
	if (!own_count)
		return NULL;
	TRY(keyring_judge_many(keyring, own, own_count, arena, found));
	for (size_t i = 0; i < own_count; i++)
		verdicts[places[i]] = found[i];
	return NULL;
}

static FALLIBLE digest(struct keyring *keyring, struct arena *arena, const char **ret_digest)
{
	struct by_format *both = (struct by_format *)keyring;
	const char *ssh = NULL, *openpgp = NULL, *together;

	TRY(keyring_digest(both->ssh, arena, &ssh));
	TRY(keyring_digest(both->openpgp, arena, &openpgp));
	together = arena_printf(arena, "ssh %s\nopenpgp %s\n", ssh, openpgp);
	*ret_digest = sha256_text(arena, together, strlen(together));
	return NULL;
}

static FALLIBLE list_keys(struct keyring *keyring, struct arena *arena,
                          struct keyring_keys *ret_keys)
{
	struct by_format *both = (struct by_format *)keyring;
	struct keyring_keys keys = {0}, more = {0};

	TRY(keyring_list(both->ssh, arena, &keys));
	TRY(keyring_list(both->openpgp, arena, &more));
	for (size_t i = 0; i < more.count; i++)
		*LIST_ADD(arena, &keys) = more.items[i];
	*ret_keys = keys;
	return NULL;
}

static void close_keyring(struct keyring *keyring)
{
	struct by_format *both = (struct by_format *)keyring;

	keyring_close(both->ssh);
	keyring_close(both->openpgp);
}
