/*
 * OpenPGP keys that a person hands out: one file for each person. What a reader gets wrong: a file is replaced as a whole,
 * so that a key which stands there now must be among the new ones, or the person would lose it unseen.
 */
#include "base/file.h"
#include "engine/keys.h"

static FALLIBLE decide(const struct openpgp_import *import, const struct keys_offer *offer,
                       const struct key_entry *key, struct arena *arena,
                       struct keys_change *change);
static FALLIBLE check_old(const struct openpgp_import *import, const struct keys_offer *offer,
                          struct arena *arena);
static bool holds(const struct key_entries *entries, const char *fingerprint);

FALLIBLE keys_import_openpgp(const struct engine *engine, const struct keys_offer *offer,
                             struct arena *arena, struct keys_change *ret_change)
{
	const struct config *config = engine->config;
	const struct openpgp_offer asked = {
		.path = offer->path,
		.principal = offer->principal,
		.folder = config->keys.openpgp,
		.scratch = path_join(arena, config->state, "scratch"),
	};
	struct openpgp_import import = {0};
	struct keys_change change = {0};

	if (!asked.folder)
		return FAIL(
			arena, CONFIG, .what = "no folder of OpenPGP keys is configured",
			.why = "keys.openpgp is not set in the configuration",
			.hint = "Write keys: {openpgp: keys/openpgp}; it will hold one file for each person.");
	TRY(engine->registry->openpgp_files->offered(arena, &asked, &import));
	change.path = import.path;
	TRY(check_old(&import, offer, arena));
	for (size_t i = 0; i < import.entries.count; i++)
		TRY(decide(&import, offer, &import.entries.items[i], arena, &change));
	change.folder = import.has_folder ? NULL : asked.folder;
	if (file_exists(import.path))
		change.whole = import.text;
	else
		change.added = import.text;
	*ret_change = change;
	return NULL;
}

static FALLIBLE decide(const struct openpgp_import *import, const struct keys_offer *offer,
                       const struct key_entry *key, struct arena *arena, struct keys_change *change)
{
	struct key_decision decision = {.key = *key, .fate = KEY_CHANGES};

	if (key->why)
		return FAIL(
			arena, KEY_FILE,
			.what = arena_printf(arena, "no key of '%s' can be taken over",
		                             offer->path),
			.why = arena_printf(arena, "of the key %s: %s", key->fingerprint, key->why),
			.hint = "Ask the person for a file with a key that may sign, and with no other: "
				"gpg --armor --export KEY");
	if (import->is_same) {
		decision.fate = KEY_STAYS;
		decision.why = arena_printf(arena, "'%s' has it already", import->path);
	}
	change->changed += decision.fate == KEY_CHANGES;
	*LIST_ADD(arena, &change->decisions) = decision;
	return NULL;
}

static FALLIBLE check_old(const struct openpgp_import *import, const struct keys_offer *offer,
                          struct arena *arena)
{
	for (size_t i = 0; i < import->old.count; i++) {
		const char *fingerprint = import->old.items[i].fingerprint;

		if (holds(&import->entries, fingerprint))
			continue;
		return FAIL(
			arena, KEY_FILE,
			.what = arena_printf(arena, "cannot give other keys to '%s'",
		                             offer->principal),
			.why = arena_printf(arena, "'%s' holds the key %s, and '%s' does not",
		                            import->path, fingerprint, offer->path),
			.hint = arena_printf(
				arena,
				"Let the person export all of their keys into one file, with a line 'fingerprint: …' "
				"above for each; or take the old file away: rm '%s'",
				import->path));
	}
	return NULL;
}

static bool holds(const struct key_entries *entries, const char *fingerprint)
{
	for (size_t i = 0; i < entries->count; i++)
		if (text_equal(entries->items[i].fingerprint, fingerprint))
			return true;
	return false;
}
