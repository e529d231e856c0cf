/*
 * The fake repository. Ids are the first 40 digits of a SHA-256, so equal objects are equal as in
 * git.
 */
#include "fakes/source_memory.h"

#include "base/hash.h"
#include "base/text.h"
#include "model/tag.h"

#include <stdlib.h>

struct object {
	const char *id;
	enum git_kind kind;
	struct bytes bytes;
};

struct ref {
	const char *name, *commit;
};

struct refs {
	struct ref *items;
	size_t count, room;
};

struct source_memory {
	struct source source;
	struct arena *arena;
	struct git_objects objects;
	struct object *items;
	size_t count, room;
	struct refs remote, watched, others;
	const char *branch, *chosen; /* the default; the one asked for last */
	const char *huge; /* an object that is more than a mirror takes; NULL: none */
	bool down;
	size_t fetches;
};

static const struct source_ops ops;

static int compare_names(const void *a, const void *b);
static const char *put(void *context, enum git_kind kind, struct bytes bytes);
static struct error *read_object(void *context, const char *id, enum git_kind kind, size_t maximum,
                                 struct arena *arena, struct bytes *ret_bytes);

struct source_memory *source_memory_new(struct arena *arena)
{
	struct source_memory *memory = ARENA_NEW(arena, struct source_memory);

	memory->source.ops = &ops;
	memory->arena = arena;
	memory->branch = "main";
	memory->objects = (struct git_objects){read_object, memory};
	return memory;
}

struct source *source_memory_source(struct source_memory *memory)
{
	return &memory->source;
}

struct git_build source_memory_build(struct source_memory *memory)
{
	return (struct git_build){.arena = memory->arena, .put = put, .context = memory};
}

static const char *put(void *context, enum git_kind kind, struct bytes bytes)
{
	struct source_memory *memory = context;
	char *id = arena_printf(memory->arena, "%d", (int)kind);
	struct sha256 *sha256 = sha256_begin();
	char hex[SHA256_HEX];

	sha256_add(sha256, id, 1);
	sha256_add(sha256, bytes.data ? bytes.data : "", bytes.size);
	sha256_end(sha256, hex);
	id = arena_copy(memory->arena, hex, COMMIT_ID_SIZE);
	*LIST_ADD(memory->arena, memory) = (struct object){
		id, kind, arena_bytes(memory->arena, bytes.data ? bytes.data : "", bytes.size)};
	return id;
}

static struct ref *find_ref(struct refs *refs, const char *name)
{
	for (size_t i = 0; i < refs->count; i++)
		if (text_equal(refs->items[i].name, name))
			return &refs->items[i];
	return NULL;
}

static void set_ref(struct arena *arena, struct refs *refs, const char *name, const char *commit)
{
	struct ref *ref = find_ref(refs, name);

	if (!ref)
		ref = LIST_ADD(arena, refs);
	*ref = (struct ref){arena_text(arena, name), arena_text(arena, commit)};
}

void source_memory_set_branch(struct source_memory *memory, const char *name, const char *commit)
{
	set_ref(memory->arena, &memory->remote, name, commit);
}

void source_memory_set_ref(struct source_memory *memory, const char *name, const char *id)
{
	set_ref(memory->arena, &memory->others, name, id);
}

void source_memory_set_huge(struct source_memory *memory, const char *id)
{
	memory->huge = arena_text(memory->arena, id);
}

void source_memory_set_default(struct source_memory *memory, const char *branch)
{
	memory->branch = arena_text(memory->arena, branch);
}

void source_memory_set_down(struct source_memory *memory, bool down)
{
	memory->down = down;
}

size_t source_memory_fetches(const struct source_memory *memory)
{
	return memory->fetches;
}

static struct error *refuse_down(struct source_memory *memory, struct arena *arena)
{
	return memory->down ? FAIL(arena, GIT_UNREACHABLE, .what = "cannot reach 'memory'",
	                           .why = "it is down", .hint = "Set it up again.")
	                    : NULL;
}

static struct error *head(struct source *source, const char *branch, struct arena *arena,
                          const char **ret_branch, const char **ret_commit)
{
	struct source_memory *memory = (struct source_memory *)source;
	const struct ref *ref = find_ref(&memory->remote, branch ? branch : memory->branch);
	struct text names = TEXT_IN(arena);

	TRY(refuse_down(memory, arena));
	for (size_t i = 0; i < memory->remote.count; i++)
		if (memory->remote.items[i].commit)
			text_printf(&names, " '%s'", memory->remote.items[i].name);
	if (!names.size)
		return FAIL(arena, GIT_EMPTY, .what = "cannot watch 'memory'",
		            .why = "it has no commits yet", .hint = "Push a first commit.");
	if (!ref || !ref->commit)
		return FAIL(arena, GIT_NO_BRANCH,
		            .what = arena_printf(arena, "cannot find the branch '%s'",
		                                 branch ? branch : memory->branch),
		            .why = arena_printf(arena, "its branches are%s", text_get(&names)),
		            .hint = "Name one of them.");
	memory->chosen = ref->name;
	*ret_branch = arena_text(arena, ref->name);
	*ret_commit = arena_text(arena, ref->commit);
	return NULL;
}

static struct error *fetch(struct source *source, const char *branch, const char *commit,
                           struct arena *arena)
{
	struct source_memory *memory = (struct source_memory *)source;
	const struct ref *watched = find_ref(&memory->watched, branch),
			 *remote = find_ref(&memory->remote, branch);
	struct history history;
	bool descends;

	memory->chosen = arena_text(memory->arena, branch);
	if (watched && text_equal(watched->commit, commit))
		return NULL;
	TRY(refuse_down(memory, arena));
	memory->fetches++;
	if (!remote || !remote->commit)
		return FAIL(arena, GIT_NO_BRANCH,
		            .what = arena_printf(arena, "cannot fetch the branch '%s'", branch),
		            .why = "there is no such branch any more", .hint = "Push the branch.");
	TRY(git_objects_history(&memory->objects, commit, remote->commit, arena, &history,
	                        &descends));
	set_ref(memory->arena, &memory->watched, branch, remote->commit);
	if (!descends)
		return FAIL(arena, GIT_OBJECT,
		            .what = arena_printf(arena, "cannot fetch commit '%s'", commit),
		            .why = "the branch does not lead to it any more",
		            .hint = "The next pass looks again.");
	return NULL;
}

static struct error *commit_raw(struct source *source, const char *id, struct arena *arena,
                                struct bytes *ret_raw)
{
	return read_object(source, id, GIT_KIND_COMMIT, COMMIT_MAXIMUM, arena, ret_raw);
}

static struct error *resolve(struct source *source, const char *text, struct arena *arena,
                             const char **ret_commit)
{
	struct source_memory *memory = (struct source_memory *)source;
	const char *name = text_equal(text, "HEAD") ? memory->chosen : text;
	const struct ref *ref = name ? find_ref(&memory->watched, name) : NULL;
	const char *found = ref ? ref->commit : NULL;
	bool ambiguous = false;

	for (size_t i = 0; !ref && strlen(text) >= 4 && i < memory->count; i++)
		if (text_starts(memory->items[i].id, text)) {
			ambiguous |= found && !text_equal(found, memory->items[i].id);
			found = memory->items[i].kind == GIT_KIND_COMMIT ? memory->items[i].id
			                                                 : found;
		}
	if (!found || ambiguous)
		return FAIL(arena, UNKNOWN_COMMIT,
		            .what = arena_printf(arena, "cannot find commit '%s'", text),
		            .why = ambiguous ? "more than one object begins so" : NULL,
		            .hint = "Give another.");
	*ret_commit = arena_text(arena, found);
	return NULL;
}

static struct error *history(struct source *source, const char *from, const char *to,
                             struct arena *arena, struct history *ret_history, bool *ret_descends)
{
	return git_objects_history(&((struct source_memory *)source)->objects, from, to, arena,
	                           ret_history, ret_descends);
}

static struct error *folder(struct source *source, const char *commit, const char *path,
                            struct arena *arena, struct folder *ret_folder)
{
	return git_objects_folder(&((struct source_memory *)source)->objects, commit, path, arena,
	                          ret_folder);
}

static struct error *entries(struct source *source, const char *tree, struct arena *arena,
                             struct folder *ret_folder)
{
	return git_objects_entries(&((struct source_memory *)source)->objects, tree, NULL, arena,
	                           ret_folder);
}

static struct error *blob(struct source *source, const char *id, size_t maximum,
                          struct arena *arena, struct bytes *ret_bytes)
{
	return read_object(source, id, GIT_KIND_BLOB, maximum, arena, ret_bytes);
}

static struct error *list_refs(struct source *source, const struct text_list *prefixes,
                               struct arena *arena, struct source_refs *ret_refs)
{
	struct source_memory *memory = (struct source_memory *)source;
	struct source_refs refs = {0};

	TRY(refuse_down(memory, arena));
	for (size_t i = 0; i < memory->others.count; i++)
		for (size_t k = 0; memory->others.items[i].commit && k < prefixes->count; k++)
			if (text_starts(memory->others.items[i].name, prefixes->items[k])) {
				*LIST_ADD(arena, &refs) =
					(struct source_ref){memory->others.items[i].name,
				                            memory->others.items[i].commit};
				break;
			}
	if (refs.count)
		qsort(refs.items, refs.count, sizeof *refs.items, compare_names);
	refs.is_cut = refs.count > SOURCE_REFS_MAXIMUM;
	refs.count = refs.is_cut ? SOURCE_REFS_MAXIMUM : refs.count;
	*ret_refs = refs;
	return NULL;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct source_ref *)a)->name, ((const struct source_ref *)b)->name);
}

static struct error *bring(struct source *source, const struct source_refs *refs,
                           struct arena *arena)
{
	struct source_memory *memory = (struct source_memory *)source;

	memory->fetches += refs->count > 0;
	for (size_t i = 0; i < refs->count; i++)
		if (text_equal(refs->items[i].id, memory->huge))
			return FAIL(arena, GIT_LIMIT, .what = "cannot fetch",
			            .why = "it sends more than 2 GiB at once",
			            .hint = "Look at the test.");
	return refuse_down(memory, arena);
}

static struct error *tag_raw(struct source *source, const char *id, struct arena *arena,
                             struct bytes *ret_raw)
{
	return read_object(source, id, GIT_KIND_TAG, TAG_MAXIMUM, arena, ret_raw);
}

static void close_memory(struct source *source)
{
	(void)source; /* the memory is the arena's */
}

static const struct source_ops ops = {
	.name = "memory",
	.head = head,
	.fetch = fetch,
	.commit = commit_raw,
	.resolve = resolve,
	.history = history,
	.folder = folder,
	.entries = entries,
	.blob = blob,
	.refs = list_refs,
	.bring = bring,
	.tag = tag_raw,
	.close = close_memory,
};

static struct error *read_object(void *context, const char *id, enum git_kind kind, size_t maximum,
                                 struct arena *arena, struct bytes *ret_bytes)
{
	struct source_memory *memory = context;

	for (size_t i = 0; i < memory->count; i++) {
		const struct object *object = &memory->items[i];

		if (!text_equal(object->id, id) || object->kind != kind)
			continue;
		if (object->bytes.size > maximum)
			return FAIL(arena, GIT_LIMIT,
			            .what = arena_printf(arena, "cannot read '%s'", id),
			            .why = arena_printf(arena,
			                                "it has %zu bytes, and %zu are allowed",
			                                object->bytes.size, maximum),
			            .hint = "Bring a smaller one.");
		*ret_bytes = arena_bytes(arena, object->bytes.data, object->bytes.size);
		return NULL;
	}
	return error_new(arena, kind == GIT_KIND_COMMIT ? ERR_UNKNOWN_COMMIT : ERR_GIT_OBJECT,
	                 &(struct error_text){.what = arena_printf(arena, "cannot find '%s'", id),
	                                      .why = "nobody put it there",
	                                      .hint = "Put it there."});
}
