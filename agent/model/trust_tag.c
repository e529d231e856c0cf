/*
 * The rule `tag`: approval tags alone vouch. What a reader gets wrong: a tag vouches for all that stands on the line up
 * to its commit, so persons add up from head backward; and what has too few of them is not refused for good, it waits.
 */
#include "model/trust_parts.h"

static FALLIBLE judge_step(struct lore *lore, struct steps *steps, struct step *step,
                           const struct text_list *taggers);
static bool allows_all(const struct trust_rule *rule, const char *person, const struct step *step);
static struct error *wait_for_tags(struct lore *lore, const struct steps *steps,
                                   const struct step *step, const struct text_list *persons);

FALLIBLE trust_judge_by_tags(struct arena *arena, const struct trust_rule *rule,
                             struct steps *steps)
{
	struct lore lore = {.arena = arena, .rule = rule};
	struct text_list taggers = {0};

	for (size_t i = steps->count; i-- > 0;) {
		struct step *step = &steps->items[i];
		struct text_list persons = {0};

		if (rule->taggers)
			TRY(rule->taggers(rule->context, step->id, arena, &persons));
		for (size_t k = 0; k < persons.count; k++)
			text_list_add_once(arena, &taggers, persons.items[k]);
		if (step->refusal)
			continue;
		if (step->changes.count)
			TRY(judge_step(&lore, steps, step, &taggers));
		else
			step->passed = true;
	}
	return NULL;
}

/* The commits are judged all the same: their trailers and ticks count only where a person signed them (R6.9). */
static FALLIBLE judge_step(struct lore *lore, struct steps *steps, struct step *step,
                           const struct text_list *taggers)
{
	struct text_list persons = {0};
	const struct step_commit *own;

	TRY(lore_judge(lore, step->id, &own));
	for (size_t i = 0; i < step->brought.count; i++) {
		const struct step_commit *judged;

		TRY(lore_judge(lore, step->brought.items[i].id, &judged));
		step->brought.items[i] = *judged;
	}
	for (size_t i = 0; i < taggers->count; i++)
		if (allows_all(lore->rule, taggers->items[i], step))
			text_list_add_once(lore->arena, &persons, taggers->items[i]);
	if (own->verdict.kind == VERDICT_BAD || own->verdict.kind == VERDICT_MALFORMED) {
		step->refusal = steps_unvouched(lore->arena, step, own, 0);
	} else if (persons.count && persons.count >= lore->rule->threshold) {
		step->passed = step->verified = true;
		step->vouched_by = persons;
		for (size_t i = 0; i < step->brought.count; i++)
			step->brought.items[i].tagged = true;
	} else if (step_is_settled(step)) {
		step->passed = step->settled = true;
	} else {
		step->refusal = wait_for_tags(lore, steps, step, &persons);
	}
	step->refused_at = step->refusal ? "verify" : NULL;
	return NULL;
}

static bool allows_all(const struct trust_rule *rule, const char *person, const struct step *step)
{
	for (size_t i = 0; rule->allows && i < step->changes.count; i++)
		if (!rule->allows(rule->context, person, &step->changes.items[i]))
			return false;
	return true;
}

static struct error *wait_for_tags(struct lore *lore, const struct steps *steps,
                                   const struct step *step, const struct text_list *persons)
{
	struct arena *arena = lore->arena;
	const struct trust_rule *rule = lore->rule;
	const char *head = steps->items[steps->count - 1].id;
	const char *approve = trust_approve_command(arena, rule->target, step->id);
	const char *needed = text_plural(arena, rule->threshold, "person");

	return FAIL(
		arena, NOT_TAGGED,
		.what = arena_printf(arena, "commit '%s' is not approved yet",
	                             commit_short(arena, step->id)),
		.why = persons->count
	                       ? arena_printf(arena,
	                                      "the policy wants tags of %s, and so far it has %s",
	                                      needed, text_join(arena, persons, ", "))
	                       : arena_printf(
					 arena,
					 "the policy wants tags of %s who may deploy it, on it "
					 "or on a later commit of the branch",
					 needed),
		.hint = text_equal(head, step->id)
	                        ? arena_printf(arena, "To approve it, and all before it: %s",
	                                       approve)
	                        : arena_printf(
					  arena,
					  "To approve it, and all before it: %s. To approve the branch "
					  "as it is now: %s",
					  approve,
					  trust_approve_command(arena, rule->target, head)));
}
