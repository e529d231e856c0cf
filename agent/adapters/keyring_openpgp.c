/*
 * The keyring of OpenPGP keys. gpg is only asked whether bytes, signature and key fit; which key counts, for whom and
 * when is decided here, in the order of the SSH keyring: unknown, revoked, too weak, outside of its time, bad. What a
 * reader gets wrong: gpg's own words about time are relative to now, and the time that counts is when the agent first
 * saw the commit.
 */
#include "adapters/keyring_openpgp.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapters/gpg.h"
#include "adapters/pgp_folder.h"
#include "adapters/pgp_signature.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/process.h"

#define HOME_PREFIX "openpgp-"
#define HOME_OLD_SECONDS 3600
#define HOME_LOCK "in-use"
#define SCRATCH_ENTRIES_MAXIMUM 10000
#define HOME_DEPTH_MAXIMUM 3

struct home {
	const char *path; /* NULL: none */
	int lock;         /* held as long as the home is in use; -1: none */
};

struct openpgp_key {
	const char *principal;
	struct gpg_key key;
};

struct openpgp_keys {
	struct openpgp_key *items;
	size_t count, room;
};

struct ring { /* what was made of the folder as it was at one time */
	const char *digest;
	struct home home;
	struct gpg *gpg;
	struct openpgp_keys keys;
};

struct keyring_openpgp {
	struct keyring keyring;
	struct arena *arena;
	const char *folder, *scratch, *program;
	struct ring ring;
};

struct owner { /* of a primary key */
	const char *fingerprint;
	const struct pgp_file *file;
};

struct owners {
	struct owner *items;
	size_t count, room;
};

static FALLIBLE judge(struct keyring *keyring, const struct seal *seal, int64_t when,
                      struct arena *arena, struct verdict *ret_verdict);
static FALLIBLE judge_openpgp(struct keyring_openpgp *openpgp, const struct seal *seal,
                              int64_t when, struct arena *arena, struct verdict *verdict);
static const struct openpgp_key *find_claimed(const struct openpgp_keys *keys,
                                              const struct pgp_signature *signature);
static bool judge_key(const struct openpgp_key *key, int64_t when, struct arena *arena,
                      struct verdict *verdict);
static FALLIBLE verify(struct keyring_openpgp *openpgp, const struct seal *seal,
                       const struct openpgp_key *key, int64_t when, struct arena *arena,
                       struct verdict *verdict);
static void refuse(struct verdict *verdict, enum verdict_kind kind, const char *reason);
static void sweep_homes(struct keyring_openpgp *openpgp, struct arena *arena);
static FALLIBLE load(struct keyring_openpgp *openpgp, struct arena *arena);
static FALLIBLE make_ring(struct keyring_openpgp *openpgp, const struct pgp_files *files,
                          struct arena *arena, struct ring *ring);
static FALLIBLE make_home(struct keyring_openpgp *openpgp, struct arena *arena,
                          struct home *ret_home);
static FALLIBLE import_file(struct gpg *gpg, const struct pgp_file *file, struct arena *arena,
                            struct owners *owners);
static FALLIBLE check_named(const struct pgp_file *file, const struct text_list *found,
                            struct arena *arena);
static bool list_holds(const struct text_list *list, const char *text);
static const struct owner *find_owner(const struct owners *owners, const char *fingerprint);
static FALLIBLE give_to_owners(struct keyring_openpgp *openpgp, const struct owners *owners,
                               const struct gpg_keys *keys, struct arena *arena, struct ring *ring);
static void ring_cleanup(struct ring *ring);
#define AUTO_RING CLEANUP(ring_cleanup) struct ring
static void remove_folder(struct arena *arena, const char *path, int depth);
static FALLIBLE digest(struct keyring *keyring, struct arena *arena, const char **ret_digest);
static FALLIBLE list_keys(struct keyring *keyring, struct arena *arena,
                          struct keyring_keys *ret_keys);
static void add_to_list(const struct openpgp_key *key, struct arena *arena,
                        struct keyring_keys *keys);
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
		.ring = {.home.lock = -1},
	};
	if (!openpgp->program || access(openpgp->program, X_OK) != 0)
		return FAIL(arena, PROGRAM_MISSING, .what = "cannot verify OpenPGP signatures",
		            .why = "gpg is not installed",
		            .hint = "Install it: apt-get install gnupg");
	TRY(folder_private(arena, openpgp->scratch));
	sweep_homes(openpgp, arena);
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
	const struct openpgp_key *key;

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
static const struct openpgp_key *find_claimed(const struct openpgp_keys *keys,
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

static bool judge_key(const struct openpgp_key *key, int64_t when, struct arena *arena,
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
                       const struct openpgp_key *key, int64_t when, struct arena *arena,
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

/* What a killed process left: old, and in nobody's use. */
static void sweep_homes(struct keyring_openpgp *openpgp, struct arena *arena)
{
	struct file_entries entries = {0};
	struct error *error =
		folder_list(arena, openpgp->scratch, SCRATCH_ENTRIES_MAXIMUM, &entries);

	for (size_t i = 0; !error && i < entries.count; i++) {
		const char *path = path_join(arena, openpgp->scratch, entries.items[i].name);
		const char *holder;
		struct stat status;
		int lock = -1;

		if (!text_starts(entries.items[i].name, HOME_PREFIX) ||
		    entries.items[i].kind != ENTRY_IS_FOLDER || lstat(path, &status) != 0 ||
		    status.st_mtime > clock_wall() - HOME_OLD_SECONDS)
			continue;
		if (file_lock(arena, path_join(arena, path, HOME_LOCK), "", &lock, &holder) ||
		    lock < 0)
			continue;
		remove_folder(arena, path, 0);
		(void)close(lock);
	}
}

/* Reads the folder again; makes a new home of it only when something changed. */
static FALLIBLE load(struct keyring_openpgp *openpgp, struct arena *arena)
{
	AUTO_RING ring = {.home.lock = -1};
	struct pgp_files files = {0};
	const char *sum = NULL;
	struct ring old;

	TRY(pgp_folder_read(arena, openpgp->folder, &files, &sum));
	if (text_equal(sum, openpgp->ring.digest))
		return NULL;
	TRY(make_ring(openpgp, &files, arena, &ring));
	ring.digest = arena_text(openpgp->arena, sum);
	old = openpgp->ring;
	openpgp->ring = ring;
	ring = old; /* is cleaned up in its place */
	return NULL;
}

static FALLIBLE make_ring(struct keyring_openpgp *openpgp, const struct pgp_files *files,
                          struct arena *arena, struct ring *ring)
{
	struct owners owners = {0};
	struct gpg_keys keys = {0};

	TRY(make_home(openpgp, arena, &ring->home));
	TRY(gpg_open(openpgp->arena, openpgp->program, ring->home.path, &ring->gpg));
	for (size_t i = 0; i < files->count; i++)
		TRY(import_file(ring->gpg, &files->items[i], arena, &owners));
	TRY(gpg_list(ring->gpg, openpgp->arena, &keys));
	return give_to_owners(openpgp, &owners, &keys, arena, ring);
}

static FALLIBLE make_home(struct keyring_openpgp *openpgp, struct arena *arena,
                          struct home *ret_home)
{
	char *path = arena_printf(openpgp->arena, "%s/" HOME_PREFIX "XXXXXX", openpgp->scratch);
	const char *holder;

	if (!mkdtemp(path))
		return FAIL(
			arena, FILE,
			.what = arena_printf(arena, "cannot make a folder for gpg in '%s'",
		                             openpgp->scratch),
			.why = errno_text(arena, errno),
			.hint = "Is the disk full, or the folder gone? The agent makes it again at the next pass.");
	ret_home->path = path;
	return file_lock(arena, path_join(arena, path, HOME_LOCK), "", &ret_home->lock, &holder);
}

static FALLIBLE import_file(struct gpg *gpg, const struct pgp_file *file, struct arena *arena,
                            struct owners *owners)
{
	struct gpg_import import = {0};

	TRY(gpg_import(gpg, arena, file->armor, &import));
	if (import.secret)
		return pgp_file_refused(arena, file->path, "it holds a private key",
		                        "Take it off this machine, and write the public key here: "
		                        "gpg --armor --export KEY");
	if (import.unnamed || !import.fingerprints.count)
		return pgp_file_refused(
			arena, file->path,
			import.unnamed ? "it holds a key without a user id, which gpg does not take"
				       : "gpg finds no key in it",
			arena_printf(arena, "Let its owner write it anew: gpg --armor --export %s",
		                     file->principal));
	TRY(check_named(file, &import.fingerprints, arena));
	for (size_t i = 0; i < import.fingerprints.count; i++) {
		const char *fingerprint = import.fingerprints.items[i];
		const struct owner *other = find_owner(owners, fingerprint);

		if (other)
			return pgp_file_refused(
				arena, file->path,
				arena_printf(arena, "the key %s stands in '%s', too", fingerprint,
			                     other->file->path),
				"A key belongs to one person; leave it in one file.");
		*LIST_ADD(arena, owners) = (struct owner){fingerprint, file};
	}
	return NULL;
}

static FALLIBLE check_named(const struct pgp_file *file, const struct text_list *found,
                            struct arena *arena)
{
	if (!file->named.count && found->count > 1)
		return pgp_file_refused(
			arena, file->path,
			arena_printf(arena, "it holds %zu primary keys and states none",
		                     found->count),
			arena_printf(arena,
		                     "Leave one, or state each that counts, above the keys: "
		                     "fingerprint: %s",
		                     text_join(arena, found, " and fingerprint: ")));
	for (size_t i = 0; file->named.count && i < found->count; i++)
		if (!list_holds(&file->named, found->items[i]))
			return pgp_file_refused(
				arena, file->path,
				arena_printf(arena, "it holds the key %s, which it does not state",
			                     found->items[i]),
				"Take the key out, or state it: fingerprint: and its 40 digits.");
	for (size_t i = 0; i < file->named.count; i++)
		if (!list_holds(found, file->named.items[i]))
			return pgp_file_refused(
				arena, file->path,
				arena_printf(
					arena,
					"it states %s, and holds no primary key of that fingerprint",
					file->named.items[i]),
				"Correct the line, or add the key: gpg --armor --export KEY");
	return NULL;
}

static bool list_holds(const struct text_list *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++)
		if (text_equal(list->items[i], text))
			return true;
	return false;
}

static const struct owner *find_owner(const struct owners *owners, const char *fingerprint)
{
	for (size_t i = 0; i < owners->count; i++)
		if (text_equal(owners->items[i].fingerprint, fingerprint))
			return &owners->items[i];
	return NULL;
}

/* A subkey under two primary keys would be two persons', too. */
static FALLIBLE give_to_owners(struct keyring_openpgp *openpgp, const struct owners *owners,
                               const struct gpg_keys *keys, struct arena *arena, struct ring *ring)
{
	for (size_t i = 0; i < keys->count; i++) {
		const struct gpg_key *key = &keys->items[i];
		const struct owner *owner = find_owner(owners, key->primary);

		if (!owner)
			return pgp_file_refused(
				arena, openpgp->folder,
				arena_printf(arena, "gpg lists the key %s, which is in no file",
			                     key->primary),
				"Write the files anew: gpg --armor --export KEY");
		for (size_t k = 0; k < ring->keys.count; k++)
			if (text_equal(ring->keys.items[k].key.fingerprint, key->fingerprint))
				return pgp_file_refused(
					arena, owner->file->path,
					arena_printf(arena,
				                     "the subkey %s belongs to two primary keys",
				                     key->fingerprint),
					"Take one of the two keys out.");
		*LIST_ADD(openpgp->arena, &ring->keys) = (struct openpgp_key){
			arena_text(openpgp->arena, owner->file->principal), *key};
	}
	return NULL;
}

static void ring_cleanup(struct ring *ring)
{
	gpg_close(ring->gpg);
	if (ring->home.path) {
		AUTO_ARENA arena = arena_new();

		remove_folder(arena, ring->home.path, 0);
	}
	fd_cleanup(&ring->home.lock);
	*ring = (struct ring){.home.lock = -1};
}

/* What cannot be removed is swept later. */
static void remove_folder(struct arena *arena, const char *path, int depth)
{
	struct file_entries entries = {0};

	if (depth > HOME_DEPTH_MAXIMUM ||
	    folder_list(arena, path, SCRATCH_ENTRIES_MAXIMUM, &entries))
		return;
	for (size_t i = 0; i < entries.count; i++) {
		const char *below = path_join(arena, path, entries.items[i].name);

		if (entries.items[i].kind == ENTRY_IS_FOLDER)
			remove_folder(arena, below, depth + 1);
		else
			(void)unlink(below);
	}
	(void)rmdir(path);
}

static FALLIBLE digest(struct keyring *keyring, struct arena *arena, const char **ret_digest)
{
	struct keyring_openpgp *openpgp = (struct keyring_openpgp *)keyring;

	TRY(load(openpgp, arena));
	*ret_digest = arena_text(arena, openpgp->ring.digest);
	return NULL;
}

/* A row for each primary key: valid as long as one of its keys may sign. */
static FALLIBLE list_keys(struct keyring *keyring, struct arena *arena,
                          struct keyring_keys *ret_keys)
{
	struct keyring_openpgp *openpgp = (struct keyring_openpgp *)keyring;
	struct keyring_keys keys = {0};

	TRY(load(openpgp, arena));
	for (size_t i = 0; i < openpgp->ring.keys.count; i++)
		add_to_list(&openpgp->ring.keys.items[i], arena, &keys);
	*ret_keys = keys;
	return NULL;
}

/* gpg lists a primary key before its subkeys. */
static void add_to_list(const struct openpgp_key *key, struct arena *arena,
                        struct keyring_keys *keys)
{
	const bool counts = key->key.can_sign && !key->key.weakness && !key->key.revoked;
	struct keyring_key *row = keys->count ? &keys->items[keys->count - 1] : NULL;

	if (text_equal(key->key.fingerprint, key->key.primary)) {
		row = LIST_ADD(arena, keys);
		*row = (struct keyring_key){
			.principal = arena_text(arena, key->principal),
			.fingerprint = arena_text(arena, key->key.primary),
			.valid_after = key->key.valid_after,
			.valid_before = counts ? key->key.valid_before : INT64_MIN,
			.revoked = key->key.revoked,
		};
	} else if (row && counts && !row->revoked && key->key.valid_before > row->valid_before) {
		row->valid_before = key->key.valid_before;
	}
}

static void close_keyring(struct keyring *keyring)
{
	struct keyring_openpgp *openpgp = (struct keyring_openpgp *)keyring;

	ring_cleanup(&openpgp->ring);
}
