/*
 * OpenPGP keys that a person hands out. What a reader gets wrong: they are not only looked at by themselves; a new home of
 * gpg holds everybody's keys as they would be afterwards, so that nothing is written which the keyring then refuses.
 */
#include "adapters/key_files_openpgp.h"

#include <sys/stat.h>
#include <unistd.h>

#include "adapters/pgp_ring.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/process.h"

#define SUFFIX ".asc"
#define FOLDER_ENTRIES_MAXIMUM (PGP_FILES_MAXIMUM + 1000) /* with those that begin with a dot */

struct reading {
	struct arena *arena;
	const struct openpgp_offer *offer;
	const char *program;
	struct pgp_files files; /* that are there */
};

static FALLIBLE offered(struct arena *arena, const struct openpgp_offer *offer,
                        struct openpgp_import *ret_import);
static FALLIBLE check_names(struct arena *arena, const struct openpgp_offer *offer);
static FALLIBLE read_folder(struct reading *reading, bool *ret_is_there);
static FALLIBLE read_offer(struct reading *reading, struct pgp_file *ret_file);
static FALLIBLE list_of(struct reading *reading, const struct pgp_files *files,
                        struct key_entries *ret_entries);
static const char *weakness_of(struct arena *arena, const struct pgp_ring *ring,
                               const struct keyring_key *key);
static const struct pgp_key *find(const struct pgp_ring *ring, const char *fingerprint);
static struct pgp_files with(struct reading *reading, const struct pgp_file *file);
static const struct pgp_file *find_old(const struct reading *reading);
static struct bytes compose(struct arena *arena, const struct pgp_file *file,
                            const struct key_entries *entries);
static FALLIBLE as_key_file(struct reading *reading, struct error *error);

const struct openpgp_files key_files_openpgp = {.offered = offered};

static FALLIBLE offered(struct arena *arena, const struct openpgp_offer *offer,
                        struct openpgp_import *ret_import)
{
	struct reading reading = {
		.arena = arena, .offer = offer, .program = program_find(arena, "gpg")};
	struct openpgp_import import = {
		.path = arena_printf(arena, "%s/%s" SUFFIX, offer->folder, offer->principal)};
	const struct pgp_file *old;
	struct pgp_file file = {0};
	struct pgp_files all;

	if (!reading.program)
		return FAIL(arena, PROGRAM_MISSING, .what = "cannot read OpenPGP keys",
		            .why = "gpg is not installed",
		            .hint = "Install it: apt-get install gnupg");
	TRY(check_names(arena, offer));
	TRY(folder_private(arena, offer->scratch));
	pgp_ring_sweep(offer->scratch, arena);
	TRY(read_folder(&reading, &import.has_folder));
	TRY(list_of(&reading, &reading.files, &import.old));
	TRY(read_offer(&reading, &file));
	all = with(&reading, &file);
	TRY(as_key_file(&reading, list_of(&reading, &all, &import.entries)));
	old = find_old(&reading);
	import.is_same = old && old->armor.size == file.armor.size &&
	                 memcmp(old->armor.data, file.armor.data, file.armor.size) == 0;
	import.text = compose(arena, &file, &import.entries);
	*ret_import = import;
	return NULL;
}

static FALLIBLE check_names(struct arena *arena, const struct openpgp_offer *offer)
{
	struct stat status;

	if (!pgp_principal_is_name(offer->principal))
		return FAIL(
			arena, USAGE,
			.what = arena_printf(arena, "'%s' is no name for a person",
		                             text_clip(arena, offer->principal, 60)),
			.why = "it is to be the name of a file, and is compared byte by byte",
			.hint = "Write one full name without blanks: --principal ada@example.org");
	if (stat(offer->folder, &status) == 0 && !S_ISDIR(status.st_mode))
		return FAIL(
			arena, CONFIG,
			.what = arena_printf(arena, "cannot add a person to '%s'", offer->folder),
			.why = "it is one file, and not a folder with a file for each person",
			.hint = "Name a folder in the configuration (keys.openpgp).");
	return NULL;
}

/* A folder that is not there, or empty, holds nobody yet. */
static FALLIBLE read_folder(struct reading *reading, bool *ret_is_there)
{
	struct file_entries entries = {0};
	const char *digest;
	bool holds_any = false;

	*ret_is_there = file_exists(reading->offer->folder);
	if (!*ret_is_there)
		return NULL;
	TRY(folder_list(reading->arena, reading->offer->folder, FOLDER_ENTRIES_MAXIMUM, &entries));
	for (size_t i = 0; i < entries.count; i++)
		holds_any = holds_any || entries.items[i].name[0] != '.';
	return holds_any ? pgp_folder_read(reading->arena, reading->offer->folder, &reading->files,
	                                   &digest)
	                 : NULL;
}

static FALLIBLE read_offer(struct reading *reading, struct pgp_file *ret_file)
{
	struct bytes bytes = {0};

	TRY(file_read(reading->arena, reading->offer->path, PGP_FILE_MAXIMUM, &bytes));
	return as_key_file(reading, pgp_file_parse(reading->arena, reading->offer->path,
	                                           reading->offer->principal, bytes, ret_file));
}

/* The primary keys of the offer's person, among those of all files. */
static FALLIBLE list_of(struct reading *reading, const struct pgp_files *files,
                        struct key_entries *ret_entries)
{
	AUTO_PGP_RING ring = PGP_RING_NONE;
	struct arena *arena = reading->arena;
	struct keyring_keys keys;

	if (!files->count)
		return NULL;
	TRY(pgp_ring_make(arena, reading->program, reading->offer->scratch, files, arena, &ring));
	keys = pgp_ring_list(&ring, arena);
	for (size_t i = 0; i < keys.count; i++) {
		const struct keyring_key *key = &keys.items[i];

		if (!text_equal(key->principal, reading->offer->principal))
			continue;
		*LIST_ADD(arena, ret_entries) = (struct key_entry){
			.principal = key->principal,
			.kind = key->kind ? key->kind : "OpenPGP",
			.fingerprint = key->fingerprint,
			.note = find(&ring, key->fingerprint)->key.name,
			.why = weakness_of(arena, &ring, key),
			.valid_after = key->valid_after,
			.valid_before = key->valid_before,
		};
	}
	return NULL;
}

static const char *weakness_of(struct arena *arena, const struct pgp_ring *ring,
                               const struct keyring_key *key)
{
	const char *weakness = find(ring, key->fingerprint)->key.weakness;

	if (key->revoked)
		return "it is revoked";
	if (key->valid_before == INT64_MIN)
		return weakness ? weakness : "it has no key that may sign";
	if (key->valid_before < clock_wall())
		return arena_printf(arena, "it was valid until %s",
		                    clock_human(arena, key->valid_before * 1000000));
	return NULL;
}

static const struct pgp_key *find(const struct pgp_ring *ring, const char *fingerprint)
{
	for (size_t i = 0; i < ring->keys.count; i++)
		if (text_equal(ring->keys.items[i].key.fingerprint, fingerprint))
			return &ring->keys.items[i];
	BUG("gpg lists no key %s", fingerprint);
}

static struct pgp_files with(struct reading *reading, const struct pgp_file *file)
{
	const struct pgp_file *old = find_old(reading);
	struct pgp_files files = {0};

	for (size_t i = 0; i < reading->files.count; i++)
		if (&reading->files.items[i] != old)
			*LIST_ADD(reading->arena, &files) = reading->files.items[i];
	*LIST_ADD(reading->arena, &files) = *file;
	return files;
}

static const struct pgp_file *find_old(const struct reading *reading)
{
	for (size_t i = 0; i < reading->files.count; i++)
		if (text_equal(reading->files.items[i].principal, reading->offer->principal))
			return &reading->files.items[i];
	return NULL;
}

/* The fingerprints are stated, so that a key that gets into the file later is not a person's by itself. */
static struct bytes compose(struct arena *arena, const struct pgp_file *file,
                            const struct key_entries *entries)
{
	struct text text = TEXT_IN(arena);

	for (size_t i = 0; i < entries->count; i++)
		text_printf(&text, "fingerprint: %s\n", entries->items[i].fingerprint);
	text_add(&text, "\n");
	text_add_bytes(&text, file->armor.data, file->armor.size);
	return text_bytes(&text);
}

/* What is wrong is wrong with the file that was handed out: without it all was fine. */
static FALLIBLE as_key_file(struct reading *reading, struct error *error)
{
	struct arena *arena = reading->arena;

	if (!error || error->row != &error_rows()[ERR_KEYRING])
		return error;
	return FAIL(arena, KEY_FILE,
	            .what = arena_printf(arena, "cannot take keys over from '%s'",
	                                 reading->offer->path),
	            .why = error->why, .hint = error->hint);
}
