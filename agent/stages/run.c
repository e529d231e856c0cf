/*
 * The workbench that the stages share: reading the migrations folder of a commit, and planning anew when a step
 * was refused. What a reader gets wrong: the plan is always made for the horizon, the last step before the first one
 * that stands refused, and only passed steps up to there can ask for anything.
 */
#include "stages/run.h"

#define LOCK_FILE "migration_lock.toml"
#define REF_TOLD_MAXIMUM 160 /* code points of a ref's name in a note */

static struct error *refuse_culprit(struct run *run, const struct steps *upto, const char *culprit,
                                    struct error *error);
static struct error *note_problem(struct run *run, struct tree *tree, const char *culprit,
                                  struct error *error);
static struct error *list_commit(void *context, const char *id, struct arena *arena,
                                 const struct folder **ret_folder);
static struct error *list_tree(void *context, const char *id, struct arena *arena,
                               const struct folder **ret_folder);
static struct error *read_migration(struct run *run, const struct folder_entry *entry,
                                    struct migration *migration);
static struct error *read_text(struct run *run, const struct folder_entry *entry,
                               const char *migration, struct bytes *ret_bytes);
static struct error *check_lock_file(struct run *run, const struct folder *folder);
static struct error *refuse_prisma_8(struct run *run, const char *where);
static struct error *load_downs(struct run *run);
static struct error *find_corrected_down(struct run *run, struct plan_item *item,
                                         const struct step **ret_step);
static struct error *read_corrected_down(struct run *run, const struct step *step,
                                         struct plan_item *item);

struct error *run_replan(struct run *run)
{
	const char *culprit = NULL;
	struct plan_input input;
	struct error *error;
	struct steps upto;

	steps_settle_undone(run->arena, &run->steps);
	upto = run->steps;
	upto.count = run->steps.horizon;
	run->plan = (struct plan){0};
	run->refused_step = steps_first_refused(&run->steps);
	run->refusal = run->refused_step ? run->refused_step->refusal : NULL;
	run->horizon = upto.count ? upto.items[upto.count - 1].id : run->memory.deployed_commit;
	if (text_equal(run->horizon, run->head))
		run->tree = run->head_tree;
	else
		TRY(run_read_tree(run, run->horizon, &run->tree));
	if (run->tree.problem)
		return refuse_culprit(run, &upto, run->tree.culprit, run->tree.problem);
	input = run_plan_input(run, &run->tree, &upto);
	input.head = &run->head_tree.migrations;
	input.steps_to_head = run->steps.count;
	error = plan_make(run->arena, &input, &run->plan, &culprit);
	return error ? refuse_culprit(run, &upto, culprit, error) : load_downs(run);
}

struct plan_input run_plan_input(struct run *run, const struct tree *tree,
                                 const struct steps *steps)
{
	return (struct plan_input){
		.policy = run->policy,
		.memory = &run->memory,
		.ledger = &run->ledger,
		.tree = &tree->migrations,
		.head = &tree->migrations,
		.tree_exists = tree->exists,
		.has_lock_file = tree->has_lock_file,
		.disposable = run->target->disposable,
		.migrations_path = run->target->migrations,
		.steps = steps,
		.steps_to_head = steps->count,
		.horizon = run->horizon,
	};
}

struct error *run_refuse_step(struct run *run, const char *stage, const char *commit,
                              struct error *error)
{
	struct step *step = steps_find(&run->steps, commit);

	if (!step)
		return error;
	step->passed = false;
	step->refusal = error;
	step->refused_at = stage;
	return run_replan(run);
}

struct error *run_stop_if_refused(const struct run *run)
{
	return run->plan.count ? NULL : run->refusal;
}

struct error *run_need_baseline(const struct run *run)
{
	if (run->memory.has_baseline)
		return NULL;
	return FAIL(
		run->arena, NO_BASELINE,
		.what = arena_printf(run->arena, "target '%s' has no baseline", run->target->name),
		.why = "nobody has said yet from which commit on the branch is to be trusted",
		.hint = arena_printf(
			run->arena,
			"Choose the commit that the database agrees with, then: headgate "
			"baseline --target %s COMMIT.",
			run->target->name));
}

struct error *run_read_tree(struct run *run, const char *commit, struct tree *ret_tree)
{
	struct tree tree = {.commit = commit};
	struct folder folder = {0};
	struct error *error = source_folder(run->ports.source, commit, run->target->migrations,
	                                    run->arena, &folder);

	tree.exists = folder.tree;
	tree.id = folder.tree;
	tree.has_lock_file = folder_find(&folder, LOCK_FILE);
	TRY(note_problem(run, &tree, NULL, error));
	TRY(note_problem(run, &tree, LOCK_FILE, check_lock_file(run, &folder)));
	for (size_t i = 0; i < folder.count; i++)
		if (folder.items[i].mode == ENTRY_FOLDER)
			TRY(note_problem(run, &tree, folder.items[i].name,
			                 read_migration(run, &folder.items[i],
			                                LIST_ADD(run->arena, &tree.migrations))));
	migrations_sort(&tree.migrations);
	*ret_tree = tree;
	return NULL;
}

struct error *run_bring(struct run *run, const struct source_refs *refs, struct text_list *notes)
{
	struct source_refs wanted = {0};
	struct error *error = NULL;

	for (size_t i = 0; i < refs->count; i++)
		if (!*map_at(&run->left_out, run->arena, refs->items[i].id))
			*LIST_ADD(run->arena, &wanted) = refs->items[i];
	if (wanted.count)
		error = source_bring(run->ports.source, &wanted, run->arena);
	if (!error || !run_is_of_object(error))
		return error;
	for (size_t i = 0; i < wanted.count; i++) {
		const struct source_refs one = {.items = &wanted.items[i], .count = 1, .room = 1};

		if (wanted.count > 1)
			error = source_bring(run->ports.source, &one, run->arena);
		if (error && !run_is_of_object(error))
			return error;
		if (!error)
			continue;
		*map_at(&run->left_out, run->arena, wanted.items[i].id) = run;
		if (notes)
			*LIST_ADD(run->arena, notes) = arena_printf(
				run->arena, "'%s' is left out: %s",
				text_clip(run->arena, wanted.items[i].name, REF_TOLD_MAXIMUM),
				error_line(run->arena, error));
	}
	return NULL;
}

bool run_is_of_object(const struct error *error)
{
	const struct error_row *rows = error_rows();

	return error->row->reaction == REACT_REFUSE || error->row == &rows[ERR_GIT_OBJECT] ||
	       error->row == &rows[ERR_UNKNOWN_COMMIT];
}

struct steps_reader run_steps_reader(struct run *run)
{
	return (struct steps_reader){.listing = list_commit, .entries = list_tree, .context = run};
}

/* The step that changed the entry last is refused, not the whole target. */
static struct error *refuse_culprit(struct run *run, const struct steps *upto, const char *culprit,
                                    struct error *error)
{
	const unsigned any = 1u << CHANGE_ADDED | 1u << CHANGE_CHANGED | 1u << CHANGE_REMOVED;
	const struct step *step = culprit && upto->count
	                                  ? steps_last_change(upto, upto->count - 1, culprit, any)
	                                  : NULL;

	if (!step)
		return error;
	steps_settle_folder(&run->steps, run->steps.count - 1, culprit, false);
	return run_refuse_step(run, "watch", step->id, error);
}

/* What cannot be read as a migration is a refusal of the step that brought it, not of the reading. */
static struct error *note_problem(struct run *run, struct tree *tree, const char *culprit,
                                  struct error *error)
{
	if (!error || error->row->reaction != REACT_REFUSE)
		return error;
	if (!tree->problem) {
		tree->problem = error;
		tree->culprit = culprit;
	}
	*LIST_ADD(run->arena, &tree->problems) = (struct tree_problem){error, culprit};
	return NULL;
}

/* What was read on the way may be large, and the commits many; what the run keeps must live as long as the run. */
static struct error *list_commit(void *context, const char *id, struct arena *arena,
                                 const struct folder **ret_folder)
{
	AUTO_ARENA scratch = arena_new();
	struct run *run = context;
	void **known = map_at(&run->listings, run->arena, id), **shared;
	struct folder folder = {0};

	(void)arena;
	if (!*known) {
		TRY(error_copy(run->arena,
		               source_folder(run->ports.source, id, run->target->migrations,
		                             scratch, &folder)));
		shared = map_at(&run->folders, run->arena, folder.tree ? folder.tree : "");
		if (!*shared)
			*shared = folder_copy(run->arena, &folder);
		*known = *shared;
	}
	*ret_folder = *known;
	return NULL;
}

static struct error *list_tree(void *context, const char *id, struct arena *arena,
                               const struct folder **ret_folder)
{
	struct run *run = context;
	void **known = map_at(&run->folders, run->arena, id);
	struct folder *folder;

	(void)arena;
	if (!*known) {
		folder = ARENA_NEW(run->arena, struct folder);
		TRY(source_entries(run->ports.source, id, run->arena, folder));
		*known = folder;
	}
	*ret_folder = *known;
	return NULL;
}

/* Real folders only, each a migration, as Prisma lists them (R14). */
static struct error *read_migration(struct run *run, const struct folder_entry *entry,
                                    struct migration *migration)
{
	struct folder files = {0};

	*migration = (struct migration){.name = entry->name, .folder = entry->id};
	if (strlen(entry->name) > MIGRATION_NAME_MAXIMUM)
		return FAIL(run->arena, FOLDER_ENTRY,
		            .what = arena_printf(run->arena,
		                                 "the name '%.40s…' is longer than %d bytes",
		                                 entry->name, MIGRATION_NAME_MAXIMUM),
		            .why = "the ledger's column migration_name holds no more",
		            .hint = "Give the folder a shorter name.");
	TRY(source_entries(run->ports.source, entry->id, run->arena, &files));
	if (files.count > MIGRATION_FILES_MAXIMUM)
		return FAIL(
			run->arena, GIT_LIMIT,
			.what = arena_printf(run->arena, "the folder '%s' holds %zu entries",
		                             entry->name, files.count),
			.why = arena_printf(run->arena, "at most %d are read",
		                            MIGRATION_FILES_MAXIMUM),
			.hint = "Keep migration.sql, down.sql and checklist.md there; move the rest elsewhere.");
	for (size_t i = 0; i < files.count; i++) {
		const struct folder_entry *file = &files.items[i];

		if (text_equal(file->name, "ops.json") ||
		    (text_equal(entry->name, "app") && file->mode == ENTRY_FOLDER))
			return refuse_prisma_8(run, entry->name);
		if (file->mode != ENTRY_FILE && file->mode != ENTRY_PROGRAM)
			continue;
		if (text_equal(file->name, "migration.sql")) {
			TRY(read_text(run, file, entry->name, &migration->sql));
			sha256_hex(migration->sql.data, migration->sql.size, migration->checksum);
			migration->has_sql = true;
		} else if (text_equal(file->name, "down.sql")) {
			TRY(read_text(run, file, entry->name, &migration->down));
			migration->has_down = true;
		} else if (text_equal(file->name, "checklist.md")) {
			TRY(read_text(run, file, entry->name, &migration->checklist));
			migration->has_checklist = true;
		}
	}
	return NULL;
}

static struct error *read_text(struct run *run, const struct folder_entry *entry,
                               const char *migration, struct bytes *ret_bytes)
{
	TRY(source_blob(run->ports.source, entry->id, MIGRATION_FILE_MAXIMUM, run->arena,
	                ret_bytes));
	return migration_check_text(
		run->arena, arena_printf(run->arena, "%s/%s", migration, entry->name), *ret_bytes);
}

static struct error *check_lock_file(struct run *run, const struct folder *folder)
{
	const struct folder_entry *entry = folder_find(folder, LOCK_FILE);
	struct bytes toml = {0};

	if (!entry || (entry->mode != ENTRY_FILE && entry->mode != ENTRY_PROGRAM))
		return NULL;
	TRY(source_blob(run->ports.source, entry->id, MIGRATION_FILE_MAXIMUM, run->arena, &toml));
	return migration_lock_check(run->arena, true, toml);
}

static struct error *refuse_prisma_8(struct run *run, const char *where)
{
	return FAIL(
		run->arena, PRISMA_8,
		.what = arena_printf(run->arena, "'%s/%s' has the layout of Prisma 8",
	                             run->target->migrations, where),
		.why = "Prisma 8 keeps other files and other tables; it does not use _prisma_migrations",
		.hint = "Keep migrations with Prisma 5, 6 or 7 (folders with a migration.sql) for this target.");
}

/* The way back was archived on the day of the deploy. A correction by a passed step counts, even where it lands together
 * with the revert; what the revert itself takes away does not. */
static struct error *load_downs(struct run *run)
{
	for (size_t i = 0; i < run->plan.rollbacks; i++) {
		struct plan_item *item = &run->plan.items[i];
		const struct step *step = NULL;
		struct error *error = find_corrected_down(run, item, &step);

		if (error)
			return error->row->reaction == REACT_REFUSE
			               ? run_refuse_step(run, "watch", step->id, error)
			               : error;
		if (item->has_sql || !item->down_digest)
			continue;
		TRY(journal_archive(run->ports.journal, item->down_digest, run->arena, &item->sql));
		item->has_sql = true;
	}
	plan_digest(&run->plan);
	return NULL;
}

/* *ret_step: the step that was looked at last. */
static struct error *find_corrected_down(struct run *run, struct plan_item *item,
                                         const struct step **ret_step)
{
	const char *path = arena_printf(run->arena, "%s/down.sql", item->name);

	for (size_t i = run->steps.horizon; i-- > 0 && !item->has_sql;) {
		const struct step *step = *ret_step = &run->steps.items[i];

		for (size_t k = 0; step_vouches(step) && k < step->files.count; k++)
			if (step->files.items[k].after &&
			    text_equal(step->files.items[k].path, path))
				TRY(read_corrected_down(run, step, item));
	}
	return NULL;
}

/* Only beside the SQL that was applied: the down of an edited migration leads back from something else. */
static struct error *read_corrected_down(struct run *run, const struct step *step,
                                         struct plan_item *item)
{
	struct migration migration = {0};
	struct folder folder = {0};

	TRY(source_folder(run->ports.source, step->id, run->target->migrations, run->arena,
	                  &folder));
	TRY(read_migration(run, folder_find(&folder, item->name), &migration));
	if (!migration.down.size || !checksum_matches(run->arena, item->checksum, migration.sql))
		return NULL;
	item->sql = migration.down;
	item->has_sql = true;
	item->down_digest = sha256_text(run->arena, migration.down.data, migration.down.size);
	return NULL;
}
