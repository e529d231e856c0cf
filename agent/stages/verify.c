/*
 * Verify: who vouches for the steps, under trust `all` and `branch`; verify_signed.c has `signed` and `tag`. What a reader
 * gets wrong: under `branch` nobody vouches, and yet ticks and trailers are read, as claims.
 */
#include "policy/roles.h"
#include "stages/verdicts.h"
#include "stages/verify_signed.h"

#define UNSIGNED_MESSAGE (16 * 1024) /* bytes of it: for the number of a pull request */

static struct error *settle_by_ledger(struct run *run, const struct ledger_row *row);
static struct error *brings_row(struct run *run, const struct step_file *file,
                                const struct ledger_row *row, bool *ret_brings);
static void refuse_withdrawn(struct run *run);
static void wait_for_dates(struct run *run);
static struct error *read_claims(struct run *run);
static struct error *read_commit(struct run *run, struct arena *arena, struct step_commit *commit);
static const char *object(struct run *run, const struct step_commit *commit);
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
		TRY(verdicts_prepare_steps(run, &run->steps));
		refuse_withdrawn(run);
	}
	if (run->policy->trust == TRUST_SIGNED || run->policy->trust == TRUST_TAG)
		return verify_signed(run, judge_commit);
	TRY(steps_judge(run->arena, (enum trust)run->policy->trust, &run->steps, judge_commit,
	                run));
	if (run->policy->trust == TRUST_ALL)
		roles_refuse_steps(run->arena, run->policy, &run->steps);
	wait_for_dates(run);
	return run->policy->trust == TRUST_BRANCH ? read_claims(run) : NULL;
}

struct error *verify_commit(struct run *run, struct step_commit *commit)
{
	return judge_commit(run, run->arena, commit);
}

struct error *verify_tag(struct run *run, const struct tag *tag, int64_t *ret_seen,
                         struct verdict *ret_verdict)
{
	TRY(verdicts_first_seen(run, tag->id, ret_seen));
	return verdicts_judge(run, &tag->seal, *ret_seen, ret_verdict);
}

/* A forge's merge is what a status names, though another commit vouches for it: who withdraws that means the step. */
static void refuse_withdrawn(struct run *run)
{
	for (size_t i = 0; i < run->steps.count; i++) {
		struct step *step = &run->steps.items[i];
		const struct withdrawal *withdrawal = memory_withdrawn(&run->memory, step->id);

		if (!withdrawal || step->refusal || !step_touches(step) || step_is_settled(step))
			continue;
		step->refused_at = "verify";
		step->refusal = FAIL(
			run->arena, NOT_VOUCHED,
			.what = arena_printf(run->arena, "commit '%s' was withdrawn",
		                             commit_short(run->arena, step->id)),
			.why = arena_printf(run->arena, "by %s%s%s", withdrawal->by,
		                            withdrawal->reason ? ": " : "",
		                            withdrawal->reason ? withdrawal->reason : ""),
			.hint = arena_printf(
				run->arena,
				"Undo it (%s); or, if it may be deployed after all: headgate withdraw "
				"--undo --target %s %s",
				step_undo_command(run->arena, step),
				run->target->name ? run->target->name : "TARGET",
				commit_short(run->arena, step->id)));
	}
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
		for (size_t k = 0; k < run->steps.items[i].brought.count; k++)
			TRY(read_commit(run, run->arena, &run->steps.items[i].brought.items[k]));
	return NULL;
}

/* What is above the maximum is malformed, as what breaks any other rule of the format. */
static struct error *read_commit(struct run *run, struct arena *arena, struct step_commit *commit)
{
	struct bytes raw = {0};
	struct error *error = source_commit(run->ports.source, commit->id, arena, &raw);

	if (error && error->row != &error_rows()[ERR_GIT_LIMIT])
		return error;
	if (error)
		commit->verdict = (struct verdict){.kind = VERDICT_MALFORMED, .reason = error->why};
	else
		step_commit_read(arena, raw, commit);
	return NULL;
}

/* A commit may be large, and whoever may push chooses how many there are: of one that nobody signed little is kept. */
static struct error *judge_commit(void *context, struct arena *arena, struct step_commit *commit)
{
	AUTO_ARENA scratch = arena_new();
	struct step_commit read = {.id = commit->id};
	struct run *run = context;

	TRY(verdicts_first_seen(run, commit->id, &commit->seen));
	TRY(error_copy(arena, read_commit(run, scratch, &read)));
	if (!read.parsed) {
		commit->verdict = read.verdict;
		commit->verdict.reason = arena_text(arena, read.verdict.reason);
		return NULL;
	}
	TRY(verdicts_judge(run, &read.parsed->seal, commit->seen, &commit->verdict));
	commit->parsed = commit_copy(arena, read.parsed,
	                             commit->verdict.kind == VERDICT_GOOD ? COMMIT_MAXIMUM
	                                                                  : UNSIGNED_MESSAGE);
	if (commit->verdict.kind == VERDICT_GOOD)
		commit->objection = object(run, commit);
	return NULL;
}

/* Why a good signature counts for nothing here. */
static const char *object(struct run *run, const struct step_commit *commit)
{
	const struct withdrawal *withdrawal = memory_withdrawn(&run->memory, commit->id);

	if (withdrawal)
		return arena_printf(run->arena, "withdrawn by %s%s%s", withdrawal->by,
		                    withdrawal->reason ? ": " : "",
		                    withdrawal->reason ? withdrawal->reason : "");
	return roles_identity_objection(run->arena, run->policy, commit);
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
