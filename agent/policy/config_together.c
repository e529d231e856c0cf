/*
 * What targets say of each other: no two on one ledger, no schema with two owners, and an order (`after`) that can be
 * kept. What a reader gets wrong: a URL in a file is not read here, since the file may come later and changes; two
 * targets are only compared where the configuration itself tells where they are.
 */
#include "policy/config_together.h"

#include "model/database_url.h"

#include <strings.h>

struct place { /* where a target's ledger is */
	bool is_known;
	struct database_url url;
};

struct walk { /* along `after`, from target to target */
	struct arena *arena;
	const struct config *config;
	const struct node *nodes;
	enum mark { MARK_NEW, MARK_ON_PATH, MARK_DONE } * marks;
	struct text_list path;
};

static struct error *check_pair(struct arena *arena, const struct config *config,
                                const struct node *nodes, const struct place *places, size_t a,
                                size_t b);
static struct place place_of(struct arena *arena, const struct target *target);
static bool same_database(const struct place *a, const struct place *b);
static const char *common_schema(const struct target *a, const struct place *place_a,
                                 const struct target *b, const struct place *place_b);
static struct text_list owned(const struct target *target, const struct place *place);
static struct error *check_after(struct arena *arena, const struct config *config,
                                 const struct node *nodes, const struct target *target);
static struct error *refuse_unknown(struct arena *arena, const struct config *config,
                                    const struct node *nodes, const struct target *target,
                                    const char *name);
static struct error *follow(struct walk *walk, size_t at);
static const char *branch_words(struct arena *arena, const struct target *target);
static struct error *refuse(struct arena *arena, const struct config *config,
                            const struct node *nodes, const struct target *target,
                            const struct error_text *text);

struct error *config_check_together(struct arena *arena, const struct config *config,
                                    const struct node *targets)
{
	const size_t count = config->target_count;
	struct place *places = ARENA_ARRAY(arena, struct place, count);
	struct walk walk = {.arena = arena,
	                    .config = config,
	                    .nodes = targets,
	                    .marks = ARENA_ARRAY(arena, enum mark, count)};

	for (size_t i = 0; i < count; i++)
		places[i] = place_of(arena, &config->targets[i]);
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < i; k++)
			TRY(check_pair(arena, config, targets, places, k, i));
	for (size_t i = 0; i < count; i++)
		TRY(check_after(arena, config, targets, &config->targets[i]));
	for (size_t i = 0; i < count; i++)
		TRY(follow(&walk, i));
	return NULL;
}

/* Two targets on one ledger would undo each other; two owners of a schema would take each other's work for drift. */
static struct error *check_pair(struct arena *arena, const struct config *config,
                                const struct node *nodes, const struct place *places, size_t a,
                                size_t b)
{
	const struct target *one = &config->targets[a], *other = &config->targets[b];
	const char *schema;

	if ((one->database_url && text_equal(one->database_url, other->database_url)) ||
	    (one->database_url_file &&
	     text_equal(one->database_url_file, other->database_url_file)))
		return refuse(
			arena, config, nodes, other,
			&(struct error_text){
				arena_printf(arena, "targets '%s' and '%s' have one database URL",
		                             one->name, other->name),
				"two targets on one ledger would undo each other",
				"Give each its own database, or its own ?schema=."});
	if (!same_database(&places[a], &places[b]))
		return NULL;
	if (text_equal(places[a].url.schema, places[b].url.schema))
		return refuse(
			arena, config, nodes, other,
			&(struct error_text){
				arena_printf(arena, "targets '%s' and '%s' have one ledger",
		                             one->name, other->name),
				arena_printf(
					arena,
					"both URLs lead to schema '%s' of %s, and two targets on one ledger would "
					"undo each other",
					places[a].url.schema,
					database_url_public(arena, &places[a].url)),
				"Give each its own database, or its own ?schema=."});
	schema = common_schema(one, &places[a], other, &places[b]);
	if (!schema)
		return NULL;
	return refuse(
		arena, config, nodes, other,
		&(struct error_text){
			arena_printf(arena, "targets '%s' and '%s' both own schema '%s'", one->name,
	                             other->name, schema),
			arena_printf(
				arena,
				"they are in %s, and each would take the other's changes for drift",
				database_url_public(arena, &places[a].url)),
			"Let one of them own it: correct 'schemas' of the other."});
}

static struct place place_of(struct arena *arena, const struct target *target)
{
	struct place place = {0};

	if (target->database_url)
		place.is_known =
			!database_url_parse(arena, target->database_url,
		                            (enum tls_default)target->tls_default, &place.url);
	return place;
}

/* All the names of this machine are one host. */
static bool same_database(const struct place *a, const struct place *b)
{
	if (!a->is_known || !b->is_known)
		return false;
	return text_equal(a->url.database, b->url.database) &&
	       text_equal(a->url.port, b->url.port) &&
	       ((a->url.is_local && b->url.is_local) || strcasecmp(a->url.host, b->url.host) == 0);
}

static const char *common_schema(const struct target *a, const struct place *place_a,
                                 const struct target *b, const struct place *place_b)
{
	const struct text_list of_a = owned(a, place_a), of_b = owned(b, place_b);

	for (size_t i = 0; i < of_a.count; i++)
		for (size_t k = 0; k < of_b.count; k++)
			if (text_equal(of_a.items[i], of_b.items[k]))
				return of_a.items[i];
	return NULL;
}

static struct text_list owned(const struct target *target, const struct place *place)
{
	if (target->schemas.count)
		return target->schemas;
	return (struct text_list){.items = (const char **)(uintptr_t)&place->url.schema,
	                          .count = 1};
}

static struct error *check_after(struct arena *arena, const struct config *config,
                                 const struct node *nodes, const struct target *target)
{
	for (size_t i = 0; i < target->after.count; i++) {
		const char *name = target->after.items[i];
		const struct target *first = config_find_target(config, name);

		if (!first)
			return refuse_unknown(arena, config, nodes, target, name);
		if (first == target)
			return refuse(
				arena, config, nodes, target,
				&(struct error_text){
					arena_printf(arena, "target '%s' comes after itself", name),
					"it would wait for ever",
					arena_printf(arena, "Take '%s' out of its 'after'.",
			                             name)});
		if (!text_equal(first->branch, target->branch))
			return refuse(
				arena, config, nodes, target,
				&(struct error_text){
					arena_printf(arena, "target '%s' can never come after '%s'",
			                             target->name, name),
					arena_printf(
						arena,
						"'%s' watches %s and '%s' %s, so they are never at the same commit",
						target->name, branch_words(arena, target), name,
						branch_words(arena, first)),
					"Write the same 'branch' for both, or take the name out of 'after'."});
	}
	return NULL;
}

static struct error *refuse_unknown(struct arena *arena, const struct config *config,
                                    const struct node *nodes, const struct target *target,
                                    const char *name)
{
	struct text_list names = {0};
	const char *nearest;

	for (size_t i = 0; i < config->target_count; i++)
		*LIST_ADD(arena, &names) = config->targets[i].name;
	nearest = text_nearest(name, names.items, names.count);
	return refuse(
		arena, config, nodes, target,
		&(struct error_text){
			arena_printf(arena, "target '%s' comes after '%s', which is no target",
	                             target->name, name),
			NULL,
			nearest ? arena_printf(arena, "Did you mean '%s'?", nearest)
				: arena_printf(arena, "Targets are: %s.",
	                                       text_join(arena, &names, ", "))});
}

/* Every name in `after` is a target by now. */
static struct error *follow(struct walk *walk, size_t at)
{
	const struct target *targets = walk->config->targets, *target = &targets[at];
	struct text_list ring = {0};

	if (walk->marks[at] == MARK_DONE)
		return NULL;
	*LIST_ADD(walk->arena, &walk->path) = target->name;
	if (walk->marks[at] == MARK_NEW) {
		walk->marks[at] = MARK_ON_PATH;
		for (size_t i = 0; i < target->after.count; i++)
			TRY(follow(walk, (size_t)(config_find_target(walk->config,
			                                             target->after.items[i]) -
			                          targets)));
		walk->marks[at] = MARK_DONE;
		walk->path.count--;
		return NULL;
	}
	for (size_t i = 0; i < walk->path.count; i++)
		if (ring.count || text_equal(walk->path.items[i], target->name))
			*LIST_ADD(walk->arena, &ring) = walk->path.items[i];
	return refuse(
		walk->arena, walk->config, walk->nodes, target,
		&(struct error_text){arena_printf(walk->arena, "targets wait for each other: %s",
	                                          text_join(walk->arena, &ring, " after ")),
	                             "none of them could ever begin",
	                             "Take one of the names out of 'after'."});
}

static const char *branch_words(struct arena *arena, const struct target *target)
{
	return target->branch ? arena_printf(arena, "branch '%s'", target->branch)
	                      : "the default branch";
}

static struct error *refuse(struct arena *arena, const struct config *config,
                            const struct node *nodes, const struct target *target,
                            const struct error_text *text)
{
	const struct node *node = node_find(nodes, target->name);
	const char *where = node && node->line ? arena_printf(arena, ", line %d", node->line) : "";

	return FAIL(arena, CONFIG,
	            .what = arena_printf(arena, "%s (configuration '%s'%s)", text->what,
	                                 config->path, where),
	            .why = text->why, .hint = text->hint);
}
