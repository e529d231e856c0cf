/*
 * Preflight: the looking stages on a made-up site (preflight_site.c). What a reader gets wrong: the gate stops at the
 * first step that stands refused, but a person wants to mend everything at once. So what was found is set aside, and
 * the rest is judged as if it had been mended.
 */
#include "engine/preflight.h"

#include "base/clock.h"
#include "base/file.h"
#include "engine/no_journal.h"
#include "engine/preflight_site.h"

#define LOCK_FILE "migration_lock.toml"
#define KEY_FILES_MAXIMUM 1000
#define KEYS_MAXIMUM                                                                               \
	(1024 * 1024) /* bytes of one key file; the keyring has its own, smaller ones */
#define TIMESTAMP 14  /* digits a regular name begins with */

struct looking {
	const struct registry *registry;
	const struct preflight_request *request;
	struct arena *arena;
	struct preflight *found;
	struct ports ports;
	struct config config;
	struct target target;
	struct policy
		policy; /* the request's; before the merge the second person has not signed yet */
	struct run run;
	struct preflight_site site;
	const char *scratch; /* private folder of the keyring; NULL: none was made */
};

static struct error *look(struct looking *looking);
static struct error *find_range(struct looking *looking);
static struct error *find_fork(struct looking *looking);
static struct error *meeting_point(struct looking *looking, const struct history *brought);
static struct error *read_trees(struct looking *looking, bool *ret_is_readable);
static struct error *open_keyring(struct looking *looking);
static struct error *copy_keys(struct looking *looking, const char *path, const char *name,
                               const char **ret_copy);
static struct error *copy_folder(struct looking *looking, const char *path, const char *name,
                                 const char **ret_copy);
static struct error *judge_commits(struct looking *looking);
static void judge_step(struct looking *looking, struct step *step);
static struct error *plan(struct looking *looking);
static struct error *judge_items(struct looking *looking);
static void note_twin_timestamps(struct looking *looking);
static void add_finding(struct looking *looking, const char *stage, const char *commit,
                        const char *migration, const char *path, const struct error *error);
static const struct error *reword(struct looking *looking, const struct error *error);
static int find_line(const struct error *error);
static const char *commit_path(struct looking *looking, const struct step *step);
static const char *item_path(struct looking *looking, const struct plan_item *item,
                             const struct error *error);
static void close_all(struct looking *looking);

struct error *engine_preflight(const struct registry *registry,
                               const struct preflight_request *request, struct arena *arena,
                               struct preflight *ret_preflight)
{
	struct preflight *found = ARENA_NEW(arena, struct preflight);
	struct looking *looking = ARENA_NEW(arena, struct looking);
	struct error *error;

	found->migrations = request->migrations;
	found->verified = request->policy->trust != TRUST_BRANCH;
	*looking = (struct looking){
		.registry = registry,
		.request = request,
		.arena = arena,
		.found = found,
		.target = {.name = request->name,
	                   .migrations = request->migrations,
	                   .policy = request->policy},
		.ports = {.journal = no_journal(arena, 0)},
	};
	looking->policy = *request->policy;
	looking->policy.threshold = 1;
	looking->target.policy = &looking->policy;
	looking->run = (struct run){
		.arena = arena,
		.config = &looking->config,
		.target = &looking->target,
		.policy = &looking->policy,
		.now = clock_wall(),
	};
	looking->site.run = &looking->run;
	error = look(looking);
	close_all(looking);
	if (!error)
		*ret_preflight = *found;
	return error;
}

static struct error *look(struct looking *looking)
{
	bool is_readable = false;

	TRY(looking->registry->open_checkout(looking->arena, looking->request->repository,
	                                     &looking->ports.source));
	looking->run.ports = looking->ports;
	TRY(find_range(looking));
	TRY(read_trees(looking, &is_readable));
	TRY(judge_commits(looking));
	if (!is_readable)
		return NULL;
	preflight_site_make(&looking->site);
	TRY(plan(looking));
	TRY(judge_items(looking));
	note_twin_timestamps(looking);
	return NULL;
}

/* ---- what is brought ---- */

static struct error *find_range(struct looking *looking)
{
	const struct preflight_request *request = looking->request;
	const struct steps_reader reader = run_steps_reader(&looking->run);
	struct preflight *found = looking->found;
	struct run *run = &looking->run;
	struct history history = {0};
	bool descends = false;

	TRY(source_resolve(looking->ports.source, request->base, looking->arena, &found->base));
	TRY(source_resolve(looking->ports.source, request->head, looking->arena, &found->head));
	TRY(find_fork(looking));
	TRY(source_history(looking->ports.source, found->fork, found->head, looking->arena,
	                   &history, &descends));
	found->commits = history.count;
	run->head = run->horizon = found->head;
	run->memory.target = looking->target.name;
	run->memory.has_baseline = true;
	run->memory.baseline = run->memory.deployed_commit = found->fork;
	return steps_walk(looking->arena, &history, found->fork, &reader, &run->steps);
}

/* The merge base. With several (two branches that were merged into each other), any will do: each is in both. */
static struct error *find_fork(struct looking *looking)
{
	struct preflight *found = looking->found;
	struct history brought = {0};
	bool descends = false;

	TRY(source_history(looking->ports.source, found->base, found->head, looking->arena,
	                   &brought, &descends));
	if (!brought.count || descends) {
		found->fork = brought.count ? found->base : found->head;
		return NULL;
	}
	TRY(meeting_point(looking, &brought));
	if (found->fork)
		return NULL;
	return FAIL(
		looking->arena, UNKNOWN_COMMIT,
		.what = arena_printf(looking->arena, "'%s' and '%s' have no commit in common",
	                             looking->request->base, looking->request->head),
		.why = "each of them goes back to a first commit of its own",
		.hint = "Name the branch that it is to be merged into: headgate preflight --policy FILE "
			"origin/main..HEAD");
}

/* The youngest of the parents that lie outside of what is brought: BASE has all of these. */
static struct error *meeting_point(struct looking *looking, const struct history *brought)
{
	const char *best = NULL;

	for (size_t i = 0; i < brought->count; i++)
		for (size_t k = 0; k < brought->items[i].parents.count; k++) {
			const char *parent = brought->items[i].parents.items[k];
			struct history between = {0};
			bool descends = true, is_inside = text_equal(parent, best);

			for (size_t n = i; n < brought->count && !is_inside; n++)
				is_inside = text_equal(brought->items[n].id, parent);
			if (is_inside)
				continue;
			if (best)
				TRY(source_history(looking->ports.source, best, parent,
				                   looking->arena, &between, &descends));
			if (descends)
				best = parent;
		}
	looking->found->fork = best;
	return NULL;
}

/* *ret_is_readable: false when HEAD's folder cannot even be listed. */
static struct error *read_trees(struct looking *looking, bool *ret_is_readable)
{
	const char *path = looking->request->migrations;
	struct preflight *found = looking->found;
	struct run *run = &looking->run;
	bool exists = false, is_readable = true;

	TRY(preflight_site_read(&looking->site, found->fork, found->base, &exists));
	if (!exists)
		return FAIL(looking->arena, USAGE,
		            .what = arena_printf(looking->arena, "there is no folder '%s'", path),
		            .why = arena_printf(looking->arena, "neither %s nor %s has it",
		                                looking->request->base, looking->request->head),
		            .hint = "Name the folder with the migrations: --migrations PATH.");
	for (size_t i = 0; i < run->head_tree.problems.count; i++) {
		const struct tree_problem *problem = &run->head_tree.problems.items[i];
		const char *name = problem->culprit;
		const bool is_lock = text_equal(name, LOCK_FILE);

		is_readable = is_readable && name;
		if (preflight_site_had(&looking->site, problem))
			*LIST_ADD(looking->arena, &found->notes) = arena_printf(
				looking->arena, "it stands in %s already: %s",
				looking->request->base, error_line(looking->arena, problem->error));
		else
			add_finding(looking, "watch", NULL, is_lock ? NULL : name,
			            name ? arena_printf(looking->arena, "%s/%s%s", path, name,
			                                is_lock ? "" : "/migration.sql")
			                 : path,
			            problem->error);
	}
	*ret_is_readable = is_readable;
	return NULL;
}

/* ---- who vouches ---- */

static struct error *open_keyring(struct looking *looking)
{
	const struct preflight_request *request = looking->request;
	struct config *config = &looking->config;

	TRY(folder_temporary(looking->arena, "headgate-preflight", &looking->scratch));
	config->state = looking->scratch;
	TRY(copy_keys(looking, request->allowed_signers, "allowed_signers",
	              &config->keys.allowed_signers));
	TRY(copy_keys(looking, request->revoked, "revoked", &config->keys.revoked));
	TRY(copy_folder(looking, request->openpgp, "openpgp", &config->keys.openpgp));
	TRY(looking->registry->open_keyring(looking->arena, config, &looking->ports.keyring));
	looking->run.ports = looking->ports;
	return NULL;
}

/* The keyring wants files that nobody else may write, and in CI the clone is often open to all. This is advice, so a
 * private copy will do. */
static struct error *copy_keys(struct looking *looking, const char *path, const char *name,
                               const char **ret_copy)
{
	const char *copy = path_join(looking->arena, looking->scratch, name);
	struct bytes bytes = {0};

	if (!path)
		return NULL;
	TRY(file_read(looking->arena, path, KEYS_MAXIMUM, &bytes));
	TRY(file_save(looking->arena, copy, bytes, 0600));
	*ret_copy = copy;
	return NULL;
}

static struct error *copy_folder(struct looking *looking, const char *path, const char *name,
                                 const char **ret_copy)
{
	const char *copy = path_join(looking->arena, looking->scratch, name), *ignored = NULL;
	const char *slash = path ? strrchr(path, '/') : NULL;
	struct file_entries entries = {0};

	if (!path)
		return NULL;
	if (folder_list(looking->arena, path, KEY_FILES_MAXIMUM, &entries)) /* one file, then */
		return copy_keys(looking, path, slash ? slash + 1 : path, ret_copy);
	TRY(folder_private(looking->arena, copy));
	*ret_copy = copy;
	for (size_t i = 0; i < entries.count; i++)
		if (entries.items[i].name[0] != '.')
			TRY(copy_keys(
				looking, path_join(looking->arena, path, entries.items[i].name),
				path_join(looking->arena, name, entries.items[i].name), &ignored));
	return NULL;
}

static struct error *judge_commits(struct looking *looking)
{
	struct steps *steps = &looking->run.steps;
	struct preflight *found = looking->found;

	for (size_t i = 0; i < steps->count; i++)
		found->judged += steps->items[i].brought.count;
	if (found->verified)
		TRY(open_keyring(
			looking)); /* also for nothing: keys that cannot be used shall be seen now */
	TRY(verify_steps(&looking->run));
	for (size_t i = 0; i < steps->count; i++) {
		struct step *step = &steps->items[i];

		if (step->refusal && !step->unreadable &&
		    step->refusal->row != &error_rows()[ERR_NOT_TAGGED]) /* tags come later */
			judge_step(looking, step);
		step->passed = !step->unreadable; /* the rest is judged as if it had been mended */
		step->refusal = NULL;
	}
	return NULL;
}

/* Each commit that nobody vouches for; or whatever else the step was refused for. */
static void judge_step(struct looking *looking, struct step *step)
{
	const size_t before = looking->found->findings.count;

	for (size_t i = 0; i < step->brought.count; i++) {
		const struct step_commit *commit = &step->brought.items[i];

		if (!commit->vouched)
			add_finding(looking, "verify", commit->id, NULL, commit_path(looking, step),
			            steps_unvouched(looking->arena,
			                            &(struct step){.id = commit->id}, commit, 0));
	}
	if (looking->found->findings.count == before)
		add_finding(looking, step->refused_at, step->id, NULL, commit_path(looking, step),
		            step->refusal);
}

/* ---- what is to be done ---- */

static struct error *plan(struct looking *looking)
{
	const char *path = looking->request->migrations;
	struct preflight *found = looking->found;
	struct run *run = &looking->run;

	for (;;) {
		const struct plan_input input = run_plan_input(run, &run->head_tree, &run->steps);
		const char *culprit = NULL;
		struct error *error = plan_make(looking->arena, &input, &run->plan, &culprit);

		if (!error)
			break;
		if (culprit && !preflight_site_brings(&looking->site, culprit))
			*LIST_ADD(looking->arena, &found->notes) = arena_printf(
				looking->arena, "it stands in %s already: %s",
				looking->request->base, error_line(looking->arena, error));
		else
			add_finding(looking, "watch", NULL, culprit,
			            culprit ? arena_printf(looking->arena, "%s/%s/migration.sql",
			                                   path, culprit)
			                    : path,
			            error);
		if (!preflight_site_set_aside(&looking->site, error, culprit))
			return NULL;
	}
	for (size_t i = 0; i < run->plan.notes.count; i++)
		*LIST_ADD(looking->arena, &found->notes) = run->plan.notes.items[i];
	preflight_site_load_downs(&looking->site);
	return NULL;
}

static struct error *judge_items(struct looking *looking)
{
	struct run *run = &looking->run;
	struct parser_file *files = NULL;

	for (size_t i = 0; i < run->plan.count; i++) {
		const struct plan_item *item = &run->plan.items[i];
		struct error *error = check_item(run, item);

		if (error && error->row->reaction != REACT_REFUSE)
			return error;
		if (error)
			add_finding(looking, "check", item->commit, item->name,
			            item_path(looking, item, error), error);
	}
	if (run->plan.count) {
		TRY(looking->registry->open_parser(looking->arena, &looking->ports.parser));
		run->ports = looking->ports;
		TRY(lint_parse(run, &files));
	}
	for (size_t i = 0; i < run->plan.count; i++) {
		struct plan_item *item = &run->plan.items[i];
		struct error *error = lint_item(run, item, &files[i]);

		if (error && error->row->reaction != REACT_REFUSE)
			return error;
		if (error)
			add_finding(looking, "lint", item->commit, item->name,
			            item_path(looking, item, error), error);
	}
	looking->found->plan = run->plan;
	return NULL;
}

/* Two developers at the same second, or a timestamp typed by hand. Sorted, so that twins are neighbours. */
static void note_twin_timestamps(struct looking *looking)
{
	const struct migrations *tree = &looking->run.head_tree.migrations;

	for (size_t i = 1; i < tree->count; i++) {
		const char *first = tree->items[i - 1].name, *second = tree->items[i].name;

		if (migration_name_is_regular(first) && migration_name_is_regular(second) &&
		    memcmp(first, second, TIMESTAMP) == 0 &&
		    (preflight_site_brings(&looking->site, first) ||
		     preflight_site_brings(&looking->site, second)))
			*LIST_ADD(looking->arena, &looking->found->notes) = arena_printf(
				looking->arena,
				"'%s' and '%s' have one timestamp: the letters behind it decide "
				"which comes first",
				first, second);
	}
}

/* ---- findings ---- */

static void add_finding(struct looking *looking, const char *stage, const char *commit,
                        const char *migration, const char *path, const struct error *error)
{
	struct preflight_finding *finding = LIST_ADD(looking->arena, &looking->found->findings);
	const struct steps *steps = &looking->run.steps;

	*finding = (struct preflight_finding){
		.commit = commit,
		.migration = migration,
		.path = path,
		.line = find_line(error),
		.stage = stage,
		.error = reword(looking, error),
	};
	for (size_t i = 0; commit && i < steps->count; i++)
		for (size_t k = 0; k < steps->items[i].brought.count; k++) {
			const struct step_commit *brought = &steps->items[i].brought.items[k];

			if (text_equal(brought->id, commit) && brought->parsed)
				finding->subject = brought->parsed->subject;
		}
}

/* The stages speak of what is merged already; before the merge there is an easier way than a revert. */
static const struct error *reword(struct looking *looking, const struct error *error)
{
#define SIGN_ALL "git rebase --exec 'git commit --amend --no-edit -S' %s"
	static const struct {
		enum error_code code;
		const char *hint; /* may hold the fork, once */
	} hints[] = {
		{ERR_UNSIGNED, "Sign it, and what follows it, before the merge: " SIGN_ALL},
		{ERR_BAD_SIGNATURE, "Sign it anew before the merge: " SIGN_ALL},
		{ERR_MALFORMED,
	         "Make it anew with git itself, signed, before the merge: " SIGN_ALL},
		{ERR_UNTRUSTED, "Sign it by a key of the allowed signers (" SIGN_ALL
	                        "), or have its owner's key added to the agent's."},
		{ERR_EXPIRED, "Sign it anew by a key that is valid: " SIGN_ALL},
		{ERR_REVOKED, "Sign it anew by another key: " SIGN_ALL},
		{ERR_UNSUPPORTED,
	         "Sign it anew by a key of a kind that counts (git config gpg.format ssh, or openpgp): " SIGN_ALL},
		{ERR_NO_WAY_BACK,
	         "Bring the folder back and undo its effect by a new migration; or first have a down.sql for it "
	         "merged and deployed."},
		{ERR_ROLLBACK_UNASKED,
	         "Say it in the signed commit that removes the folder: git commit --amend -S --trailer "
	         "'Headgate-Rollback: down'."},
	};
#undef SIGN_ALL
	struct error *reworded = error_copy(looking->arena, error);

	for (size_t i = 0; i < sizeof hints / sizeof *hints; i++) {
		const char *hole = strstr(hints[i].hint, "%s");

		if (error->row != &error_rows()[hints[i].code])
			continue;
		reworded->hint =
			hole ? arena_printf(looking->arena, "%.*s%s%s", (int)(hole - hints[i].hint),
		                            hints[i].hint,
		                            commit_short(looking->arena, looking->found->fork),
		                            hole + 2)
			     : hints[i].hint;
	}
	return reworded;
}

/* Where a place is known the texts say "line 7"; otherwise the first line stands for the file. */
static int find_line(const struct error *error)
{
	const char *texts[] = {error->why, error->what};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		for (const char *at = texts[i]; at && (at = strstr(at, "line ")); at++) {
			const long line = strtol(at + strlen("line "), NULL, 10);
			const bool is_word = at == texts[i] || at[-1] == ' ' || at[-1] == '(';

			if (is_word && line > 0 && line < INT32_MAX)
				return (int)line;
		}
	return 1;
}

/* A file for a place in the review: the first one that the step changes. */
static const char *commit_path(struct looking *looking, const struct step *step)
{
	return step->files.count
	               ? arena_printf(looking->arena, "%s/%s", looking->request->migrations,
	                              step->files.items[0].path)
	               : looking->request->migrations;
}

static const char *item_path(struct looking *looking, const struct plan_item *item,
                             const struct error *error)
{
	const char *file = "migration.sql";

	if (item->action == PLAN_ROLL_BACK)
		file = "down.sql";
	else if (item->migration->has_checklist &&
	         (error->row == &error_rows()[ERR_CHECKLIST_MISSING] ||
	          error->row == &error_rows()[ERR_CHECKLIST_ODD]))
		file = "checklist.md";
	return arena_printf(looking->arena, "%s/%s/%s", looking->request->migrations, item->name,
	                    file);
}

static void close_all(struct looking *looking)
{
	parser_close(looking->ports.parser);
	keyring_close(looking->ports.keyring);
	source_close(looking->ports.source);
	folder_temporary_remove(looking->scratch);
}
