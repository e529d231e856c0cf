/*
 * Owns the backup folder: names, manifests, what is removed. Names belong to a target only if they have the whole shape
 * (<target>.<run>[.<journal>].<extension>), so that a file that a person put there is never touched.
 */
#include "adapters/backup_pgdump_parts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/node.h"
#include "base/text.h"

#define FORMAT "headgate backup 1"
#define MANIFEST_MAXIMUM ((size_t)64 * 1024)
#define JOURNAL_DIGITS 8
#define PIECE ((size_t)256 * 1024)

static const char *const extensions[] = {".dump", ".roles.sql", ".json"};
static const char *const scopes[] = {[BACKUP_DATABASE] = "database", [BACKUP_SCHEMA] = "schema"};

static bool serves(const struct node *map, const struct backup_request *request,
                   const char *identity);
static bool has_text(const struct node *list, const char *text);
static bool is_younger(const struct shelf_item *item, int64_t now_us, uint64_t max_age_ms);
static void add_item(struct arena *arena, const char *stem, const struct node *map,
                     struct shelf_list *list);
static const char *target_of(struct arena *arena, const char *name);
static void folder_names(struct arena *arena, const char *folder, struct text_list *ret_names);
static const char *stem_of(struct arena *arena, const char *name, const char *target);
static bool read_manifest(struct arena *arena, const char *folder, const char *stem,
                          const struct node **ret_map);
static enum backup_scope scope_of(const struct node *map);
static int newest_first(const void *a, const void *b);
static void remove_files(struct arena *arena, const char *folder, const char *stem);
static FALLIBLE hash_file(struct arena *arena, const char *path, uint64_t *ret_size,
                          const char **ret_sha256);

const char *shelf_stem(struct arena *arena, const struct backup_pgdump_options *options,
                       const char *target, int64_t run)
{
	char digits[JOURNAL_DIGITS + 1] = "";
	size_t count = 0;

	for (const char *from = options->journal; from && *from && count < JOURNAL_DIGITS; from++) {
		if (strchr("0123456789abcdef", *from))
			digits[count++] = *from;
	}
	if (count < JOURNAL_DIGITS)
		return arena_printf(arena, "%s.%" PRId64, target, run);
	return arena_printf(arena, "%s.%" PRId64 ".%s", target, run, digits);
}

const char *shelf_path(struct arena *arena, const char *folder, const char *stem,
                       const char *extension)
{
	return path_join(arena, folder, arena_printf(arena, "%s%s", stem, extension));
}

const char *shelf_draft(struct arena *arena, const char *folder, const char *stem,
                        const char *extension)
{
	return path_join(arena, folder, arena_printf(arena, ".%s%s.new", stem, extension));
}

void shelf_list(struct arena *arena, const char *folder, const char *target,
                struct shelf_list *ret_list)
{
	struct text_list names = {0};
	struct shelf_list list = {0};

	folder_names(arena, folder, &names);
	for (size_t i = 0; i < names.count; i++) {
		const char *stem = stem_of(arena, names.items[i], target);
		const struct node *map;

		if (!stem || !text_ends(names.items[i], ".json") ||
		    !read_manifest(arena, folder, stem, &map))
			continue;
		add_item(arena, stem, map, &list);
	}
	if (list.count)
		qsort(list.items, list.count, sizeof *list.items, newest_first);
	*ret_list = list;
}

void shelf_sweep(struct arena *arena, const char *folder, const char *target)
{
	const char *draft = arena_printf(arena, ".%s.", target);
	struct text_list names = {0};

	folder_names(arena, folder, &names);
	for (size_t i = 0; i < names.count; i++) {
		const char *name = names.items[i], *stem = stem_of(arena, name, target);
		bool is_draft = text_starts(name, draft) && text_ends(name, ".new");
		bool is_orphan = stem && !file_exists(shelf_path(arena, folder, stem, ".json"));

		if (is_draft || is_orphan)
			(void)unlink(path_join(arena, folder, name)); /* or the next time */
	}
}

void shelf_prune(struct arena *arena, const char *folder, const struct backup_request *request,
                 const char *stem)
{
	const int64_t now_us = clock_wall_us();
	struct shelf_list list = {0};
	uint64_t kept = 1; /* the one just made, whatever the clock says of the others */

	shelf_list(arena, folder, request->target, &list);
	for (size_t i = 0; i < list.count; i++) {
		if (text_equal(list.items[i].stem, stem))
			continue;
		if (kept < request->keep)
			kept++;
		else if (!is_younger(&list.items[i], now_us, request->keep_younger_ms))
			remove_files(arena, folder, list.items[i].stem);
	}
}

const char *shelf_identity(struct arena *arena, const struct database_url *url,
                           const char *database_id)
{
	return arena_printf(arena, "%s at %s:%s/%s", database_id ? database_id : "-",
	                    url->host, url->port, url->database);
}

FALLIBLE shelf_find_recent(struct arena *arena, const struct backup_pgdump_options *options,
                           const struct backup_request *request, const char *identity,
                           bool *ret_found, struct backup_made *ret_made)
{
	const char *own = shelf_stem(arena, options, request->target, request->run);
	const int64_t now_us = clock_wall_us();
	struct text_list names = {0};
	struct shelf_list list = {0};
	bool found = false;

	folder_names(arena, options->folder, &names);
	for (size_t i = 0; i < names.count; i++) {
		const char *target = target_of(arena, names.items[i]);
		const char *stem = target ? stem_of(arena, names.items[i], target) : NULL;
		const struct node *map;

		if (!stem || text_equal(stem, own) || !text_ends(names.items[i], ".json") ||
		    !read_manifest(arena, options->folder, stem, &map) ||
		    !text_equal(stem, shelf_stem(arena, options, target,
		                                 node_find_number(map, "run", -1))) ||
		    !serves(map, request, identity))
			continue;
		add_item(arena, stem, map, &list);
	}
	if (list.count)
		qsort(list.items, list.count, sizeof *list.items, newest_first);
	for (size_t i = 0; !found && i < list.count; i++) {
		const struct shelf_item *item = &list.items[i];
		struct backup_made made = {0};

		if (!is_younger(item, now_us, request->max_age_ms))
			continue;
		TRY(shelf_find(arena, options->folder, item->stem, item->target, item->run, &found,
		               &made));
		if (!found)
			continue;
		made.again = false;
		made.from_target = item->target;
		made.from_run = item->run;
		made.age_ms = (uint64_t)(now_us - item->finished_us) / 1000;
		*ret_made = made;
	}
	*ret_found = found;
	return NULL;
}

FALLIBLE shelf_save(struct arena *arena, const char *folder, const char *stem,
                    const struct manifest *manifest)
{
	const struct backup_made *made = &manifest->made;
	struct node *map = node_map(arena), *schemas;
	const char *json;

	node_set_text(arena, map, "format", FORMAT);
	node_set_text(arena, map, "target", manifest->target);
	node_set_number(arena, map, "run", manifest->run);
	node_set_text(arena, map, "database", manifest->database);
	node_set_text(arena, map, "identity", manifest->identity);
	node_set_text(arena, map, "server_version_num", manifest->server_version);
	node_set_text(arena, map, "tool", made->tool);
	node_set_text(arena, map, "scope", scopes[made->scope]);
	if (manifest->schemas) {
		schemas = node_set(arena, map, "schemas", node_list(arena));
		for (size_t i = 0; i < manifest->schemas->count; i++)
			node_add(schemas, node_text(arena, manifest->schemas->items[i]));
	}
	node_set_text(arena, map, "file", arena_printf(arena, "%s.dump", stem));
	node_set_number(arena, map, "size", (int64_t)made->size);
	node_set_text(arena, map, "sha256", made->sha256);
	node_set_text(arena, map, "roles",
	              made->roles ? arena_printf(arena, "%s.roles.sql", stem) : NULL);
	node_set_text(arena, map, "roles_why", made->roles_why);
	node_set_text(arena, map, "started", clock_iso(arena, manifest->started_us));
	node_set_text(arena, map, "finished", clock_iso(arena, manifest->finished_us));
	node_set_number(arena, map, "finished_us", manifest->finished_us);
	node_set_number(arena, map, "took_ms", (int64_t)made->took_ms);
	json = arena_printf(arena, "%s\n", node_to_json_pretty(arena, map));
	return file_save(arena, shelf_path(arena, folder, stem, ".json"),
	                 arena_bytes(arena, json, strlen(json)), 0600);
}

FALLIBLE shelf_find(struct arena *arena, const char *folder, const char *stem, const char *target,
                    int64_t run, bool *ret_found, struct backup_made *ret_made)
{
	const struct node *map;
	const char *path = shelf_path(arena, folder, stem, ".dump");
	const char *roles = shelf_path(arena, folder, stem, ".roles.sql");
	const char *sha256 = NULL;
	uint64_t size = 0;
	bool found = false;

	if (read_manifest(arena, folder, stem, &map) &&
	    text_equal(node_find_text(map, "target"), target) &&
	    node_find_number(map, "run", -1) == run && file_exists(path)) {
		TRY(hash_file(arena, path, &size, &sha256));
		found = sha256 && (int64_t)size == node_find_number(map, "size", -1) &&
		        text_equal(sha256, node_find_text(map, "sha256"));
	}
	*ret_found = found;
	if (!found)
		return NULL;
	*ret_made = (struct backup_made){
		.file = path,
		.sha256 = sha256,
		.size = size,
		.took_ms = (uint64_t)node_find_number(map, "took_ms", 0),
		.tool = node_find_text(map, "tool"),
		.roles = node_find_text(map, "roles") && file_exists(roles) ? roles : NULL,
		.roles_why = node_find_text(map, "roles_why"),
		.scope = scope_of(map),
		.again = true,
	};
	return NULL;
}

/* Does it hold all that is asked for, of the same database? A manifest that does not say of which serves nobody. */
static bool serves(const struct node *map, const struct backup_request *request,
                   const char *identity)
{
	const struct node *schemas = node_find(map, "schemas");

	if (!text_equal(node_find_text(map, "identity"), identity))
		return false;
	if (text_equal(node_find_text(map, "scope"), scopes[BACKUP_DATABASE]))
		return true;
	if (request->scope == BACKUP_DATABASE)
		return false;
	for (size_t i = 0; i < request->schemas->count; i++)
		if (!has_text(schemas, request->schemas->items[i]))
			return false;
	return true;
}

static bool has_text(const struct node *list, const char *text)
{
	for (const struct node *item = list ? list->child : NULL; item; item = item->next)
		if (text_equal(item->text, text))
			return true;
	return false;
}

static void add_item(struct arena *arena, const char *stem, const struct node *map,
                     struct shelf_list *list)
{
	*LIST_ADD(arena, list) = (struct shelf_item){
		.stem = stem,
		.target = node_find_text(map, "target"),
		.run = node_find_number(map, "run", -1),
		.finished_us = node_find_number(map, "finished_us", 0),
		.size = (uint64_t)node_find_number(map, "size", 0),
		.scope = scope_of(map),
	};
}

/* A clock that was put back makes an age nobody knows: not young. */
static bool is_younger(const struct shelf_item *item, int64_t now_us, uint64_t max_age_ms)
{
	return now_us >= item->finished_us &&
	       (uint64_t)(now_us - item->finished_us) / 1000 < max_age_ms;
}

/* What stands before the first dot; whether the rest has the shape is asked of stem_of. NULL: nothing does. */
static const char *target_of(struct arena *arena, const char *name)
{
	const char *dot = strchr(name, '.');

	return dot && dot != name ? arena_copy(arena, name, (size_t)(dot - name)) : NULL;
}

static void folder_names(struct arena *arena, const char *folder, struct text_list *ret_names)
{
	DIR *open_folder = opendir(folder);
	const struct dirent *entry;

	while (open_folder && (entry = readdir(open_folder)))
		*LIST_ADD(arena, ret_names) = arena_text(arena, entry->d_name);
	if (open_folder)
		(void)closedir(open_folder);
}

/* NULL when the name is not one of the target's files. */
static const char *stem_of(struct arena *arena, const char *name, const char *target)
{
	const char *at = name + strlen(target);
	size_t digits;

	if (!text_starts(name, target) || *at++ != '.')
		return NULL;
	digits = strspn(at, "0123456789");
	if (!digits || digits > 19)
		return NULL;
	at += digits;
	if (*at == '.' && strspn(at + 1, "0123456789abcdef") == JOURNAL_DIGITS)
		at += 1 + JOURNAL_DIGITS;
	for (size_t i = 0; i < sizeof extensions / sizeof *extensions; i++) {
		if (text_equal(at, extensions[i]))
			return arena_copy(arena, name, (size_t)(at - name));
	}
	return NULL;
}

static bool read_manifest(struct arena *arena, const char *folder, const char *stem,
                          const struct node **ret_map)
{
	struct bytes bytes;
	const struct node *map;
	const char *why;

	if (file_read(arena, shelf_path(arena, folder, stem, ".json"), MANIFEST_MAXIMUM, &bytes))
		return false;
	map = node_from_json(arena, bytes.data, bytes.size, &why);
	if (!map || !text_equal(node_find_text(map, "format"), FORMAT))
		return false;
	*ret_map = map;
	return true;
}

static enum backup_scope scope_of(const struct node *map)
{
	return text_equal(node_find_text(map, "scope"), scopes[BACKUP_SCHEMA]) ? BACKUP_SCHEMA
	                                                                       : BACKUP_DATABASE;
}

static int newest_first(const void *a, const void *b)
{
	const struct shelf_item *one = a, *other = b;

	return (one->finished_us < other->finished_us) - (one->finished_us > other->finished_us);
}

/* The manifest first: what is left after an interruption is an orphan, and swept. */
static void remove_files(struct arena *arena, const char *folder, const char *stem)
{
	for (size_t i = sizeof extensions / sizeof *extensions; i > 0; i--)
		(void)unlink(shelf_path(arena, folder, stem, extensions[i - 1]));
}

/* *ret_sha256 stays NULL when the file cannot be read. */
static FALLIBLE hash_file(struct arena *arena, const char *path, uint64_t *ret_size,
                          const char **ret_sha256)
{
	AUTO_FD fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct sha256 *sha256 = sha256_begin();
	AUTO_ARENA scratch = arena_new();
	char *piece = arena_alloc(scratch, PIECE);
	char hex[SHA256_HEX];
	ssize_t got = -1;

	while (fd >= 0 && !stop_asked()) {
		got = read(fd, piece, PIECE);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		sha256_add(sha256, piece, (size_t)got);
		*ret_size += (uint64_t)got;
	}
	sha256_end(sha256, hex);
	if (stop_asked())
		return FAIL(arena, STOPPED,
		            .what = arena_printf(arena, "stopped while checking '%s'", path),
		            .hint = "Nothing to do: the next pass checks it again.");
	if (got == 0)
		*ret_sha256 = arena_text(arena, hex);
	return NULL;
}
