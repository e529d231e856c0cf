/*
 * Owns the made-up site. Every migration at BASE has a row and is remembered as this agent's own; the tree is BASE's
 * with what HEAD changes since the two parted. What a reader gets wrong: BASE may be further on than the merge base,
 * and what it did there is neither HEAD's doing nor HEAD's fault.
 */
#include "engine/preflight_site.h"

static bool has_problem(const struct tree *tree, const struct tree_problem *problem);
static void merge(struct preflight_site *site);
static void deploy(struct preflight_site *site);
static bool is_culprit(const struct tree *tree, const char *name);
static const struct ledger_row *first_absent(const struct preflight_site *site, bool is_renamed);
static bool forget(struct preflight_site *site, const char *name);

struct error *preflight_site_read(struct preflight_site *site, const char *fork, const char *base,
                                  bool *ret_exists)
{
	struct tree *head = &site->run->head_tree;

	TRY(run_read_tree(site->run, fork, &site->fork));
	TRY(run_read_tree(site->run, base, &site->base));
	TRY(run_read_tree(site->run, site->run->head, head));
	*ret_exists = site->base.exists || head->exists || site->base.problem || head->problem;
	return NULL;
}

bool preflight_site_had(const struct preflight_site *site, const struct tree_problem *problem)
{
	return has_problem(&site->fork, problem) || has_problem(&site->base, problem);
}

static bool has_problem(const struct tree *tree, const struct tree_problem *problem)
{
	for (size_t i = 0; i < tree->problems.count; i++) {
		const struct tree_problem *other = &tree->problems.items[i];

		if (problem->culprit && text_equal(other->culprit, problem->culprit) &&
		    other->error->row == problem->error->row &&
		    text_equal(other->error->what, problem->error->what))
			return true;
	}
	return false;
}

void preflight_site_make(struct preflight_site *site)
{
	merge(site);
	deploy(site);
}

/* Folder by folder, as git merges: what HEAD did not touch since the fork is as BASE has it now. */
static void merge(struct preflight_site *site)
{
	const struct migrations *fork = &site->fork.migrations;
	const struct migrations *base = &site->base.migrations;
	struct tree *tree = &site->run->head_tree;
	const struct migrations head = tree->migrations;
	struct migrations merged = {0};

	for (size_t i = 0; i < head.count; i++) {
		const struct migration *mine = &head.items[i];
		const struct migration *before = migration_find(fork, mine->name);
		const struct migration *theirs = migration_find(base, mine->name);
		const bool is_untouched = before && text_equal(before->folder, mine->folder);

		if (!is_untouched)
			*LIST_ADD(site->run->arena, &merged) = *mine;
		else if (theirs)
			*LIST_ADD(site->run->arena, &merged) = *theirs;
	}
	for (size_t i = 0; i < base->count; i++)
		if (!migration_find(fork, base->items[i].name) &&
		    !migration_find(&head, base->items[i].name))
			*LIST_ADD(site->run->arena, &merged) = base->items[i];
	migrations_sort(&merged);
	tree->migrations = merged;
	if (tree->exists == site->fork.exists)
		tree->exists = site->base.exists;
	if (tree->has_lock_file == site->fork.has_lock_file)
		tree->has_lock_file = site->base.has_lock_file;
	for (size_t i = 0; i < tree->problems.count; i++)
		if (tree->problems.items[i].culprit)
			(void)forget(site, tree->problems.items[i].culprit);
}

/* Each migration at BASE, as if this agent had applied it. */
static void deploy(struct preflight_site *site)
{
	struct run *run = site->run;

	run->ledger.schema_exists = run->ledger.has_table = true;
	for (size_t i = 0; i < site->base.migrations.count; i++) {
		const struct migration *migration = &site->base.migrations.items[i];
		const char *row = arena_printf(site->run->arena, "%zu", i + 1);

		if (!migration->has_sql || is_culprit(&run->head_tree, migration->name))
			continue;
		*LIST_ADD(site->run->arena, &run->ledger) = (struct ledger_row){
			.id = row,
			.checksum = migration->checksum,
			.name = migration->name,
			.started_us = (int64_t)i + 1,
			.finished_us = (int64_t)i + 1,
			.steps = 1,
		};
		*LIST_ADD(site->run->arena, &run->memory.deployed) = (struct deployed_migration){
			.name = migration->name,
			.checksum = migration->checksum,
			.commit = site->run->memory.deployed_commit,
			.row_id = row,
		};
	}
}

static bool is_culprit(const struct tree *tree, const char *name)
{
	for (size_t i = 0; i < tree->problems.count; i++)
		if (text_equal(tree->problems.items[i].culprit, name))
			return true;
	return false;
}

bool preflight_site_brings(const struct preflight_site *site, const char *name)
{
	const struct migration *before = migration_find(&site->base.migrations, name);
	const struct migration *after = migration_find(&site->run->head_tree.migrations, name);

	return !before || !after || !text_equal(before->folder, after->folder);
}

bool preflight_site_set_aside(struct preflight_site *site, const struct error *error,
                              const char *culprit)
{
	const bool is_renamed = error->row == &error_rows()[ERR_RENAMED];
	const struct ledger_row *row;
	bool is_changed = culprit && forget(site, culprit);

	while (!culprit && (row = first_absent(site, is_renamed))) {
		const struct migration *twin =
			migration_find_checksum(&site->run->head_tree.migrations, row->checksum);

		if (is_renamed && twin)
			(void)forget(site, twin->name);
		(void)forget(site, row->name);
		is_changed = true;
		if (is_renamed)
			break; /* the next one has a finding of its own */
	}
	return is_changed;
}

/* A row whose folder is gone after the merge. `is_renamed`: and stands there under another name, if there is such. */
static const struct ledger_row *first_absent(const struct preflight_site *site, bool is_renamed)
{
	const struct migrations *tree = &site->run->head_tree.migrations;
	const struct ledger_row *any = NULL;

	for (size_t i = 0; i < site->run->ledger.count; i++) {
		const struct ledger_row *row = &site->run->ledger.items[i];

		if (migration_find(tree, row->name))
			continue;
		if (!is_renamed || migration_find_checksum(tree, row->checksum))
			return row;
		any = any ? any : row;
	}
	return any;
}

/* From ledger, memory and tree. false when nobody knew it. */
static bool forget(struct preflight_site *site, const char *name)
{
	struct run *run = site->run;
	struct migrations *tree = &run->head_tree.migrations;
	const size_t before = run->ledger.count + run->memory.deployed.count + tree->count;
	size_t kept = 0;

	name = arena_text(site->run->arena, name);
	for (size_t i = 0; i < run->ledger.count; i++)
		if (!text_equal(run->ledger.items[i].name, name))
			run->ledger.items[kept++] = run->ledger.items[i];
	run->ledger.count = kept;
	kept = 0;
	for (size_t i = 0; i < run->memory.deployed.count; i++)
		if (!text_equal(run->memory.deployed.items[i].name, name))
			run->memory.deployed.items[kept++] = run->memory.deployed.items[i];
	run->memory.deployed.count = kept;
	kept = 0;
	for (size_t i = 0; i < tree->count; i++)
		if (!text_equal(tree->items[i].name, name))
			tree->items[kept++] = tree->items[i];
	tree->count = kept;
	return run->ledger.count + run->memory.deployed.count + tree->count < before;
}

/* The down script that was deployed counts: the one at BASE, whatever HEAD makes of it. */
void preflight_site_load_downs(struct preflight_site *site)
{
	struct plan *made = &site->run->plan;

	for (size_t i = 0; i < made->rollbacks; i++) {
		struct plan_item *item = &made->items[i];
		const struct migration *deployed =
			migration_find(&site->base.migrations, item->name);

		item->has_sql = deployed && deployed->down.size;
		item->sql = item->has_sql ? deployed->down : (struct bytes){"", 0};
	}
}
