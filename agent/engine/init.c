/*
 * Finding out: walking a project for datasources, their migrations and the checkout around them. What a reader gets
 * wrong: a folder without a migrations folder is a target only when no other has one, since schemas are often generated
 * or copied for tests.
 */
#include "engine/init.h"

#include "base/file.h"

#include <errno.h>
#include <stdlib.h>

#define DEPTH_MAXIMUM 8       /* folders in folders */
#define FOLDERS_MAXIMUM 20000 /* looked into, in all */
#define ENTRIES_MAXIMUM 5000  /* of one folder; a larger one is passed over */
#define TARGETS_MAXIMUM 50

struct walk {
	struct arena *arena;
	const char *root;
	struct init_found *found;
	size_t folders;
	bool full;
};

static struct error *read_folder(struct walk *walk, const char *folder, int depth);
static bool is_passed_over(const char *name);
static void read_schema(struct walk *walk, const char *folder, const char *name);
static void add_target(struct walk *walk, const char *folder, const char *file,
                       const struct prisma_datasource *datasource);
static const char *find_config(struct walk *walk, const char *folder,
                               struct prisma_config *ret_config);
static const char *find_migrations(struct walk *walk, const char *folder, const char *config_folder,
                                   const struct prisma_config *config);
static void find_variable(struct walk *walk, const char *folder, const char *config_folder,
                          const struct prisma_datasource *datasource,
                          const struct prisma_config *config, struct init_target *target);
static const char *find_dotenv(struct walk *walk, const char *folder, const char *variable);
static void drop_without_migrations(struct init_found *found);
static void name_targets(struct walk *walk);
static const char *base_of(struct arena *arena, const char *path);
static const char *below(struct walk *walk, const char *path);
static const char *plain_path(struct arena *arena, const char *path);
static void find_checkout(struct arena *arena, const char *folder, struct init_found *found);
static const char *git_folder(struct arena *arena, const char *root);
static void read_settings(struct arena *arena, const char *git, struct git_settings *settings);
static void read_remote(struct arena *arena, const struct git_settings *settings,
                        struct init_found *found);
static void read_signer(struct arena *arena, const struct git_settings *settings,
                        struct init_found *found);
static bool read_some(struct arena *arena, const char *path, struct bytes *ret_bytes);
static void note(struct arena *arena, struct init_found *found, const char *text);

FALLIBLE init_look(const char *folder, struct arena *arena, struct init_found *ret_found)
{
	CLEANUP(free_text) char *absolute = realpath(folder, NULL);
	struct init_found found = {0};
	struct walk walk = {.arena = arena, .found = &found};
	size_t before;

	if (!absolute)
		return FAIL(arena, FILE,
		            .what = arena_printf(arena, "cannot look into '%s'", folder),
		            .why = errno_text(arena, errno),
		            .hint = "Name the folder of the project: headgate init FOLDER");
	find_checkout(arena, absolute, &found);
	walk.root = found.root;
	before = found.notes.count;
	TRY(read_folder(&walk, arena_text(arena, absolute), 0));
	if (walk.full)
		note(arena, &found, "the folder is so large that not all of it was looked at");
	drop_without_migrations(&found);
	if (!found.count)
		return FAIL(arena, FILE,
		            .what = arena_printf(arena,
		                                 "there is no Prisma project on PostgreSQL in '%s'",
		                                 absolute),
		            .why = found.notes.count > before
		                           ? found.notes.items[before]
		                           : "no .prisma file in it has a datasource",
		            .hint = "Name the folder of the project: headgate init FOLDER");
	name_targets(&walk);
	*ret_found = found;
	return NULL;
}

/* ---- the project ---- */

static struct error *read_folder(struct walk *walk, const char *folder, int depth)
{
	struct file_entries entries = {0};
	struct error *error;

	if (depth > DEPTH_MAXIMUM || walk->folders == FOLDERS_MAXIMUM) {
		walk->full = true;
		return NULL;
	}
	walk->folders++;
	error = folder_list(walk->arena, folder, ENTRIES_MAXIMUM, &entries);
	if (error && !depth)
		return error;
	if (error)
		return NULL; /* closed to us, or full of something else */
	for (size_t i = 0; i < entries.count; i++)
		if (entries.items[i].kind == ENTRY_IS_FILE &&
		    text_ends(entries.items[i].name, ".prisma"))
			read_schema(walk, folder, entries.items[i].name);
	for (size_t i = 0; i < entries.count; i++)
		if (entries.items[i].kind == ENTRY_IS_FOLDER &&
		    !is_passed_over(entries.items[i].name))
			TRY(read_folder(walk, path_join(walk->arena, folder, entries.items[i].name),
			                depth + 1));
	return NULL;
}

static bool is_passed_over(const char *name)
{
	static const char *const names[] = {"node_modules", "dist",     "build",
	                                    "vendor",       "coverage", "migrations"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (text_equal(name, names[i]))
			return true;
	return *name == '.';
}

static void read_schema(struct walk *walk, const char *folder, const char *name)
{
	const char *path = path_join(walk->arena, folder, name);
	struct prisma_datasource datasource;
	struct bytes bytes;

	if (!read_some(walk->arena, path, &bytes))
		return;
	prisma_schema_read(walk->arena, bytes, &datasource);
	if (!datasource.found)
		return;
	if (!text_equal(datasource.provider, "postgresql") &&
	    !text_equal(datasource.provider, "postgres"))
		note(walk->arena, walk->found,
		     arena_printf(walk->arena, "%s is left out: its provider is %s",
		                  below(walk, path),
		                  datasource.provider ? datasource.provider : "not named"));
	else if (walk->found->count < TARGETS_MAXIMUM)
		add_target(walk, folder, path, &datasource);
	else
		walk->full = true;
}

static void add_target(struct walk *walk, const char *folder, const char *file,
                       const struct prisma_datasource *datasource)
{
	struct init_target target = {.schema = below(walk, file), .schemas = datasource->schemas};
	struct prisma_config config = {0};
	const char *config_folder = find_config(walk, folder, &config), *migrations;

	migrations = find_migrations(walk, folder, config_folder, &config);
	target.migrations = below(walk, migrations);
	target.has_migrations = file_exists(migrations);
	find_variable(walk, folder, config_folder, datasource, &config, &target);
	*LIST_ADD(walk->arena, walk->found) = target;
}

/* The nearest prisma.config.* between the schema and the root of the checkout. */
static const char *find_config(struct walk *walk, const char *folder,
                               struct prisma_config *ret_config)
{
	static const char *const endings[] = {"ts", "mts", "cts", "js", "mjs", "cjs"};
	static const char *const stems[] = {"prisma.config", ".config/prisma", "prisma7.config"};
	struct bytes bytes;

	for (;; folder = path_folder(walk->arena, folder)) {
		for (size_t i = 0; i < sizeof stems / sizeof *stems; i++)
			for (size_t k = 0; k < sizeof endings / sizeof *endings; k++) {
				const char *path = arena_printf(walk->arena, "%s/%s.%s", folder,
				                                stems[i], endings[k]);

				if (!file_exists(path) || !read_some(walk->arena, path, &bytes))
					continue;
				prisma_config_read(walk->arena, bytes, ret_config);
				return folder;
			}
		if (text_equal(folder, walk->root) || !folder[1])
			return NULL;
	}
}

static const char *find_migrations(struct walk *walk, const char *folder, const char *config_folder,
                                   const struct prisma_config *config)
{
	const char *beside = path_join(walk->arena, folder, "migrations"), *above;

	if (config_folder && config->migrations)
		return plain_path(walk->arena,
		                  path_join(walk->arena, config_folder, config->migrations));
	above = path_join(walk->arena, path_folder(walk->arena, folder), "migrations");
	return !file_exists(beside) && file_exists(above) ? above : beside;
}

/* Migrations want the server itself, so a URL of its own for that comes first. */
static void find_variable(struct walk *walk, const char *folder, const char *config_folder,
                          const struct prisma_datasource *datasource,
                          const struct prisma_config *config, struct init_target *target)
{
	const char *usual[] = {"DIRECT_URL", "DIRECT_DATABASE_URL", "DATABASE_URL"};
	const char *said[] = {
		config_folder ? config->direct_variable : NULL, datasource->direct_variable,
		config_folder ? config->url_variable : NULL, datasource->url_variable};

	if (datasource->url_is_literal || config->url_is_literal)
		note(walk->arena, walk->found,
		     arena_printf(walk->arena,
		                  "a database URL stands in %s itself; whoever reads the "
		                  "repository reads its password",
		                  target->schema));
	for (size_t i = 0; i < sizeof said / sizeof *said && !target->variable; i++)
		target->variable = said[i];
	for (size_t i = 0; i < sizeof usual / sizeof *usual && !target->variable; i++)
		if (find_dotenv(walk, folder, usual[i]))
			target->variable = usual[i];
	if (target->variable)
		target->dotenv = find_dotenv(walk, folder, target->variable);
}

static const char *find_dotenv(struct walk *walk, const char *folder, const char *variable)
{
	static const char *const files[] = {".env", ".env.production", ".env.local",
	                                    ".env.example"};
	struct text_list names;
	struct bytes bytes;

	for (;; folder = path_folder(walk->arena, folder)) {
		for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
			const char *path = path_join(walk->arena, folder, files[i]);

			if (!file_exists(path) || !read_some(walk->arena, path, &bytes))
				continue;
			dotenv_names(walk->arena, bytes, &names);
			for (size_t k = 0; k < names.count; k++)
				if (text_equal(names.items[k], variable))
					return below(walk, path);
		}
		if (text_equal(folder, walk->root) || !folder[1])
			return NULL;
	}
}

static void drop_without_migrations(struct init_found *found)
{
	size_t with = 0, to = 0;

	for (size_t i = 0; i < found->count; i++)
		with += found->items[i].has_migrations;
	for (size_t i = 0; i < found->count; i++)
		if (!with || found->items[i].has_migrations)
			found->items[to++] = found->items[i];
	found->count = to;
}

/* One is called like the project; several like the folders that hold them. */
static void name_targets(struct walk *walk)
{
	struct init_found *found = walk->found;
	struct arena *arena = walk->arena;

	for (size_t i = 0; i < found->count; i++) {
		struct init_target *target = &found->items[i];
		const char *folder = path_folder(arena, target->schema), *name;
		size_t twins = 1;

		while (text_equal(base_of(arena, folder), "prisma") ||
		       text_equal(base_of(arena, folder), "schema"))
			folder = path_folder(arena, folder);
		name = base_of(arena, found->count > 1 && !text_equal(folder, ".") ? folder
		                      : found->github                              ? found->github
		                                                                   : found->root);
		target->name = target_name_of(arena, name);
		for (size_t k = 0; k < i; k++)
			twins += text_equal(target_name_of(arena, found->items[k].name),
			                    target->name);
		if (twins > 1)
			target->name = arena_printf(arena, "%.35s-%zu", target->name, twins);
	}
}

static const char *base_of(struct arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/');

	return arena_text(arena, slash && slash[1] ? slash + 1 : path);
}

static const char *below(struct walk *walk, const char *path)
{
	const size_t size = strlen(walk->root);

	return text_starts(path, walk->root) && path[size] == '/' ? path + size + 1 : path;
}

/* Without "." and ".." in it, by its text. */
static const char *plain_path(struct arena *arena, const char *path)
{
	struct text_list parts = {0}, kept = {0};

	text_split(arena, path, '/', &parts);
	for (size_t i = 0; i < parts.count; i++) {
		if (text_equal(parts.items[i], "..") && kept.count)
			kept.count--;
		else if (*parts.items[i] && !text_equal(parts.items[i], ".") &&
		         !text_equal(parts.items[i], ".."))
			*LIST_ADD(arena, &kept) = parts.items[i];
	}
	return arena_printf(arena, "/%s", text_join(arena, &kept, "/"));
}

/* ---- the checkout ---- */

static void find_checkout(struct arena *arena, const char *folder, struct init_found *found)
{
	struct git_settings settings = {0};
	const char *root = arena_text(arena, folder), *git, *head;
	struct bytes bytes;

	found->root = root;
	while (!file_exists(path_join(arena, root, ".git")) && root[1])
		root = path_folder(arena, root);
	git = git_folder(arena, root);
	read_settings(arena, git, &settings);
	read_signer(arena, &settings, found);
	if (!git) {
		note(arena, found,
		     "this is no checkout of git, so the repository's address is not known");
		return;
	}
	found->root = root;
	found->is_checkout = true;
	head = path_join(arena, git, "refs/remotes/origin/HEAD");
	if (file_exists(head) && read_some(arena, head, &bytes))
		found->branch = git_head_branch(arena, bytes);
	read_remote(arena, &settings, found);
}

/* Where the settings are: a worktree's .git is a file that names its own folder, which names the common one. */
static const char *git_folder(struct arena *arena, const char *root)
{
	const char *git = path_join(arena, root, ".git"), *common;
	struct bytes bytes;

	if (!file_exists(git))
		return NULL;
	if (read_some(arena, git, &bytes) && text_starts(bytes.data, "gitdir: "))
		git = path_join(arena, root, text_trim(arena, bytes.data + strlen("gitdir: ")));
	common = path_join(arena, git, "commondir");
	if (file_exists(common) && read_some(arena, common, &bytes))
		git = path_join(arena, git, text_trim(arena, bytes.data));
	return git;
}

static void read_settings(struct arena *arena, const char *git, struct git_settings *settings)
{
	const char *home = getenv("HOME"), *global = getenv("GIT_CONFIG_GLOBAL");
	const char *xdg = getenv("XDG_CONFIG_HOME");
	const char *paths[] = {
		global ? NULL
		: xdg  ? path_join(arena, xdg, "git/config")
		: home ? path_join(arena, home, ".config/git/config")
		       : NULL,
		global ? global
		: home ? path_join(arena, home, ".gitconfig")
		       : NULL,
		git ? path_join(arena, git, "config") : NULL,
	};
	struct bytes bytes;

	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
		if (paths[i] && file_exists(paths[i]) && read_some(arena, paths[i], &bytes))
			git_settings_read(arena, bytes, settings);
}

static void read_remote(struct arena *arena, const struct git_settings *settings,
                        struct init_found *found)
{
	struct remote_address address;

	if (!settings->origin) {
		note(arena, found, "the checkout has no remote 'origin'");
		return;
	}
	remote_address_read(arena, settings->origin, &address);
	found->remote = address.url;
	found->github = address.github;
	if (text_starts(found->remote, "."))
		found->remote = plain_path(arena, path_join(arena, found->root, found->remote));
	if (address.had_secret)
		note(arena, found,
		     "the remote's address holds a credential; it was left out, so name a token's file");
	if (address.was_ssh)
		note(arena, found,
		     "the checkout uses ssh; the configuration names the https:// address of the same "
		     "repository");
}

/* user.signingkey names a file, or holds the key itself. Only a public key is ever read. */
static void read_signer(struct arena *arena, const struct git_settings *settings,
                        struct init_found *found)
{
	const char *key = settings->signing_key, *home = getenv("HOME"), *path;
	struct bytes bytes;

	if (!key || !settings->email || !text_equal(settings->signing_format, "ssh"))
		return;
	if (text_starts(key, "key::"))
		key += strlen("key::");
	if (!text_starts(key, "ssh-") && !text_starts(key, "ecdsa-") && !text_starts(key, "sk-")) {
		path = text_starts(key, "~/") && home ? path_join(arena, home, key + 2) : key;
		if (!text_ends(path, ".pub"))
			path = arena_printf(arena, "%s.pub", path);
		if (!file_exists(path) || !read_some(arena, path, &bytes))
			return;
		key = arena_copy(arena, bytes.data, strcspn(bytes.data, "\r\n"));
	}
	if (text_has_control(key) || text_has_control(settings->email) ||
	    strpbrk(settings->email, " \",*?!") || !strchr(key, ' ') || strstr(key, "PRIVATE"))
		return;
	path = strchr(key, ' ') + 1;
	found->key = arena_copy(arena, key, (size_t)(path - key) + strcspn(path, " \t"));
	found->principal = settings->email;
}

/* What is no file, too large, or closed to us is as good as not there. */
static bool read_some(struct arena *arena, const char *path, struct bytes *ret_bytes)
{
	return !file_read(arena, path, PROJECT_FILE_MAXIMUM, ret_bytes);
}

static void note(struct arena *arena, struct init_found *found, const char *text)
{
	*LIST_ADD(arena, &found->notes) = text;
}
