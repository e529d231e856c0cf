/*
 * Listings, verdicts and sides for the rule `signed`. What a reader gets wrong: a commit that cannot be listed may have
 * set anything. It is never passed over; whoever asks is told of the doubt.
 */
#include "model/trust_parts.h"

static struct known *find_known(struct lore *lore, struct known_map *map, const char *id);
static size_t find_slot(const struct known_map *map, const char *id);
static void grow(struct arena *arena, struct known_map *map);
static FALLIBLE set_aside(struct known *known, struct error *error);
static int compare_ids(const void *a, const void *b, void *history);
static size_t find_in(const struct side *side, const char *id);
static FALLIBLE keep_youngest(struct lore *lore, const struct text_list *all,
                              struct text_list *ret_bases);

FALLIBLE lore_list(struct lore *lore, const char *commit, const struct known **ret_known)
{
	const struct steps_reader *reader = lore->rule->reader;
	struct known *known = find_known(lore, &lore->commits, commit);

	if (!known->folder && !known->refusal)
		TRY(set_aside(known, reader->listing(reader->context, commit, lore->arena,
		                                     &known->folder)));
	*ret_known = known;
	return NULL;
}

/* A refusal is an answer about the commit; any other error is trouble of ours. */
static FALLIBLE set_aside(struct known *known, struct error *error)
{
	if (error && error->row->reaction != REACT_REFUSE)
		return error;
	known->refusal = error;
	return NULL;
}

FALLIBLE lore_list_tree(struct lore *lore, const char *tree, const struct known **ret_known)
{
	const struct steps_reader *reader = lore->rule->reader;
	struct known *known = find_known(lore, &lore->trees, tree);

	if (!known->folder && !known->refusal)
		TRY(set_aside(known,
		              reader->entries(reader->context, tree, lore->arena, &known->folder)));
	*ret_known = known;
	return NULL;
}

FALLIBLE lore_judge(struct lore *lore, const char *commit, const struct step_commit **ret_commit)
{
	struct known *known = find_known(lore, &lore->commits, commit);

	if (!known->judged) {
		struct step_commit *judged = ARENA_NEW(lore->arena, struct step_commit);

		judged->id = commit;
		TRY(lore->rule->judging(lore->rule->context, lore->arena, judged));
		judged->vouched = judged->parsed && judged->verdict.kind == VERDICT_GOOD &&
		                  judged->verdict.principal && !judged->objection &&
		                  judged->seen >= lore->rule->oldest;
		if (judged->vouched) {
			judged->principal = judged->verdict.principal;
			judged->fingerprint = judged->verdict.fingerprint;
		}
		known->judged = judged;
	}
	*ret_commit = known->judged;
	return NULL;
}

FALLIBLE lore_state(struct lore *lore, const char *commit, const char *path,
                    const struct folder_entry **ret_entry, bool *ret_readable)
{
	const char *slash = strchr(path, '/');
	const char *name = slash ? arena_copy(lore->arena, path, (size_t)(slash - path)) : path;
	const struct folder_entry *entry;
	const struct known *known, *inner;

	*ret_entry = NULL;
	*ret_readable = true;
	TRY(lore_list(lore, commit, &known));
	if (known->refusal) {
		*ret_readable = false;
		return NULL;
	}
	entry = folder_find(known->folder, name);
	if (!entry || entry->mode != ENTRY_FOLDER) {
		*ret_entry = slash ? NULL : entry;
		return NULL;
	}
	TRY(lore_list_tree(lore, entry->id, &inner));
	*ret_readable = !inner->refusal;
	if (inner->refusal)
		return NULL;
	if (slash)
		*ret_entry = folder_find(inner->folder, slash + 1);
	else if (inner->folder->count == 0)
		*ret_entry = entry;
	return NULL;
}

FALLIBLE lore_sets(struct lore *lore, const char *commit, const struct text_list *parents,
                   const struct step_file *file, bool *ret_sets, bool *ret_doubt)
{
	const struct folder_entry *own, *inherited;
	bool readable;

	*ret_sets = *ret_doubt = false;
	TRY(lore_touches(lore, commit, parents, &readable));
	if (!readable)
		return NULL;
	TRY(lore_state(lore, commit, file->path, &own, &readable));
	*ret_doubt = !readable;
	if (!readable || !same_entry(own, file->after))
		return NULL;
	for (size_t i = 0; i < parents->count; i++) {
		TRY(lore_state(lore, parents->items[i], file->path, &inherited, &readable));
		if (readable && same_entry(own, inherited))
			return NULL;
	}
	*ret_sets = own || parents->count;
	return NULL;
}

/* Most commits of a long branch leave the folder as a parent had it: nothing of it needs to be looked at. */
FALLIBLE lore_touches(struct lore *lore, const char *commit, const struct text_list *parents,
                      bool *ret_touches)
{
	const struct known *own, *parent;

	TRY(lore_list(lore, commit, &own));
	*ret_touches = true;
	for (size_t i = 0; own->folder && i < parents->count && *ret_touches; i++) {
		TRY(lore_list(lore, parents->items[i], &parent));
		*ret_touches =
			!parent->folder || !text_equal(parent->folder->tree, own->folder->tree);
	}
	return NULL;
}

FALLIBLE lore_descends(struct lore *lore, const char *ancestor, const char *commit,
                       bool *ret_descends)
{
	struct history history = {0};

	return lore->rule->between(lore->rule->context, ancestor, commit, lore->arena, &history,
	                           ret_descends);
}

FALLIBLE side_open(struct lore *lore, const char *base, const char *head, struct side *ret_side)
{
	struct side side = {0};
	bool descends;
	struct error *error = lore->rule->between(lore->rule->context, base, head, lore->arena,
	                                          &side.history, &descends);

	if (error && error->row->reaction != REACT_REFUSE)
		return error;
	if (error)
		side.history = (struct history){0}; /* beyond a maximum: nobody there vouches */
	side.by_id = ARENA_ARRAY(lore->arena, size_t, side.history.count);
	side.reached = ARENA_ARRAY(lore->arena, bool, side.history.count);
	for (size_t i = 0; i < side.history.count; i++)
		side.by_id[i] = i;
	qsort_r(side.by_id, side.history.count, sizeof *side.by_id, compare_ids, &side.history);
	*ret_side = side;
	return NULL;
}

static int compare_ids(const void *a, const void *b, void *history)
{
	const struct history_commit *items = ((const struct history *)history)->items;

	return strcmp(items[*(const size_t *)a].id, items[*(const size_t *)b].id);
}

/* The history's count when the commit is not on this side. */
static size_t find_in(const struct side *side, const char *id)
{
	size_t low = 0, high = side->history.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(side->history.items[side->by_id[middle]].id, id);

		if (order == 0)
			return side->by_id[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return side->history.count;
}

/* Newest first: a commit's children were all looked at before it. What lies outside, the base reaches too. */
FALLIBLE side_reach(struct lore *lore, struct side *side, size_t candidate,
                    struct text_list *ret_bases)
{
	const struct history *history = &side->history;
	struct text_list outside = {0};

	memset(side->reached, 0, history->count * sizeof *side->reached);
	side->reached[candidate] = true;
	for (size_t i = candidate; i < history->count; i++) {
		const struct text_list *parents = &history->items[i].parents;

		for (size_t j = 0; side->reached[i] && j < parents->count; j++) {
			size_t parent = find_in(side, parents->items[j]);

			if (parent < history->count)
				side->reached[parent] = true;
			else
				text_list_add_once(lore->arena, &outside, parents->items[j]);
		}
	}
	return keep_youngest(lore, &outside, ret_bases);
}

/* The merge bases: common ancestors that are no ancestors of another one. */
static FALLIBLE keep_youngest(struct lore *lore, const struct text_list *all,
                              struct text_list *ret_bases)
{
	*ret_bases = (struct text_list){0};
	for (size_t i = 0; i < all->count; i++) {
		bool is_older = false;

		for (size_t j = 0; j < all->count && !is_older; j++)
			if (j != i)
				TRY(lore_descends(lore, all->items[i], all->items[j], &is_older));
		if (!is_older)
			*LIST_ADD(lore->arena, ret_bases) = all->items[i];
	}
	return NULL;
}

static struct known *find_known(struct lore *lore, struct known_map *map, const char *id)
{
	size_t at;

	if (map->slot_count < 2 * (map->count + 1))
		grow(lore->arena, map);
	at = find_slot(map, id);
	if (!map->slots[at]) {
		map->slots[at] = ARENA_NEW(lore->arena, struct known);
		map->slots[at]->id = id;
		map->count++;
	}
	return map->slots[at];
}

/* FNV-1a; ids are hashes already, but in tests any text may stand here. */
static size_t find_slot(const struct known_map *map, const char *id)
{
	uint64_t hash = 0xcbf29ce484222325u;
	size_t at;

	for (const char *c = id; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 0x100000001b3u;
	at = hash & (map->slot_count - 1);
	while (map->slots[at] && !text_equal(map->slots[at]->id, id))
		at = (at + 1) & (map->slot_count - 1);
	return at;
}

static void grow(struct arena *arena, struct known_map *map)
{
	struct known_map old = *map;

	map->slot_count = old.slot_count ? 4 * old.slot_count : 256;
	map->slots = ARENA_ARRAY(arena, struct known *, map->slot_count);
	for (size_t i = 0; i < old.slot_count; i++)
		if (old.slots[i])
			map->slots[find_slot(map, old.slots[i]->id)] = old.slots[i];
}

const char *trust_past_find(const struct trust_past *past, const char *entry)
{
	for (size_t i = past->line.count; i-- > 0;)
		for (size_t k = 0; k < past->line.items[i].changes.count; k++)
			if (text_equal(past->line.items[i].changes.items[k].name, entry))
				return past->line.items[i].id;
	return folder_find(past->at_baseline, entry) ? past->baseline : NULL;
}

bool same_entry(const struct folder_entry *a, const struct folder_entry *b)
{
	if (!a || !b)
		return a == b;
	return a->mode == b->mode && text_equal(a->id, b->id);
}
