/*
 * What gpg makes of the folder of OpenPGP keys: a private home that holds its keys and nothing else, and whose key each
 * is. What a reader gets wrong: a key that is in two files, or a subkey under two primary keys, refuses all of them.
 */
#include "adapters/pgp_ring.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

#define HOME_PREFIX "openpgp-"
#define HOME_OLD_SECONDS 3600
#define HOME_LOCK "in-use"
#define SCRATCH_ENTRIES_MAXIMUM 10000
#define HOME_DEPTH_MAXIMUM 3

struct making {
	struct arena *arena; /* of what the ring keeps */
	const char *program, *scratch;
};

struct owner { /* of a primary key */
	const char *fingerprint;
	const struct pgp_file *file;
};

struct owners {
	struct owner *items;
	size_t count, room;
};

static FALLIBLE fill(struct making *making, const struct pgp_files *files, struct arena *arena,
                     struct pgp_ring *ring);
static FALLIBLE make_home(struct making *making, struct arena *arena, struct pgp_home *ret_home);
static FALLIBLE import_file(struct gpg *gpg, const struct pgp_file *file, struct arena *arena,
                            struct owners *owners);
static FALLIBLE check_named(const struct pgp_file *file, const struct text_list *found,
                            struct arena *arena);
static const struct owner *find_owner(const struct owners *owners, const char *fingerprint);
static FALLIBLE give_to_owners(struct making *making, const struct owners *owners,
                               const struct gpg_keys *keys, struct arena *arena,
                               struct pgp_ring *ring);
static void remove_folder(struct arena *arena, const char *path, int depth);
static void add_to_list(const struct pgp_key *key, struct arena *arena, struct keyring_keys *keys);

FALLIBLE pgp_ring_make(struct arena *keep, const char *program, const char *scratch,
                       const struct pgp_files *files, struct arena *arena,
                       struct pgp_ring *ret_ring)
{
	AUTO_PGP_RING ring = PGP_RING_NONE;
	struct making making = {keep, program, scratch};

	TRY(fill(&making, files, arena, &ring));
	*ret_ring = ring;
	ring = PGP_RING_NONE;
	return NULL;
}

static FALLIBLE fill(struct making *making, const struct pgp_files *files, struct arena *arena,
                     struct pgp_ring *ring)
{
	struct owners owners = {0};
	struct gpg_keys keys = {0};

	TRY(make_home(making, arena, &ring->home));
	TRY(gpg_open(making->arena, making->program, ring->home.path, &ring->gpg));
	for (size_t i = 0; i < files->count; i++)
		TRY(import_file(ring->gpg, &files->items[i], arena, &owners));
	TRY(gpg_list(ring->gpg, making->arena, &keys));
	return give_to_owners(making, &owners, &keys, arena, ring);
}

static FALLIBLE make_home(struct making *making, struct arena *arena, struct pgp_home *ret_home)
{
	char *path = arena_printf(making->arena, "%s/" HOME_PREFIX "XXXXXX", making->scratch);
	const char *holder;

	if (!mkdtemp(path))
		return FAIL(
			arena, FILE,
			.what = arena_printf(arena, "cannot make a folder for gpg in '%s'",
		                             making->scratch),
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
		                     file->principal ? file->principal : "KEY"));
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
	if (!file->named.count && found->count > 1 && file->principal)
		return pgp_file_refused(
			arena, file->path,
			arena_printf(arena, "it holds %zu primary keys and states none",
		                     found->count),
			arena_printf(arena,
		                     "Leave one, or state each that counts, above the keys: "
		                     "fingerprint: %s",
		                     text_join(arena, found, " and fingerprint: ")));
	for (size_t i = 0; file->named.count && i < found->count; i++)
		if (!text_list_has(&file->named, found->items[i]))
			return pgp_file_refused(
				arena, file->path,
				arena_printf(arena, "it holds the key %s, which it does not state",
			                     found->items[i]),
				"Take the key out, or state it: fingerprint: and its 40 digits.");
	for (size_t i = 0; i < file->named.count; i++)
		if (!text_list_has(found, file->named.items[i]))
			return pgp_file_refused(
				arena, file->path,
				arena_printf(
					arena,
					"it states %s, and holds no primary key of that fingerprint",
					file->named.items[i]),
				"Correct the line, or add the key: gpg --armor --export KEY");
	return NULL;
}

static const struct owner *find_owner(const struct owners *owners, const char *fingerprint)
{
	for (size_t i = 0; i < owners->count; i++)
		if (text_equal(owners->items[i].fingerprint, fingerprint))
			return &owners->items[i];
	return NULL;
}

/* A subkey under two primary keys would be two persons', too. */
static FALLIBLE give_to_owners(struct making *making, const struct owners *owners,
                               const struct gpg_keys *keys, struct arena *arena,
                               struct pgp_ring *ring)
{
	for (size_t i = 0; i < keys->count; i++) {
		const struct gpg_key *key = &keys->items[i];
		const struct owner *owner = find_owner(owners, key->primary);

		if (!owner)
			return pgp_file_refused(
				arena, making->scratch,
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
		if (!owner->file->principal && !key->email)
			return pgp_file_refused(
				arena, owner->file->path,
				arena_printf(arena, "the key %s names nobody's e-mail address",
			                     key->primary),
				"Give it a file of its own: gpg --armor --export KEY > ada@example.org.asc");
		*LIST_ADD(making->arena, &ring->keys) = (struct pgp_key){
			arena_text(making->arena,
		                   owner->file->principal ? owner->file->principal : key->email),
			arena_text(making->arena, owner->file->path), *key};
	}
	return NULL;
}

void pgp_ring_cleanup(struct pgp_ring *ring)
{
	gpg_close(ring->gpg);
	if (ring->home.path) {
		AUTO_ARENA arena = arena_new();

		remove_folder(arena, ring->home.path, 0);
	}
	fd_cleanup(&ring->home.lock);
	*ring = (struct pgp_ring){.home.lock = -1};
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

/* What a killed process left: old, and in nobody's use. */
void pgp_ring_sweep(const char *scratch, struct arena *arena)
{
	struct file_entries entries = {0};
	struct error *error = folder_list(arena, scratch, SCRATCH_ENTRIES_MAXIMUM, &entries);

	for (size_t i = 0; !error && i < entries.count; i++) {
		const char *path = path_join(arena, scratch, entries.items[i].name);
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

struct keyring_keys pgp_ring_list(const struct pgp_ring *ring, struct arena *arena)
{
	struct keyring_keys keys = {0};

	for (size_t i = 0; i < ring->keys.count; i++)
		add_to_list(&ring->keys.items[i], arena, &keys);
	return keys;
}

static void add_to_list(const struct pgp_key *key, struct arena *arena, struct keyring_keys *keys)
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
			.kind = key->key.kind ? arena_text(arena, key->key.kind) : NULL,
			.file = arena_text(arena, key->file),
		};
	} else if (row && counts && !row->revoked && key->key.valid_before > row->valid_before) {
		row->valid_before = key->key.valid_before;
	}
}
