/*
 * The verdicts and the rule of a target, for people. Without an agent it is a run over a clone, with a journal that
 * remembers nothing. What a reader gets wrong: objects are found by their ids and read as bytes, since git itself refuses to look at some of those
 * that are worth a verdict.
 */
#include "engine/verify.h"

#include "base/clock.h"
#include "base/file.h"
#include "engine/no_journal.h"
#include "engine/work.h"

#define REVOKED_MAXIMUM (1024 * 1024) /* bytes */

struct asking {
	const struct registry *registry;
	const struct verify_keys *keys;
	struct arena *arena;
	struct config config;
	struct policy policy;
	struct target target;
	struct run run;
	const char *scratch; /* private folder of the keyring; NULL: none was made */
};

static void begin(struct asking *asking, const struct registry *registry,
                  const struct verify_keys *keys, struct arena *arena);
static FALLIBLE open_ports(struct asking *asking);
static FALLIBLE judge_object(struct run *run, const char *name, struct verified_object *ret_object);
static FALLIBLE find_object(struct run *run, const char *name, const char **ret_id);
static FALLIBLE judge_tag(struct run *run, const char *id, struct verdict *ret_verdict);
static FALLIBLE find_range(struct run *run, const struct verify_range *range);
static FALLIBLE find_commit(struct run *run, const char *name, const char **ret_id);
static FALLIBLE check_baseline(struct run *run, const struct verify_range *range);
static FALLIBLE judge_steps(struct run *run, struct verified_steps *ret_steps);
static FALLIBLE check_path(struct run *run);
static struct verified_step describe(const struct run *run, const struct step *step);
static const char *find_taint(const struct steps *steps, const struct step *step);
static bool shares_entry(const struct step *a, const struct step *b);
static FALLIBLE end(struct asking *asking, struct error *error);
static struct error *not_checked(struct arena *arena, const struct error *error);
static FALLIBLE open_target(struct work *work);
static FALLIBLE take_kept(struct run *run);

FALLIBLE engine_verify_objects(const struct registry *registry, const struct verify_keys *keys,
                               const struct text_list *names, struct arena *arena,
                               struct verified_object **ret_objects)
{
	struct verified_object *objects = ARENA_ARRAY(arena, struct verified_object, names->count);
	struct asking asking;
	struct error *error;

	begin(&asking, registry, keys, arena);
	error = open_ports(&asking);
	for (size_t i = 0; i < names->count && !error; i++)
		objects[i].error =
			not_checked(arena, judge_object(&asking.run, names->items[i], &objects[i]));
	TRY(end(&asking, error));
	*ret_objects = objects;
	return NULL;
}

FALLIBLE engine_verify_steps(const struct registry *registry, const struct verify_keys *keys,
                             const struct verify_range *range, struct arena *arena,
                             struct verified_steps *ret_steps)
{
	struct verified_steps steps = {0};
	struct asking asking;
	struct error *error;

	begin(&asking, registry, keys, arena);
	asking.policy.threshold = range->threshold;
	asking.target.name = range->target;
	asking.target.migrations = range->path;
	asking.run.given_pulls = &range->pulls;
	error = open_ports(&asking);
	if (!error)
		error = find_range(&asking.run, range);
	if (!error)
		error = judge_steps(&asking.run, &steps);
	if (!error)
		error = check_path(&asking.run);
	TRY(end(&asking, error));
	*ret_steps = steps;
	return NULL;
}

const char *step_outcome_name(enum step_outcome outcome)
{
	static const char *const names[] = {
		[STEP_PASS] = "pass", [STEP_UNDONE] = "undone", [STEP_REFUSE] = "refuse",
		[STEP_WAIT] = "wait", [STEP_HALT] = "halt",
	};

	return names[outcome];
}

static void begin(struct asking *asking, const struct registry *registry,
                  const struct verify_keys *keys, struct arena *arena)
{
	*asking = (struct asking){
		.registry = registry,
		.keys = keys,
		.arena = arena,
		.config.keys = {.allowed_signers = keys->allowed_signers,
	                        .revoked = keys->revoked,
	                        .openpgp = keys->openpgp},
		.policy = {.trust = TRUST_SIGNED, .threshold = 1},
	};
	asking->run = (struct run){
		.arena = arena,
		.config = &asking->config,
		.target = &asking->target,
		.policy = &asking->policy,
		.now = keys->at > clock_wall() ? keys->at : clock_wall(),
	};
}

static FALLIBLE open_ports(struct asking *asking)
{
	struct run *run = &asking->run;
	struct bytes revoked;

	run->ports.journal = no_journal(asking->arena, asking->keys->at);
	TRY(asking->registry->open_checkout(asking->arena, asking->keys->repository,
	                                    &run->ports.source));
	TRY(folder_temporary(asking->arena, "headgate-verify", &asking->scratch));
	asking->config.state = asking->scratch;
	if (asking->keys->revoked && !asking->keys->allowed_signers)
		TRY(file_read(asking->arena, asking->keys->revoked, REVOKED_MAXIMUM,
		              &revoked)); /* no SSH key is asked about, but it shall be there */
	TRY(asking->registry->open_keyring(asking->arena, &asking->config, &run->ports.keyring));
	return keyring_digest(run->ports.keyring, asking->arena, &run->keys);
}

static FALLIBLE judge_object(struct run *run, const char *name, struct verified_object *ret_object)
{
	struct verdict *verdict = &ret_object->verdict;
	struct step_commit commit = {0};
	struct error *error;

	TRY(find_object(run, name, &ret_object->id));
	commit.id = ret_object->id;
	error = verify_commit(run, &commit);
	if (error && error->row == &error_rows()[ERR_UNKNOWN_COMMIT])
		return judge_tag(run, ret_object->id, verdict);
	TRY(error);
	*verdict = commit.verdict;
	ret_object->subject = commit.parsed ? commit.parsed->subject : NULL;
	ret_object->objection = commit.objection;
	return NULL;
}

static FALLIBLE judge_tag(struct run *run, const char *id, struct verdict *ret_verdict)
{
	struct bytes raw = {0};
	struct tag tag;
	int64_t seen = 0;
	struct error *error = source_tag(run->ports.source, id, run->arena, &raw);

	if (error && error->row != &error_rows()[ERR_GIT_LIMIT]) {
		error->what = arena_printf(run->arena, "cannot find a commit or a tag '%s'", id);
		return error;
	}
	if (!error)
		error = tag_parse(run->arena, id, raw, &tag);
	if (error) {
		*ret_verdict = (struct verdict){.kind = VERDICT_MALFORMED, .reason = error->why};
		return NULL;
	}
	return verify_tag(run, &tag, &seen, ret_verdict);
}

/* A full id is taken as it stands; a tag's name means the tag, not the commit behind it. */
static FALLIBLE find_object(struct run *run, const char *name, const char **ret_id)
{
	struct text_list prefixes = {0};
	struct source_refs refs = {0};

	if (text_is_hex(name, COMMIT_ID_SIZE) || (run->head && text_equal(name, "HEAD"))) {
		*ret_id = text_equal(name, "HEAD") ? run->head : name;
		return NULL;
	}
	*LIST_ADD(run->arena, &prefixes) =
		text_starts(name, "refs/") ? name : arena_printf(run->arena, "refs/tags/%s", name);
	TRY(source_list_refs(run->ports.source, &prefixes, run->arena, &refs));
	for (size_t i = 0; i < refs.count; i++)
		if (text_equal(refs.items[i].name, prefixes.items[0])) {
			*ret_id = refs.items[i].id;
			return NULL;
		}
	return source_resolve(run->ports.source, name, run->arena, ret_id);
}

/* ---- steps ---- */

static FALLIBLE find_range(struct run *run, const struct verify_range *range)
{
	TRY(find_commit(run, range->deployed, &run->memory.deployed_commit));
	TRY(find_commit(run, range->baseline, &run->memory.baseline));
	TRY(find_commit(run, range->head, &run->head));
	return check_baseline(run, range);
}

static FALLIBLE find_commit(struct run *run, const char *name, const char **ret_id)
{
	if (!text_is_hex(name, COMMIT_ID_SIZE))
		return source_resolve(run->ports.source, name, run->arena, ret_id);
	*ret_id = name;
	return NULL;
}

/* Freshness is decided from there: a baseline on another line would make everything look new. */
static FALLIBLE check_baseline(struct run *run, const struct verify_range *range)
{
	struct history ignored = {0};
	bool descends = false;

	TRY(source_history(run->ports.source, run->memory.baseline, run->memory.deployed_commit,
	                   run->arena, &ignored, &descends));
	if (descends)
		return NULL;
	return FAIL(
		run->arena, USAGE,
		.what = arena_printf(run->arena, "'%s' cannot be the baseline", range->baseline),
		.why = arena_printf(run->arena, "'%s' does not descend from it", range->deployed),
		.hint = "Name the commit from which on the branch was trusted: --baseline REV.");
}

/* A line that cannot be walked is an answer, too. */
static FALLIBLE judge_steps(struct run *run, struct verified_steps *ret_steps)
{
	const struct steps_reader reader = run_steps_reader(run);
	struct history history = {0};
	bool descends = false;
	struct error *error;

	TRY(source_history(run->ports.source, run->memory.deployed_commit, run->head, run->arena,
	                   &history, &descends));
	error = descends
	                ? steps_walk(run->arena, &history, run->memory.deployed_commit, &reader,
	                             &run->steps)
	                : FAIL(run->arena, HISTORY_REWRITTEN,
	                       .what = arena_printf(
				       run->arena, "'%s' does not descend from '%s'",
				       commit_short(run->arena, run->head),
				       commit_short(run->arena, run->memory.deployed_commit)),
	                       .hint = "Push the vanished commits back; or, if the rewrite was meant, "
	                               "set a baseline: headgate baseline COMMIT.");
	if (error && error->row->reaction == REACT_HALT) {
		*LIST_ADD(run->arena, ret_steps) = (struct verified_step){
			.id = run->head, .outcome = STEP_HALT, .refusal = error};
		return NULL;
	}
	TRY(error);
	TRY(verify_steps(run));
	steps_settle_undone(run->arena, &run->steps);
	for (size_t i = 0; i < run->steps.count; i++)
		*LIST_ADD(run->arena, ret_steps) = describe(run, &run->steps.items[i]);
	return NULL;
}

/* A path that nothing ever touched is a slip of the pen, and must not look like "all is good". */
static FALLIBLE check_path(struct run *run)
{
	const char *path = run->target->migrations;
	struct folder folder = {0};

	for (size_t i = 0; i < run->steps.count; i++)
		if (step_touches(&run->steps.items[i]))
			return NULL;
	if (source_folder(run->ports.source, run->head, path, run->arena, &folder) || folder.tree)
		return NULL;
	return FAIL(
		run->arena, USAGE,
		.what = arena_printf(run->arena, "there is no folder '%s'",
	                             text_clip(run->arena, path, 200)),
		.why = "neither head has it nor any of the steps",
		.hint = "Name the folder with the migrations, from the repository's root: --path PATH.");
}

static struct verified_step describe(const struct run *run, const struct step *step)
{
	struct verified_step verified = {
		.id = step->id,
		.base = step->base,
		.vouched_by = step->vouched_by,
		.voucher = step->voucher,
		.undone_by = step->undone_by,
		.refusal = step->refusal,
	};

	if (step->refusal && step->undone_by)
		verified.outcome = STEP_UNDONE;
	else if (step->refusal)
		verified.outcome = step->refusal->row->reaction == REACT_WAIT   ? STEP_WAIT
		                   : step->refusal->row->reaction == REACT_HALT ? STEP_HALT
		                                                                : STEP_REFUSE;
	else
		verified.taints = find_taint(&run->steps, step);
	if (verified.taints)
		verified.outcome = STEP_REFUSE;
	return verified;
}

/* A signed tick does not make good a folder that a refused step brought: what it adds to cannot be deployed either. */
static const char *find_taint(const struct steps *steps, const struct step *step)
{
	for (const struct step *before = steps->items; before < step; before++)
		if (step_stands_refused(before) && shares_entry(before, step))
			return before->id;
	return NULL;
}

static bool shares_entry(const struct step *a, const struct step *b)
{
	for (size_t i = 0; i < a->changes.count; i++)
		for (size_t k = 0; k < b->changes.count; k++)
			if (text_equal(a->changes.items[i].name, b->changes.items[k].name))
				return true;
	return false;
}

static FALLIBLE end(struct asking *asking, struct error *error)
{
	keyring_close(asking->run.ports.keyring);
	source_close(asking->run.ports.source);
	folder_temporary_remove(asking->scratch);
	return not_checked(asking->arena, error);
}

/* Trouble of any kind is one answer here: nothing was checked. What was typed wrongly keeps its own words. */
static struct error *not_checked(struct arena *arena, const struct error *error)
{
	if (!error)
		return NULL;
	if (error->row == &error_rows()[ERR_USAGE])
		return error_new(arena, ERR_USAGE,
		                 &(struct error_text){error->what, error->why, error->hint});
	return FAIL(arena, NOT_CHECKED, .what = error->what,
	            .why = arena_printf(arena, "%s%s(%s)", error->why ? error->why : "",
	                                error->why && *error->why ? " " : "", error->row->code),
	            .hint = error->hint);
}

/* ---- for a target ---- */

FALLIBLE engine_verify(const struct engine *engine, const struct target *target,
                       const struct text_list *names, struct arena *arena,
                       struct verified_object **ret_objects, struct verified_steps *ret_steps)
{
	struct verified_object *objects = ARENA_ARRAY(arena, struct verified_object, names->count);
	struct work work = {.engine = engine, .target = target, .arena = arena, .looks = true};
	struct run *run = &work.run;
	struct error *error = open_target(&work);

	for (size_t i = 0; i < names->count && !error; i++)
		error = judge_object(run, names->items[i], &objects[i]);
	if (!error && !names->count)
		error = run_need_baseline(run);
	if (!error && run->memory.has_baseline)
		error = judge_steps(run, ret_steps);
	work_close(&work);
	if (!error)
		*ret_objects = objects;
	return error;
}

static FALLIBLE open_target(struct work *work)
{
	const struct config *config = work->engine->config;
	const struct registry *registry = work->engine->registry;
	struct run *run = &work->run;

	if (!config->keys.allowed_signers && !config->keys.openpgp)
		return FAIL(
			work->arena, KEYRING, .what = "there is no keyring to ask",
			.why = "neither keys.allowed_signers nor keys.openpgp is set in the configuration",
			.hint = "Write keys: {allowed_signers: FILE}; the format is that of ssh-keygen(1), ALLOWED SIGNERS.");
	TRY(registry->open_journal(work->arena, config, /* read_only= */ true,
	                           &work->ports.journal));
	TRY(work_begin_run(work));
	TRY(registry->open_mirror(work->arena, config, &work->ports.source));
	TRY(registry->open_keyring(work->arena, config, &work->ports.keyring));
	run->ports = work->ports;
	TRY(keyring_digest(run->ports.keyring, work->arena, &run->keys));
	TRY(source_head(run->ports.source, work->target->branch, work->arena, &run->branch,
	                &run->head));
	return take_kept(run);
}

/* Which pull request a kept commit was the head of is not known any more: each is looked at for each step. */
static FALLIBLE take_kept(struct run *run)
{
	static const char *const any = "refs/pull/";
	struct given_pulls *pulls = ARENA_NEW(run->arena, struct given_pulls);
	struct source_refs refs = {0};

	TRY(source_list_refs(run->ports.source,
	                     &(struct text_list){.items = (const char **)&any, .count = 1},
	                     run->arena, &refs));
	for (size_t i = 0; i < refs.count && i < VERIFY_PULLS_MAXIMUM; i++)
		LIST_ADD(run->arena, pulls)->commit = refs.items[i].id;
	run->given_pulls = pulls;
	return NULL;
}
