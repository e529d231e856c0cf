/*
 * Building git objects. The order of a tree is git's: a folder is sorted as if its name ended in
 * '/'.
 */
#include "fakes/git_build.h"

#include "base/text.h"

struct item {
	const char *name;
	unsigned mode;
	const char *id;
};

struct items {
	struct item *items;
	size_t count, room;
};

static const char *tree_under(const struct git_build *build, const struct build_file *files,
                              size_t count, const char *prefix);
static bool has_item(const struct items *items, const char *name);
static int compare_items(const void *a, const void *b);
static const char *key_of(const struct item *item, char *buffer, size_t size);

const char *build_blob(const struct git_build *build, const char *text)
{
	return build->put(build->context, GIT_KIND_BLOB, (struct bytes){text, strlen(text)});
}

const char *build_tree(const struct git_build *build, const struct build_file *files, size_t count)
{
	return tree_under(build, files, count, "");
}

static const char *tree_under(const struct git_build *build, const struct build_file *files,
                              size_t count, const char *prefix)
{
	struct items items = {0};
	struct text raw = TEXT_IN(build->arena);

	for (size_t i = 0; i < count; i++) {
		const char *rest, *slash, *name;

		if (!text_starts(files[i].path, prefix))
			continue;
		rest = files[i].path + strlen(prefix);
		slash = strchr(rest, '/');
		name = slash ? arena_copy(build->arena, rest, (size_t)(slash - rest)) : rest;
		if (slash && has_item(&items, name))
			continue;
		*LIST_ADD(build->arena, &items) = (struct item){
			.name = name,
			.mode = slash           ? 040000
		                : files[i].mode ? files[i].mode
		                                : 0100644,
			.id = slash         ? tree_under(build, files, count,
		                                         arena_printf(build->arena, "%s%s/", prefix, name))
		              : files[i].id ? files[i].id
		                            : build_blob(build, files[i].text),
		};
	}
	if (items.count)
		qsort(items.items, items.count, sizeof *items.items, compare_items);
	for (size_t i = 0; i < items.count; i++) {
		text_printf(&raw, "%o %s", items.items[i].mode, items.items[i].name);
		text_add_bytes(&raw, "", 1);
		for (size_t j = 0; j < 40; j += 2) {
			char digits[3] = {items.items[i].id[j], items.items[i].id[j + 1], 0};
			unsigned char byte = (unsigned char)strtoul(digits, NULL, 16);

			text_add_bytes(&raw, &byte, 1);
		}
	}
	return build->put(build->context, GIT_KIND_TREE, text_bytes(&raw));
}

static bool has_item(const struct items *items, const char *name)
{
	for (size_t i = 0; i < items->count; i++)
		if (text_equal(items->items[i].name, name))
			return true;
	return false;
}

static int compare_items(const void *a, const void *b)
{
	char left[1024], right[1024];

	return strcmp(key_of(a, left, sizeof left), key_of(b, right, sizeof right));
}

static const char *key_of(const struct item *item, char *buffer, size_t size)
{
	(void)snprintf(buffer, size, "%s%s", item->name, item->mode == 040000 ? "/" : "");
	return buffer;
}

struct bytes build_commit_bytes(struct arena *arena, const struct build_commit *commit)
{
	struct text raw = TEXT_IN(arena);
	const char *author = commit->author ? commit->author : "Ann <ann@example.org>";
	long long when = commit->when ? commit->when : 1700000000;

	text_printf(&raw, "tree %s\n", commit->tree);
	for (size_t i = 0;
	     i < sizeof commit->parents / sizeof *commit->parents && commit->parents[i]; i++)
		text_printf(&raw, "parent %s\n", commit->parents[i]);
	text_printf(&raw, "author %s %lld +0000\ncommitter %s %lld +0000\n%s\n%s", author, when,
	            author, when, commit->extra ? commit->extra : "",
	            commit->message ? commit->message : "A commit\n");
	return text_bytes(&raw);
}

const char *build_commit(const struct git_build *build, const struct build_commit *commit)
{
	return build->put(build->context, GIT_KIND_COMMIT,
	                  build_commit_bytes(build->arena, commit));
}

struct bytes build_tag_bytes(struct arena *arena, const char *name, const char *object,
                             const char *type, const char *message)
{
	struct text text = TEXT_IN(arena);

	text_printf(&text,
	            "object %s\ntype %s\ntag %s\ntagger Ann <ann@example.org> 1700000000 "
	            "+0000\n\n%s",
	            object, type, name, message);
	return text_bytes(&text);
}

const char *build_tag(const struct git_build *build, struct bytes bytes, const char *armor)
{
	struct text text = TEXT_IN(build->arena);

	text_add_bytes(&text, bytes.data, bytes.size);
	text_add(&text, armor ? armor : "");
	return build->put(build->context, GIT_KIND_TAG, text_bytes(&text));
}
