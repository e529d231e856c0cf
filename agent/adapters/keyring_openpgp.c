/*
 * The keyring of OpenPGP keys. gpg is only asked whether bytes, signature and key fit; which key counts, for whom and
 * when is decided here, in the order of the SSH keyring: unknown, revoked, too weak, outside of its time, bad. What a
 * reader gets wrong: gpg's own words about time are relative to now, and the time that counts is when the agent first
 * saw the commit.
 */
#include "adapters/keyring_openpgp.h"

#include <unistd.h>

#include "adapters/pgp_ring.h"
#include "adapters/pgp_signature.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/process.h"

struct keyring_openpgp {
	struct keyring keyring;
	struct arena *arena;
	const char *folder, *scratch, *program;
	struct pgp_ring ring; /* of the folder as it was at one time */
};

static FALLIBLE judge(struct keyring *keyring, const struct seal *seal, int64_t when,
                      struct arena *arena, struct verdict *ret_verdict);
static FALLIBLE judge_openpgp(struct keyring_openpgp *openpgp, const struct seal *seal,
                              int64_t when, struct arena *arena, struct verdict *verdict);
static const struct pgp_key *find_claimed(const struct pgp_keys *keys,
                                          const struct pgp_signature *signature);
static bool judge_key(const struct pgp_key *key, int64_t when, struct arena *arena,
                      struct verdict *verdict);
static FALLIBLE verify(struct keyring_openpgp *openpgp, const struct seal *seal,
                       const struct pgp_key *key, int64_t when, struct arena *arena,
                       struct verdict *verdict);
static void refuse(struct verdict *verdict, enum verdict_kind kind, const char *reason);
static FALLIBLE load(struct keyring_openpgp *openpgp, struct arena *arena);
static FALLIBLE digest(struct keyring *keyring, struct arena *arena, const char **ret_digest);
static FALLIBLE list_keys(struct keyring *keyring, struct arena *arena,
                          struct keyring_keys *ret_keys);
static void close_keyring(struct keyring *keyring);

static const struct keyring_ops keyring_openpgp_ops = {.name = "openpgp",
                                                       .judge = judge,
                                                       .digest = digest,
                                                       .keys = list_keys,
                                                       .close = close_keyring};

FALLIBLE keyring_openpgp_open(struct arena *arena, const struct keyring_openpgp_options *options,
                              struct keyring **ret_keyring)
{
	struct keyring_openpgp *openpgp = ARENA_NEW(arena, struct keyring_openpgp);

	*openpgp = (struct keyring_openpgp){
		.keyring = {&keyring_openpgp_ops},
		.arena = arena,
		.folder = arena_text(arena, options->folder),
		.scratch = arena_text(arena, options->scratch),
		.program =
			options->gpg ? arena_text(arena, options->gpg) : program_find(arena, "gpg"),
		.ring = PGP_RING_NONE,
	};
	if (!openpgp->program || access(openpgp->program, X_OK) != 0)
		return FAIL(arena, PROGRAM_MISSING, .what = "cannot verify OpenPGP signatures",
		            .why = "gpg is not installed",
		            .hint = "Install it: apt-get install gnupg");
	TRY(folder_private(arena, openpgp->scratch));
	pgp_ring_sweep(openpgp->scratch, arena);
	TRY(load(openpgp, arena));
	*ret_keyring = &openpgp->keyring;
	return NULL;
}

static FALLIBLE judge(struct keyring *keyring, const struct seal *seal, int64_t when,
                      struct arena *arena, struct verdict *ret_verdict)
{
	struct keyring_openpgp *openpgp = (struct keyring_openpgp *)keyring;
	struct verdict verdict = {.kind = VERDICT_UNSIGNED, .format = seal->format};

	TRY(load(openpgp, arena)); /* a revoked key does not wait for the next pass */
	switch (seal->format) {
	case SIGNATURE_NONE:
		verdict.reason = "it carries no signature";
		break;
	case SIGNATURE_OPENPGP:
		TRY(judge_openpgp(openpgp, seal, when, arena, &verdict));
		break;
	case SIGNATURE_SSH:
		refuse(&verdict, VERDICT_UNSUPPORTED,
		       "SSH signatures do not count here; sign with OpenPGP: git config gpg.format "
		       "openpgp");
		break;
	case SIGNATURE_X509:
		refuse(&verdict, VERDICT_UNSUPPORTED,
		       "X.509 signatures are not supported; sign with OpenPGP: git config "
		       "gpg.format openpgp");
		break;
	case SIGNATURE_UNKNOWN:
		refuse(&verdict, VERDICT_UNSUPPORTED,
		       "its signature is of no kind that git writes");
		break;
	}
	*ret_verdict = verdict;
	return NULL;
}

static FALLIBLE judge_openpgp(struct keyring_openpgp *openpgp, const struct seal *seal,
                              int64_t when, struct arena *arena, struct verdict *verdict)
{
	struct pgp_signature signature;
	const struct pgp_key *key;

	verdict->kind = pgp_signature_parse(arena, seal->signature, &signature, &verdict->reason);
	if (verdict->kind != VERDICT_GOOD)
		return NULL;
	verdict->kind = VERDICT_UNTRUSTED;
	key = find_claimed(&openpgp->ring.keys, &signature);
	if (!key) {
		verdict->fingerprint = signature.issuer;
		refuse(verdict, VERDICT_UNTRUSTED,
		       arena_printf(arena, "the key %s is nobody's in the keyring",
		                    signature.issuer ? signature.issuer : signature.issuer_id));
		return NULL;
	}
	verdict->principal = arena_text(arena, key->principal);
	verdict->fingerprint = arena_text(arena, key->key.primary);
	if (!judge_key(key, when, arena, verdict))
		return NULL;
	return verify(openpgp, seal, key, when, arena, verdict);
}

/* What the signature says about its key is not yet believed; verify wants the same key from gpg. */
static const struct pgp_key *find_claimed(const struct pgp_keys *keys,
                                          const struct pgp_signature *signature)
{
	for (size_t i = 0; i < keys->count; i++) {
		const char *fingerprint = keys->items[i].key.fingerprint;

		if (signature->issuer ? text_equal(fingerprint, signature->issuer)
		                      : text_ends(fingerprint, signature->issuer_id))
			return &keys->items[i];
	}
	return NULL;
}

static bool judge_key(const struct pgp_key *key, int64_t when, struct arena *arena,
                      struct verdict *verdict)
{
	if (key->key.revoked)
		refuse(verdict, VERDICT_REVOKED,
		       arena_printf(arena, "the key %s of %s is revoked", key->key.fingerprint,
		                    key->principal));
	else if (key->key.weakness)
		refuse(verdict, VERDICT_UNSUPPORTED, arena_text(arena, key->key.weakness));
	else if (!key->key.can_sign)
		refuse(verdict, VERDICT_BAD,
		       arena_printf(arena, "the key %s of %s is not made for signing",
		                    key->key.fingerprint, key->principal));
	else if (when < key->key.valid_after)
		refuse(verdict, VERDICT_NOT_YET_VALID,
		       arena_printf(arena, "the key of %s is valid from %s on", key->principal,
		                    clock_human(arena, key->key.valid_after * 1000000)));
	else if (when > key->key.valid_before)
		refuse(verdict, VERDICT_EXPIRED,
		       arena_printf(arena, "the key of %s was valid until %s", key->principal,
		                    clock_human(arena, key->key.valid_before * 1000000)));
	else
		return true;
	return false;
}

/* Exactly one signature, good, by exactly the key that was judged. */
static FALLIBLE verify(struct keyring_openpgp *openpgp, const struct seal *seal,
                       const struct pgp_key *key, int64_t when, struct arena *arena,
                       struct verdict *verdict)
{
	struct gpg_signatures signatures = {0};
	const struct gpg_signature *one;

	TRY(gpg_verify(openpgp->ring.gpg, arena, seal->signature, seal->payload, &signatures));
	if (signatures.count != 1) {
		refuse(verdict, VERDICT_MALFORMED,
		       arena_printf(arena, "gpg finds %s in it",
		                    text_plural(arena, signatures.count, "signature")));
		return NULL;
	}
	one = &signatures.items[0];
	switch (one->answer) {
	case GPG_GOOD:
		if (!text_equal(one->fingerprint, key->key.fingerprint))
			refuse(verdict, VERDICT_BAD,
			       "it is by another key than the one that it names");
		else if (when > one->valid_before)
			refuse(verdict, VERDICT_EXPIRED,
			       arena_printf(arena, "the signature was valid until %s",
			                    clock_human(arena, one->valid_before * 1000000)));
		else
			verdict->kind = VERDICT_GOOD;
		break;
	case GPG_REVOKED:
		refuse(verdict, VERDICT_REVOKED,
		       arena_printf(arena, "the key of %s is revoked", key->principal));
		break;
	case GPG_BAD:
	case GPG_OTHER:
		refuse(verdict, VERDICT_BAD, arena_printf(arena, "gpg says: %s", one->word));
		break;
	}
	return NULL;
}

static void refuse(struct verdict *verdict, enum verdict_kind kind, const char *reason)
{
	verdict->kind = kind;
	verdict->reason = reason;
}

/* Reads the folder again; makes a new home of it only when something changed. */
static FALLIBLE load(struct keyring_openpgp *openpgp, struct arena *arena)
{
	AUTO_PGP_RING ring = PGP_RING_NONE;
	struct pgp_files files = {0};
	const char *sum = NULL;
	struct pgp_ring old;

	TRY(pgp_folder_read(arena, openpgp->folder, &files, &sum));
	if (text_equal(sum, openpgp->ring.digest))
		return NULL;
	TRY(pgp_ring_make(openpgp->arena, openpgp->program, openpgp->scratch, &files, arena,
	                  &ring));
	ring.digest = arena_text(openpgp->arena, sum);
	old = openpgp->ring;
	openpgp->ring = ring;
	ring = old; /* is cleaned up in its place */
	return NULL;
}

static FALLIBLE digest(struct keyring *keyring, struct arena *arena, const char **ret_digest)
{
	struct keyring_openpgp *openpgp = (struct keyring_openpgp *)keyring;

	TRY(load(openpgp, arena));
	*ret_digest = arena_text(arena, openpgp->ring.digest);
	return NULL;
}

static FALLIBLE list_keys(struct keyring *keyring, struct arena *arena,
                          struct keyring_keys *ret_keys)
{
	struct keyring_openpgp *openpgp = (struct keyring_openpgp *)keyring;

	TRY(load(openpgp, arena));
	*ret_keys = pgp_ring_list(&openpgp->ring, arena);
	return NULL;
}

static void close_keyring(struct keyring *keyring)
{
	struct keyring_openpgp *openpgp = (struct keyring_openpgp *)keyring;

	pgp_ring_cleanup(&openpgp->ring);
}
