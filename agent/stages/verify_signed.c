/*
 * The rules `signed` and `tag` on a run. What a reader gets wrong: what was passed before is not read from the repository alone. The
 * journal says where the baseline and the deployed commit are; the line between them can then only be one.
 */
#include "stages/verify_signed.h"

#include "model/trust.h"
#include "policy/roles.h"
#include "stages/approvals.h"
#include "stages/pull_heads.h"

struct asking {
	struct run *run;
	steps_judging *judging;
	bool has_past;
	bool past_unknown; /* the line cannot be found any more: then a voucher must know the deployed commit */
	struct trust_past past;
};

static struct error *judge(void *context, struct arena *arena, struct step_commit *commit);
static struct error *between(void *context, const char *from, const char *to, struct arena *arena,
                             struct history *ret_history, bool *ret_descends);
static struct error *last_passed(void *context, const char *entry, struct arena *arena,
                                 const char **ret_commit);
static bool allows(void *context, const char *principal, const struct change *change);
static struct error *find_taggers(void *context, const char *commit, struct arena *arena,
                                  struct text_list *ret_persons);
static struct error *find_pulls(void *context, const struct step *step, struct arena *arena,
                                struct text_list *ret_heads);
static FALLIBLE read_past(struct asking *asking);
static void say_notes(struct run *run);
static void tell(struct run *run);

FALLIBLE verify_signed(struct run *run, steps_judging *judging)
{
	const struct steps_reader reader = run_steps_reader(run);
	const int64_t age = (int64_t)(run->policy->max_signature_age / 1000);
	struct asking asking = {.run = run, .judging = judging};
	const struct trust_rule rule = {
		.reader = &reader,
		.judging = judge,
		.between = between,
		.last_passed = last_passed,
		.allows = allows,
		.taggers = run->target->name ? find_taggers : NULL, /* tags name their target */
		.pulls = find_pulls,
		.context = &asking,
		.threshold = run->policy->threshold,
		.oldest = age ? run->now - age : INT64_MIN,
		.latest = run->now + CLOCK_SKEW_S,
		.target = run->target->name,
	};

	TRY(run->policy->trust == TRUST_TAG ? trust_judge_by_tags(run->arena, &rule, &run->steps)
	                                    : trust_judge(run->arena, &rule, &run->steps));
	say_notes(run);
	if (run->evidence)
		tell(run);
	return NULL;
}

/* Who approved in vain shall see why: on the step, or on the head of what it merged, which people tag before the merge. */
static void say_notes(struct run *run)
{
	for (size_t i = 0; i < run->steps.count && run->target->name; i++) {
		const struct step *step = &run->steps.items[i];
		struct text text = TEXT_IN(run->arena);
		size_t told = 0;

		if (!step->refusal || !step->refused_at)
			continue;
		for (size_t k = 0; k <= step->parents.count; k++)
			approvals_tell(run, k ? step->parents.items[k - 1] : step->id,
			               APPROVAL_VOUCHES, &text, &told);
		if (told)
			step->refusal->why = arena_printf(
				run->arena, "%s%s", step->refusal->why ? step->refusal->why : "",
				text_get(&text) + (step->refusal->why ? 0 : 2));
	}
}

/* For its age a signed commit's own date counts, too: it can only make it older. Keys never go by it. */
static struct error *judge(void *context, struct arena *arena, struct step_commit *commit)
{
	struct asking *asking = context;

	TRY(asking->judging(asking->run, arena, commit));
	if (commit->parsed && commit->parsed->committer.when < commit->seen)
		commit->seen = commit->parsed->committer.when;
	return NULL;
}

static struct error *between(void *context, const char *from, const char *to, struct arena *arena,
                             struct history *ret_history, bool *ret_descends)
{
	struct asking *asking = context;

	return source_history(asking->run->ports.source, from, to, arena, ret_history,
	                      ret_descends);
}

static struct error *last_passed(void *context, const char *entry, struct arena *arena,
                                 const char **ret_commit)
{
	struct asking *asking = context;

	(void)arena;
	if (!asking->has_past)
		TRY(read_past(asking));
	*ret_commit = asking->past_unknown ? asking->run->memory.deployed_commit
	                                   : trust_past_find(&asking->past, entry);
	return NULL;
}

static bool allows(void *context, const char *principal, const struct change *change)
{
	return roles_allow(((struct asking *)context)->run->policy, principal, change);
}

static struct error *find_taggers(void *context, const char *commit, struct arena *arena,
                                  struct text_list *ret_persons)
{
	(void)arena; /* the run's */
	return approvals_taggers(((struct asking *)context)->run, commit, ret_persons);
}

static struct error *find_pulls(void *context, const struct step *step, struct arena *arena,
                                struct text_list *ret_heads)
{
	(void)arena; /* the run's */
	return pull_heads(((struct asking *)context)->run, step, ret_heads);
}

static FALLIBLE read_past(struct asking *asking)
{
	struct run *run = asking->run;
	const struct steps_reader reader = run_steps_reader(run);
	const char *deployed = run->memory.deployed_commit;
	struct history history = {0};
	bool descends = false;
	struct error *error;

	asking->has_past = true;
	asking->past.baseline = run->memory.baseline;
	error = source_history(run->ports.source, asking->past.baseline, deployed, run->arena,
	                       &history, &descends);
	if (!error && !descends) {
		asking->past_unknown = true;
		return NULL;
	}
	if (!error)
		error = reader.listing(reader.context, asking->past.baseline, run->arena,
		                       &asking->past.at_baseline);
	if (!error)
		error = steps_walk(run->arena, &history, asking->past.baseline, &reader,
		                   &asking->past.line);
	if (error && error->row->reaction == REACT_RETRY)
		return error;
	asking->past_unknown = error;
	return NULL;
}

static void tell(struct run *run)
{
	struct node *steps = node_map(run->arena);

	for (size_t i = 0; i < run->steps.count; i++) {
		const struct step *step = &run->steps.items[i];
		struct node *one = node_map(run->arena);

		if (!step->vouched_by.count)
			continue;
		node_set_text(run->arena, one, "commit", step->voucher ? step->voucher : step->id);
		node_set_text(run->arena, one, "persons",
		              text_join(run->arena, &step->vouched_by, ", "));
		node_set(run->arena, steps, step->id, one);
	}
	node_set(run->arena, run->evidence, "vouched_by", steps);
}
