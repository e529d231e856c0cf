/*
 * The line of steps and what each brings. What a reader would get wrong: a step is compared with its base, which need
 * not be its first parent. A merge made on an old main and pushed as a fast-forward has the real main as its second
 * parent; taking the first for the base would hide what vanished.
 */
#include "model/steps.h"

struct node { /* a commit of the history, or a parent just outside it */
	const char *id;
	const struct history_commit *commit; /* NULL outside */
	size_t position;                     /* in the history, newest first */
	bool descends;                       /* is, or descends from, the deployed commit */
	bool taken;                          /* an earlier step reaches it */
	const struct folder *folder;         /* once listed */
	struct error *refusal;               /* listed, and refused */
};

struct nodes {
	struct node **items;
	size_t count, room;
};

struct walk {
	struct arena *arena;
	const struct steps_reader *reader;
	const struct history *history;
	const char *deployed;
	struct node *nodes; /* sorted by id */
	size_t count;
	const struct folder *before; /* of the last readable step, or of the deployed commit */
	struct nodes
		fresh; /* what the step reaches and no earlier one does, and what unreadable ones left */
};

static const struct folder no_folder;

static void make_nodes(struct walk *walk);
static int compare_nodes(const void *a, const void *b);
static void mark_descendants(struct walk *walk);
static struct node *find_node(const struct walk *walk, const char *id);
static FALLIBLE find_line(struct walk *walk, struct steps *steps);
static FALLIBLE choose_base(struct walk *walk, const struct node *node, struct step *step);
static bool descends(const struct walk *walk, const char *id);
static FALLIBLE look_at_step(struct walk *walk, struct step *step);
static void take_reachable(struct walk *walk, struct node *from);
static FALLIBLE list_node(struct walk *walk, struct node *node);
static FALLIBLE compare_files(struct walk *walk, struct step *step, struct error **ret_refusal);
static FALLIBLE list_entry(struct walk *walk, const struct folder_entry *entry,
                           const struct folder **ret_folder, struct error **ret_refusal);
static void add_files(struct arena *arena, struct step *step, struct change *change,
                      const struct folder *before, const struct folder *after);
static bool is_bare(const struct folder_entry *entry, const struct folder *folder);
static struct error *set_aside_refusal(struct error *error, struct error **ret_refusal);
static FALLIBLE find_brought(struct walk *walk, struct step *step);
static FALLIBLE differs_from_a_parent(struct walk *walk, struct node *node, bool *ret_differs);
static int compare_age(const void *a, const void *b);

FALLIBLE steps_walk(struct arena *arena, const struct history *history, const char *deployed,
                    const struct steps_reader *reader, struct steps *ret_steps)
{
	struct walk walk = {
		.arena = arena, .reader = reader, .history = history, .deployed = deployed};
	struct steps steps = {0};

	if (history->count) {
		make_nodes(&walk);
		mark_descendants(&walk);
		TRY(find_line(&walk, &steps));
		walk.before = &no_folder;
		if (steps.items[0].base) {
			struct node *base = find_node(&walk, steps.items[0].base);

			TRY(list_node(&walk, base));
			if (base->refusal)
				return base->refusal; /* what was deployed can no longer be read */
			walk.before = base->folder;
		}
	}
	for (size_t i = 0; i < steps.count; i++)
		TRY(look_at_step(&walk, &steps.items[i]));
	steps.horizon = steps.count;
	*ret_steps = steps;
	return NULL;
}

/* One node per commit of the history and per parent, found by bisection. */
static void make_nodes(struct walk *walk)
{
	const struct history *history = walk->history;
	size_t most = history->count, kept = 0;

	for (size_t i = 0; i < history->count; i++)
		most += history->items[i].parents.count;
	walk->nodes = ARENA_ARRAY(walk->arena, struct node, most);
	for (size_t i = 0; i < history->count; i++) {
		const struct history_commit *commit = &history->items[i];

		walk->nodes[walk->count++] =
			(struct node){.id = commit->id, .commit = commit, .position = i};
		for (size_t j = 0; j < commit->parents.count; j++)
			walk->nodes[walk->count++] = (struct node){.id = commit->parents.items[j]};
	}
	qsort(walk->nodes, walk->count, sizeof *walk->nodes, compare_nodes);
	for (size_t i = 0; i < walk->count; i++)
		if (kept == 0 || !text_equal(walk->nodes[kept - 1].id, walk->nodes[i].id))
			walk->nodes[kept++] = walk->nodes[i];
	walk->count = kept;
}

/* By id; of two with the same id the commit of the history comes first. */
static int compare_nodes(const void *a, const void *b)
{
	const struct node *left = a, *right = b;
	int order = strcmp(left->id, right->id);

	return order ? order : (left->commit == NULL) - (right->commit == NULL);
}

static void mark_descendants(struct walk *walk)
{
	for (size_t i = walk->history->count; i-- > 0;) {
		const struct history_commit *commit = &walk->history->items[i];
		struct node *node = find_node(walk, commit->id);

		node->descends = !walk->deployed;
		for (size_t j = 0; j < commit->parents.count && !node->descends; j++)
			node->descends = descends(walk, commit->parents.items[j]);
	}
}

static bool descends(const struct walk *walk, const char *id)
{
	return text_equal(id, walk->deployed) || find_node(walk, id)->descends;
}

static struct node *find_node(const struct walk *walk, const char *id)
{
	size_t low = 0, high = walk->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(walk->nodes[middle].id, id);

		if (order == 0)
			return &walk->nodes[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	BUG("commit '%s' is not in the history", id);
}

static FALLIBLE find_line(struct walk *walk, struct steps *steps)
{
	const char *id = walk->history->items[0].id;

	while (id && !text_equal(id, walk->deployed)) {
		struct step *step = LIST_ADD(walk->arena, steps);

		if (steps->count > walk->history->count)
			BUG("the history runs in a circle at '%s'", id);
		step->id = id;
		TRY(choose_base(walk, find_node(walk, id), step));
		id = step->base;
	}
	for (size_t i = 0; i < steps->count / 2; i++) {
		struct step newer = steps->items[i];

		steps->items[i] = steps->items[steps->count - 1 - i];
		steps->items[steps->count - 1 - i] = newer;
	}
	return NULL;
}

/* R6.1: the first parent if that is, or descends from, the deployed commit; else the only such one. */
static FALLIBLE choose_base(struct walk *walk, const struct node *node, struct step *step)
{
	const struct text_list *parents = &step->parents;
	size_t candidates = 0;

	if (node->commit)
		step->parents = node->commit->parents;
	for (size_t i = 0; i < parents->count; i++) {
		if (!descends(walk, parents->items[i]))
			continue;
		if (candidates++ == 0) {
			step->base = parents->items[i];
			step->base_parent = i + 1;
		}
		if (i == 0)
			return NULL;
	}
	if (candidates == 1 || (parents->count == 0 && !walk->deployed))
		return NULL;
	return FAIL(
		walk->arena, NO_BASE,
		.what = arena_printf(walk->arena, "cannot compare commit '%s'",
	                             commit_short(walk->arena, node->id)),
		.why = candidates
	                       ? "its first parent does not descend from the deployed commit, and several others do"
	                       : "none of its parents descends from the deployed commit",
		.hint = arena_printf(
			walk->arena,
			"Push a history in which it follows the deployed commit, or look at the branch "
			"and trust it as it stands: headgate baseline --target NAME %s",
			commit_short(walk->arena, walk->history->items[0].id)));
}

static FALLIBLE look_at_step(struct walk *walk, struct step *step)
{
	struct node *node = find_node(walk, step->id);
	struct error *refusal = NULL;

	take_reachable(walk, node);
	TRY(list_node(walk, node));
	refusal = node->refusal;
	if (!refusal) {
		folder_compare(walk->arena, walk->before, node->folder, &step->changes);
		TRY(compare_files(walk, step, &refusal));
	}
	if (refusal) {
		step->unreadable = true;
		step->refusal = refusal;
		step->refused_at = "watch";
		step->changes = (struct changes){0};
		step->files = (struct step_files){0};
		return NULL; /* walk->fresh is kept for the next readable step */
	}
	if (step->changes.count)
		TRY(find_brought(walk, step));
	walk->fresh.count = 0;
	walk->before = node->folder;
	return NULL;
}

/* Steps are looked at from the oldest, so what an earlier one took is exactly what the base reaches. */
static void take_reachable(struct walk *walk, struct node *from)
{
	struct nodes open = {0};

	from->taken = true;
	*LIST_ADD(walk->arena, &open) = from;
	while (open.count) {
		struct node *node = open.items[--open.count];

		*LIST_ADD(walk->arena, &walk->fresh) = node;
		for (size_t i = 0; i < node->commit->parents.count; i++) {
			struct node *parent = find_node(walk, node->commit->parents.items[i]);

			if (!parent->commit || parent->taken)
				continue;
			parent->taken = true;
			*LIST_ADD(walk->arena, &open) = parent;
		}
	}
}

static FALLIBLE list_node(struct walk *walk, struct node *node)
{
	if (node->folder || node->refusal)
		return NULL;
	return set_aside_refusal(
		walk->reader->listing(walk->reader->context, node->id, walk->arena, &node->folder),
		&node->refusal);
}

/* A refusal is an answer about the commit; any other error is trouble of ours. */
static struct error *set_aside_refusal(struct error *error, struct error **ret_refusal)
{
	if (!error || error->row->reaction != REACT_REFUSE)
		return error;
	*ret_refusal = error;
	return NULL;
}

static FALLIBLE compare_files(struct walk *walk, struct step *step, struct error **ret_refusal)
{
	for (size_t i = 0; i < step->changes.count && !*ret_refusal; i++) {
		struct change *change = &step->changes.items[i];
		const struct folder *before = &no_folder, *after = &no_folder;

		TRY(list_entry(walk, change->before, &before, ret_refusal));
		TRY(list_entry(walk, change->after, &after, ret_refusal));
		if (!*ret_refusal)
			add_files(walk->arena, step, change, before, after);
	}
	return NULL;
}

static FALLIBLE list_entry(struct walk *walk, const struct folder_entry *entry,
                           const struct folder **ret_folder, struct error **ret_refusal)
{
	if (!entry || entry->mode != ENTRY_FOLDER || *ret_refusal)
		return NULL;
	TRY(set_aside_refusal(
		walk->reader->entries(walk->reader->context, entry->id, walk->arena, ret_folder),
		ret_refusal));
	if (!*ret_refusal && !(*ret_folder)->tree)
		BUG("the folder '%s' was listed without its tree", entry->name);
	return NULL;
}

static void add_files(struct arena *arena, struct step *step, struct change *change,
                      const struct folder *before, const struct folder *after)
{
	bool bare_before = is_bare(change->before, before),
	     bare_after = is_bare(change->after, after);
	struct changes inner = {0};

	if (bare_before || bare_after)
		*LIST_ADD(arena, &step->files) =
			(struct step_file){.path = change->name,
		                           .before = bare_before ? change->before : NULL,
		                           .after = bare_after ? change->after : NULL};
	folder_compare(arena, before, after, &inner);
	change->sql_same = change->kind == CHANGE_CHANGED && !bare_before && !bare_after;
	for (size_t i = 0; i < inner.count; i++) {
		*LIST_ADD(arena, &step->files) = (struct step_file){
			.path = arena_printf(arena, "%s/%s", change->name, inner.items[i].name),
			.before = inner.items[i].before,
			.after = inner.items[i].after};
		if (text_equal(inner.items[i].name, "migration.sql"))
			change->sql_same = false;
	}
}

/* An entry that is a file by itself: anything but a folder with something in it. */
static bool is_bare(const struct folder_entry *entry, const struct folder *folder)
{
	return entry && folder->count == 0;
}

static FALLIBLE find_brought(struct walk *walk, struct step *step)
{
	struct nodes *fresh = &walk->fresh;

	qsort(fresh->items, fresh->count, sizeof *fresh->items, compare_age);
	for (size_t i = 0; i < fresh->count; i++) {
		bool differs;

		TRY(differs_from_a_parent(walk, fresh->items[i], &differs));
		if (differs)
			LIST_ADD(walk->arena, &step->brought)->id = fresh->items[i]->id;
	}
	return NULL;
}

static FALLIBLE differs_from_a_parent(struct walk *walk, struct node *node, bool *ret_differs)
{
	const struct text_list *parents = &node->commit->parents;
	bool differs;

	TRY(list_node(walk, node));
	differs = node->refusal || (parents->count == 0 && node->folder->tree);
	for (size_t i = 0; i < parents->count && !differs; i++) {
		struct node *parent = find_node(walk, parents->items[i]);

		TRY(list_node(walk, parent));
		differs = parent->refusal || !text_equal(parent->folder->tree, node->folder->tree);
	}
	*ret_differs = differs;
	return NULL;
}

static int compare_age(const void *a, const void *b)
{
	const struct node *left = *(struct node *const *)a, *right = *(struct node *const *)b;

	return (left->position < right->position) - (left->position > right->position);
}

bool step_touches(const struct step *step)
{
	return step->changes.count || step->unreadable;
}

struct step *steps_find(const struct steps *steps, const char *id)
{
	for (size_t i = 0; i < steps->count; i++)
		if (text_equal(steps->items[i].id, id))
			return &steps->items[i];
	return NULL;
}

const struct step *steps_last_change(const struct steps *steps, size_t upto, const char *name,
                                     unsigned kinds)
{
	for (size_t i = upto < steps->count ? upto + 1 : steps->count; i-- > 0;) {
		const struct step *step = &steps->items[i];

		for (size_t j = 0; step->passed && j < step->changes.count; j++) {
			const struct change *change = &step->changes.items[j];

			if ((kinds & 1u << change->kind) && !change->sql_same &&
			    text_equal(change->name, name))
				return step;
		}
	}
	return NULL;
}

const struct step *steps_last_set(const struct steps *steps, size_t count, const char *path,
                                  const struct step_file **ret_file)
{
	for (size_t i = count; i-- > 0;) {
		const struct step *step = &steps->items[i];

		for (size_t k = 0; k < step->files.count; k++) {
			if (!text_equal(step->files.items[k].path, path))
				continue;
			*ret_file = &step->files.items[k];
			return step;
		}
	}
	return NULL;
}

bool step_vouches(const struct step *step)
{
	return step->passed && !step->settled;
}

const char *step_undo_command(struct arena *arena, const struct step *step)
{
	const char *id = commit_short(arena, step->id);

	if (step->parents.count > 1)
		return arena_printf(arena, "git revert -S -m %zu %s", step->base_parent, id);
	return arena_printf(arena, "git revert -S %s", id);
}
