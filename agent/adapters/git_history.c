/*
 * The commits that `head` reaches and `from` does not, newest first. Walked as git does it, newest
 * claim first from both ends. Times are claims: with false ones an old commit may be listed once
 * more (and is judged once more), but none is ever left out, because only real parent links from
 * `from` exclude a commit.
 */
#include "adapters/git_objects.h"
#include "base/clock.h"
#include "model/commit.h"

/* Excluded commits that are still followed when none is open any more, as in git's limit_list. */
#define SLACK 5
#define NODES_MAXIMUM ((size_t)4 * HISTORY_MAXIMUM)
/* To parents: a commit may name ten thousand, also one of them again and again. */
#define LINKS_MAXIMUM (2 * NODES_MAXIMUM)
#define READING_MAXIMUM ((size_t)4 * 1024 * 1024) /* raw bytes kept before they are let go */

struct node {
	const char *id;
	int64_t when;
	struct text_list parents;
	bool excluded; /* `from` reaches it */
	bool queued, followed;
	size_t children; /* inside the history; for the order */
};

struct heap { /* of indexes into nodes: the newest on top, of equals the first met */
	size_t *items;
	size_t count, room;
};

struct walk {
	const struct git_objects *objects;
	struct arena *arena;   /* nodes and ids */
	struct arena *reading; /* raw commits; renewed now and then */
	struct node *items;    /* with count and room: a list */
	size_t count, room;
	size_t *slots; /* hash table: index + 1, 0 is free; a power of two, at most half full */
	size_t slot_count;
	struct heap queue;
	size_t open;  /* queued and not excluded */
	size_t links; /* to parents, in all nodes */
	int64_t oldest;
};

static struct error *walk_back(struct walk *walk, const char *from, const char *head);
static struct error *meet(struct walk *walk, const char *id, bool excluded);
static size_t *find_slot(const struct walk *walk, const char *id);
static void grow_slots(struct walk *walk);
static struct error *read_node(struct walk *walk, const char *id, struct node *ret_node);
static struct error *follow(struct walk *walk, size_t index);
static struct error *explain_gap(struct walk *walk, const char *id, struct error *error);
static void exclude(struct walk *walk, size_t index);
static struct error *collect(struct walk *walk, const char *from, struct arena *arena,
                             struct history *ret_history, bool *ret_descends);
static struct node *find_part(const struct walk *walk, const char *id);
static void heap_push(struct walk *walk, struct heap *heap, size_t index);
static size_t heap_pop(const struct walk *walk, struct heap *heap);
static bool is_before(const struct walk *walk, size_t a, size_t b);

FALLIBLE git_objects_history(const struct git_objects *objects, const char *from, const char *head,
                             struct arena *arena, struct history *ret_history, bool *ret_descends)
{
	AUTO_ARENA scratch = arena_new();
	struct walk walk = {
		.objects = objects, .arena = scratch, .reading = arena_new(), .oldest = INT64_MAX};
	struct error *error = NULL;

	if (!from || strcmp(from, head) != 0)
		error = error_copy(arena, walk_back(&walk, from, head));
	arena_free(walk.reading);
	if (error)
		return error;
	if (!walk.count) {
		*ret_history = (struct history){0};
		*ret_descends = true;
		return NULL;
	}
	return collect(&walk, from, arena, ret_history, ret_descends);
}

static struct error *walk_back(struct walk *walk, const char *from, const char *head)
{
	size_t slack = SLACK;

	TRY(meet(walk, head, false)); /* becomes node 0 */
	if (from) {
		struct error *error = meet(walk, from, true);

		/* The mirror holds all that head reaches: what it lacks is no ancestor. */
		if (error && error->row != &error_rows()[ERR_UNKNOWN_COMMIT])
			return error;
	}
	while (walk->queue.count && slack) {
		if (!walk->open && walk->items[walk->queue.items[0]].when < walk->oldest)
			slack--;
		else
			slack = SLACK;
		TRY(follow(walk, heap_pop(walk, &walk->queue)));
		if (stop_asked())
			return FAIL(walk->arena, STOPPED,
			            .what = "cannot go on reading the history",
			            .why = "the agent was asked to stop",
			            .hint = "The next pass begins it again.");
	}
	return NULL;
}

/* A commit named by another, or by the caller: read and queued when it is new. */
static struct error *meet(struct walk *walk, const char *id, bool excluded)
{
	struct node node = {.queued = true, .excluded = excluded};
	size_t *slot;

	if (walk->slot_count < 2 * (walk->count + 1))
		grow_slots(walk);
	slot = find_slot(walk, id);
	if (*slot) {
		if (excluded)
			exclude(walk, *slot - 1);
		return NULL;
	}
	if (walk->count == NODES_MAXIMUM)
		return FAIL(
			walk->arena, GIT_LIMIT, .what = "cannot read the history",
			.why = arena_printf(walk->arena, "it has more than %d commits",
		                            HISTORY_MAXIMUM),
			.hint = "Set the starting point nearer to head: headgate baseline --target NAME COMMIT");
	TRY(read_node(walk, id, &node));
	*LIST_ADD(walk->arena, walk) = node;
	*slot = walk->count;
	heap_push(walk, &walk->queue, walk->count - 1);
	walk->open += !excluded;
	return NULL;
}

/* FNV-1a; ids are hashes already, but a person's text may stand here too. */
static size_t *find_slot(const struct walk *walk, const char *id)
{
	uint64_t hash = 0xcbf29ce484222325u;
	size_t at;

	for (const char *c = id; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 0x100000001b3u;
	at = hash & (walk->slot_count - 1);
	while (walk->slots[at] && strcmp(walk->items[walk->slots[at] - 1].id, id) != 0)
		at = (at + 1) & (walk->slot_count - 1);
	return &walk->slots[at];
}

static void grow_slots(struct walk *walk)
{
	walk->slot_count = walk->slot_count ? 4 * walk->slot_count : 1024;
	walk->slots = ARENA_ARRAY(walk->arena, size_t, walk->slot_count);
	for (size_t i = 0; i < walk->count; i++)
		*find_slot(walk, walk->items[i].id) = i + 1;
}

static struct error *read_node(struct walk *walk, const char *id, struct node *ret_node)
{
	struct commit_links links;
	struct bytes raw;

	if (arena_used(walk->reading) > READING_MAXIMUM) {
		arena_free(walk->reading);
		walk->reading = arena_new();
	}
	TRY(walk->objects->read(walk->objects->context, id, GIT_KIND_COMMIT, COMMIT_PASSED_MAXIMUM,
	                        walk->reading, &raw));
	TRY(git_objects_links(walk->reading, id, raw, &links));
	walk->links += links.parents.count;
	if (walk->links > LINKS_MAXIMUM)
		return FAIL(
			walk->arena, GIT_LIMIT, .what = "cannot read the history",
			.why = arena_printf(walk->arena,
		                            "its commits have more than %zu parents together",
		                            LINKS_MAXIMUM),
			.hint = "Set the starting point nearer to head: headgate baseline --target NAME COMMIT");
	ret_node->id = arena_text(walk->arena, id);
	ret_node->when = links.when;
	for (size_t i = 0; i < links.parents.count; i++)
		*LIST_ADD(walk->arena, &ret_node->parents) =
			arena_text(walk->arena, links.parents.items[i]);
	return NULL;
}

static struct error *follow(struct walk *walk, size_t index)
{
	struct node *node = &walk->items[index];
	struct text_list parents = node->parents;
	bool excluded = node->excluded;

	node->queued = false;
	node->followed = true;
	if (!excluded) {
		walk->open--;
		if (node->when < walk->oldest)
			walk->oldest = node->when;
	}
	for (size_t i = 0; i < parents.count; i++) {
		struct error *error =
			meet(walk, parents.items[i], excluded); /* may move the nodes */

		if (error)
			return explain_gap(walk, parents.items[i], error);
	}
	return NULL;
}

static struct error *explain_gap(struct walk *walk, const char *id, struct error *error)
{
	if (error->row != &error_rows()[ERR_UNKNOWN_COMMIT])
		return error;
	return FAIL(
		walk->arena, GIT_FORMAT, .what = "cannot read the history",
		.why = arena_printf(walk->arena,
	                            "commit '%s' is missing in it, as in a shallow repository", id),
		.hint = "Complete the watched repository: git fetch --unshallow. Then remove the mirror's folder; it "
			"is fetched anew.");
}

/* Also everything behind it that is known by now; what is met later inherits it in follow(). */
static void exclude(struct walk *walk, size_t index)
{
	struct heap stack = {0};

	*LIST_ADD(walk->arena, &stack) = index;
	while (stack.count) {
		struct node *node = &walk->items[stack.items[--stack.count]];

		if (node->excluded)
			continue;
		node->excluded = true;
		if (node->queued)
			walk->open--;
		for (size_t i = 0; node->followed && i < node->parents.count; i++) {
			size_t slot = *find_slot(walk, node->parents.items[i]);

			if (slot)
				*LIST_ADD(walk->arena, &stack) = slot - 1;
		}
	}
}

static struct error *collect(struct walk *walk, const char *from, struct arena *arena,
                             struct history *ret_history, bool *ret_descends)
{
	struct history history = {0};
	struct heap ready = {0};
	bool descends = !from;
	struct node *part;

	for (size_t i = 0; i < walk->count; i++)
		for (size_t j = 0; !walk->items[i].excluded && j < walk->items[i].parents.count;
		     j++)
			if ((part = find_part(walk, walk->items[i].parents.items[j])))
				part->children++;

	if (!walk->items[0].excluded)
		heap_push(walk, &ready, 0); /* head is the only one without a child */
	while (ready.count) {
		struct node *node = &walk->items[heap_pop(walk, &ready)];
		struct history_commit *commit = LIST_ADD(arena, &history);

		commit->id = arena_text(arena, node->id);
		for (size_t i = 0; i < node->parents.count; i++) {
			const char *parent = node->parents.items[i];

			*LIST_ADD(arena, &commit->parents) = arena_text(arena, parent);
			/*
			 * A path from head to `from` ends in a listed commit: a parent of an
			 * excluded one is excluded.
			 */
			descends |= from && !strcmp(parent, from);
			part = find_part(walk, parent);
			if (part && !--part->children)
				heap_push(walk, &ready, (size_t)(part - walk->items));
		}
	}
	if (history.count > HISTORY_MAXIMUM)
		return FAIL(
			arena, GIT_LIMIT, .what = "cannot read the history",
			.why = arena_printf(arena, "it has more than %d commits", HISTORY_MAXIMUM),
			.hint = "Set the starting point nearer to head: headgate baseline --target NAME COMMIT");
	*ret_history = history;
	*ret_descends = descends;
	return NULL;
}

/* NULL when the commit is outside the history. */
static struct node *find_part(const struct walk *walk, const char *id)
{
	size_t slot = *find_slot(walk, id);

	return slot && !walk->items[slot - 1].excluded ? &walk->items[slot - 1] : NULL;
}

static void heap_push(struct walk *walk, struct heap *heap, size_t index)
{
	size_t at = heap->count;

	*LIST_ADD(walk->arena, heap) = index;
	while (at && is_before(walk, index, heap->items[(at - 1) / 2])) {
		heap->items[at] = heap->items[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	heap->items[at] = index;
}

static size_t heap_pop(const struct walk *walk, struct heap *heap)
{
	size_t top = heap->items[0], last = heap->items[--heap->count], at = 0, child;

	while ((child = 2 * at + 1) < heap->count) {
		if (child + 1 < heap->count &&
		    is_before(walk, heap->items[child + 1], heap->items[child]))
			child++;
		if (!is_before(walk, heap->items[child], last))
			break;
		heap->items[at] = heap->items[child];
		at = child;
	}
	heap->items[at] = last;
	return top;
}

static bool is_before(const struct walk *walk, size_t a, size_t b)
{
	if (walk->items[a].when != walk->items[b].when)
		return walk->items[a].when > walk->items[b].when;
	return a < b;
}
