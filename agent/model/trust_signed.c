/*
 * The rule `signed`: who vouches for a step that any merge button may have made. Every decision starts at "no". What a
 * reader gets wrong: a signature vouches for the files that its commit sets, never for what it inherits; so a person's
 * merge of somebody's unsigned branch says nothing about that branch.
 */
#include "model/trust_parts.h"

struct persons {
	struct text_list all; /* who vouch */
	struct text_list
		authors; /* who set one of the files, by signature or by the names in an unsigned commit */
};

static FALLIBLE judge_step(struct lore *lore, struct steps *steps, size_t index,
                           struct trust_voucher *voucher);
static FALLIBLE find_vouching(struct question *question, struct trust_voucher *voucher);
static FALLIBLE wait_for_dates(struct question *question, struct trust_voucher *voucher);
static FALLIBLE judge_brought(struct question *question);
static void find_merged(struct question *question);
static FALLIBLE find_pulls(struct question *question);
static bool allowed(const struct question *question, const char *principal, const bool *which);
static bool allowed_for(const struct question *question, const char *principal,
                        const struct change *change);
static FALLIBLE find_taggers(const struct question *question, const char *commit, const bool *which,
                             struct text_list *ret_taggers);
static FALLIBLE find_open(struct question *question);
static FALLIBLE sets_entry(struct question *question, const struct change *change, bool *ret_sets);
static bool signed_all_brought(const struct question *question, const struct change *change);
static bool is_of(const struct step_file *file, const struct change *change);
static const struct change *change_of(const struct question *question,
                                      const struct step_file *file);
static FALLIBLE vouch_without_side(struct question *question, struct trust_voucher *voucher);
static FALLIBLE find_voucher(struct question *question, size_t first,
                             struct trust_voucher *voucher);
static FALLIBLE try_candidate(struct question *question, struct side *side, size_t candidate,
                              struct trust_voucher *voucher);
static FALLIBLE is_exactly(struct question *question, const struct folder *folder, bool *ret_same);
static FALLIBLE is_whole(struct question *question, const struct folder *folder,
                         const struct text_list *bases, const char **ret_missing);
static FALLIBLE changed_since_all(struct question *question, const struct folder *folder,
                                  const struct text_list *bases, const char *name,
                                  bool *ret_changed);
static FALLIBLE is_fresh(struct question *question, const char *candidate, const char **ret_stale);
static FALLIBLE last_passed(struct question *question, const char *entry, const char **ret_commit);
static FALLIBLE is_own(struct question *question, struct side *side, bool is_tagged,
                       struct persons *persons, struct flaw *flaw);
static FALLIBLE note_setters(struct question *question, const struct side *side,
                             const struct step_file *file, struct persons *persons,
                             size_t *ret_setters, const struct step_commit **ret_unvouched);
static void note_person(struct question *question, const struct step_commit *commit,
                        const struct change *change, struct persons *persons);
static bool enough(const struct question *question, const struct persons *persons);
static void miss(struct question *question, struct flaw flaw);

FALLIBLE trust_judge(struct arena *arena, const struct trust_rule *rule, struct steps *steps,
                     struct trust_voucher **ret_vouchers)
{
	struct lore lore = {.arena = arena, .rule = rule};
	struct trust_voucher *vouchers = ARENA_ARRAY(arena, struct trust_voucher, steps->count);

	for (size_t i = 0; i < steps->count; i++) {
		struct step *step = &steps->items[i];

		if (step->refusal)
			continue;
		if (step->changes.count)
			TRY(judge_step(&lore, steps, i, &vouchers[i]));
		else
			step->passed = true;
	}
	*ret_vouchers = vouchers;
	return NULL;
}

static FALLIBLE judge_step(struct lore *lore, struct steps *steps, size_t index,
                           struct trust_voucher *voucher)
{
	struct step *step = &steps->items[index];
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
		TRY(find_vouching(&question, voucher));
	if (voucher->persons.count) {
		TRY(wait_for_dates(&question, voucher));
		step->passed = step->verified = !step->refusal;
		return NULL;
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
static FALLIBLE find_vouching(struct question *question, struct trust_voucher *voucher)
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
	return NULL;
}

/* A clock that runs ahead, or a commit made to look young for longer: it waits until its date has come. */
static FALLIBLE wait_for_dates(struct question *question, struct trust_voucher *voucher)
{
	struct step *step = question->step;
	const struct step_commit *candidate = NULL;

	if (voucher->commit)
		TRY(lore_judge(question->lore, voucher->commit, &candidate));
	step->refusal = steps_wait_for_dates(question->lore->arena, step, candidate,
	                                     question->rule->latest);
	if (!step->refusal)
		return NULL;
	step->refused_at = "verify";
	*voucher = (struct trust_voucher){0};
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
			add_distinct(question->lore->arena, &question->heads,
			             step->parents.items[i]);
}

static FALLIBLE find_pulls(struct question *question)
{
	const struct trust_rule *rule = question->rule;
	struct text_list heads = {0};

	if (rule->pulls)
		TRY(rule->pulls(rule->context, question->step, question->lore->arena, &heads));
	for (size_t i = 0; i < heads.count; i++)
		add_distinct(question->lore->arena, &question->heads, heads.items[i]);
	return NULL;
}

/* May the person deploy these changes? `which` NULL: all of the step's. */
static bool allowed(const struct question *question, const char *principal, const bool *which)
{
	const struct changes *changes = &question->step->changes;

	for (size_t i = 0; i < changes->count; i++)
		if ((!which || which[i]) && !allowed_for(question, principal, &changes->items[i]))
			return false;
	return principal;
}

static bool allowed_for(const struct question *question, const char *principal,
                        const struct change *change)
{
	return principal && (!question->rule->allows ||
	                     question->rule->allows(question->rule->context, principal, change));
}

static FALLIBLE find_taggers(const struct question *question, const char *commit, const bool *which,
                             struct text_list *ret_taggers)
{
	const struct trust_rule *rule = question->rule;
	struct text_list persons = {0};

	if (rule->taggers)
		TRY(rule->taggers(rule->context, commit, question->lore->arena, &persons));
	for (size_t i = 0; i < persons.count; i++)
		if (allowed(question, persons.items[i], which))
			add_distinct(question->lore->arena, ret_taggers, persons.items[i]);
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
		    allowed_for(question, question->signer->principal, change))
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

		if (is_of(&step->files.items[i], change))
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
		    !allowed_for(question, brought->items[i].principal, change))
			return false;
	return true;
}

static bool is_of(const struct step_file *file, const struct change *change)
{
	const size_t length = strlen(change->name);

	return text_starts(file->path, change->name) &&
	       (file->path[length] == '/' || file->path[length] == '\0');
}

static const struct change *change_of(const struct question *question, const struct step_file *file)
{
	const struct changes *changes = &question->step->changes;

	for (size_t i = 0; i < changes->count; i++)
		if (is_of(file, &changes->items[i]))
			return &changes->items[i];
	BUG("the file '%s' is in no entry that the step changed", file->path);
}

/* The step's own signature, or tags on it, vouch for all; what is left is whether that makes enough persons. */
static FALLIBLE vouch_without_side(struct question *question, struct trust_voucher *voucher)
{
	struct arena *arena = question->lore->arena;
	struct persons persons = {0};

	for (size_t i = 0; i < question->step->files.count; i++) {
		const struct step_file *file = &question->step->files.items[i];
		const struct step_commit *unvouched;
		size_t setters;

		TRY(note_setters(question, NULL, file, &persons, &setters, &unvouched));
		for (size_t k = 0; k < question->heads.count; k++) {
			struct side side;

			TRY(side_open(question->lore, question->step->base,
			              question->heads.items[k], &side));
			for (size_t n = 0; n < side.history.count; n++)
				side.reached[n] = true;
			TRY(note_setters(question, &side, file, &persons, &setters, &unvouched));
		}
	}
	for (size_t i = 0; i < question->taggers.count; i++)
		add_distinct(arena, &persons.all, question->taggers.items[i]);
	if (allowed(question, question->signer->principal, NULL))
		add_distinct(arena, &persons.all, question->signer->principal);
	if (enough(question, &persons))
		voucher->persons = persons.all;
	else
		miss(question, (struct flaw){.miss = MISS_THRESHOLD});
	return NULL;
}

static FALLIBLE find_voucher(struct question *question, size_t first, struct trust_voucher *voucher)
{
	if (!question->open_count)
		return vouch_without_side(question, voucher);
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
                              struct trust_voucher *voucher)
{
	struct lore *lore = question->lore;
	const char *id = side->history.items[candidate].id;
	struct flaw flaw = {.candidate = id};
	struct text_list bases, taggers = {0};
	struct persons persons = {0};
	const struct step_commit *signer;
	const struct known *known;
	bool is_same, by_signer;

	TRY(lore_list(lore, id, &known));
	if (known->refusal)
		return NULL;
	TRY(is_exactly(question, known->folder, &is_same));
	if (!is_same)
		return NULL;
	TRY(lore_judge(lore, id, &signer));
	TRY(find_taggers(question, id, question->open, &taggers));
	by_signer = signer->vouched && allowed(question, signer->principal, question->open);
	flaw.miss = MISS_WHO;
	flaw.commit = signer;
	if (signer->verdict.kind == VERDICT_BAD || signer->verdict.kind == VERDICT_MALFORMED ||
	    (!by_signer && !taggers.count)) {
		miss(question, flaw);
		return NULL;
	}
	flaw.commit = NULL;
	TRY(side_reach(lore, side, candidate, &bases));
	TRY(is_whole(question, known->folder, &bases, &flaw.path));
	flaw.miss = MISS_WHOLE;
	if (!flaw.path) {
		TRY(is_fresh(question, id, &flaw.path));
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
		add_distinct(lore->arena, &persons.all, taggers.items[i]);
	if (by_signer)
		add_distinct(lore->arena, &persons.all, signer->principal);
	if (question->signer->vouched && allowed(question, question->signer->principal, NULL))
		add_distinct(lore->arena, &persons.all, question->signer->principal);
	if (!enough(question, &persons)) {
		miss(question, (struct flaw){.miss = MISS_THRESHOLD, .candidate = id});
		return NULL;
	}
	*voucher = (struct trust_voucher){.commit = id, .persons = persons.all};
	return NULL;
}

/* The step has the open entries as the candidate. */
static FALLIBLE is_exactly(struct question *question, const struct folder *folder, bool *ret_same)
{
	const struct changes *changes = &question->step->changes;

	*ret_same = true;
	for (size_t i = 0; i < changes->count; i++)
		if (question->open[i] && !same_entry(changes->items[i].after,
		                                     folder_find(folder, changes->items[i].name)))
			*ret_same = false;
	return NULL;
}

/* The step has everything that the candidate changed since their merge base. */
static FALLIBLE is_whole(struct question *question, const struct folder *folder,
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

/* The candidate knew the last passed state of each open entry. */
static FALLIBLE is_fresh(struct question *question, const char *candidate, const char **ret_stale)
{
	const struct changes *changes = &question->step->changes;

	for (size_t i = 0; i < changes->count; i++) {
		const char *last = NULL;
		bool descends = true;

		if (!question->open[i])
			continue;
		TRY(last_passed(question, changes->items[i].name, &last));
		if (last)
			TRY(lore_descends(question->lore, last, candidate, &descends));
		if (!descends) {
			*ret_stale = changes->items[i].name;
			return NULL;
		}
	}
	return NULL;
}

static FALLIBLE last_passed(struct question *question, const char *entry, const char **ret_commit)
{
	for (size_t i = (size_t)(question->step - question->steps->items); i-- > 0;) {
		const struct step *step = &question->steps->items[i];

		for (size_t k = 0; step->passed && k < step->changes.count; k++)
			if (text_equal(step->changes.items[k].name, entry)) {
				*ret_commit = step->id;
				return NULL;
			}
	}
	return question->rule->last_passed(question->rule->context, entry, question->lore->arena,
	                                   ret_commit);
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

		TRY(note_setters(question, NULL, file, persons, &setters, &unvouched));
		if (!question->open[change_of(question, file) - step->changes.items])
			continue;
		TRY(note_setters(question, side, file, persons, &setters, &unvouched));
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

/*
 * Those that set the file as the step has it: the step itself (side NULL), or what the candidate reaches. *ret_unvouched:
 * one that nobody vouches for, a bad or malformed one above all.
 */
static FALLIBLE note_setters(struct question *question, const struct side *side,
                             const struct step_file *file, struct persons *persons,
                             size_t *ret_setters, const struct step_commit **ret_unvouched)
{
	const struct history own = {
		.items = &(struct history_commit){question->step->id, question->step->parents},
		.count = 1};
	const struct history *history = side ? &side->history : &own;
	const struct change *change = change_of(question, file);

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
		if ((!commit->vouched || !allowed_for(question, commit->principal, change)) &&
		    (!*ret_unvouched || commit->verdict.kind == VERDICT_BAD ||
		     commit->verdict.kind == VERDICT_MALFORMED))
			*ret_unvouched = commit;
		note_person(question, commit, change, persons);
	}
	return NULL;
}

/* Names in an unsigned commit are free text: they can only keep their bearer from being the second person. */
static void note_person(struct question *question, const struct step_commit *commit,
                        const struct change *change, struct persons *persons)
{
	struct arena *arena = question->lore->arena;

	if (commit->vouched) {
		add_distinct(arena, &persons->authors, commit->principal);
		if (allowed_for(question, commit->principal, change))
			add_distinct(arena, &persons->all, commit->principal);
	} else if (commit->parsed) {
		add_distinct(arena, &persons->authors, commit->parsed->author.email);
		add_distinct(arena, &persons->authors, commit->parsed->committer.email);
	}
}

static bool enough(const struct question *question, const struct persons *persons)
{
	if (!persons->all.count || persons->all.count < question->rule->threshold)
		return false;
	if (question->rule->threshold <= 1)
		return true;
	for (size_t i = 0; i < persons->all.count; i++)
		if (!holds_text(&persons->authors, persons->all.items[i]))
			return true;
	return false;
}

static void miss(struct question *question, struct flaw flaw)
{
	if (flaw.miss > question->flaw.miss)
		question->flaw = flaw;
}
