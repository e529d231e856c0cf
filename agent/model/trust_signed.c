/*
 * The rule `signed`: who vouches for a step that any merge button may have made. Every decision starts at "no". What a
 * reader gets wrong: a signature vouches for the files that its commit sets, never for what it inherits; so a person's
 * merge of somebody's unsigned branch says nothing about that branch.
 */
#include "model/trust_parts.h"

static FALLIBLE judge_step(struct lore *lore, struct steps *steps, size_t index);
static FALLIBLE find_vouching(struct question *question, struct voucher *voucher);
static FALLIBLE wait_for_dates(struct question *question, const struct voucher *voucher);
static FALLIBLE judge_brought(struct question *question);
static void find_merged(struct question *question);
static FALLIBLE find_pulls(struct question *question);
static FALLIBLE find_taggers(const struct question *question, const char *commit, const bool *which,
                             struct text_list *ret_taggers);
static FALLIBLE find_open(struct question *question);
static FALLIBLE sets_entry(struct question *question, const struct change *change, bool *ret_sets);
static bool signed_all_brought(const struct question *question, const struct change *change);
static FALLIBLE vouch_without_side(struct question *question, struct voucher *voucher);
static FALLIBLE find_voucher(struct question *question, size_t first, struct voucher *voucher);
static FALLIBLE try_candidate(struct question *question, struct side *side, size_t candidate,
                              struct voucher *voucher);
static FALLIBLE try_with_all(struct question *question, struct voucher *voucher);
static FALLIBLE try_heads(struct question *question, size_t first, struct voucher *voucher);
static FALLIBLE is_own(struct question *question, struct side *side, bool is_tagged,
                       struct persons *persons, struct flaw *flaw);
static void miss(struct question *question, struct flaw flaw);

FALLIBLE trust_judge(struct arena *arena, const struct trust_rule *rule, struct steps *steps)
{
	struct lore lore = {.arena = arena, .rule = rule};

	for (size_t i = 0; i < steps->count; i++) {
		struct step *step = &steps->items[i];

		if (step->refusal)
			continue;
		if (step->changes.count)
			TRY(judge_step(&lore, steps, i));
		else
			step->passed = true;
	}
	return NULL;
}

static FALLIBLE judge_step(struct lore *lore, struct steps *steps, size_t index)
{
	struct step *step = &steps->items[index];
	struct voucher voucher = {0};
	struct question question = {
		.lore = lore,
		.rule = lore->rule,
		.steps = steps,
		.step = step,
		.after_unreadable = index && steps->items[index - 1].unreadable,
	};

	TRY(lore_judge(lore, step->id, &question.signer));
	TRY(judge_brought(&question));
	if (question.signer->verdict.kind != VERDICT_BAD &&
	    question.signer->verdict.kind != VERDICT_MALFORMED)
		TRY(find_vouching(&question, &voucher));
	if (voucher.persons.count)
		TRY(wait_for_dates(&question, &voucher));
	if (step->refusal)
		return NULL;
	if (voucher.persons.count) {
		step->passed = step->verified = true;
		step->voucher = voucher.commit;
		step->vouched_by = voucher.persons;
		for (size_t i = 0; i < step->brought.count && !voucher.commit; i++)
			step->brought.items[i].tagged = voucher.tagged;
		return voucher.commit ? trust_find_aside(lore, step, voucher.tagged) : NULL;
	}
	if (step_is_settled(step)) {
		step->passed = step->settled = true;
		return NULL;
	}
	step->refusal = trust_refuse(&question);
	step->refused_at = "verify";
	return NULL;
}

/* What costs nothing first; the remote is asked for pull requests and tags only when that is not enough. */
static FALLIBLE find_vouching(struct question *question, struct voucher *voucher)
{
	find_merged(question);
	TRY(find_open(question));
	TRY(find_voucher(question, 0, voucher));
	if (!voucher->persons.count && question->rule->pulls) {
		const size_t merged = question->heads.count;

		TRY(find_pulls(question));
		if (question->heads.count > merged)
			TRY(find_voucher(question, merged, voucher));
	}
	if (!voucher->persons.count)
		TRY(find_taggers(question, question->step->id, NULL, &question->taggers));
	if (question->taggers.count)
		TRY(vouch_without_side(question, voucher));
	if (!voucher->persons.count && question->rule->threshold > 1 &&
	    (question->taggers.count || question->open_count < question->step->changes.count))
		TRY(try_with_all(question, voucher));
	return NULL;
}

/*
 * What the step's own signature or tags vouch for, a commit of the branch may vouch for, too: then its persons count
 * beside theirs.
 */
static FALLIBLE try_with_all(struct question *question, struct voucher *voucher)
{
	question->open_count = question->step->changes.count;
	for (size_t i = 0; i < question->open_count; i++)
		question->open[i] = true;
	return try_heads(question, 0, voucher);
}

/* A clock that runs ahead, or a commit made to look young for longer: it waits until its date has come. */
static FALLIBLE wait_for_dates(struct question *question, const struct voucher *voucher)
{
	struct step *step = question->step;
	const struct step_commit *candidate = NULL;

	if (voucher->commit)
		TRY(lore_judge(question->lore, voucher->commit, &candidate));
	step->refusal = steps_wait_for_dates(question->lore->arena, step, candidate,
	                                     question->rule->latest);
	step->refused_at = step->refusal ? "verify" : NULL;
	return NULL;
}

/* Ticks and trailers count only from those that a person signed. */
static FALLIBLE judge_brought(struct question *question)
{
	struct step_commits *brought = &question->step->brought;

	for (size_t i = 0; i < brought->count; i++) {
		const struct step_commit *judged;

		TRY(lore_judge(question->lore, brought->items[i].id, &judged));
		brought->items[i] = *judged;
	}
	return NULL;
}

/* The heads of the sides that a commit may vouch from: of the branch that was merged, then of the pull request. */
static void find_merged(struct question *question)
{
	const struct step *step = question->step;

	for (size_t i = 0; step->parents.count == 2 && i < 2; i++)
		if (i + 1 != step->base_parent)
			text_list_add_once(question->lore->arena, &question->heads,
			                   step->parents.items[i]);
}

static FALLIBLE find_pulls(struct question *question)
{
	const struct trust_rule *rule = question->rule;
	struct text_list heads = {0};

	if (rule->pulls)
		TRY(rule->pulls(rule->context, question->step, question->lore->arena, &heads));
	for (size_t i = 0; i < heads.count; i++)
		text_list_add_once(question->lore->arena, &question->heads, heads.items[i]);
	return NULL;
}

static FALLIBLE find_taggers(const struct question *question, const char *commit, const bool *which,
                             struct text_list *ret_taggers)
{
	const struct trust_rule *rule = question->rule;
	struct text_list persons = {0};

	if (rule->taggers)
		TRY(rule->taggers(rule->context, commit, question->lore->arena, &persons));
	for (size_t i = 0; i < persons.count; i++)
		if (person_allowed(question, persons.items[i], which))
			text_list_add_once(question->lore->arena, ret_taggers, persons.items[i]);
	return NULL;
}

static FALLIBLE find_open(struct question *question)
{
	const struct changes *changes = &question->step->changes;

	question->open = ARENA_ARRAY(question->lore->arena, bool, changes->count);
	for (size_t i = 0; i < changes->count; i++) {
		const struct change *change = &changes->items[i];
		bool sets = false;

		if (question->signer->vouched &&
		    person_allowed_for(question, question->signer->principal, change))
			TRY(sets_entry(question, change, &sets));
		question->open[i] = !sets;
		question->open_count += !sets;
	}
	return NULL;
}

static FALLIBLE sets_entry(struct question *question, const struct change *change, bool *ret_sets)
{
	const struct step *step = question->step;

	*ret_sets = false;
	if (question->after_unreadable) {
		*ret_sets = signed_all_brought(question, change);
		return NULL;
	}
	for (size_t i = 0; i < step->files.count; i++) {
		bool sets = true, doubt;

		if (file_is_of(&step->files.items[i], change))
			TRY(lore_sets(question->lore, step->id, &question->step->parents,
			              &step->files.items[i], &sets, &doubt));
		if (!sets)
			return NULL;
	}
	*ret_sets = true;
	return NULL;
}

/* Behind a commit that cannot be listed nobody knows who set what: then everything that came must be signed. */
static bool signed_all_brought(const struct question *question, const struct change *change)
{
	const struct step_commits *brought = &question->step->brought;

	for (size_t i = 0; i < brought->count; i++)
		if (!brought->items[i].vouched ||
		    !person_allowed_for(question, brought->items[i].principal, change))
			return false;
	return true;
}

/* The step's own signature, or tags on it, vouch for all; what is left is whether that makes enough persons. */
static FALLIBLE vouch_without_side(struct question *question, struct voucher *voucher)
{
	struct persons persons = persons_none(question);

	for (size_t i = 0; i < question->step->files.count; i++) {
		const struct step_file *file = &question->step->files.items[i];
		const struct step_commit *unvouched;
		size_t setters;

		TRY(persons_note_setters(question, NULL, file, &persons, &setters, &unvouched));
		for (size_t k = 0; k < question->heads.count; k++) {
			struct side side;

			TRY(side_open(question->lore, question->step->base,
			              question->heads.items[k], &side));
			for (size_t n = 0; n < side.history.count; n++)
				side.reached[n] = true;
			TRY(persons_note_setters(question, &side, file, &persons, &setters,
			                         &unvouched));
		}
	}
	for (size_t i = 0; i < question->taggers.count; i++)
		persons_approve(question, &persons, question->taggers.items[i], NULL);
	if (person_allowed(question, question->signer->principal, NULL))
		persons_approve(question, &persons, question->signer->principal, NULL);
	if (persons_enough(question, &persons))
		*voucher =
			(struct voucher){.persons = persons.all, .tagged = question->taggers.count};
	else
		miss(question, (struct flaw){.miss = MISS_THRESHOLD});
	return NULL;
}

static FALLIBLE find_voucher(struct question *question, size_t first, struct voucher *voucher)
{
	if (!question->open_count)
		return vouch_without_side(question, voucher);
	return try_heads(question, first, voucher);
}

static FALLIBLE try_heads(struct question *question, size_t first, struct voucher *voucher)
{
	if (question->after_unreadable || question->step->parents.count > 2)
		return NULL;
	for (size_t i = first; i < question->heads.count && !voucher->persons.count; i++) {
		struct side side;

		TRY(side_open(question->lore, question->step->base, question->heads.items[i],
		              &side));
		for (size_t n = 0; n < side.history.count && !voucher->persons.count; n++)
			TRY(try_candidate(question, &side, n, voucher));
	}
	return NULL;
}

static FALLIBLE try_candidate(struct question *question, struct side *side, size_t candidate,
                              struct voucher *voucher)
{
	struct lore *lore = question->lore;
	const char *id = side->history.items[candidate].id;
	struct flaw flaw = {.candidate = id};
	struct text_list bases, taggers = {0};
	struct persons persons = persons_none(question);
	const struct step_commit *signer;
	const struct known *known;
	bool is_same, by_signer;

	TRY(lore_list(lore, id, &known));
	if (known->refusal)
		return NULL;
	TRY(candidate_is_exactly(question, known->folder, &is_same));
	if (!is_same)
		return NULL;
	TRY(lore_judge(lore, id, &signer));
	TRY(find_taggers(question, id, question->open, &taggers));
	by_signer = signer->vouched && person_allowed(question, signer->principal, question->open);
	flaw.miss = MISS_WHO;
	flaw.commit = signer;
	if (signer->verdict.kind == VERDICT_BAD || signer->verdict.kind == VERDICT_MALFORMED ||
	    (!by_signer && !taggers.count)) {
		miss(question, flaw);
		return NULL;
	}
	flaw.commit = NULL;
	TRY(side_reach(lore, side, candidate, &bases));
	TRY(candidate_is_whole(question, known->folder, &bases, &flaw.path));
	if (!flaw.path)
		TRY(candidate_is_whole_on_line(question, known->folder, id, &flaw.path));
	flaw.miss = MISS_WHOLE;
	if (!flaw.path) {
		TRY(candidate_is_fresh(question, id, &flaw.path));
		flaw.miss = MISS_FRESH;
	}
	if (flaw.path) {
		miss(question, flaw);
		return NULL;
	}
	flaw.miss = MISS_NONE;
	TRY(is_own(question, side, taggers.count, &persons, &flaw));
	if (flaw.miss != MISS_NONE) {
		miss(question, flaw);
		return NULL;
	}
	for (size_t i = 0; i < taggers.count; i++)
		persons_approve(question, &persons, taggers.items[i], question->open);
	if (by_signer)
		persons_approve(question, &persons, signer->principal, question->open);
	for (size_t i = 0; i < question->taggers.count; i++)
		persons_approve(question, &persons, question->taggers.items[i], NULL);
	if (question->signer->vouched &&
	    person_allowed(question, question->signer->principal, NULL))
		persons_approve(question, &persons, question->signer->principal, NULL);
	if (!persons_enough(question, &persons)) {
		miss(question, (struct flaw){.miss = MISS_THRESHOLD, .candidate = id});
		return NULL;
	}
	*voucher = (struct voucher){.commit = id, .persons = persons.all, .tagged = taggers.count};
	return NULL;
}

/* Each open file was set between base and candidate, and by signed commits only; a tag stands for unsigned ones. */
static FALLIBLE is_own(struct question *question, struct side *side, bool is_tagged,
                       struct persons *persons, struct flaw *flaw)
{
	const struct step *step = question->step;

	for (size_t i = 0; i < step->files.count; i++) {
		const struct step_file *file = &step->files.items[i];
		const struct step_commit *unvouched = NULL;
		size_t setters = 0;

		TRY(persons_note_setters(question, NULL, file, persons, &setters, &unvouched));
		if (!question->open[file_change(question, file) - step->changes.items])
			continue;
		TRY(persons_note_setters(question, side, file, persons, &setters, &unvouched));
		if (setters &&
		    (!unvouched || (is_tagged && unvouched->verdict.kind != VERDICT_BAD &&
		                    unvouched->verdict.kind != VERDICT_MALFORMED)))
			continue;
		flaw->miss = MISS_OWN;
		flaw->path = file->path;
		flaw->commit = setters ? unvouched : NULL;
		return NULL;
	}
	return NULL;
}

static void miss(struct question *question, struct flaw flaw)
{
	if (flaw.miss > question->flaw.miss)
		question->flaw = flaw;
}
