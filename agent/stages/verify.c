/*
 * Verify: who vouches for the steps. What a reader gets wrong: under trust `branch` nobody does, and yet ticks and
 * trailers are read there, as claims. Trust is `all`, `signed` (verify_signed.c) or `branch`.
 */
#include "stages/verdicts.h"
#include "stages/verify_signed.h"

static struct error *settle_by_ledger(struct run *run, const struct ledger_row *row);
static struct error *brings_row(struct run *run, const struct step_file *file,
                                const struct ledger_row *row, bool *ret_brings);
static void wait_for_dates(struct run *run);
static struct error *read_claims(struct run *run);
static struct error *judge_commit(void *context, struct arena *arena, struct step_commit *commit);
static void tell(struct run *run);

struct error *verify_perform(struct run *run)
{
	TRY(verify_steps(run));
	TRY(run_replan(run));
	tell(run);
	return run_stop_if_refused(run);
}

struct error *verify_steps(struct run *run)
{
	if (run->policy->trust != TRUST_BRANCH) {
		TRY(keyring_digest(run->ports.keyring, run->arena, &run->keys));
		for (size_t i = 0; i < run->ledger.count; i++)
			if (plan_adopts(run->policy, &run->memory, &run->ledger.items[i]))
				TRY(settle_by_ledger(run, &run->ledger.items[i]));
	}
	if (run->policy->trust == TRUST_SIGNED)
		return verify_signed(run, judge_commit);
	TRY(steps_judge(run->arena, (enum trust)run->policy->trust, &run->steps, judge_commit,
	                run));
	wait_for_dates(run);
	return run->policy->trust == TRUST_BRANCH ? read_claims(run) : NULL;
}

struct error *verify_commit(struct run *run, const char *id, struct step_commit *ret_commit,
                            struct error **ret_refusal)
{
	struct step_commit *commit = ARENA_NEW(run->arena, struct step_commit);
	struct step step = {.id = id, .brought = {.items = commit, .count = 1, .room = 1}};
	struct steps steps = {.items = &step, .count = 1, .room = 1};

	commit->id = id;
	TRY(keyring_digest(run->ports.keyring, run->arena, &run->keys));
	TRY(steps_judge(run->arena, TRUST_ALL, &steps, judge_commit, run));
	*ret_commit = *commit;
	*ret_refusal = step.refusal;
	return NULL;
}

/* Under trust `branch` nobody vouches, and no date can make a signature look younger. */
static void wait_for_dates(struct run *run)
{
	for (size_t i = 0; i < run->steps.count && run->policy->trust == TRUST_ALL; i++) {
		struct step *step = &run->steps.items[i];

		if (!step->passed)
			continue;
		step->refusal =
			steps_wait_for_dates(run->arena, step, NULL, run->now + CLOCK_SKEW_S);
		if (step->refusal) {
			step->passed = step->verified = false;
			step->refused_at = "verify";
		}
	}
}

/*
 * What another program applied needs no voucher, since nothing of it will run (R6.10). Only a folder that is new since
 * the deployed commit: whoever changes one that was there before needs a signature, also when the SQL comes out the same.
 */
static struct error *settle_by_ledger(struct run *run, const struct ledger_row *row)
{
	const char *path = arena_printf(run->arena, "%s/migration.sql", row->name);
	const struct step_file *file = NULL;
	size_t upto = run->steps.count, count = run->steps.count;
	const struct step *step;

	while ((step = steps_last_set(&run->steps, count, path, &file))) {
		bool brings = false;

		count = (size_t)(step - run->steps.items);
		if (upto == run->steps.count)
			TRY(brings_row(run, file, row, &brings));
		if (brings)
			upto = count;
	}
	if (upto < run->steps.count && !file->before)
		steps_settle_folder(&run->steps, upto, row->name, true);
	return NULL;
}

static struct error *brings_row(struct run *run, const struct step_file *file,
                                const struct ledger_row *row, bool *ret_brings)
{
	struct bytes sql = {0};

	if (!file->after || (file->after->mode != ENTRY_FILE && file->after->mode != ENTRY_PROGRAM))
		return NULL;
	TRY(source_blob(run->ports.source, file->after->id, MIGRATION_FILE_MAXIMUM, run->arena,
	                &sql));
	*ret_brings = checksum_matches(run->arena, row->checksum, sql);
	return NULL;
}

/* Under trust `branch` nobody is asked, but ticks and trailers are read as claims. */
static struct error *read_claims(struct run *run)
{
	for (size_t i = 0; i < run->steps.count; i++)
		for (size_t k = 0; k < run->steps.items[i].brought.count; k++) {
			struct bytes raw = {0};

			TRY(source_commit(run->ports.source,
			                  run->steps.items[i].brought.items[k].id, run->arena,
			                  &raw));
			step_commit_read(run->arena, raw, &run->steps.items[i].brought.items[k]);
		}
	return NULL;
}

static struct error *judge_commit(void *context, struct arena *arena, struct step_commit *commit)
{
	struct run *run = context;
	struct bytes raw = {0};

	TRY(verdicts_first_seen(run, commit->id, &commit->seen));
	TRY(source_commit(run->ports.source, commit->id, arena, &raw));
	step_commit_read(arena, raw, commit);
	if (!commit->parsed)
		return NULL;
	return verdicts_judge(run, &commit->parsed->seal, commit->seen, &commit->verdict);
}

static void tell(struct run *run)
{
	struct node *people = node_map(run->arena);

	for (size_t i = 0; i < run->steps.count; i++)
		for (size_t k = 0; k < run->steps.items[i].brought.count; k++) {
			const struct step_commit *commit = &run->steps.items[i].brought.items[k];

			if (commit->vouched)
				node_set_text(run->arena, people, commit->id, commit->principal);
		}
	node_set_text(run->arena, run->evidence, "trust",
	              trust_name((enum trust)run->policy->trust));
	node_set_text(run->arena, run->evidence, "keys", run->keys);
	node_set(run->arena, run->evidence, "signed_by", people);
	node_set_text(run->arena, run->evidence, "plan", plan_summary(run->arena, &run->plan));
	if (run->refused_step)
		node_set_text(run->arena, run->evidence, "refused", run->refused_step->id);
}
