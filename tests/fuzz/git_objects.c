/*
 * Raw trees, and the links of raw commits. Every entry that is listed has a name that may stand in a path and in a
 * message, and is found by it as what it was listed as.
 */
#include "fuzz/fuzz.h"

#include "adapters/git_objects.h"

#define ID "1111111111111111111111111111111111111111"

static struct error *give(void *context, const char *id, enum git_kind kind, size_t maximum,
                          struct arena *arena, struct bytes *ret_bytes)
{
	const struct bytes *raw = context;

	(void)id;
	(void)kind;
	HOLDS(raw->size <= maximum);
	*ret_bytes = arena_bytes(arena, raw->data, raw->size);
	return NULL;
}

static void read_entries(struct arena *arena, struct bytes raw)
{
	const struct git_objects objects = {.read = give, .context = &raw};
	struct folder folder = {0}, again = {0};
	struct error *error = git_objects_entries(&objects, ID, NULL, arena, &folder);

	HOLDS(same_error(error, git_objects_entries(&objects, ID, NULL, arena, &again)));
	if (error) {
		HOLDS(is_told(error) && !text_has_control(error->what));
		return;
	}
	HOLDS(folder.count == again.count && text_equal(folder.tree, ID));
	for (size_t i = 0; i < folder.count; i++) {
		const struct folder_entry *entry = &folder.items[i];
		struct folder_entry found = {0};
		bool is_there = false;

		HOLDS(*entry->name && !strchr(entry->name, '/') && !text_has_control(entry->name));
		HOLDS(!text_equal(entry->name, ".") && !text_equal(entry->name, ".."));
		HOLDS(text_is_utf8(entry->name, strlen(entry->name)));
		HOLDS(text_is_hex(entry->id, 40));
		HOLDS(entry->mode == ENTRY_FILE || entry->mode == ENTRY_PROGRAM ||
		      entry->mode == ENTRY_FOLDER);
		HOLDS(!git_objects_find(arena, ID, raw, entry->name, &is_there, &found));
		HOLDS(is_there && found.mode == entry->mode && text_equal(found.id, entry->id));
		for (size_t k = 0; k < i; k++)
			HOLDS(!text_equal(folder.items[k].name, entry->name));
	}
}

static void read_links(struct arena *arena, struct bytes raw)
{
	struct commit_links links = {0}, again = {0};
	struct error *error = git_objects_links(arena, ID, raw, &links);

	HOLDS(same_error(error, git_objects_links(arena, ID, raw, &again)));
	if (error) {
		HOLDS(is_told(error));
		return;
	}
	HOLDS(text_is_hex(links.tree, 40) && text_equal(links.tree, again.tree));
	HOLDS(links.when == again.when && links.parents.count == again.parents.count);
	for (size_t i = 0; i < links.parents.count; i++)
		HOLDS(text_is_hex(links.parents.items[i], 40));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	const struct bytes raw = arena_bytes(arena, data, size);

	read_entries(arena, raw);
	read_links(arena, raw);
	arena_free(arena);
	return 0;
}
