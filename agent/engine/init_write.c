/*
 * Writing it down: the configuration as a commented text, and the files that it names. What a reader gets wrong: a file
 * that is there already stays as it is, except that a configuration refuses the whole.
 */
#include "engine/init.h"

#include "base/file.h"

static void add_header(struct text *text, const struct init_found *found);
static void add_repository(struct text *text, const struct init_found *found);
static void add_target(struct text *text, const struct init_found *found,
                       const struct init_target *target);
static const char *quoted(struct arena *arena, const char *text);
static struct error *write_file(struct arena *arena, const char *path, const char *text,
                                mode_t mode, struct init_files *files);
static const char *keyring_text(struct arena *arena, const struct init_found *found);

const char *init_configuration(struct arena *arena, const struct init_found *found,
                               const char *path)
{
	const bool is_site = text_starts(path, "/etc/");
	struct text text = TEXT_IN(arena);

	add_header(&text, found);
	text_printf(
		&text,
		"# The agent's own memory: journal, mirror, logs. Private to its user; keep it on another disk than "
		"the backups.\nstate: %s\n\n",
		is_site ? "/var/lib/headgate" : "./state");
	add_repository(&text, found);
	text_add(
		&text,
		"# Who may sign, on the agent's own host and never in the repository. One line per key, in the form of "
		"ssh-keygen(1).\nkeys:\n  allowed_signers: keys/allowed_signers\n\n");
	text_printf(
		&text,
		"# Where the backups go that are taken before anything touches a database.\nbackups: %s\n\n",
		is_site ? "/var/backups/headgate" : "./backups");
	text_add(&text, "targets:\n");
	for (size_t i = 0; i < found->count; i++)
		add_target(&text, found, &found->items[i]);
	return text_get(&text);
}

static void add_header(struct text *text, const struct init_found *found)
{
	text_add(
		text,
		"# Headgate: merged migrations reach the database, reverted ones leave it. Written by `headgate init`");
	text_add(text, found->is_checkout ? " from a checkout.\n" : ".\n");
	text_add(
		text,
		"# All fields: headgate explain config, or headgate.yaml(5). What is missing yet: headgate doctor\n\n");
}

static void add_repository(struct text *text, const struct init_found *found)
{
	const char *remote = found->remote ? found->remote : "https://example.org/owner/name.git";

	text_printf(text, "# The repository that is watched%s.\nrepository:\n  url: %s\n",
	            found->remote ? "" : "; no remote was found, so write its address",
	            quoted(text->arena, remote));
	if (text_starts(remote, "https://"))
		text_add(
			text,
			"  # A private one needs a token that may read it, in a file that only the agent's user may read:\n"
			"  # token_file: secrets/repository\n");
	text_add(text, "\n");
	if (found->github)
		text_printf(
			text,
			"# Statuses on GitHub: put a token with the right \"Commit statuses: write\" into secrets/github, take "
			"the # away\n# in these three lines, and write forges: [notes, github] into the targets.\n"
			"# github:\n#   repository: %s\n#   token_file: secrets/github\n\n",
			found->github);
}

static void add_target(struct text *text, const struct init_found *found,
                       const struct init_target *target)
{
	struct arena *arena = text->arena;

	text_printf(text, "  # %s\n  %s:\n", text_clip(arena, target->schema, 200), target->name);
	text_printf(
		text,
		"    # The database as Prisma names it (%s), in a file that only the agent's user may read.\n"
		"    database_url_file: secrets/%s.url\n",
		target->variable ? text_clip(arena, target->variable, 100) : "postgresql://…",
		target->name);
	if (found->branch)
		text_printf(text, "    branch: %s\n", quoted(arena, found->branch));
	else
		text_add(text,
		         "    # branch: main   (without it, the repository's default branch)\n");
	text_printf(text, "    migrations: %s\n", quoted(arena, target->migrations));
	if (target->schemas.count) {
		text_add(text, "    schemas: [");
		for (size_t i = 0; i < target->schemas.count; i++)
			text_printf(text, "%s%s", i ? ", " : "",
			            quoted(arena, target->schemas.items[i]));
		text_add(text, "]\n");
	}
	text_add(
		text,
		"    # What is allowed. production.yaml adds a checklist and more care, development.yaml asks for nothing.\n"
		"    policy: policies/staging.yaml\n"
		"    # observe: nothing is written, commits say what would be done. When that is right, write apply.\n"
		"    mode: observe\n\n");
}

/* In double quotes, as YAML and JSON have them; a plain word stays one. */
static const char *quoted(struct arena *arena, const char *text)
{
	struct text quoted_text = TEXT_IN(arena);

	if (*text && !text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz/_")])
		return text;
	text_add(&quoted_text, "\"");
	for (const char *at = text_valid(arena, text); *at; at++) {
		const unsigned char c = (unsigned char)*at;

		if (c == '"' || c == '\\')
			text_printf(&quoted_text, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			text_printf(&quoted_text, "\\x%02x", c);
		else
			text_add_bytes(&quoted_text, at, 1);
	}
	text_add(&quoted_text, "\"");
	return text_get(&quoted_text);
}

FALLIBLE init_write(const struct init_found *found, const char *path, struct arena *arena,
                    struct init_files *ret_files)
{
	const char *folder = path_folder(arena, path);
	struct init_files files = {0};

	if (file_exists(path))
		return FAIL(
			arena, FILE, .what = arena_printf(arena, "cannot write '%s'", path),
			.why = "it is there already, and is not replaced",
			.hint = "Write to another file with --output-file FILE, or look at what it "
				"would be with --output-file -.");
	TRY(folder_private(arena, path_join(arena, folder, "secrets")));
	TRY(folder_private(arena, path_join(arena, folder, "keys")));
	TRY(folder_private(arena, path_join(arena, folder, "policies")));
	for (const struct shipped_policy *policy = shipped_policies; policy->name; policy++)
		TRY(write_file(arena, arena_printf(arena, "%s/policies/%s", folder, policy->name),
		               policy->text, 0644, &files));
	TRY(write_file(arena, path_join(arena, folder, "keys/allowed_signers"),
	               keyring_text(arena, found), 0644, &files));
	TRY(write_file(arena, path, init_configuration(arena, found, path), 0644, &files));
	*ret_files = files;
	return NULL;
}

static struct error *write_file(struct arena *arena, const char *path, const char *text,
                                mode_t mode, struct init_files *files)
{
	const bool kept = file_exists(path);

	if (!kept)
		TRY(file_save(arena, path, (struct bytes){text, strlen(text)}, mode));
	*LIST_ADD(arena, files) = (struct init_file){arena_text(arena, path), kept};
	return NULL;
}

static const char *keyring_text(struct arena *arena, const struct init_found *found)
{
	struct text text = TEXT_IN(arena);

	text_add(
		&text,
		"# Who may sign: a person, namespaces=\"git\", and a public key; a line each. Looked at by: headgate doctor\n"
		"# ann@example.org namespaces=\"git\" ssh-ed25519 AAAAC3Nza…\n");
	if (found->key)
		text_printf(&text, "%s namespaces=\"git\" %s\n", found->principal, found->key);
	return text_get(&text);
}
