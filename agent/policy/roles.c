/*
 * Who may do what. What a reader gets wrong: roles do not add up. Where a more specific pattern matches an entry, the
 * roles of a less specific one have no say there, so that `paths: ["*_billing*"]` takes these from everybody else.
 */
#include "policy/roles.h"

#include "base/text.h"

const char *const role_powers[] = {
	[MAY_DEPLOY] = "deploy", [MAY_ROLLBACK] = "rollback", [MAY_OVERRIDE] = "override", NULL};

static const char *missing_role(const struct policy *policy, const struct step *step,
                                const struct change **ret_change);
static enum role_power needed(const struct change *change);
static int best_weight(const struct role *role, const char *name);
static bool matches(const char *pattern, const char *name);
static int weight(const char *pattern);
static bool has(const struct text_list *list, const char *text);
static const char *objection(struct arena *arena, const char *principal, const char *whose,
                             const struct ident *ident);

bool roles_allow(const struct policy *policy, const char *principal, const struct change *change)
{
	const struct roles *roles = &policy->roles;
	const unsigned power = 1u << needed(change);
	int decides = -1;

	if (!principal)
		return false;
	if (!roles->count)
		return true;
	for (size_t i = 0; i < roles->count; i++) {
		int best = best_weight(&roles->items[i], change->name);

		decides = best > decides ? best : decides;
	}
	for (size_t i = 0; decides >= 0 && i < roles->count; i++) {
		const struct role *role = &roles->items[i];

		if ((role->may & power) && has(&role->persons, principal) &&
		    best_weight(role, change->name) == decides)
			return true;
	}
	return false;
}

bool roles_may_override(const struct policy *policy, const char *principal)
{
	for (size_t i = 0; principal && i < policy->roles.count; i++) {
		const struct role *role = &policy->roles.items[i];

		if ((role->may & 1u << MAY_OVERRIDE) && has(&role->persons, principal))
			return true;
	}
	return false;
}

const char *roles_identity_objection(struct arena *arena, const struct policy *policy,
                                     const struct step_commit *commit)
{
	const struct commit *parsed = commit->parsed;

	if (!parsed || !commit->verdict.principal)
		return NULL;
	switch ((enum identity_rule)policy->identity) {
	case IDENTITY_ANY:
		return NULL;
	case IDENTITY_COMMITTER:
		return objection(arena, commit->verdict.principal, "committer", &parsed->committer);
	case IDENTITY_AUTHOR:
		return objection(arena, commit->verdict.principal, "author", &parsed->author);
	}
	BUG("no such rule of identity");
}

const char *roles_tag_objection(struct arena *arena, const struct policy *policy,
                                const char *principal, const struct tag *tag)
{
	if (policy->identity == IDENTITY_ANY || !principal)
		return NULL;
	return objection(arena, principal, "tagger", &tag->tagger);
}

void roles_refuse_steps(struct arena *arena, const struct policy *policy, struct steps *steps)
{
	for (size_t i = 0; i < steps->count; i++) {
		struct step *step = &steps->items[i];
		const struct change *change = NULL;
		const char *person =
			step->passed && step->verified ? missing_role(policy, step, &change) : NULL;

		if (!person)
			continue;
		step->passed = step->verified = false;
		step->refused_at = "verify";
		step->refusal =
			FAIL(arena, NOT_VOUCHED,
		             .what = arena_printf(
				     arena, "commit '%s' is signed by %s, who may not %s '%s'",
				     commit_short(arena, step->id), person,
				     role_powers[needed(change)], change->name),
		             .why = "the policy's roles say who may",
		             .hint = arena_printf(
				     arena,
				     "Undo it (%s), and let a person who may bring the change "
				     "again; headgate explain trust shows who that is.",
				     step_undo_command(arena, step)));
	}
}

/* The first of those who signed what the step brings that may not do all that it changes. */
static const char *missing_role(const struct policy *policy, const struct step *step,
                                const struct change **ret_change)
{
	for (size_t i = 0; i < step->brought.count; i++)
		for (size_t k = 0; k < step->changes.count; k++) {
			const char *person = step->brought.items[i].principal;

			*ret_change = &step->changes.items[k];
			if (person && !roles_allow(policy, person, *ret_change))
				return person;
		}
	return NULL;
}

static enum role_power needed(const struct change *change)
{
	switch (change->kind) {
	case CHANGE_ADDED:
	case CHANGE_CHANGED:
		return MAY_DEPLOY;
	case CHANGE_REMOVED:
		return MAY_ROLLBACK;
	}
	BUG("no such change");
}

/* The weight of the role's most specific pattern that matches; without patterns it is that of "*"; none: -1. */
static int best_weight(const struct role *role, const char *name)
{
	int best = role->paths.count ? -1 : 0;

	for (size_t i = 0; i < role->paths.count; i++)
		if (matches(role->paths.items[i], name) && weight(role->paths.items[i]) > best)
			best = weight(role->paths.items[i]);
	return best;
}

/* `*` is any bytes, also none; `?` one byte. Going back only to the last star is enough, and keeps it quadratic. */
static bool matches(const char *pattern, const char *name)
{
	const char *star = NULL, *from = NULL;

	while (*name) {
		if (*pattern == '*') {
			star = pattern++;
			from = name;
		} else if (*pattern == '?' || *pattern == *name) {
			pattern++;
			name++;
		} else if (star) {
			pattern = star + 1;
			name = ++from;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

static int weight(const char *pattern)
{
	int literal = 0;

	for (; *pattern; pattern++)
		literal += *pattern != '*' && *pattern != '?';
	return literal;
}

static bool has(const struct text_list *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++)
		if (text_equal(list->items[i], text))
			return true;
	return false;
}

static const char *objection(struct arena *arena, const char *principal, const char *whose,
                             const struct ident *ident)
{
	if (text_equal(principal, ident->email))
		return NULL;
	return arena_printf(arena, "signed by %s, and the %s is %s (identity-mismatch)", principal,
	                    whose, ident->email);
}
