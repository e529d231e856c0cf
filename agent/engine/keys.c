/*
 * What becomes of each key when a person changes the keyring's files. What a reader gets wrong: a key that is refused is
 * left out and told, but a key of another person refuses the whole change, since then something is not as people think.
 */
#include "engine/keys.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"

#define FILE_MODE 0644   /* of a file that is made here; public keys are no secret */
#define FOLDER_MODE 0755 /* of a folder */

static FALLIBLE load_signers(const struct engine *engine, struct arena *arena,
                             struct keys_report *ret_signers, struct bytes *ret_bytes);
static FALLIBLE load_revoked(const struct engine *engine, struct arena *arena,
                             struct keys_report *ret_revoked, struct bytes *ret_bytes);
static FALLIBLE load(const struct engine *engine, const char *path, struct arena *arena,
                     struct bytes *ret_bytes);
static FALLIBLE decide_offered(const struct keys_offer *offer, const struct key_entry *key,
                               const struct keys_report *signers, const struct keys_report *revoked,
                               struct arena *arena, struct keys_change *change);
static const struct key_entry *find_key(const struct key_entries *entries, const char *fingerprint);
static bool is_decided(const struct keys_change *change, const char *fingerprint);
static void compose(struct keys_change *change, struct bytes old, struct arena *arena);
static FALLIBLE check_composed(const struct engine *engine, const struct keys_change *change,
                               struct bytes old, bool is_signers, struct arena *arena);
static FALLIBLE first_problem(const struct keys_report *report);
static FALLIBLE read_time(const struct engine *engine, struct arena *arena, const char *option,
                          const char *text, int64_t *ret_time);
static FALLIBLE nobody(struct arena *arena, const char *whom, const char *path);
static FALLIBLE is_krl(struct arena *arena, const struct keys_report *revoked,
                       const struct key_entry *key);

struct keys_report keys_check_signers(const struct key_files *files, const char *path,
                                      struct arena *arena)
{
	struct keys_report report = {.path = path};
	struct bytes bytes = {0};
	struct error *error = files->read(arena, path, &bytes);

	if (error) {
		*LIST_ADD(arena, &report.problems) = (struct key_problem){.error = error};
		if (file_read(arena, path, PUBLIC_KEYS_BYTES, &bytes))
			return report; /* the first reason is the one to tell */
	}
	files->signers(arena, path, bytes, &report.entries, &report.problems);
	if (!report.entries.count && !report.problems.count)
		*LIST_ADD(arena, &report.problems) = (struct key_problem){
			.error = FAIL(
				arena, KEYRING,
				.what = arena_printf(arena, "cannot use the keyring file '%s'",
		                                     path),
				.why = "it lists nobody",
				.hint = "Take over a key: headgate keys import --ssh FILE --principal NAME --write")};
	return report;
}

struct keys_report keys_check_revoked(const struct key_files *files, const char *path,
                                      struct arena *arena)
{
	struct keys_report report = {.path = path};
	struct bytes bytes = {0};
	struct error *error = files->read(arena, path, &bytes);

	if (error)
		*LIST_ADD(arena, &report.problems) = (struct key_problem){.error = error};
	else
		files->revoked(arena, path, bytes, &report.entries, &report.problems,
		               &report.binary);
	return report;
}

FALLIBLE keys_import(const struct engine *engine, const struct keys_offer *offer,
                     struct arena *arena, struct keys_change *ret_change)
{
	const struct key_files *files = engine->registry->key_files;
	struct keys_report signers = {0}, revoked = {0};
	struct keys_change change = {.path = engine->config->keys.allowed_signers};
	struct key_entries offered;
	struct bytes old = {0}, unused;
	int64_t end = INT64_MAX;

	TRY(load_signers(engine, arena, &signers, &old));
	if (engine->config->keys.revoked)
		TRY(load_revoked(engine, arena, &revoked, &unused));
	if (offer->valid_before)
		TRY(read_time(engine, arena, "valid-before", offer->valid_before, &end));
	if (end < clock_wall())
		return FAIL(arena, USAGE,
		            .what = arena_printf(arena, "'%s' is over", offer->valid_before),
		            .why = "a key that is no longer valid vouches for nothing",
		            .hint = "Give --valid-before a later day, or leave it out.");
	TRY(files->offered(arena, offer->path, offer->source, &offered));
	for (size_t i = 0; i < offered.count; i++) {
		struct key_decision *decision;

		TRY(decide_offered(offer, &offered.items[i], &signers, &revoked, arena, &change));
		decision = &change.decisions.items[i];
		if (decision->fate == KEY_CHANGES)
			TRY(files->signer_line(arena, offer->principal, decision->key.key, end,
			                       &decision->line));
	}
	if (!change.changed && change.decisions.items[0].fate == KEY_REFUSED)
		return FAIL(
			arena, KEY_FILE,
			.what = arena_printf(arena, "no key of '%s' can be taken over",
		                             offer->path),
			.why = change.decisions.items[0].why,
			.hint = "Ask the person for another key: ssh-keygen -t ed25519 makes one.");
	compose(&change, old, arena);
	TRY(check_composed(engine, &change, old, /* is_signers= */ true, arena));
	*ret_change = change;
	return NULL;
}

static FALLIBLE load_signers(const struct engine *engine, struct arena *arena,
                             struct keys_report *ret_signers, struct bytes *ret_bytes)
{
	struct keys_report report = {.path = engine->config->keys.allowed_signers};

	if (!report.path)
		return FAIL(
			arena, CONFIG, .what = "no file of signers is configured",
			.why = "keys.allowed_signers is not set in the configuration",
			.hint = "Write keys: {allowed_signers: FILE}; the format is that of ssh-keygen(1), ALLOWED SIGNERS.");
	TRY(load(engine, report.path, arena, ret_bytes));
	engine->registry->key_files->signers(arena, report.path, *ret_bytes, &report.entries,
	                                     &report.problems);
	TRY(first_problem(&report));
	*ret_signers = report;
	return NULL;
}

static FALLIBLE load_revoked(const struct engine *engine, struct arena *arena,
                             struct keys_report *ret_revoked, struct bytes *ret_bytes)
{
	struct keys_report report = {.path = engine->config->keys.revoked};

	if (!report.path)
		return FAIL(
			arena, CONFIG, .what = "no list of revoked keys is configured",
			.why = "keys.revoked is not set in the configuration",
			.hint = "Make an empty file first (touch keys/revoked), then write keys: {revoked: keys/revoked}.");
	TRY(load(engine, report.path, arena, ret_bytes));
	engine->registry->key_files->revoked(arena, report.path, *ret_bytes, &report.entries,
	                                     &report.problems, &report.binary);
	TRY(first_problem(&report));
	*ret_revoked = report;
	return NULL;
}

/* A file of signers that is not there yet is empty; a list of revoked keys that is gone may have held something. */
static FALLIBLE load(const struct engine *engine, const char *path, struct arena *arena,
                     struct bytes *ret_bytes)
{
	struct bytes bytes = {0};

	if (path == engine->config->keys.revoked || file_exists(path))
		TRY(engine->registry->key_files->read(arena, path, &bytes));
	*ret_bytes = bytes;
	return NULL;
}

static FALLIBLE first_problem(const struct keys_report *report)
{
	return report->problems.count ? report->problems.items[0].error : NULL;
}

static FALLIBLE decide_offered(const struct keys_offer *offer, const struct key_entry *key,
                               const struct keys_report *signers, const struct keys_report *revoked,
                               struct arena *arena, struct keys_change *change)
{
	const struct key_entry *known =
		key->fingerprint ? find_key(&signers->entries, key->fingerprint) : NULL;
	struct key_decision decision = {.key = *key, .fate = KEY_CHANGES};

	if (known && !text_equal(known->principal, offer->principal))
		return FAIL(
			arena, KEY_FILE,
			.what = arena_printf(arena, "cannot give the key %s to '%s'",
		                             key->fingerprint, offer->principal),
			.why = arena_printf(arena, "line %zu of '%s' gives it to '%s'", known->line,
		                            signers->path, known->principal),
			.hint = "A key belongs to one person: ask for one of their own, or use the name "
				"that stands there.");
	if (key->why) {
		decision.fate = KEY_REFUSED;
		decision.why = key->why;
	} else if (find_key(&revoked->entries, key->fingerprint)) {
		decision.fate = KEY_REFUSED;
		decision.why = "it is revoked";
	} else if (known) {
		decision.fate = KEY_STAYS;
		decision.why = arena_printf(arena, "line %zu has it already", known->line);
	} else if (is_decided(change, key->fingerprint)) {
		decision.fate = KEY_STAYS;
		decision.why = "it stands twice in the file";
	}
	change->changed += decision.fate == KEY_CHANGES;
	*LIST_ADD(arena, &change->decisions) = decision;
	return NULL;
}

static const struct key_entry *find_key(const struct key_entries *entries, const char *fingerprint)
{
	for (size_t i = 0; i < entries->count; i++)
		if (text_equal(entries->items[i].fingerprint, fingerprint))
			return &entries->items[i];
	return NULL;
}

static bool is_decided(const struct keys_change *change, const char *fingerprint)
{
	for (size_t i = 0; i < change->decisions.count; i++)
		if (text_equal(change->decisions.items[i].key.fingerprint, fingerprint))
			return true;
	return false;
}

/* The lines to add; a last line without its newline gets one first. */
static void compose(struct keys_change *change, struct bytes old, struct arena *arena)
{
	struct text added = TEXT_IN(arena);

	if (change->changed && old.size && old.data[old.size - 1] != '\n')
		text_add(&added, "\n");
	for (size_t i = 0; i < change->decisions.count; i++)
		if (change->decisions.items[i].fate == KEY_CHANGES)
			text_printf(&added, "%s\n", change->decisions.items[i].line);
	change->added = text_bytes(&added);
}

static FALLIBLE check_composed(const struct engine *engine, const struct keys_change *change,
                               struct bytes old, bool is_signers, struct arena *arena)
{
	struct keys_report report = {0};
	struct text whole = TEXT_IN(arena);

	text_add_bytes(&whole, old.data, old.size);
	text_add_bytes(&whole, change->added.data, change->added.size);
	if (is_signers)
		engine->registry->key_files->signers(arena, change->path, text_bytes(&whole),
		                                     &report.entries, &report.problems);
	else
		engine->registry->key_files->revoked(arena, change->path, text_bytes(&whole),
		                                     &report.entries, &report.problems,
		                                     &report.binary);
	return first_problem(&report);
}

FALLIBLE keys_revoke(const struct engine *engine, const char *whom, const char *reason,
                     struct arena *arena, struct keys_change *ret_change)
{
	struct keys_report signers, revoked;
	struct keys_change change = {.path = engine->config->keys.revoked};
	struct bytes old, unused;

	if (reason && (text_has_control(reason) || strlen(reason) > KEY_REASON_MAXIMUM ||
	               !text_is_utf8(reason, strlen(reason))))
		return FAIL(arena, USAGE, .what = "the reason cannot stand in one line",
		            .hint = arena_printf(arena, "Write at most %d bytes of plain text.",
		                                 KEY_REASON_MAXIMUM));
	TRY(load_signers(engine, arena, &signers, &unused));
	TRY(load_revoked(engine, arena, &revoked, &old));
	for (size_t i = 0; i < signers.entries.count; i++) {
		const struct key_entry *key = &signers.entries.items[i];
		struct key_decision decision = {.key = *key, .fate = KEY_CHANGES};

		if (!text_equal(key->fingerprint, whom) && !text_equal(key->principal, whom))
			continue;
		if (revoked.binary)
			return is_krl(arena, &revoked, key);
		decision.line = arena_printf(arena, "%s %s revoked %.10s%s%s", key->key,
		                             key->principal, clock_iso(arena, clock_wall_us()),
		                             reason ? ": " : "", reason ? reason : "");
		if (find_key(&revoked.entries, key->fingerprint)) {
			decision.fate = KEY_STAYS;
			decision.why = "it is revoked already";
		}
		change.changed += decision.fate == KEY_CHANGES;
		*LIST_ADD(arena, &change.decisions) = decision;
	}
	if (!change.decisions.count)
		return nobody(arena, whom, signers.path);
	compose(&change, old, arena);
	TRY(check_composed(engine, &change, old, /* is_signers= */ false, arena));
	*ret_change = change;
	return NULL;
}

static FALLIBLE nobody(struct arena *arena, const char *whom, const char *path)
{
	return FAIL(arena, USAGE,
	            .what = arena_printf(arena, "nobody's key is '%s'", text_clip(arena, whom, 80)),
	            .why = arena_printf(arena, "neither a person nor a fingerprint of '%s' is so",
	                                path),
	            .hint = "Type headgate keys list for both.");
}

static FALLIBLE is_krl(struct arena *arena, const struct keys_report *revoked,
                       const struct key_entry *key)
{
	return FAIL(
		arena, KEYRING,
		.what = arena_printf(arena, "cannot add to the keyring file '%s'", revoked->path),
		.why = "it is a KRL, which only ssh-keygen writes",
		.hint = arena_printf(arena, "Type: echo '%s' | ssh-keygen -k -u -f '%s' -",
	                             key->key, revoked->path));
}

FALLIBLE keys_expire(const struct engine *engine, const char *principal, const char *on,
                     struct arena *arena, struct keys_change *ret_change)
{
	struct keys_report signers;
	struct keys_change change = {.path = engine->config->keys.allowed_signers};
	struct bytes old, whole = {0};
	int64_t end;
	size_t changed = 0;

	TRY(load_signers(engine, arena, &signers, &old));
	TRY(read_time(engine, arena, "on", on, &end));
	for (size_t i = 0; i < signers.entries.count; i++) {
		const struct key_entry *key = &signers.entries.items[i];
		struct key_decision decision = {.key = *key, .fate = KEY_CHANGES};

		if (!text_equal(key->principal, principal))
			continue;
		if (key->valid_before <= end) {
			decision.fate = KEY_STAYS;
			decision.why =
				arena_printf(arena, "it ends already at %s",
			                     clock_human(arena, key->valid_before * 1000000));
		}
		decision.key.valid_before = end;
		change.changed += decision.fate == KEY_CHANGES;
		*LIST_ADD(arena, &change.decisions) = decision;
	}
	if (!change.decisions.count)
		return nobody(arena, principal, signers.path);
	TRY(engine->registry->key_files->expire(arena, change.path, old, principal, end, &whole,
	                                        &changed));
	if (changed != change.changed)
		BUG("%zu keys of %s get an end, and %zu lines changed", change.changed, principal,
		    changed);
	change.whole = whole;
	*ret_change = change;
	return NULL;
}

static FALLIBLE read_time(const struct engine *engine, struct arena *arena, const char *option,
                          const char *text, int64_t *ret_time)
{
	if (engine->registry->key_files->time(text, ret_time))
		return NULL;
	return FAIL(arena, USAGE,
	            .what = arena_printf(arena, "option '--%s' cannot be '%s'", option,
	                                 text_clip(arena, text, 40)),
	            .hint = arena_printf(
			    arena, "Write a day, such as --%s 2026-12-31; it begins at 0:00 UTC.",
			    option));
}

FALLIBLE keys_write(const struct keys_change *change, struct arena *arena)
{
	if (!change->changed)
		return NULL;
	if (change->folder && mkdir(change->folder, FOLDER_MODE) != 0)
		return FAIL(
			arena, FILE,
			.what = arena_printf(arena, "cannot make the folder '%s'", change->folder),
			.why = errno_text(arena, errno),
			.hint = "Make it by hand, or correct keys.openpgp in the configuration.");
	return change->whole.size ? file_replace(arena, change->path, change->whole)
	                          : file_append(arena, change->path, change->added, FILE_MODE);
}
