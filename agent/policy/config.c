/*
 * The configuration's tables and what the tables cannot say: names, sections that others need, files open to others.
 * What a reader gets wrong: an environment variable may never change trust, policy or a target's identity.
 */
#include "policy/config.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/text.h"
#include "policy/config_together.h"
#include "policy/policy.h"

#include <errno.h>
#include <stddef.h>
#include <sys/stat.h>

#define CONFIG_MAXIMUM (1024 * 1024) /* bytes of one file */
#define TARGETS_MAXIMUM 200
#define TARGET_NAME_MAXIMUM 40

static const char *const report_choices[] = {
	[REPORT_TOUCHED] = "touched", [REPORT_ALL] = "all", NULL};
static const char *const superuser_choices[] = {
	[SUPERUSER_REFUSE] = "refuse", [SUPERUSER_ALLOW] = "allow", NULL};
static const char *const mode_choices[] = {
	[MODE_APPLY] = "apply", [MODE_OBSERVE] = "observe", NULL};

/* clang-format off */
static const struct field fields[] = {
	{ .name = "state", .kind = FIELD_PATH, .offset = offsetof(struct config, state), .required = true,
	  .sentence = "Folder of the agent's own memory: journal, mirror of the repository, run logs. Private to the agent's user; keep it on another disk than the backups." },
	{ .name = "interval", .kind = FIELD_DURATION, .offset = offsetof(struct config, interval), .otherwise = "30s", .minimum = 1000, .maximum = 24 * 3600 * 1000,
	  .sentence = "Time between two looks of headgate run at the branch and the ledger." },
	{ .name = "repository.url", .kind = FIELD_TEXT, .offset = offsetof(struct config, repository.url), .required = true,
	  .sentence = "The watched repository: https://, http://, ssh://user@host/path, user@host:path, file:// or an absolute path." },
	{ .name = "repository.token_file", .kind = FIELD_PATH, .offset = offsetof(struct config, repository.token_file),
	  .sentence = "File with the token to read the repository; only the agent's user may read it." },
	{ .name = "repository.username", .kind = FIELD_TEXT, .offset = offsetof(struct config, repository.username), .otherwise = "x-access-token",
	  .sentence = "User name sent with the token: x-access-token for GitHub, oauth2 for GitLab." },
	{ .name = "repository.ca_file", .kind = FIELD_PATH, .offset = offsetof(struct config, repository.ca_file),
	  .sentence = "Certificates to trust for https://; default: the system's." },
	{ .name = "repository.ssh_key_file", .kind = FIELD_PATH, .offset = offsetof(struct config, repository.ssh_key_file),
	  .sentence = "Private key for an ssh remote, without a passphrase; only the agent's user may read it. No other key and no ssh-agent is asked." },
	{ .name = "repository.known_hosts", .kind = FIELD_PATH, .offset = offsetof(struct config, repository.known_hosts),
	  .sentence = "The host keys that an ssh remote may show, in OpenSSH's known_hosts format. Needed by every ssh remote: no key is trusted at first sight." },
	{ .name = "repository.allow_http", .kind = FIELD_BOOL, .offset = offsetof(struct config, repository.allow_http), .otherwise = "false",
	  .sentence = "Let the token go over http:// to another machine." },
	{ .name = "keys.allowed_signers", .kind = FIELD_PATH, .offset = offsetof(struct config, keys.allowed_signers),
	  .sentence = "Who may sign, in OpenSSH's allowed_signers format, on the agent's own host. Every policy needs this or keys.openpgp, but for trust: branch." },
	{ .name = "keys.revoked", .kind = FIELD_PATH, .offset = offsetof(struct config, keys.revoked),
	  .sentence = "Revoked keys: a KRL or a list of public keys. Once named, the file must be there." },
	{ .name = "keys.openpgp", .kind = FIELD_PATH, .offset = offsetof(struct config, keys.openpgp),
	  .sentence = "Folder of the OpenPGP keys of those who may sign, on the agent's own host: one file PRINCIPAL.asc a person, as gpg --armor --export writes it, with its revocation if there is one. Or one file, as headgate-verify(1) says of --openpgp-keys." },
	{ .name = "backups", .kind = FIELD_PATH, .offset = offsetof(struct config, backups),
	  .sentence = "Folder of the backups. Needed by every policy that requires one." },
	{ .name = "github.api", .kind = FIELD_TEXT, .offset = offsetof(struct config, github.api), .otherwise = "https://api.github.com",
	  .sentence = "GitHub's API; for GitHub Enterprise Server https://HOST/api/v3." },
	{ .name = "github.repository", .kind = FIELD_TEXT, .offset = offsetof(struct config, github.repository),
	  .sentence = "owner/name, where commit statuses are posted. Needed by every target with the forge github." },
	{ .name = "github.token_file", .kind = FIELD_PATH, .offset = offsetof(struct config, github.token_file),
	  .sentence = "File with a token that may write commit statuses, and nothing else." },
	{ .name = "github.ca_file", .kind = FIELD_PATH, .offset = offsetof(struct config, github.ca_file),
	  .sentence = "Certificates to trust for the API; default: the system's." },
	{ .name = "github.allow_http", .kind = FIELD_BOOL, .offset = offsetof(struct config, github.allow_http), .otherwise = "false",
	  .sentence = "Let the token go over http:// to another machine." },
	{ .name = "notes.push", .kind = FIELD_BOOL, .offset = offsetof(struct config, notes.push), .otherwise = "false",
	  .sentence = "Push the notes with the statuses to the repository (refs/notes/headgate/<target>); otherwise they stay in the mirror." },
	{ .name = "notes.token_file", .kind = FIELD_PATH, .offset = offsetof(struct config, notes.token_file),
	  .sentence = "File with a token of its own that may push notes; the agent otherwise needs no write access." },
	{ .name = "notes.ssh_key_file", .kind = FIELD_PATH, .offset = offsetof(struct config, notes.ssh_key_file),
	  .sentence = "Private key that may push notes over ssh; it may be the same as repository.ssh_key_file. The host must be pinned in repository.known_hosts." },
};

static const struct field of_target[] = {
	{ .name = "database_url", .kind = FIELD_TEXT, .offset = offsetof(struct target, database_url),
	  .sentence = "The database in Prisma's form, with ?schema= for the ledger's schema; for trials. Write database_url_file where it holds a password." },
	{ .name = "database_url_file", .kind = FIELD_PATH, .offset = offsetof(struct target, database_url_file),
	  .sentence = "File that holds the database URL; read again at each connect. headgate explain database-url tells which parameters are used." },
	{ .name = "password_command", .kind = FIELD_TEXTS, .offset = offsetof(struct target, password_command), .otherwise = "[]",
	  .sentence = "Program (absolute path) and arguments that print the database password on one line, for a vault; run again at each connect, for at most 10 s, with an empty environment. The URL then holds none." },
	{ .name = "mode", .kind = FIELD_CHOICE, .offset = offsetof(struct target, mode), .otherwise = "apply", .choices = mode_choices,
	  .sentence = "apply: the branch reaches the database. observe: others deploy; nothing is written to it, so a role that may only read is enough; commits say what would be done, never in red, and the ledger is followed." },
	{ .name = "superuser", .kind = FIELD_CHOICE, .offset = offsetof(struct target, superuser), .otherwise = "refuse", .choices = superuser_choices,
	  .sentence = "allow: the database's role may be a superuser. refuse: headgate doctor fails on one; the agent needs no more than a role that owns its schemas." },
	{ .name = "disposable", .kind = FIELD_BOOL, .offset = offsetof(struct target, disposable), .otherwise = "false",
	  .sentence = "The database may be reset at will (development): when it went back the target begins anew by itself, and an edited migration is only reported." },
	{ .name = "after", .kind = FIELD_TEXTS, .offset = offsetof(struct target, after), .otherwise = "[]",
	  .sentence = "Targets that must be at the same commit before this one runs." },
	{ .name = "branch", .kind = FIELD_TEXT, .offset = offsetof(struct target, branch), .maximum = 200,
	  .sentence = "The watched branch; default: the repository's default branch." },
	{ .name = "migrations", .kind = FIELD_TEXT, .offset = offsetof(struct target, migrations), .otherwise = "prisma/migrations", .maximum = 1000,
	  .sentence = "Path of the migrations folder in the repository." },
	{ .name = "policy", .kind = FIELD_PATH, .offset = offsetof(struct target, policy_path), .required = true,
	  .sentence = "The policy's file, see headgate-policy(5)." },
	{ .name = "schemas", .kind = FIELD_TEXTS, .offset = offsetof(struct target, schemas), .otherwise = "[]",
	  .sentence = "The schemas that the target owns (fingerprint, index checks, backup.scope: schema); default: the ledger's." },
	{ .name = "report", .kind = FIELD_CHOICE, .offset = offsetof(struct target, report), .otherwise = "touched", .choices = report_choices,
	  .sentence = "Which commits get a status: those that change migrations, or all on the branch." },
	{ .name = "forges", .kind = FIELD_TEXTS, .offset = offsetof(struct target, forges), .otherwise = "notes",
	  .sentence = "Where statuses go: notes, github." },
	{ .name = "details", .kind = FIELD_TEXT, .offset = offsetof(struct target, details),
	  .sentence = "An address that statuses link to, where the site shows the agent's log; default: none." },
};
/* clang-format on */

static const struct config_variable variables[] = {
	{"HEADGATE_STATE", "state"},
	{"HEADGATE_INTERVAL", "interval"},
	{"HEADGATE_BACKUPS", "backups"},
	{"HEADGATE_REPOSITORY_TOKEN_FILE", "repository.token_file"},
	{"HEADGATE_GITHUB_TOKEN_FILE", "github.token_file"},
	{"HEADGATE_NOTES_TOKEN_FILE", "notes.token_file"},
	{"HEADGATE_REPOSITORY_SSH_KEY_FILE", "repository.ssh_key_file"},
	{"HEADGATE_NOTES_SSH_KEY_FILE", "notes.ssh_key_file"},
};

static const char *const forge_names[] = {"notes", "github"};

struct loading {
	struct arena *arena;
	struct document document;
	config_reader *reader;
	struct config *config;
};

static struct error *read_document(struct arena *arena, const char *path, const char *noun,
                                   config_reader *reader, struct document *ret_document,
                                   struct node **ret_node, const char **ret_digest);
static struct error *refuse_open_file(struct arena *arena, const char *path, const char *noun);
static struct error *refuse_misspelt(struct loading *loading, const struct node *targets,
                                     const struct node *rest);
static void override(struct arena *arena, struct node *map);
static struct error *load_targets(struct loading *loading, const struct node *targets);
static struct error *load_target(struct loading *loading, const struct node *node,
                                 struct target *target);
static struct error *check_target(struct loading *loading, const struct node *node,
                                  const struct target *target);
static struct error *check_name(struct loading *loading, const struct node *node);
static struct error *check_password(struct loading *loading, const struct node *node,
                                    const struct target *target);
static struct error *check_path(struct loading *loading, const struct node *node,
                                const struct target *target);
static struct error *check_forges(struct loading *loading, const struct node *node,
                                  const struct target *target);
static struct error *load_policy(struct loading *loading, struct target *target);
static struct error *check_needs(struct loading *loading, const struct node *node,
                                 const struct target *target);
static struct error *refuse(struct loading *loading, const struct node *node, const char *what,
                            const char *why, const char *hint);

struct error *config_load(struct arena *arena, const char *path, config_reader *reader,
                          struct config *ret_config)
{
	struct config config = {.path = path};
	struct loading loading = {.arena = arena, .reader = reader, .config = &config};
	struct node *root = NULL, *rest;
	const struct node *targets;

	TRY(read_document(arena, path, "configuration", reader, &loading.document, &root,
	                  &config.digest));
	config.path = loading.document.path;
	targets = node_find(root, "targets");
	rest = node_map(arena);
	for (struct node *child = root->child, *next; child; child = next) {
		next = child->next;
		child->next = NULL;
		if (child != targets)
			node_set(arena, rest, child->key, child);
	}
	TRY(refuse_misspelt(&loading, targets, rest));
	override(arena, rest);
	TRY(decode_fields(arena, &loading.document, rest, fields, sizeof fields / sizeof *fields,
	                  &config));
	TRY(load_targets(&loading, targets));
	*ret_config = config;
	return NULL;
}

const struct field *config_fields(size_t *ret_count)
{
	*ret_count = sizeof fields / sizeof *fields;
	return fields;
}

const struct field *target_fields(size_t *ret_count)
{
	*ret_count = sizeof of_target / sizeof *of_target;
	return of_target;
}

const struct config_variable *config_variables(size_t *ret_count)
{
	*ret_count = sizeof variables / sizeof *variables;
	return variables;
}

static struct error *read_document(struct arena *arena, const char *path, const char *noun,
                                   config_reader *reader, struct document *ret_document,
                                   struct node **ret_node, const char **ret_digest)
{
	CLEANUP(free_text) char *absolute = realpath(path, NULL);
	struct bytes bytes = {0};

	if (!absolute)
		return FAIL(
			arena, CONFIG_MISSING,
			.what = arena_printf(arena, "there is no %s '%s'", noun, path),
			.why = errno_text(arena, errno),
			.hint = text_equal(noun, "policy")
		                        ? "Correct 'policy' of the target; the shipped ones are in the folder policies."
		                        : "Name it with --config FILE or HEADGATE_CONFIG, or write a first one with headgate init.");
	*ret_document = (struct document){.path = arena_text(arena, absolute), .noun = noun};
	ret_document->folder = path_folder(arena, ret_document->path);
	TRY(refuse_open_file(arena, ret_document->path, noun));
	TRY(file_read(arena, ret_document->path, CONFIG_MAXIMUM, &bytes));
	*ret_digest = sha256_text(arena, bytes.data, bytes.size);
	return reader(arena, ret_document->path, bytes, ret_node);
}

/* Whoever may write the file may lower the policy. */
static struct error *refuse_open_file(struct arena *arena, const char *path, const char *noun)
{
	struct stat file;

	if (stat(path, &file) == 0 && !(file.st_mode & S_IWOTH))
		return NULL;
	return FAIL(arena, FILE_RIGHTS,
	            .what = arena_printf(arena, "%s '%s' may be written by everybody", noun, path),
	            .why = "whoever may write it decides what reaches the database",
	            .hint = arena_printf(arena, "Take that right away: chmod o-w %s", path));
}

/* `targets` is no row of the table, so the decoder cannot guess it. */
static struct error *refuse_misspelt(struct loading *loading, const struct node *targets,
                                     const struct node *rest)
{
	static const char *const known[] = {"targets"};

	for (const struct node *node = rest->child; !targets && node; node = node->next)
		if (text_nearest(node->key, known, 1))
			return refuse(loading, node,
			              arena_printf(loading->arena, "unknown key '%s'", node->key),
			              NULL, "Did you mean 'targets'?");
	return NULL;
}

static void override(struct arena *arena, struct node *map)
{
	for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
		const char *value = getenv(variables[i].name);
		const char *dot = strchr(variables[i].field, '.');
		struct node *section = map;

		if (!value || !*value)
			continue;
		if (dot) {
			const char *name = arena_copy(arena, variables[i].field,
			                              (size_t)(dot - variables[i].field));

			section = (struct node *)(uintptr_t)node_find(map, name);
			if (!section)
				section = node_set(arena, map, name, node_map(arena));
		}
		node_set_text(arena, section, dot ? dot + 1 : variables[i].field, value);
	}
}

static struct error *load_targets(struct loading *loading, const struct node *targets)
{
	struct config *config = loading->config;
	const size_t count = node_count(targets);

	if (!targets || targets->kind != NODE_MAP || !count || count > TARGETS_MAXIMUM)
		return refuse(
			loading, targets, "it names no targets",
			arena_printf(loading->arena, "'targets' is a map of 1 to %d names",
		                     TARGETS_MAXIMUM),
			"Write for instance: targets: {shop: {database_url_file: …, policy: policies/staging.yaml}}.");
	config->targets = ARENA_ARRAY(loading->arena, struct target, count);
	for (const struct node *node = targets->child; node; node = node->next)
		TRY(load_target(loading, node, &config->targets[config->target_count++]));
	return config_check_together(loading->arena, config, targets);
}

static struct error *load_target(struct loading *loading, const struct node *node,
                                 struct target *target)
{
	TRY(check_name(loading, node));
	TRY(decode_fields(loading->arena, &loading->document, node, of_target,
	                  sizeof of_target / sizeof *of_target, target));
	target->name = node->key;
	TRY(check_target(loading, node, target));
	TRY(load_policy(loading, target));
	return check_needs(loading, node, target);
}

static struct error *check_name(struct loading *loading, const struct node *node)
{
	size_t good = strspn(node->key, "abcdefghijklmnopqrstuvwxyz0123456789-");

	if (!node->key[good] && good > 0 && good <= TARGET_NAME_MAXIMUM && node->key[0] != '-')
		return NULL;
	return refuse(loading, node,
	              arena_printf(loading->arena, "'%s' is no name for a target", node->key),
	              "it stands in statuses and file names",
	              "Use at most 40 of a-z, 0-9 and '-', beginning with a letter or digit.");
}

static struct error *check_target(struct loading *loading, const struct node *node,
                                  const struct target *target)
{
	if (!target->database_url == !target->database_url_file)
		return refuse(
			loading, node,
			arena_printf(loading->arena, "target '%s' needs one database URL",
		                     target->name),
			target->database_url ? "database_url and database_url_file are both given"
					     : "none is given",
			"Write database_url_file: FILE (or, for a trial, database_url: postgresql://…).");
	TRY(check_password(loading, node, target));
	TRY(check_path(loading, node, target));
	return check_forges(loading, node, target);
}

/* Whoever may change the program gets the database. Where it is not installed (in CI), nothing can be run either. */
static struct error *check_password(struct loading *loading, const struct node *node,
                                    const struct target *target)
{
	const struct text_list *command = &target->password_command;
	const char *program = command->count ? command->items[0] : NULL;
	const struct error *error;

	if (!program)
		return NULL;
	if (*program != '/')
		return refuse(loading, node,
		              arena_printf(loading->arena,
		                           "password_command of target '%s' cannot be used",
		                           target->name),
		              arena_printf(loading->arena, "'%s' is not an absolute path", program),
		              "Write a list, the program's path first: [/usr/bin/vault, read, …].");
	error = file_exists(program) ? file_check_program(loading->arena, program) : NULL;
	if (error)
		return refuse(loading, node,
		              arena_printf(loading->arena,
		                           "password_command of target '%s' cannot be used",
		                           target->name),
		              error_line(loading->arena, error), error->hint);
	return NULL;
}

/* A path inside the repository, as git spells it. */
static struct error *check_path(struct loading *loading, const struct node *node,
                                const struct target *target)
{
	struct text_list parts = {0};

	text_split(loading->arena, target->migrations, '/', &parts);
	for (size_t i = 0; i < parts.count; i++)
		if (!*parts.items[i] || text_equal(parts.items[i], ".") ||
		    text_equal(parts.items[i], ".."))
			return refuse(loading, node,
			              arena_printf(loading->arena,
			                           "'%s' is no path in a repository",
			                           target->migrations),
			              "it must be relative, without empty parts, '.' and '..'",
			              "Write for instance migrations: prisma/migrations.");
	return NULL;
}

static struct error *check_forges(struct loading *loading, const struct node *node,
                                  const struct target *target)
{
	const size_t known = sizeof forge_names / sizeof *forge_names;

	for (size_t i = 0; i < target->forges.count; i++) {
		size_t k = 0;

		while (k < known && !text_equal(forge_names[k], target->forges.items[i]))
			k++;
		if (k == known)
			return refuse(loading, node,
			              arena_printf(loading->arena, "there is no forge '%s'",
			                           target->forges.items[i]),
			              NULL, "Forges are: notes, github.");
		if (text_equal(target->forges.items[i], "github") &&
		    (!loading->config->github.repository || !loading->config->github.token_file))
			return refuse(
				loading, node,
				arena_printf(
					loading->arena,
					"target '%s' reports to github, which is not configured",
					target->name),
				"github.repository and github.token_file are needed",
				"Write github: {repository: owner/name, token_file: secrets/github}.");
	}
	return NULL;
}

static struct error *load_policy(struct loading *loading, struct target *target)
{
	struct policy *policy = ARENA_NEW(loading->arena, struct policy);
	struct document document = {0};
	struct node *root = NULL;
	const char *digest = NULL;

	TRY(read_document(loading->arena, target->policy_path, "policy", loading->reader, &document,
	                  &root, &digest));
	TRY(policy_decode(loading->arena, &document, root, policy));
	policy->digest = digest;
	target->policy = policy;
	return NULL;
}

/* What a policy demands must be configured, or nothing would ever pass. */
static struct error *check_needs(struct loading *loading, const struct node *node,
                                 const struct target *target)
{
	if (target->policy->trust != TRUST_BRANCH && !loading->config->keys.allowed_signers &&
	    !loading->config->keys.openpgp)
		return refuse(
			loading, node,
			arena_printf(loading->arena, "target '%s' trusts nobody", target->name),
			"its policy wants signatures, and neither keys.allowed_signers nor keys.openpgp is set",
			"Write keys: {allowed_signers: keys/allowed_signers}, or {openpgp: keys/openpgp}.");
	if (target->policy->backup == BACKUP_REQUIRED && !loading->config->backups)
		return refuse(loading, node,
		              arena_printf(loading->arena, "target '%s' has nowhere to put backups",
		                           target->name),
		              "its policy requires a backup, and 'backups' is not set",
		              "Write backups: FOLDER.");
	return NULL;
}

static struct error *refuse(struct loading *loading, const struct node *node, const char *what,
                            const char *why, const char *hint)
{
	const char *where =
		node && node->line ? arena_printf(loading->arena, ", line %d", node->line) : "";

	return FAIL(loading->arena, CONFIG,
	            .what = arena_printf(loading->arena, "%s (configuration '%s'%s)", what,
	                                 loading->document.path, where),
	            .why = why, .hint = hint);
}
