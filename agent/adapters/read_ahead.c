/* Owns what came early: the last few answers, each in an arena of its own. Looking begins behind the last that was found,
 * for objects are asked for in the order in which they were handed over. */
#include "adapters/read_ahead.h"

#include "base/text.h"

#define ANSWERS 4 /* that are kept; branches that were merged are read side by side */

struct early {
	const char *id;
	enum git_kind kind;
	struct bytes bytes;
};

struct early_list {
	struct arena *arena; /* NULL: none */
	struct early *items;
	size_t count, room;
	size_t next; /* where looking begins */
};

struct read_ahead {
	struct early_list answers[ANSWERS];
	size_t oldest;
	struct arena *listing; /* of the siblings; NULL: none */
	struct text_list siblings;
};

static void put_off(struct early_list *list);

struct read_ahead *read_ahead_new(struct arena *arena)
{
	return ARENA_NEW(arena, struct read_ahead);
}

void read_ahead_end(struct read_ahead *ahead)
{
	for (size_t i = 0; i < ANSWERS; i++)
		put_off(&ahead->answers[i]);
	arena_free(ahead->listing);
	*ahead = (struct read_ahead){0};
}

static void put_off(struct early_list *list)
{
	arena_free(list->arena);
	*list = (struct early_list){0};
}

void read_ahead_listed(struct read_ahead *ahead, const struct folder *folder)
{
	struct arena *arena = NULL;
	struct text_list siblings = {0};

	for (size_t i = 0; i < folder->count; i++)
		if (folder->items[i].mode == ENTRY_FOLDER) {
			arena = arena ? arena : arena_new();
			*LIST_ADD(arena, &siblings) = arena_text(arena, folder->items[i].id);
		}
	if (!siblings.count)
		return;
	arena_free(ahead->listing);
	ahead->listing = arena;
	ahead->siblings = siblings;
}

struct text_list read_ahead_wish(const struct read_ahead *ahead, const char *id, enum git_kind kind,
                                 struct arena *arena)
{
	struct text_list wish = {0};
	size_t at = 0;

	*LIST_ADD(arena, &wish) = id;
	if (kind != GIT_KIND_TREE)
		return wish;
	while (at < ahead->siblings.count && !text_equal(ahead->siblings.items[at], id))
		at++;
	for (at++; at < ahead->siblings.count && wish.count < AHEAD_FOLDERS; at++)
		*LIST_ADD(arena, &wish) = ahead->siblings.items[at];
	return wish;
}

bool read_ahead_keep(struct read_ahead *ahead, const struct wire_message *answer)
{
	struct early_list *list = &ahead->answers[ahead->oldest];
	const char *const *texts = answer->texts.items;
	size_t at = 0;

	if (answer->texts.count % 3 || answer->texts.count / 3 > AHEAD_OBJECTS_MAXIMUM)
		return false;
	put_off(list);
	list->arena = arena_new();
	ahead->oldest = (ahead->oldest + 1) % ANSWERS;
	for (size_t i = 0; i < answer->texts.count; i += 3) {
		struct early early = {.kind = GIT_KIND_COMMIT};
		uint64_t size;

		if (!texts[i] || !texts[i + 1] || !texts[i + 2] ||
		    !parse_number(texts[i + 2], answer->data.size - at, &size))
			return false;
		while (early.kind < GIT_KIND_TAG &&
		       !text_equal(git_kind_name(early.kind), texts[i + 1]))
			early.kind++;
		early.id = arena_text(list->arena, texts[i]);
		early.bytes = arena_bytes(list->arena, answer->data.data + at, (size_t)size);
		*LIST_ADD(list->arena, list) = early;
		at += (size_t)size;
	}
	return at == answer->data.size;
}

bool read_ahead_take(struct read_ahead *ahead, const char *id, enum git_kind kind, size_t maximum,
                     struct arena *arena, struct bytes *ret_bytes)
{
	for (size_t k = 0; k < ANSWERS; k++) {
		struct early_list *list = &ahead->answers[k];

		for (size_t i = 0; i < list->count; i++) {
			const size_t at = (list->next + i) % list->count;
			const struct early *early = &list->items[at];

			if (early->kind != kind || early->bytes.size > maximum ||
			    !text_equal(early->id, id))
				continue;
			list->next = at + 1;
			*ret_bytes = arena_bytes(arena, early->bytes.data, early->bytes.size);
			if (early->bytes.size > AHEAD_BYTES)
				put_off(list); /* nobody reads a large file twice */
			return true;
		}
	}
	return false;
}

void read_ahead_add(struct wire_message *answer, struct text *data, const char *id,
                    enum git_kind kind, struct bytes bytes)
{
	struct arena *arena = data->arena;

	*LIST_ADD(arena, &answer->texts) = id;
	*LIST_ADD(arena, &answer->texts) = git_kind_name(kind);
	*LIST_ADD(arena, &answer->texts) = arena_printf(arena, "%zu", bytes.size);
	text_add_bytes(data, bytes.data, bytes.size);
}

const char *git_kind_name(enum git_kind kind)
{
	static const char *const names[] = {[GIT_KIND_COMMIT] = "commit",
	                                    [GIT_KIND_TREE] = "tree",
	                                    [GIT_KIND_BLOB] = "blob",
	                                    [GIT_KIND_TAG] = "tag"};

	return names[kind];
}
