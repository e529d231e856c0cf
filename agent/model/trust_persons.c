/*
 * Which persons vouch for a step, and whether they are enough: counted file by file. What a reader gets wrong: an unsigned
 * commit's names count, too, against their bearers.
 */
#include "model/trust_parts.h"

static FALLIBLE note_person(struct question *question, const struct step_commit *commit,
                            const struct step_file *file, bool is_aside, struct persons *persons);

/* May the person deploy these changes? `which` NULL: all of the step's. */
bool person_allowed(const struct question *question, const char *principal, const bool *which)
{
	const struct changes *changes = &question->step->changes;

	for (size_t i = 0; i < changes->count; i++)
		if ((!which || which[i]) &&
		    !person_allowed_for(question, principal, &changes->items[i]))
			return false;
	return principal;
}

bool person_allowed_for(const struct question *question, const char *principal,
                        const struct change *change)
{
	return principal && (!question->rule->allows ||
	                     question->rule->allows(question->rule->context, principal, change));
}

bool file_is_of(const struct step_file *file, const struct change *change)
{
	const size_t length = strlen(change->name);

	return text_starts(file->path, change->name) &&
	       (file->path[length] == '/' || file->path[length] == '\0');
}

const struct change *file_change(const struct question *question, const struct step_file *file)
{
	const struct changes *changes = &question->step->changes;

	for (size_t i = 0; i < changes->count; i++)
		if (file_is_of(file, &changes->items[i]))
			return &changes->items[i];
	BUG("the file '%s' is in no entry that the step changed", file->path);
}

struct persons persons_none(const struct question *question)
{
	return (struct persons){.of_file = ARENA_ARRAY(question->lore->arena, struct text_list,
	                                               question->step->files.count)};
}

/* For the files of these entries; `which` NULL: for all. */
void persons_approve(const struct question *question, struct persons *persons, const char *person,
                     const bool *which)
{
	const struct step *step = question->step;

	text_list_add_once(question->lore->arena, &persons->all, person);
	for (size_t i = 0; i < step->files.count; i++)
		if (!which ||
		    which[file_change(question, &step->files.items[i]) - step->changes.items])
			text_list_add_once(question->lore->arena, &persons->of_file[i], person);
}

/*
 * Those that set the file as the step has it: the step itself (side NULL), or what the candidate reaches. *ret_unvouched:
 * one that nobody vouches for, a bad or malformed one above all.
 */
FALLIBLE persons_note_setters(struct question *question, const struct side *side,
                              const struct step_file *file, struct persons *persons,
                              size_t *ret_setters, const struct step_commit **ret_unvouched)
{
	const struct history own = {
		.items = &(struct history_commit){question->step->id, question->step->parents},
		.count = 1};
	const struct history *history = side ? &side->history : &own;
	const struct change *change = file_change(question, file);

	*ret_setters = 0;
	*ret_unvouched = NULL;
	for (size_t i = 0; i < history->count; i++) {
		const struct step_commit *commit;
		bool sets, doubt;

		if (side && !side->reached[i])
			continue;
		TRY(lore_sets(question->lore, history->items[i].id, &history->items[i].parents,
		              file, &sets, &doubt));
		if (!sets && !doubt)
			continue;
		TRY(lore_judge(question->lore, history->items[i].id, &commit));
		*ret_setters += sets;
		if ((!commit->vouched ||
		     !person_allowed_for(question, commit->principal, change)) &&
		    (!*ret_unvouched || commit->verdict.kind == VERDICT_BAD ||
		     commit->verdict.kind == VERDICT_MALFORMED))
			*ret_unvouched = commit;
		TRY(note_person(question, commit, file, side, persons));
	}
	return NULL;
}

/*
 * Names in an unsigned commit are free text: they can only keep their bearer from being the second person. And who signed
 * the file on a branch that did not know what was deployed since has not spoken of this change.
 */
static FALLIBLE note_person(struct question *question, const struct step_commit *commit,
                            const struct step_file *file, bool is_aside, struct persons *persons)
{
	struct arena *arena = question->lore->arena;
	const struct change *change = file_change(question, file);
	struct last last = {0};
	bool is_known = true;

	if (!commit->vouched) {
		if (commit->parsed) {
			text_list_add_once(arena, &persons->authors, commit->parsed->author.email);
			text_list_add_once(arena, &persons->authors,
			                   commit->parsed->committer.email);
		}
		return NULL;
	}
	text_list_add_once(arena, &persons->authors, commit->principal);
	if (!person_allowed_for(question, commit->principal, change))
		return NULL;
	if (is_aside) {
		TRY(find_last_passed(question, change->name, &last));
		TRY(knows_last(question, &last, commit->id, &is_known));
	}
	if (is_known) {
		text_list_add_once(arena, &persons->all, commit->principal);
		text_list_add_once(arena, &persons->of_file[file - question->step->files.items],
		                   commit->principal);
	}
	return NULL;
}

bool persons_enough(const struct question *question, const struct persons *persons)
{
	const uint64_t threshold = question->rule->threshold;

	for (size_t i = 0; i < question->step->files.count; i++) {
		const struct text_list *list = &persons->of_file[i];
		bool has_other = threshold <= 1;

		for (size_t k = 0; k < list->count; k++)
			has_other |= !text_list_has(&persons->authors, list->items[k]);
		if (!list->count || list->count < threshold || !has_other)
			return false;
	}
	return persons->all.count;
}
