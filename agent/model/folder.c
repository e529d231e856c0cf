/*
 * Listings of the migrations folder and what differs between two of them. Git's own order is not
 * the order here: git sorts a folder as if its name ended in '/', so both sides are sorted by their
 * names before they are compared.
 */
#include "model/folder.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static const struct folder_entry **by_name(struct arena *arena, const struct folder *folder);
static int compare_names(const void *a, const void *b);
static void add_change(struct arena *arena, struct changes *changes,
                       const struct folder_entry *before, const struct folder_entry *after);
static bool is_same(const struct folder_entry *before, const struct folder_entry *after);

const struct folder_entry *folder_find(const struct folder *folder, const char *name)
{
	for (size_t i = folder->count; i-- > 0;) /* the newest migration is asked for most */
		if (text_equal(folder->items[i].name, name))
			return &folder->items[i];
	return NULL;
}

struct folder *folder_copy(struct arena *arena, const struct folder *folder)
{
	struct folder *copy = ARENA_NEW(arena, struct folder);

	copy->tree = arena_text(arena, folder->tree);
	copy->items = ARENA_ARRAY(arena, struct folder_entry, folder->count);
	copy->count = copy->room = folder->count;
	for (size_t i = 0; i < folder->count; i++)
		copy->items[i] = (struct folder_entry){arena_text(arena, folder->items[i].name),
		                                       folder->items[i].mode,
		                                       arena_text(arena, folder->items[i].id)};
	return copy;
}

void folder_compare(struct arena *arena, const struct folder *before, const struct folder *after,
                    struct changes *ret_changes)
{
	const struct folder_entry **left, **right;
	size_t i = 0, j = 0;

	*ret_changes = (struct changes){0};
	if (text_equal(before->tree, after->tree))
		return;
	left = by_name(arena, before);
	right = by_name(arena, after);
	while (i < before->count || j < after->count) {
		int order = i == before->count  ? 1
		            : j == after->count ? -1
		                                : strcmp(left[i]->name, right[j]->name);

		if (order < 0)
			add_change(arena, ret_changes, left[i++], NULL);
		else if (order > 0)
			add_change(arena, ret_changes, NULL, right[j++]);
		else if (is_same(left[i], right[j]))
			i++, j++;
		else
			add_change(arena, ret_changes, left[i++], right[j++]);
	}
}

static const struct folder_entry **by_name(struct arena *arena, const struct folder *folder)
{
	const struct folder_entry **entries =
		ARENA_ARRAY(arena, const struct folder_entry *, folder->count);

	for (size_t i = 0; i < folder->count; i++)
		entries[i] = &folder->items[i];
	qsort(entries, folder->count, sizeof *entries, compare_names);
	return entries;
}

static int compare_names(const void *a, const void *b)
{
	const struct folder_entry *const *left = a, *const *right = b;

	return strcmp((*left)->name, (*right)->name);
}

static void add_change(struct arena *arena, struct changes *changes,
                       const struct folder_entry *before, const struct folder_entry *after)
{
	*LIST_ADD(arena, changes) = (struct change){
		.kind = !before  ? CHANGE_ADDED
	                : !after ? CHANGE_REMOVED
	                         : CHANGE_CHANGED,
		.name = before ? before->name : after->name,
		.before = before,
		.after = after,
	};
}

static bool is_same(const struct folder_entry *before, const struct folder_entry *after)
{
	return before->mode == after->mode && text_equal(before->id, after->id);
}
