/*
 * Raw commits and trees, and the rules for names under the migrations folder. A reader would expect
 * bad names to be skipped: each is refused by name instead, because git itself would check them out
 * and Prisma would read them.
 */
#include "adapters/git_objects.h"

#include <ctype.h>

#include "adapters/unicode.h"
#include "base/text.h"
#include "model/commit.h"

struct tree_walk { /* over the bytes of one tree object */
	const char *tree;
	const char *at, *end;
};

struct tree_entry { /* as it lies in these bytes */
	unsigned long mode;
	const char *name;
	const char *id; /* 20 bytes */
};

struct twin {
	const char *name, *folded;
};

static struct error *read_links(const struct git_objects *objects, const char *commit,
                                struct arena *arena, struct commit_links *ret_links);
static const char *read_id(struct arena *arena, const char *text);
static struct error *step_into(const struct git_objects *objects, const char *commit,
                               const char *path, const char *name, struct arena *arena,
                               const char **tree);
static struct error *next_entry(struct arena *arena, struct tree_walk *walk,
                                struct tree_entry *ret_entry);
static struct folder_entry entry_of(struct arena *arena, const struct tree_entry *entry);
static struct error *check_entry(struct arena *arena, const char *place,
                                 const struct folder_entry *entry);
static bool is_dots(const struct folder_entry *entry);
static bool has_slash(const struct folder_entry *entry);
static bool has_control(const struct folder_entry *entry);
static bool is_not_text(const struct folder_entry *entry);
static bool is_too_long(const struct folder_entry *entry);
static bool is_link(const struct folder_entry *entry);
static bool is_submodule(const struct folder_entry *entry);
static bool is_other(const struct folder_entry *entry);
static struct error *check_twins(struct arena *arena, const char *place,
                                 const struct folder *folder);
static int compare_twins(const void *a, const void *b);
static const char *visible(struct arena *arena, const char *name);

FALLIBLE git_objects_folder(const struct git_objects *objects, const char *commit, const char *path,
                            struct arena *arena, struct folder *ret_folder)
{
	struct commit_links links;
	struct text_list names = {0};
	const char *tree;

	TRY(read_links(objects, commit, arena, &links));
	tree = links.tree;
	text_split(arena, path, '/', &names);
	for (size_t i = 0; i < names.count; i++) {
		if (!*names.items[i] || text_equal(names.items[i], "."))
			continue;
		TRY(step_into(objects, commit, path, names.items[i], arena, &tree));
		if (!tree) {
			*ret_folder = (struct folder){0};
			return NULL;
		}
	}
	return git_objects_entries(objects, tree, path, arena, ret_folder);
}

static struct error *read_links(const struct git_objects *objects, const char *commit,
                                struct arena *arena, struct commit_links *ret_links)
{
	struct bytes raw;

	TRY(objects->read(objects->context, commit, GIT_KIND_COMMIT, COMMIT_PASSED_MAXIMUM, arena,
	                  &raw));
	return git_objects_links(arena, commit, raw, ret_links);
}

FALLIBLE git_objects_links(struct arena *arena, const char *id, struct bytes raw,
                           struct commit_links *ret_links)
{
	struct commit_links links = {0};
	const char *at = raw.data, *const end = at + raw.size, *line, *id_there;

	/* By size, and not up to a NUL: there may be very many lines. */
	while ((line = at) && (at = memchr(line, '\n', (size_t)(end - line))) != NULL) {
		size_t size = (size_t)(at++ - line);

		if (!links.tree && size == 5 + COMMIT_ID_SIZE && !memcmp(line, "tree ", 5) &&
		    (id_there = read_id(arena, line + 5)))
			links.tree = id_there;
		else if (size == 7 + COMMIT_ID_SIZE && !memcmp(line, "parent ", 7) &&
		         (id_there = read_id(arena, line + 7)))
			*LIST_ADD(arena, &links.parents) = id_there;
		else
			break;
	}
	if (!links.tree)
		return FAIL(
			arena, GIT_OBJECT,
			.what = arena_printf(arena, "cannot read commit '%s'", id),
			.why = "it does not begin with a tree",
			.hint = "See it with: git cat-file -p <commit>. Take it out of the branch by git revert or reset.");

	line = strstr(raw.data, "\ncommitter ");
	if (line) {
		size_t size = strcspn(line + 1, "\n");
		const char *close = memrchr(line + 1, '>', size);

		if (close && close[1] == ' ' && isdigit((unsigned char)close[2]))
			links.when = strtoll(close + 2, NULL, 10);
	}
	*ret_links = links;
	return NULL;
}

/* As git reads it: capitals mean the same object. NULL: no id. */
static const char *read_id(struct arena *arena, const char *text)
{
	char *id = arena_copy(arena, text, COMMIT_ID_SIZE);

	for (char *digit = id; *digit; digit++)
		*digit = (char)tolower((unsigned char)*digit);
	return commit_id_is_valid(id) ? id : NULL;
}

/* *tree becomes the sub-tree of that name, NULL when there is none. */
static struct error *step_into(const struct git_objects *objects, const char *commit,
                               const char *path, const char *name, struct arena *arena,
                               const char **tree)
{
	struct folder_entry entry;
	struct bytes raw;
	bool found;

	TRY(objects->read(objects->context, *tree, GIT_KIND_TREE, TREE_MAXIMUM, arena, &raw));
	TRY(git_objects_find(arena, *tree, raw, name, &found, &entry));
	if (found && entry.mode != ENTRY_FOLDER)
		return FAIL(
			arena, FOLDER_ENTRY,
			.what = arena_printf(arena, "cannot read the folder '%s' of commit '%s'",
		                             path, commit),
			.why = arena_printf(arena, "'%s' is not a folder but a %s", name,
		                            entry.mode == ENTRY_LINK        ? "symbolic link"
		                            : entry.mode == ENTRY_SUBMODULE ? "submodule"
		                                                            : "file"),
			.hint = "Bring the folder back, or set the target's path in the configuration.");
	*tree = found ? entry.id : NULL;
	return NULL;
}

FALLIBLE git_objects_find(struct arena *arena, const char *tree, struct bytes raw, const char *name,
                          bool *ret_found, struct folder_entry *ret_entry)
{
	struct tree_walk walk = {.tree = tree, .at = raw.data, .end = raw.data + raw.size};

	while (walk.at < walk.end) {
		struct tree_entry entry;

		TRY(next_entry(arena, &walk, &entry));
		if (text_equal(entry.name, name)) {
			*ret_entry = entry_of(arena, &entry);
			*ret_found = true;
			return NULL;
		}
	}
	*ret_found = false;
	return NULL;
}

FALLIBLE git_objects_entries(const struct git_objects *objects, const char *tree, const char *path,
                             struct arena *arena, struct folder *ret_folder)
{
	const char *place = !path ? arena_printf(arena, "tree %s", tree) : *path ? path : "/";
	struct folder folder = {0};
	struct tree_walk walk = {.tree = tree};
	struct bytes raw;

	TRY(objects->read(objects->context, tree, GIT_KIND_TREE, TREE_MAXIMUM, arena, &raw));
	walk.at = raw.data;
	walk.end = raw.data + raw.size;
	while (walk.at < walk.end) {
		struct tree_entry entry;

		TRY(next_entry(arena, &walk, &entry));
		if (folder.count == FOLDER_ENTRIES_MAXIMUM)
			return FAIL(
				arena, GIT_LIMIT,
				.what = arena_printf(arena, "cannot list '%s'", place),
				.why = arena_printf(arena, "it has more than %d entries",
			                            FOLDER_ENTRIES_MAXIMUM),
				.hint = "Take what is no migration out of the folder, in a new commit.");
		*LIST_ADD(arena, &folder) = entry_of(arena, &entry);
		TRY(check_entry(arena, place, &folder.items[folder.count - 1]));
	}
	TRY(check_twins(arena, place, &folder));
	folder.tree = arena_text(arena, tree);
	*ret_folder = folder;
	return NULL;
}

static struct error *next_entry(struct arena *arena, struct tree_walk *walk,
                                struct tree_entry *ret_entry)
{
	char *space;
	unsigned long mode = strtoul(walk->at, &space, 8); /* the NUL behind the bytes stops it */
	const char *nul = memchr(walk->at, 0, (size_t)(walk->end - walk->at));

	if (!isdigit((unsigned char)*walk->at) || !nul || *space != ' ' || space > nul ||
	    walk->end - nul < 21)
		return FAIL(
			arena, FOLDER_ENTRY,
			.what = arena_printf(arena, "cannot read the tree '%s'", walk->tree),
			.why = "it is not written as git writes trees",
			.hint = "See what git fsck says, and bring the folder in again with a new commit.");
	*ret_entry = (struct tree_entry){.mode = mode, .name = space + 1, .id = nul + 1};
	walk->at = nul + 21;
	return NULL;
}

static struct folder_entry entry_of(struct arena *arena, const struct tree_entry *entry)
{
	char id[COMMIT_ID_SIZE + 1];
	enum entry_mode mode = ENTRY_OTHER;

	switch (entry->mode & 0170000) {
	case 0100000:
		mode = entry->mode & 0111 ? ENTRY_PROGRAM : ENTRY_FILE;
		break;
	case 0040000:
		mode = ENTRY_FOLDER;
		break;
	case 0120000:
		mode = ENTRY_LINK;
		break;
	case 0160000:
		mode = ENTRY_SUBMODULE;
		break;
	}
	text_hex(entry->id, COMMIT_ID_SIZE / 2, id);
	return (struct folder_entry){
		.name = entry->name, /* the raw tree stays in the arena */
		.mode = mode,
		.id = arena_text(arena, id),
	};
}

static const struct {
	bool (*breaks)(const struct folder_entry *entry);
	const char *rule;
} rules[] = {
	{is_dots, "a name must not be empty, '.' or '..'"},
	{has_slash, "a name must not hold '/' or a backslash"},
	{has_control, "a name must not hold control characters"},
	{is_not_text, "a name must be valid UTF-8"},
	{is_too_long, "a name must not be longer than 255 bytes"},
	{is_link, "symbolic links are not followed and not allowed"},
	{is_submodule, "submodules are not allowed"},
	{is_other, "only files and folders are allowed"},
};

static struct error *check_entry(struct arena *arena, const char *place,
                                 const struct folder_entry *entry)
{
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
		if (rules[i].breaks(entry))
			return FAIL(arena, FOLDER_ENTRY,
			            .what = arena_printf(arena, "cannot accept '%s' in '%s'",
			                                 visible(arena, entry->name), place),
			            .why = rules[i].rule,
			            .hint = "Rename it or take it away, in a new commit.");
	return NULL;
}

static bool is_dots(const struct folder_entry *entry)
{
	return !*entry->name || text_equal(entry->name, ".") || text_equal(entry->name, "..");
}

static bool has_slash(const struct folder_entry *entry)
{
	return strpbrk(entry->name, "/\\") != NULL;
}

static bool has_control(const struct folder_entry *entry)
{
	return text_has_control(entry->name);
}

static bool is_not_text(const struct folder_entry *entry)
{
	return !text_is_utf8(entry->name, strlen(entry->name));
}

static bool is_too_long(const struct folder_entry *entry)
{
	return strlen(entry->name) > ENTRY_NAME_MAXIMUM;
}

static bool is_link(const struct folder_entry *entry)
{
	return entry->mode == ENTRY_LINK;
}

static bool is_submodule(const struct folder_entry *entry)
{
	return entry->mode == ENTRY_SUBMODULE;
}

static bool is_other(const struct folder_entry *entry)
{
	return entry->mode == ENTRY_OTHER;
}

/*
 * Two names that macOS or Windows would make one folder of; there the developer and here the agent
 * would differ.
 */
static struct error *check_twins(struct arena *arena, const char *place,
                                 const struct folder *folder)
{
	AUTO_ARENA scratch = arena_new();
	struct twin *twins = ARENA_ARRAY(scratch, struct twin, folder->count);

	for (size_t i = 0; i < folder->count; i++)
		twins[i] = (struct twin){folder->items[i].name,
		                         unicode_fold(scratch, folder->items[i].name)};
	qsort(twins, folder->count, sizeof *twins, compare_twins);
	for (size_t i = 1; i < folder->count; i++)
		if (!strcmp(twins[i - 1].folded, twins[i].folded))
			return FAIL(
				arena, FOLDER_TWINS,
				.what = arena_printf(arena,
			                             "cannot accept both '%s' and '%s' in '%s'",
			                             twins[i - 1].name, twins[i].name, place),
				.why = "on some file systems the two are one",
				.hint = "Rename one of them so that they differ in more than case, in a new commit.");
	return NULL;
}

static int compare_twins(const void *a, const void *b)
{
	const struct twin *left = a, *right = b;
	int order = strcmp(left->folded, right->folded);

	return order ? order : strcmp(left->name, right->name);
}

/* For messages: what cannot be shown becomes \xNN. */
static const char *visible(struct arena *arena, const char *name)
{
	struct text text = TEXT_IN(arena);
	bool plain = text_is_utf8(name, strlen(name));

	for (size_t i = 0; name[i] && i < ENTRY_NAME_MAXIMUM; i++) {
		unsigned char byte = (unsigned char)name[i];

		if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !plain))
			text_printf(&text, "\\x%02x", byte);
		else
			text_add_bytes(&text, &name[i], 1);
	}
	return text_get(&text);
}
