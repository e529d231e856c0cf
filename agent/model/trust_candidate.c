/*
 * What a commit of a merged branch or pull request must be to vouch: it has the step's entries exactly, the step has all of
 * it, and it knew what persons left last. What a reader gets wrong: merge bases alone do not show what a step leaves out.
 */
#include "model/trust_parts.h"

static bool has_first_open(const struct question *question, const struct folder *folder);
static FALLIBLE changed_since_all(struct question *question, const struct folder *folder,
                                  const struct text_list *bases, const char *name,
                                  bool *ret_changed);
static FALLIBLE find_through(struct question *question, const struct step *step, const char *entry,
                             struct last *last);

/* The step has the open entries as the candidate. Both lists are in the order of names, and there may be many candidates. */
FALLIBLE candidate_is_exactly(struct question *question, const struct folder *folder,
                              bool *ret_same)
{
	AUTO_ARENA scratch = arena_new();
	const struct changes *changes = &question->step->changes;
	struct changes others;
	const struct known *step;

	*ret_same = has_first_open(question, folder);
	if (!*ret_same)
		return NULL;
	TRY(lore_list(question->lore, question->step->id, &step));
	folder_compare(scratch, step->folder, folder, &others);
	for (size_t i = 0, k = 0; i < others.count && *ret_same; i++) {
		while (k < changes->count &&
		       strcmp(changes->items[k].name, others.items[i].name) < 0)
			k++;
		if (k < changes->count && question->open[k] &&
		    text_equal(changes->items[k].name, others.items[i].name))
			*ret_same = false;
	}
	return NULL;
}

/* Most commits of a branch have not even that. */
static bool has_first_open(const struct question *question, const struct folder *folder)
{
	const struct changes *changes = &question->step->changes;

	for (size_t i = 0; i < changes->count; i++)
		if (question->open[i])
			return same_entry(changes->items[i].after,
			                  folder_find(folder, changes->items[i].name));
	return true;
}

/* The step has everything that the candidate changed since their merge base. */
FALLIBLE candidate_is_whole(struct question *question, const struct folder *folder,
                            const struct text_list *bases, const char **ret_missing)
{
	static const struct folder nothing;
	const struct folder *before = &nothing;
	const struct known *step, *base;
	struct changes changes;

	TRY(lore_list(question->lore, question->step->id, &step));
	if (bases->count) {
		TRY(lore_list(question->lore, bases->items[0], &base));
		before = base->refusal ? &nothing : base->folder;
	}
	folder_compare(question->lore->arena, before, folder, &changes);
	for (size_t i = 0; i < changes.count; i++) {
		const char *name = changes.items[i].name;
		bool changed;

		TRY(changed_since_all(question, folder, bases, name, &changed));
		if (changed &&
		    !same_entry(folder_find(step->folder, name), changes.items[i].after)) {
			*ret_missing = name;
			return NULL;
		}
	}
	return NULL;
}

/* With several merge bases, what is as in one of them came from there. */
static FALLIBLE changed_since_all(struct question *question, const struct folder *folder,
                                  const struct text_list *bases, const char *name,
                                  bool *ret_changed)
{
	const struct known *base;

	*ret_changed = true;
	for (size_t i = 0; i < bases->count && *ret_changed; i++) {
		TRY(lore_list(question->lore, bases->items[i], &base));
		*ret_changed = base->refusal || !same_entry(folder_find(base->folder, name),
		                                            folder_find(folder, name));
	}
	return NULL;
}

/*
 * What of the step is as persons last left it, though the candidate knew that and changed it. Merge bases do not show this
 * where the branch was merged once before and nothing of it taken over.
 */
FALLIBLE candidate_is_whole_on_line(struct question *question, const struct folder *folder,
                                    const char *candidate, const char **ret_missing)
{
	const struct known *step, *before = NULL;
	struct changes others;

	TRY(lore_list(question->lore, question->step->id, &step));
	folder_compare(question->lore->arena, step->folder, folder, &others);
	for (size_t i = 0; i < others.count; i++) {
		const char *name = others.items[i].name;
		struct last last = {0};
		bool is_known;

		TRY(find_last_passed(question, name, &last));
		if (last.commit)
			TRY(lore_list(question->lore, last.commit, &before));
		if (last.commit && before->refusal)
			continue;
		if (!same_entry(folder_find(step->folder, name),
		                last.commit ? folder_find(before->folder, name) : NULL))
			continue;
		TRY(knows_last(question, &last, candidate, &is_known));
		if (is_known) {
			*ret_missing = name;
			return NULL;
		}
	}
	return NULL;
}

/* The candidate knew the last passed state of each open entry. */
FALLIBLE candidate_is_fresh(struct question *question, const char *candidate,
                            const char **ret_stale)
{
	const struct changes *changes = &question->step->changes;

	for (size_t i = 0; i < changes->count; i++) {
		struct last last = {0};
		bool is_known;

		if (!question->open[i])
			continue;
		TRY(find_last_passed(question, changes->items[i].name, &last));
		TRY(knows_last(question, &last, candidate, &is_known));
		if (!is_known) {
			*ret_stale = changes->items[i].name;
			return NULL;
		}
	}
	return NULL;
}

FALLIBLE knows_last(struct question *question, const struct last *last, const char *commit,
                    bool *ret_knows)
{
	*ret_knows = true;
	if (last->commit)
		TRY(lore_descends(question->lore, last->commit, commit, ret_knows));
	if (!*ret_knows && last->through)
		TRY(lore_descends(question->lore, last->through, commit, ret_knows));
	return NULL;
}

FALLIBLE find_last_passed(struct question *question, const char *entry, struct last *ret_last)
{
	for (size_t i = (size_t)(question->step - question->steps->items); i-- > 0;) {
		const struct step *step = &question->steps->items[i];

		for (size_t k = 0; step->passed && k < step->changes.count; k++)
			if (text_equal(step->changes.items[k].name, entry))
				return find_through(question, step, entry, ret_last);
	}
	return question->rule->last_passed(question->rule->context, entry, question->lore->arena,
	                                   &ret_last->commit);
}

/* A squash or rebase is new to the branch that it was made of; who goes on there knows what it was made of. */
static FALLIBLE find_through(struct question *question, const struct step *step, const char *entry,
                             struct last *last)
{
	const struct known *own, *other;

	last->commit = step->id;
	if (!step->voucher)
		return NULL;
	TRY(lore_list(question->lore, step->id, &own));
	TRY(lore_list(question->lore, step->voucher, &other));
	if (!own->refusal && !other->refusal &&
	    same_entry(folder_find(own->folder, entry), folder_find(other->folder, entry)))
		last->through = step->voucher;
	return NULL;
}
