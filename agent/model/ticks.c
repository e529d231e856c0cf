/*
 * Ticks: who set them, and what that person saw. What a reader gets wrong: a tick is not made stale by a later commit but
 * by a different folder. Whoever ticked saw the files as they were there; when all stand so at the horizon, the tick is
 * about them, whatever happened in between or beside it.
 */
#include "model/ticks.h"

#include "model/trust_parts.h"

#define CHECKLIST_FILE "checklist.md"

struct ticks {
	struct lore lore;
	struct trust_rule rule; /* the reader of it */
	const struct steps *steps;
	const char *deployed;
};

struct subject { /* one folder as it stands at the horizon */
	struct ticks *ticks;
	const char *name;
	const struct folder *files;
	struct step_file checklist; /* as it stands; after NULL: there is none */
	struct tick_places places;
};

static FALLIBLE list_files(struct ticks *ticks, const char *commit, const char *name,
                           const struct folder **ret_files);
static bool changes_entry(const struct step *step, const char *name);
static FALLIBLE find_in_step(struct subject *subject, const struct step *step);
static bool is_claimed(const struct step *step);
static FALLIBLE find_in_commit(struct subject *subject, const struct step_commit *commit,
                               bool counts, bool *ret_set_unvouched);
static FALLIBLE sets_folder(struct ticks *ticks, const struct step_commit *commit, const char *name,
                            bool *ret_sets);
static FALLIBLE find_entry(struct ticks *ticks, const char *commit, const char *name,
                           const struct folder_entry **ret_entry, bool *ret_readable);
static FALLIBLE find_as_it_stands(struct subject *subject, const char *commit);
static FALLIBLE add_place(struct subject *subject, const struct step_commit *message,
                          const char *commit);
static FALLIBLE find_changer(struct subject *subject, const struct change *change,
                             struct tick_place *place);
static FALLIBLE find_setter(struct ticks *ticks, const struct step_commits *commits,
                            const struct step_file *file, const char **ret_commit);
static FALLIBLE add_removers(struct ticks *ticks, const struct step *step,
                             const struct step_commits *commits, const char *migration,
                             struct step_commits *removers);

struct ticks *ticks_open(struct arena *arena, const struct steps *steps,
                         const struct steps_reader *reader, const char *deployed)
{
	struct ticks *ticks = ARENA_NEW(arena, struct ticks);

	*ticks = (struct ticks){.rule.reader = reader, .steps = steps, .deployed = deployed};
	ticks->lore.arena = arena;
	ticks->lore.rule = &ticks->rule;
	return ticks;
}

FALLIBLE ticks_find(struct ticks *ticks, const char *migration, struct tick_places *ret_places)
{
	const struct steps *steps = ticks->steps;
	const char *horizon =
		steps->horizon ? steps->items[steps->horizon - 1].id : ticks->deployed;
	struct subject subject = {.ticks = ticks, .name = migration};

	if (!horizon)
		return NULL;
	TRY(list_files(ticks, horizon, migration, &subject.files));
	subject.checklist.path = arena_printf(ticks->lore.arena, "%s/" CHECKLIST_FILE, migration);
	subject.checklist.after = folder_find(subject.files, CHECKLIST_FILE);
	if (ticks->deployed)
		TRY(find_as_it_stands(&subject, ticks->deployed));
	for (size_t i = 0; i < steps->horizon; i++)
		if (steps->items[i].passed && changes_entry(&steps->items[i], migration))
			TRY(find_in_step(&subject, &steps->items[i]));
	*ret_places = subject.places;
	return NULL;
}

/* No folder of that name, or one that cannot be listed: nothing in it. */
static FALLIBLE list_files(struct ticks *ticks, const char *commit, const char *name,
                           const struct folder **ret_files)
{
	static const struct folder nothing;
	const struct folder_entry *entry;
	const struct known *files;
	bool readable;

	*ret_files = &nothing;
	TRY(find_entry(ticks, commit, name, &entry, &readable));
	if (!entry || entry->mode != ENTRY_FOLDER)
		return NULL;
	TRY(lore_list_tree(&ticks->lore, entry->id, &files));
	if (!files->refusal)
		*ret_files = files->folder;
	return NULL;
}

static bool changes_entry(const struct step *step, const char *name)
{
	for (size_t i = 0; i < step->changes.count; i++)
		if (text_equal(step->changes.items[i].name, name))
			return true;
	return false;
}

/*
 * What stands in checklist.md by a commit that nobody signed is vouched for by the tag that stands for it: as the tagged
 * commit has it. What no tag stands for says nothing, such as the commit that a forge made of a vouched branch, or what
 * came to that branch behind the one that vouches.
 */
static FALLIBLE find_in_step(struct subject *subject, const struct step *step)
{
	const struct step_commits *const lists[] = {&step->brought, &step->aside};
	const char *vouched = step->voucher ? step->voucher : step->id;
	bool by_tag = false;

	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < lists[k]->count; i++) {
			const struct step_commit *commit = &lists[k]->items[i];
			bool set_unvouched = false;

			TRY(find_in_commit(subject, commit, commit->vouched || is_claimed(step),
			                   &set_unvouched));
			by_tag |= set_unvouched && commit->tagged;
		}
	return by_tag ? find_as_it_stands(subject, vouched) : NULL;
}

/* Nobody was asked. */
static bool is_claimed(const struct step *step)
{
	return step->passed && !step->verified && !step->settled;
}

static FALLIBLE find_in_commit(struct subject *subject, const struct step_commit *commit,
                               bool counts, bool *ret_set_unvouched)
{
	struct ticks *ticks = subject->ticks;
	bool sets = false, sets_checklist = false, doubt;

	if (!commit->parsed)
		return NULL;
	TRY(sets_folder(ticks, commit, subject->name, &sets));
	if (!sets)
		return NULL;
	if (subject->checklist.after)
		TRY(lore_sets(&ticks->lore, commit->id, &commit->parsed->parents,
		              &subject->checklist, &sets_checklist, &doubt));
	*ret_set_unvouched = sets_checklist && !counts;
	if (counts && sets_checklist)
		TRY(add_place(subject, NULL, commit->id));
	return counts ? add_place(subject, commit, commit->id) : NULL;
}

/* A commit sets what differs from every parent; what it inherits is another's word. */
static FALLIBLE sets_folder(struct ticks *ticks, const struct step_commit *commit, const char *name,
                            bool *ret_sets)
{
	const struct text_list *parents = &commit->parsed->parents;
	const struct folder_entry *own, *inherited;
	bool readable;

	*ret_sets = false;
	TRY(find_entry(ticks, commit->id, name, &own, &readable));
	if (!readable)
		return NULL;
	for (size_t i = 0; i < parents->count; i++) {
		TRY(find_entry(ticks, parents->items[i], name, &inherited, &readable));
		if (readable && same_entry(own, inherited))
			return NULL;
	}
	*ret_sets = own || parents->count;
	return NULL;
}

static FALLIBLE find_entry(struct ticks *ticks, const char *commit, const char *name,
                           const struct folder_entry **ret_entry, bool *ret_readable)
{
	const struct known *known;

	TRY(lore_list(&ticks->lore, commit, &known));
	*ret_readable = !known->refusal;
	*ret_entry = known->refusal ? NULL : folder_find(known->folder, name);
	return NULL;
}

/* What the commit says by its checklist.md, if that is the one at the horizon. */
static FALLIBLE find_as_it_stands(struct subject *subject, const char *commit)
{
	const struct folder *files;

	if (!subject->checklist.after)
		return NULL;
	TRY(list_files(subject->ticks, commit, subject->name, &files));
	if (!same_entry(folder_find(files, CHECKLIST_FILE), subject->checklist.after))
		return NULL;
	return add_place(subject, NULL, commit);
}

static FALLIBLE add_place(struct subject *subject, const struct step_commit *message,
                          const char *commit)
{
	struct arena *arena = subject->ticks->lore.arena;
	struct tick_place place = {.message = message, .commit = commit};
	const struct folder *files;
	struct changes changes = {0};

	TRY(list_files(subject->ticks, commit, subject->name, &files));
	folder_compare(arena, files, subject->files, &changes);
	for (size_t i = 0; i < changes.count && !place.stale; i++) {
		if (text_equal(changes.items[i].name, CHECKLIST_FILE))
			continue;
		place.stale = changes.items[i].name;
		TRY(find_changer(subject, &changes.items[i], &place));
	}
	*LIST_ADD(arena, &subject->places) = place;
	return NULL;
}

static FALLIBLE find_changer(struct subject *subject, const struct change *change,
                             struct tick_place *place)
{
	struct ticks *ticks = subject->ticks;
	const struct step_file file = {
		.path = arena_printf(ticks->lore.arena, "%s/%s", subject->name, change->name),
		.after = change->after};

	for (size_t i = ticks->steps->horizon; i-- > 0 && !place->stale_in;) {
		const struct step *step = &ticks->steps->items[i];

		if (!step->passed || !changes_entry(step, subject->name))
			continue; /* a refused one was undone: what it set back, a passed one had set */
		TRY(find_setter(ticks, &step->aside, &file, &place->stale_in));
		if (!place->stale_in)
			TRY(find_setter(ticks, &step->brought, &file, &place->stale_in));
		place->stale_by = place->stale_in ? step->id : NULL;
	}
	return NULL;
}

static FALLIBLE find_setter(struct ticks *ticks, const struct step_commits *commits,
                            const struct step_file *file, const char **ret_commit)
{
	for (size_t i = commits->count; i-- > 0 && !*ret_commit;) {
		const struct step_commit *commit = &commits->items[i];
		bool sets = false, doubt;

		if (commit->parsed)
			TRY(lore_sets(&ticks->lore, commit->id, &commit->parsed->parents, file,
			              &sets, &doubt));
		if (sets)
			*ret_commit = commit->id;
	}
	return NULL;
}

FALLIBLE ticks_find_removers(struct ticks *ticks, const struct step *step, const char *migration,
                             struct step_commits *ret_commits)
{
	struct step_commits removers = {0};

	TRY(add_removers(ticks, step, &step->brought, migration, &removers));
	TRY(add_removers(ticks, step, &step->aside, migration, &removers));
	*ret_commits = removers;
	return NULL;
}

static FALLIBLE add_removers(struct ticks *ticks, const struct step *step,
                             const struct step_commits *commits, const char *migration,
                             struct step_commits *removers)
{
	for (size_t i = 0; i < commits->count; i++) {
		const struct step_commit *commit = &commits->items[i];
		const struct folder_entry *own = NULL;
		bool sets = false, readable;

		if (!commit->parsed || (!commit->vouched && !is_claimed(step)))
			continue;
		TRY(find_entry(ticks, commit->id, migration, &own, &readable));
		TRY(sets_folder(ticks, commit, migration, &sets));
		if (sets && !own)
			*LIST_ADD(ticks->lore.arena, removers) = *commit;
	}
	return NULL;
}
