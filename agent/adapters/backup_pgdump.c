/*
 * Owns the order in which a backup comes to be: draft, hash, sync, decode, final name, manifest. Easily got wrong: the
 * manifest is written last, after the folder was synced, since it alone makes the other files a backup.
 */
#include "adapters/backup_pgdump.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "adapters/backup_pgdump_parts.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/text.h"

#define QUIET_MS ((uint64_t)30 * 60 * 1000)
#define MIB ((uint64_t)1024 * 1024)
#define SPACE_RESERVE (16 * MIB) /* left to others, and for manifests */
#define NAME_MAXIMUM 64          /* bytes of a target's name */

struct backup_pgdump {
	struct backup port;
	struct backup_pgdump_options options;
};

struct draft { /* a dump that grows; gone with its scope unless it was kept */
	const struct backup_pgdump_options *options;
	const char *target;
	const char *path,
		*roles; /* what is removed unless the manifest was written; roles may be NULL */
	int fd;
	struct sha256 *sha256;
	uint64_t size, told;
	const struct progress *progress;
};

static struct error *take(struct backup *backup, const struct backup_request *request,
                          const struct progress *progress, struct arena *arena,
                          struct backup_made *ret_made);
static struct error *find(struct backup *backup, const char *target, int64_t run,
                          struct arena *arena, bool *ret_found, struct backup_made *ret_made);
static struct error *find_recent(struct backup *backup, const struct backup_request *request,
                                 struct arena *arena, bool *ret_found,
                                 struct backup_made *ret_made);
static const char *restore_line(struct backup *backup, const char *file, enum backup_scope scope,
                                struct arena *arena);
static struct error *ready(struct backup *backup, int server_version_num, struct arena *arena,
                           const char **ret_tool);
static void close_backup(struct backup *backup);
static FALLIBLE check_target(struct arena *arena, const char *target);
static FALLIBLE check_space(struct arena *arena, const struct backup_pgdump_options *options,
                            const struct backup_request *request);
static FALLIBLE make(const struct backup_pgdump_options *options,
                     const struct backup_request *request, const struct progress *progress,
                     struct arena *arena, struct backup_made *ret_made);
static FALLIBLE draft_open(struct arena *arena, struct draft *draft);
static struct error *draft_add(void *context, struct arena *arena, const void *data, size_t size);
static FALLIBLE draft_finish(struct arena *arena, struct draft *draft, const char **ret_sha256);
static FALLIBLE draft_failed(struct arena *arena, const struct draft *draft, const char *aim,
                             int number);
static void draft_cleanup(struct draft *draft);
static FALLIBLE save_roles(struct arena *arena, struct draft *draft, const struct tools *tools,
                           const char *stem, struct backup_made *made);
static FALLIBLE give_name(struct arena *arena, struct draft *draft, const char *stem);
static struct error *as_backup_error(struct arena *arena, const struct draft *draft,
                                     const struct error *error);
static const char *shell_word(struct arena *arena, const char *word);

#define AUTO_DRAFT CLEANUP(draft_cleanup) struct draft

static const struct backup_ops ops = {
	.name = "pgdump",
	.take = take,
	.find = find,
	.find_recent = find_recent,
	.restore_line = restore_line,
	.ready = ready,
	.close = close_backup,
};

FALLIBLE backup_pgdump_open(struct arena *arena, const struct backup_pgdump_options *options,
                            struct backup **ret_backup)
{
	struct backup_pgdump *self = ARENA_NEW(arena, struct backup_pgdump);

	self->port.ops = &ops;
	self->options = (struct backup_pgdump_options){
		.folder = arena_text(arena, options->folder),
		.url = arena_text(arena, options->url),
		.url_file = arena_text(arena, options->url_file),
		.password_command = options->password_command,
		.tls_default = options->tls_default,
		.journal = arena_text(arena, options->journal),
		.programs = arena_text(arena, options->programs),
		.quiet_ms = options->quiet_ms ? options->quiet_ms : QUIET_MS,
	};
	*ret_backup = &self->port;
	return NULL;
}

static struct error *ready(struct backup *backup, int server_version_num, struct arena *arena,
                           const char **ret_tool)
{
	struct tools tools;

	TRY(tools_find(arena, &((struct backup_pgdump *)backup)->options, server_version_num,
	               &tools));
	*ret_tool = arena_printf(arena, "%s, in %s", tools.version, path_folder(arena, tools.dump));
	return NULL;
}

static void close_backup(struct backup *backup)
{
	(void)backup; /* a program never outlives the call that started it */
}

static struct error *find(struct backup *backup, const char *target, int64_t run,
                          struct arena *arena, bool *ret_found, struct backup_made *ret_made)
{
	const struct backup_pgdump_options *options = &((struct backup_pgdump *)backup)->options;

	TRY(check_target(arena, target));
	return shelf_find(arena, options->folder, shelf_stem(arena, options, target, run), target,
	                  run, ret_found, ret_made);
}

static struct error *find_recent(struct backup *backup, const struct backup_request *request,
                                 struct arena *arena, bool *ret_found, struct backup_made *ret_made)
{
	const struct backup_pgdump_options *options = &((struct backup_pgdump *)backup)->options;
	struct database_url url;

	TRY(tools_url(arena, options, &url));
	return shelf_find_recent(arena, options, request,
	                         shelf_identity(arena, &url, request->database_id), ret_found,
	                         ret_made);
}

static struct error *take(struct backup *backup, const struct backup_request *request,
                          const struct progress *progress, struct arena *arena,
                          struct backup_made *ret_made)
{
	const struct backup_pgdump_options *options = &((struct backup_pgdump *)backup)->options;
	bool found = false;

	TRY(find(backup, request->target, request->run, arena, &found, ret_made));
	if (found)
		return NULL;
	TRY(folder_private(arena, options->folder));
	shelf_sweep(arena, options->folder, request->target);
	TRY(check_space(arena, options, request));
	TRY(make(options, request, progress, arena, ret_made));
	shelf_prune(arena, options->folder, request,
	            shelf_stem(arena, options, request->target, request->run));
	return NULL;
}

/* Into a new database, so that nothing is lost by typing it. Passwords are asked for. */
static const char *restore_line(struct backup *backup, const char *file, enum backup_scope scope,
                                struct arena *arena)
{
	const struct backup_pgdump_options *options = &((struct backup_pgdump *)backup)->options;
	struct text where = TEXT_IN(arena);
	struct database_url url;
	const char *name = "restored";
	/* A dump of schemas creates `public` itself, which every new database already has. */
	const char *clean = scope == BACKUP_SCHEMA ? " --clean --if-exists" : "";

	if (!tools_url(arena, options,
	               &url)) { /* an unreadable secret only costs the words that it knew */
		text_printf(&where, " --host=%s --port=%s --username=%s",
		            shell_word(arena, url.host), shell_word(arena, url.port),
		            shell_word(arena, url.user));
		name = arena_printf(arena, "%s_restored", url.database);
	}
	name = shell_word(arena, name);
	return arena_printf(
		arena, "createdb%s --template=template0 %s && pg_restore%s%s --dbname=%s %s",
		text_get(&where), name, text_get(&where), clean, name, shell_word(arena, file));
}

/* The name becomes part of a file's name. */
static FALLIBLE check_target(struct arena *arena, const char *target)
{
	size_t good = strspn(target, "abcdefghijklmnopqrstuvwxyz0123456789_-");

	if (good && !target[good] && good <= NAME_MAXIMUM)
		return NULL;
	return FAIL(arena, BACKUP,
	            .what = arena_printf(arena, "cannot name a backup after target '%s'", target),
	            .why = "a target's name holds lower-case letters, digits, '-' and '_'",
	            .hint = "Rename the target in the configuration.");
}

/* What the last backup of the same kind needed says more than the size of the database, indexes and all. */
static FALLIBLE check_space(struct arena *arena, const struct backup_pgdump_options *options,
                            const struct backup_request *request)
{
	struct shelf_list list = {0};
	uint64_t needed = request->database_size, is_free;

	TRY(folder_free_space(arena, options->folder, &is_free));
	shelf_list(arena, options->folder, request->target, &list);
	for (size_t i = 0; i < list.count; i++) {
		if (list.items[i].scope != request->scope)
			continue;
		if (!needed || list.items[i].size < needed / 2)
			needed = 2 * list.items[i].size;
		break;
	}
	if (is_free >= needed && is_free - needed >= SPACE_RESERVE)
		return NULL;
	return FAIL(
		arena, BACKUP_SPACE,
		.what = arena_printf(arena, "cannot back up '%s' into '%s'", request->target,
	                             options->folder),
		.why = arena_printf(arena, "it may need %s, and %s are free there",
	                            text_size(arena, needed + SPACE_RESERVE),
	                            text_size(arena, is_free)),
		.hint = arena_printf(
			arena,
			"Make room, or give the backups another folder in the configuration; the largest "
			"files are shown by: du -ah %s | sort -h | tail. Then: headgate retry "
			"--target %s",
			shell_word(arena, options->folder), request->target));
}

static FALLIBLE make(const struct backup_pgdump_options *options,
                     const struct backup_request *request, const struct progress *progress,
                     struct arena *arena, struct backup_made *ret_made)
{
	const char *stem = shelf_stem(arena, options, request->target, request->run);
	uint64_t started_ms = clock_monotonic_ms();
	struct manifest manifest = {
		.target = request->target, .run = request->run, .started_us = clock_wall_us()};
	struct backup_made *made = &manifest.made;
	struct tools tools;
	AUTO_DRAFT draft = {
		.options = options,
		.target = request->target,
		.path = shelf_draft(arena, options->folder, stem, ".dump"),
		.fd = -1,
		.progress = progress,
	};

	TRY(tools_find(arena, options, request->server_version_num, &tools));
	TRY(draft_open(arena, &draft));
	FAULT_POINT(backup_started);
	TRY(tools_dump(arena, &tools, request, draft_add, &draft));
	TRY(draft_finish(arena, &draft, &made->sha256));
	FAULT_POINT(backup_written);
	TRY(tools_decode(arena, &tools, request->target, draft.path, progress));
	TRY(save_roles(arena, &draft, &tools, stem, made));
	TRY(give_name(arena, &draft, stem));
	made->file = draft.path;
	made->size = draft.size;
	made->scope = request->scope;
	made->tool = tools.version;
	manifest.database = database_url_public(arena, &tools.url);
	manifest.identity = shelf_identity(arena, &tools.url, request->database_id);
	manifest.server_version = arena_printf(arena, "%d", request->server_version_num);
	manifest.schemas = request->scope == BACKUP_SCHEMA ? request->schemas : NULL;
	manifest.finished_us = clock_wall_us();
	made->took_ms = clock_monotonic_ms() - started_ms;
	TRY(as_backup_error(arena, &draft, shelf_save(arena, options->folder, stem, &manifest)));
	draft.path = draft.roles = NULL;
	*ret_made = *made;
	return NULL;
}

/* ---- the draft ---- */

static FALLIBLE draft_open(struct arena *arena, struct draft *draft)
{
	draft->fd = open(draft->path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (draft->fd < 0 || fchmod(draft->fd, 0600))
		return draft_failed(arena, draft, "make", errno);
	draft->sha256 = sha256_begin();
	return NULL;
}

static struct error *draft_add(void *context, struct arena *arena, const void *data, size_t size)
{
	struct draft *draft = context;
	const char *from = data;

	sha256_add(draft->sha256, data, size);
	for (size_t done = 0; done < size;) {
		ssize_t written = write(draft->fd, from + done, size - done);

		if (written < 0 && errno != EINTR)
			return draft_failed(arena, draft, "write", errno);
		done += written > 0 ? (size_t)written : 0;
	}
	draft->size += size;
	if (draft->size - draft->told >= MIB) {
		draft->told = draft->size;
		progress_report(draft->progress, "backup", PROGRESS_BYTES, draft->size, 0);
	}
	return NULL;
}

static FALLIBLE draft_finish(struct arena *arena, struct draft *draft, const char **ret_sha256)
{
	char hex[SHA256_HEX];

	if (fsync(draft->fd))
		return draft_failed(arena, draft, "sync", errno);
	if (close(TAKE_FD(draft->fd)))
		return draft_failed(arena, draft, "close", errno);
	sha256_end(TAKE(draft->sha256), hex);
	*ret_sha256 = arena_text(arena, hex);
	progress_report(draft->progress, "backup", PROGRESS_BYTES, draft->size, draft->size);
	return NULL;
}

static FALLIBLE draft_failed(struct arena *arena, const struct draft *draft, const char *aim,
                             int number)
{
	const char *what = arena_printf(arena, "cannot back up '%s' into '%s'", draft->target,
	                                draft->options->folder);
	const char *folder = shell_word(arena, draft->options->folder);

	if (number == ENOSPC || number == EDQUOT || number == EFBIG)
		return FAIL(
			arena, BACKUP_SPACE, .what = what,
			.why = arena_printf(arena, "%s, %s were written", errno_text(arena, number),
		                            text_size(arena, draft->size)),
			.hint = arena_printf(
				arena,
				"Make room, or give the backups another folder in the configuration; what "
				"is used is shown by: df -h %s. Then: headgate retry --target %s",
				folder, draft->target));
	return FAIL(arena, BACKUP, .what = what,
	            .why = arena_printf(arena, "cannot %s '%s': %s", aim, draft->path,
	                                errno_text(arena, number)),
	            .hint = arena_printf(arena, "Look at the folder: ls -ld %s", folder));
}

static void draft_cleanup(struct draft *draft)
{
	char hex[SHA256_HEX];

	fd_cleanup(&draft->fd);
	if (draft->sha256)
		sha256_end(draft->sha256, hex);
	if (draft->path)
		(void)unlink(
			draft->path); /* what cannot be removed now is swept before the next backup */
	if (draft->roles)
		(void)unlink(draft->roles);
}

/* ---- from draft to backup ---- */

static FALLIBLE save_roles(struct arena *arena, struct draft *draft, const struct tools *tools,
                           const char *stem, struct backup_made *made)
{
	struct bytes sql = {0};

	TRY(tools_roles(arena, tools, &sql, &made->roles_why));
	if (made->roles_why)
		return NULL;
	draft->roles = shelf_path(arena, draft->options->folder, stem, ".roles.sql");
	TRY(as_backup_error(arena, draft, file_save(arena, draft->roles, sql, 0600)));
	made->roles = draft->roles;
	return NULL;
}

static FALLIBLE give_name(struct arena *arena, struct draft *draft, const char *stem)
{
	const char *folder = draft->options->folder;
	const char *path = shelf_path(arena, folder, stem, ".dump");

	if (rename(draft->path, path))
		return draft_failed(arena, draft, "rename", errno);
	draft->path = path;
	return as_backup_error(arena, draft, folder_sync(arena, folder));
}

/* A small file that could not be written heals as the dump itself does: the next try looks at the space first. */
static struct error *as_backup_error(struct arena *arena, const struct draft *draft,
                                     const struct error *error)
{
	if (!error)
		return NULL;
	return FAIL(arena, BACKUP,
	            .what = arena_printf(arena, "cannot finish the backup of '%s'", draft->target),
	            .why = error_line(arena, error), .hint = error->hint);
}

static const char *shell_word(struct arena *arena, const char *word)
{
	static const char safe[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:@%+,";
	struct text quoted = TEXT_IN(arena);

	if (word[0] && !word[strspn(word, safe)])
		return word;
	text_add(&quoted, "'");
	for (; *word; word++) {
		if (*word == '\'')
			text_add(&quoted, "'\\''");
		else
			text_add_bytes(&quoted, word, 1);
	}
	text_add(&quoted, "'");
	return text_get(&quoted);
}
