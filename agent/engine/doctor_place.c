/*
 * Checks of this machine: the configuration, the agent's own memory, the keys. What a reader gets wrong: a folder that is
 * not there yet is fine as long as the agent can make it; the doctor does not make it.
 */
#include "engine/doctor_parts.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/process.h"
#include "policy/config.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>

#define GIB ((uint64_t)1024 * 1024 * 1024)
#define JOURNAL_WALKED_MAXIMUM (64 * 1024 * 1024) /* bytes; a larger one has its head looked at */
#define EXPIRY_SECONDS (30 * 24 * 3600)

static bool needs_keys(const struct doctor *doctor);
static const char *key_hint(struct doctor *doctor, bool ssh, const char *what,
                            const char *principal);
static bool key_is_valid(const struct keyring_key *key, int64_t now);
static void check_key_file(struct doctor *doctor, const char *path);
static void check_persons(struct doctor *doctor);
static void check_role(struct doctor *doctor, const struct role *role);
static bool has_key(const struct doctor *doctor, const char *person);

void doctor_check_configuration(struct doctor *doctor)
{
	struct error *error = config_load(doctor->arena, doctor->config_path,
	                                  doctor->registry->read_yaml, &doctor->config);

	if (error)
		doctor_error(doctor, error);
	else
		doctor_pass(doctor,
		            arena_printf(doctor->arena, "%s, with %s", doctor->config.path,
		                         text_plural(doctor->arena, doctor->config.target_count,
		                                     "target")));
}

/* What root makes in the agent's folders the agent's own user could not use afterwards. */
void doctor_check_user(struct doctor *doctor)
{
	const char *place = doctor_existing(doctor->arena, doctor->config.state);
	const struct passwd *owner, *we = getpwuid(geteuid());
	struct stat state;

	if (geteuid() != 0) {
		doctor_pass(doctor,
		            arena_printf(doctor->arena, "we are %s, who must be the agent's user",
		                         we ? we->pw_name : "a user without a name"));
		return;
	}
	if (stat(place, &state) != 0 || state.st_uid == 0) {
		doctor_pass(doctor, "we are root, and so must the agent be");
		return;
	}
	owner = getpwuid(state.st_uid);
	doctor_fail(doctor,
	            arena_printf(doctor->arena, "we are root, and '%s' belongs to %s", place,
	                         owner ? owner->pw_name : "another user"),
	            "Ask as the user that the agent runs as.",
	            owner ? arena_printf(doctor->arena, "runuser -u %s -- headgate doctor",
	                                 owner->pw_name)
	                  : NULL);
}

void doctor_check_state(struct doctor *doctor)
{
	doctor_folder(doctor, doctor->config.state, "the agent's memory");
}

void doctor_folder(struct doctor *doctor, const char *path, const char *noun)
{
	struct arena *arena = doctor->arena;
	const char *parent = doctor_existing(arena, path);
	struct error *error;
	struct stat found;

	if (text_equal(parent, path)) {
		error = folder_private(arena, path);
		if (error)
			doctor_error(doctor, error);
		else
			doctor_pass(doctor, arena_printf(arena, "%s is private", path));
		return;
	}
	if (stat(parent, &found) == 0 && S_ISDIR(found.st_mode) &&
	    faccessat(AT_FDCWD, parent, W_OK | X_OK, AT_EACCESS) == 0) {
		doctor_pass(doctor,
		            arena_printf(arena, "%s is made when it is first needed", path));
		return;
	}
	doctor_fail(doctor,
	            arena_printf(arena, "%s cannot be made for %s: '%s' takes nothing from us",
	                         path, noun, parent),
	            "Let root make it for the agent's user.",
	            arena_printf(arena, "install -d -m 700 -o %u '%s'", (unsigned)geteuid(), path));
}

const char *doctor_existing(struct arena *arena, const char *path)
{
	while (!file_exists(path) && strchr(path, '/') && path[1])
		path = path_folder(arena, path);
	return path;
}

void doctor_check_space(struct doctor *doctor)
{
	struct arena *arena = doctor->arena;
	uint64_t bytes = 0;
	struct error *error =
		folder_free_space(arena, doctor_existing(arena, doctor->config.state), &bytes);

	if (error)
		doctor_error(doctor, error);
	else if (bytes < GIB)
		doctor_warn(doctor, arena_printf(arena, "%s are free", text_size(arena, bytes)),
		            "Make room: without space for the journal nothing is applied.",
		            arena_printf(arena, "du -xsh %s", doctor->config.state));
	else
		doctor_pass(doctor, arena_printf(arena, "%s are free", text_size(arena, bytes)));
}

void doctor_check_journal(struct doctor *doctor)
{
	struct arena *arena = doctor->arena;
	const char *path = path_join(arena, doctor->config.state, "journal.db"), *head = NULL;
	struct error *error = doctor->registry->open_journal(
		arena, &doctor->config, /* read_only= */ true, &doctor->journal);
	int64_t records = 0;
	struct stat file;

	if (error) {
		doctor_error(doctor, error);
		return;
	}
	if (stat(path, &file) != 0) {
		doctor_pass(doctor, "there is none yet; the first baseline begins it");
		return;
	}
	if (file.st_size > JOURNAL_WALKED_MAXIMUM) {
		error = journal_chain(doctor->journal, arena, &head);
		if (error)
			doctor_error(doctor, error);
		else
			doctor_pass(
				doctor,
				arena_printf(arena,
			                     "its head can be read; it is too long to be walked "
			                     "here: headgate log verify"));
		return;
	}
	error = journal_check(doctor->journal, arena, &records);
	if (error)
		doctor_error(doctor, error);
	else
		doctor_pass(doctor, arena_printf(arena, "%s, and the chain fits",
		                                 text_plural(arena, (size_t)records, "record")));
}

/* The one must survive the loss of the other. */
void doctor_check_disks(struct doctor *doctor)
{
	struct arena *arena = doctor->arena;
	struct stat state, backups;

	if (!doctor->config.backups ||
	    stat(doctor_existing(arena, doctor->config.state), &state) != 0 ||
	    stat(doctor_existing(arena, doctor->config.backups), &backups) != 0)
		return;
	if (state.st_dev != backups.st_dev)
		doctor_pass(doctor, "journal and backups lie on two file systems");
	else
		doctor_warn(
			doctor, "journal and backups lie on one file system",
			arena_printf(arena,
		                     "Let 'backups' name a folder on another disk, or copy both "
		                     "elsewhere: %s and %s are lost together.",
		                     doctor->config.state, doctor->config.backups),
			NULL);
}

void doctor_check_ssh_keygen(struct doctor *doctor)
{
	const char *path = program_find(doctor->arena, "ssh-keygen");

	if (path)
		doctor_pass(doctor, arena_printf(doctor->arena, "%s checks signatures", path));
	else if (!(doctor->facts & FACT_CONFIG) || needs_keys(doctor))
		doctor_fail(doctor, "ssh-keygen is not installed, and it checks the signatures",
		            "Install it.", "apt-get install openssh-client");
}

/* Of SSH keys: a site with OpenPGP keys alone needs none of it. */
static bool needs_keys(const struct doctor *doctor)
{
	if (doctor->config.keys.openpgp && !doctor->config.keys.allowed_signers)
		return false;
	for (size_t i = 0; i < doctor->config.target_count; i++)
		if (doctor->config.targets[i].policy->trust != TRUST_BRANCH)
			return true;
	return false;
}

void doctor_check_gpg(struct doctor *doctor)
{
	const char *path = program_find(doctor->arena, "gpg");

	if (!doctor->config.keys.openpgp)
		return;
	if (path)
		doctor_pass(doctor,
		            arena_printf(doctor->arena, "%s checks OpenPGP signatures", path));
	else
		doctor_fail(doctor, "gpg is not installed, and it checks OpenPGP signatures",
		            "Install it.", "apt-get install gnupg");
}

void doctor_check_keyring(struct doctor *doctor)
{
	struct arena *arena = doctor->arena;
	const int64_t now = clock_wall();
	size_t people = 0, valid = 0, revoked = 0, authorities = 0;
	struct text_list named = {0};
	struct error *error;

	if (!doctor->config.keys.allowed_signers && !doctor->config.keys.openpgp) {
		doctor_pass(doctor, "no policy asks for signatures, and no keyring is configured");
		return;
	}
	error = doctor->registry->open_keyring(arena, &doctor->config, &doctor->keyring);
	if (!error)
		error = keyring_list(doctor->keyring, arena, &doctor->keys);
	if (error) {
		doctor_error(doctor, error);
		return;
	}
	for (size_t i = 0; i < doctor->keys.count; i++) {
		const struct keyring_key *key = &doctor->keys.items[i];
		bool known = false;

		revoked += key->revoked;
		if (!key_is_valid(key, now))
			continue;
		if (key->authority) {
			authorities++;
			continue;
		}
		valid++;
		for (size_t k = 0; k < named.count; k++)
			known = known || text_equal(named.items[k], key->principal);
		if (!known)
			*LIST_ADD(arena, &named) = key->principal;
	}
	people = named.count;
	if (!people && authorities)
		doctor_pass(doctor, arena_printf(arena, "who has a certificate by %s may sign",
		                                 authorities == 1 ? "the authority of the keyring"
		                                                  : "an authority of the keyring"));
	else if (!people)
		doctor_fail(doctor,
		            arena_printf(arena, "no key of the %s is valid now",
		                         text_plural(arena, doctor->keys.count, "key")),
		            key_hint(doctor, /* ssh= */ doctor->config.keys.allowed_signers != NULL,
		                     "a person who may sign", "PRINCIPAL"),
		            NULL);
	else
		doctor_pass(
			doctor,
			arena_printf(arena, "%s may sign, with %s%s%s",
		                     people == 1 ? "1 person"
		                                 : arena_printf(arena, "%zu people", people),
		                     text_plural(arena, valid, "key"),
		                     authorities ? ", and who has a certificate" : "",
		                     revoked ? arena_printf(arena, "; %zu revoked", revoked) : ""));
}

static const char *key_hint(struct doctor *doctor, bool ssh, const char *what,
                            const char *principal)
{
	if (ssh)
		return arena_printf(doctor->arena,
		                    "Add a line with %s to %s; the form is that of ssh-keygen(1).",
		                    what, doctor->config.keys.allowed_signers);
	return arena_printf(doctor->arena, "Write %s to %s/%s.asc: gpg --armor --export KEY", what,
	                    doctor->config.keys.openpgp, principal);
}

static bool key_is_valid(const struct keyring_key *key, int64_t now)
{
	return !key->revoked && now >= key->valid_after && now <= key->valid_before;
}

void doctor_check_expiry(struct doctor *doctor)
{
	struct arena *arena = doctor->arena;
	const int64_t now = clock_wall();
	size_t told = 0, limited = 0;

	for (size_t i = 0; i < doctor->keys.count; i++) {
		const struct keyring_key *key = &doctor->keys.items[i];

		limited += key->valid_before != INT64_MAX;
		if (!key_is_valid(key, now) || key->valid_before == INT64_MAX ||
		    key->valid_before - now > EXPIRY_SECONDS)
			continue;
		told++;
		doctor_warn(doctor,
		            arena_printf(arena, "the key %s of %s is valid until %s",
		                         key->fingerprint, key->principal,
		                         clock_human(arena, key->valid_before * 1000000)),
		            key_hint(doctor, text_starts(key->fingerprint, "SHA256:"),
		                     "the next key, or the same with a later end,", key->principal),
		            NULL);
	}
	if (!told && doctor->keys.count)
		doctor_pass(doctor, limited ? "no key ends within 30 days" : "no key has an end");
}

void doctor_check_key_files(struct doctor *doctor)
{
	check_key_file(doctor, doctor->config.keys.allowed_signers);
	check_key_file(doctor, doctor->config.keys.revoked);
	check_key_file(doctor, doctor->config.keys.openpgp);
}

/* The file's own rights are the keyring's business; whoever may write its folder may put another in its place. */
static void check_key_file(struct doctor *doctor, const char *path)
{
	struct arena *arena = doctor->arena;
	const char *folder = path ? path_folder(arena, path) : NULL;
	struct stat found;

	if (!path || stat(folder, &found) != 0)
		return;
	if ((found.st_mode & 022) && !(found.st_mode & S_ISVTX))
		doctor_warn(
			doctor,
			arena_printf(arena, "others may put another file in the place of %s", path),
			"Close its folder.", arena_printf(arena, "chmod go-w '%s'", folder));
	else if (found.st_uid != 0 && found.st_uid != geteuid())
		doctor_warn(doctor,
		            arena_printf(arena, "the folder of %s belongs to another user", path),
		            "Whoever owns it may put another file in its place; give it to root.",
		            arena_printf(arena, "chown root '%s'", folder));
	else
		doctor_pass(doctor,
		            arena_printf(arena, "%s lies in a folder that nobody else may write",
		                         path));
}

void doctor_check_policy(struct doctor *doctor)
{
	const struct target *target = doctor->target;
	const struct policy *policy = target->policy;

	doctor_pass(doctor,
	            arena_printf(doctor->arena, "%s: trust %s, backup %s%s", policy->path,
	                         trust_name((enum trust)policy->trust),
	                         policy->backup == BACKUP_NONE ? "none" : "required",
	                         target->mode == MODE_OBSERVE
	                                 ? "; mode observe: nothing is written to the database"
	                                 : ""));
	if (doctor->facts & FACT_KEYRING)
		check_persons(doctor);
}

/* Who is named must be somebody, and they must be enough. An authority may make a certificate for anybody. */
static void check_persons(struct doctor *doctor)
{
	const struct policy *policy = doctor->target->policy;
	const int64_t now = clock_wall();
	struct text_list valid = {0};

	for (size_t i = 0; i < doctor->keys.count; i++) {
		const struct keyring_key *key = &doctor->keys.items[i];
		bool known = false;

		if (key->authority)
			return;
		for (size_t k = 0; k < valid.count; k++)
			known = known || text_equal(valid.items[k], key->principal);
		if (!known && key_is_valid(key, now))
			*LIST_ADD(doctor->arena, &valid) = key->principal;
	}
	for (size_t i = 0; i < policy->roles.count; i++)
		check_role(doctor, &policy->roles.items[i]);
	if (policy->threshold > valid.count && policy->threshold > 1)
		doctor_warn(
			doctor,
			arena_printf(doctor->arena,
		                     "the policy wants %s for each change, and the keyring has %s "
		                     "with a valid key",
		                     text_plural(doctor->arena, policy->threshold, "person"),
		                     valid.count ? text_join(doctor->arena, &valid, ", ")
		                                 : "nobody"),
			"Until there are more, nothing passes. Add keys, or lower 'threshold'.",
			"headgate keys list");
}

static void check_role(struct doctor *doctor, const struct role *role)
{
	struct text_list missing = {0};

	for (size_t i = 0; i < role->persons.count; i++)
		if (!has_key(doctor, role->persons.items[i]))
			*LIST_ADD(doctor->arena, &missing) = role->persons.items[i];
	if (missing.count)
		doctor_warn(doctor,
		            arena_printf(doctor->arena,
		                         "role %s names %s, of whom no key is in the keyring",
		                         role->name, text_join(doctor->arena, &missing, ", ")),
		            "Write the names as the key files have them, or add the keys.",
		            "headgate keys list");
}

static bool has_key(const struct doctor *doctor, const char *person)
{
	for (size_t i = 0; i < doctor->keys.count; i++)
		if (text_equal(doctor->keys.items[i].principal, person))
			return true;
	return false;
}
