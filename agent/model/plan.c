/*
 * Turns what was seen into what is to be done. Every refusal here is a row of R4 (docs/rules.md) and is found before
 * anything touches the target. What a reader gets wrong: a migration that is absent from the tree is rolled back
 * only if a passed step removed it; absence alone is never an order.
 */
#include "model/plan.h"

#include "base/clock.h"

struct name_index { /* for finding by name in large lists */
	struct named {
		const char *name;
		const void *item;
	} * items;
	size_t count;
};

static struct error *make(struct arena *arena, const struct plan_input *input, struct plan *plan);
static struct error *refuse_open_row(struct arena *arena, const struct plan_input *input);
static struct error *refuse_went_back(struct arena *arena, const struct plan_input *input);
static struct error *refuse_missing_folder(struct arena *arena, const struct plan_input *input);
static struct error *judge_rows(struct arena *arena, const struct plan_input *input,
                                struct plan *plan);
static struct error *judge_row(struct arena *arena, const struct plan_input *input,
                               const struct ledger_row *row, const struct migration *migration,
                               struct plan *plan);
static struct error *judge_missing(struct arena *arena, const struct plan_input *input,
                                   const struct ledger_row *row, struct plan *plan);
static const struct migration *find_renamed(struct arena *arena,
                                            const struct migrations *migrations,
                                            const struct ledger_row *row);
static struct error *refuse_edited(struct arena *arena, const struct ledger_row *row,
                                   const struct migration *migration);
static struct error *judge_rollbacks(struct arena *arena, const struct plan_input *input,
                                     struct plan *plan);
static struct error *refuse_squash(struct arena *arena, const struct plan_input *input,
                                   const struct plan *plan);
static struct error *add_applies(struct arena *arena, const struct plan_input *input,
                                 struct plan *plan);
static bool is_rolled_back(const struct plan *plan, const struct ledger_row *row);
static struct error *add_apply(struct arena *arena, const struct plan_input *input,
                               const struct migration *migration, const char *newest_applied,
                               struct plan *plan);
static const struct step *released_by(const struct plan_input *input,
                                      const struct held_migration *held);
static struct name_index index_new(struct arena *arena, size_t room);
static void index_add(struct name_index *index, const char *name, const void *item);
static void index_sort(struct name_index *index);
static const void *index_find(const struct name_index *index, const char *name);
static int compare_named(const void *a, const void *b);
static int compare_newest_first(const void *a, const void *b);
static const struct step *last_change(const struct plan_input *input, const char *name,
                                      unsigned kinds);

struct error *plan_make(struct arena *arena, const struct plan_input *input, struct plan *ret_plan,
                        const char **ret_culprit)
{
	struct plan plan = {0};
	struct error *error = make(arena, input, &plan);

	if (error) {
		*ret_culprit = plan.culprit;
		return error;
	}
	plan_digest(&plan);
	*ret_plan = plan;
	return NULL;
}

void plan_digest(struct plan *plan)
{
	struct sha256 *sha256;
	char so_far[SHA256_HEX] = "";

	for (size_t i = 0; i < plan->count; i++) {
		struct plan_item *item = &plan->items[i];

		sha256 = sha256_begin();
		sha256_add(sha256, so_far, strlen(so_far));
		sha256_add(sha256, plan_action_name(item->action),
		           strlen(plan_action_name(item->action)));
		sha256_add(sha256, item->name, strlen(item->name) + 1);
		sha256_add(sha256, item->checksum, strlen(item->checksum) + 1);
		if (item->down_digest)
			sha256_add(sha256, item->down_digest, strlen(item->down_digest));
		sha256_end(sha256, item->upto);
		memcpy(so_far, item->upto, sizeof so_far);
	}
	if (!plan->count)
		sha256_hex("", 0, so_far);
	memcpy(plan->digest, so_far, sizeof so_far);
}

const char *plan_action_name(enum plan_action action)
{
	static const char *const names[] = {[PLAN_ROLL_BACK] = "roll back", [PLAN_APPLY] = "apply"};

	return names[action];
}

const char *plan_summary(struct arena *arena, const struct plan *plan)
{
	size_t applies = plan->count - plan->rollbacks;

	if (!plan->count)
		return "nothing to do";
	if (!plan->rollbacks)
		return arena_printf(arena, "apply %s", text_plural(arena, applies, "migration"));
	if (!applies)
		return arena_printf(arena, "roll back %s",
		                    text_plural(arena, plan->rollbacks, "migration"));
	return arena_printf(arena, "roll back %s, apply %zu",
	                    text_plural(arena, plan->rollbacks, "migration"), applies);
}

static struct error *make(struct arena *arena, const struct plan_input *input, struct plan *plan)
{
	TRY(refuse_open_row(arena, input));
	TRY(refuse_went_back(arena, input));
	TRY(refuse_missing_folder(arena, input));
	if (!input->tree_exists)
		*LIST_ADD(arena, &plan->notes) =
			arena_printf(arena, "there is no folder '%s' at commit %s",
		                     input->migrations_path, commit_short(arena, input->horizon));
	TRY(judge_rows(arena, input, plan));
	TRY(judge_rollbacks(arena, input, plan));
	return add_applies(arena, input, plan);
}

static struct error *refuse_open_row(struct arena *arena, const struct plan_input *input)
{
	const struct ledger_row *row = ledger_open_row(input->ledger);

	if (!row)
		return NULL;
	return FAIL(
		arena, OPEN_FAILED_ROW,
		.what = arena_printf(arena, "the ledger has a failed row of '%s'", row->name),
		.why = arena_printf(
			arena,
			"its try of %s never finished, and the journal does not explain it (Prisma's P3009)",
			clock_human(arena, row->started_us)),
		.hint = arena_printf(
			arena,
			"Take back what it left in the database, then say so: npx prisma migrate resolve "
			"--rolled-back %s",
			row->name));
}

/* Rows that we wrote are gone or were changed by another hand: this is not the database that we left. */
static struct error *refuse_went_back(struct arena *arena, const struct plan_input *input)
{
	struct name_index rows = index_new(arena, input->ledger->count);

	for (size_t i = 0; i < input->ledger->count; i++)
		index_add(&rows, input->ledger->items[i].id, &input->ledger->items[i]);
	index_sort(&rows);
	for (size_t i = 0; i < input->memory->deployed.count; i++) {
		const struct deployed_migration *deployed = &input->memory->deployed.items[i];
		const struct ledger_row *row = index_find(&rows, deployed->row_id);

		if (!row)
			return FAIL(
				arena, DATABASE_WENT_BACK,
				.what = arena_printf(arena,
			                             "the row of '%s' is gone from the ledger",
			                             deployed->name),
				.why = "the journal knows it as applied: the database was reset, restored or replaced",
				.hint = arena_printf(
					arena,
					"If that was meant, say from which commit to trust it: headgate baseline "
					"--target %s COMMIT.",
					input->memory->target));
		if (ledger_row_state(row) != ROW_APPLIED)
			return FAIL(
				arena, LEDGER_ODD,
				.what = arena_printf(arena,
			                             "the row of '%s' is no longer an applied one",
			                             deployed->name),
				.why = "another hand than Headgate's changed finished_at or rolled_back_at of it",
				.hint = "Find out who changed \"_prisma_migrations\" and put the row back as it was.");
	}
	return NULL;
}

static struct error *refuse_missing_folder(struct arena *arena, const struct plan_input *input)
{
	if (!input->memory->deployed.count ||
	    (input->tree_exists && (input->tree->count || input->has_lock_file)))
		return NULL;
	return FAIL(
		arena, FOLDER_MISSING,
		.what = arena_printf(arena, "the migrations folder '%s' is %s at commit %s",
	                             input->migrations_path,
	                             input->tree_exists ? "empty" : "not there",
	                             commit_short(arena, input->horizon)),
		.why = arena_printf(
			arena,
			"the database has %s of it, and a folder that vanished is never a rollback",
			text_plural(arena, input->memory->deployed.count, "migration")),
		.hint = "Put it back (git revert -S the commit that took it away), or, if it moved, correct 'migrations' of "
			"the target in the configuration. To roll back its last migration, keep migration_lock.toml.");
}

static struct error *judge_rows(struct arena *arena, const struct plan_input *input,
                                struct plan *plan)
{
	struct name_index tree = index_new(arena, input->tree->count);

	for (size_t i = 0; i < input->tree->count; i++)
		index_add(&tree, input->tree->items[i].name, &input->tree->items[i]);
	index_sort(&tree);
	for (size_t i = 0; i < input->ledger->count; i++) {
		const struct ledger_row *row = &input->ledger->items[i];

		if (ledger_row_state(row) == ROW_APPLIED)
			TRY(judge_row(arena, input, row, index_find(&tree, row->name), plan));
	}
	return NULL;
}

static struct error *judge_row(struct arena *arena, const struct plan_input *input,
                               const struct ledger_row *row, const struct migration *migration,
                               struct plan *plan)
{
	const struct deployed_migration *deployed = memory_deployed(input->memory, row->name);

	if (!migration)
		return judge_missing(arena, input, row, plan);
	if (!migration->has_sql || !checksum_matches(arena, row->checksum, migration->sql)) {
		plan->culprit = row->name;
		return refuse_edited(arena, row, migration);
	}
	if (deployed && text_equal(deployed->row_id, row->id))
		return NULL;
	if (memory_held(input->memory, row->name) &&
	    input->policy->unexplained == UNEXPLAINED_REPORT) {
		*LIST_ADD(arena, &plan->notes) = arena_printf(
			arena, "'%s' was applied by another program while it was held", row->name);
		return NULL;
	}
	if (memory_held(input->memory, row->name))
		return FAIL(
			arena, UNEXPLAINED,
			.what = arena_printf(
				arena, "'%s' was applied by another program while it was held",
				row->name),
			.why = "it was rolled back on purpose; an old image that runs 'prisma migrate deploy' may have "
			       "brought it back",
			.hint = "Stop what deploys it, roll it back by hand (its down script, then rolled_back_at in the "
				"ledger), and look again: headgate reconcile.");
	return FAIL(
		arena, ELSEWHERE,
		.what = arena_printf(arena, "'%s' was applied by another program", row->name),
		.why = arena_printf(
			arena,
			"the ledger has a finished row of it from %s that Headgate did not write",
			clock_human(arena, row->finished_us)),
		.hint = "Let one program deploy to this database: stop the other one. Taking over what another has "
			"applied is not supported by this version.");
}

static struct error *refuse_edited(struct arena *arena, const struct ledger_row *row,
                                   const struct migration *migration)
{
	return FAIL(
		arena, EDITED,
		.what = arena_printf(arena, "'%s' was edited after it was applied", row->name),
		.why = migration->has_sql
	                       ? arena_printf(arena,
	                                      "applied with checksum %.12s…, the branch has %.12s…",
	                                      row->checksum, migration->checksum)
	                       : arena_printf(
					 arena,
					 "applied with checksum %.12s…, the branch has no migration.sql",
					 row->checksum),
		.hint = "Put the file back as it was (git revert -S the commit that edited it) and bring the change as a "
			"migration with a new name.");
}

/* An applied row that the tree has not. */
static struct error *judge_missing(struct arena *arena, const struct plan_input *input,
                                   const struct ledger_row *row, struct plan *plan)
{
	const struct deployed_migration *deployed = memory_deployed(input->memory, row->name);
	const struct migration *renamed;
	const struct step *step;
	struct plan_item *item;

	if (!deployed || !text_equal(deployed->row_id, row->id)) {
		if (input->policy->unexplained == UNEXPLAINED_REPORT) {
			*LIST_ADD(arena, &plan->notes) = arena_printf(
				arena,
				"the ledger has '%s', which is neither in the branch nor ours",
				row->name);
			return NULL;
		}
		return FAIL(
			arena, UNEXPLAINED,
			.what = arena_printf(arena, "the ledger has '%s', which the branch has not",
		                             row->name),
			.why = "Headgate did not apply it, so it will not roll it back by itself",
			.hint = "Bring its folder into the branch as it was applied, or let the policy say "
				"'unexplained: report'.");
	}
	renamed = find_renamed(arena, input->tree, row);
	if (!renamed)
		renamed = find_renamed(arena, input->head, row);
	if (renamed)
		return FAIL(
			arena, RENAMED,
			.what = arena_printf(arena, "'%s' was renamed to '%s'", row->name,
		                             renamed->name),
			.why = "a rename is never a rollback; the same checksum was applied under the old name",
			.hint = arena_printf(
				arena, "Give the folder its old name back: git mv %s/%s %s/%s",
				input->migrations_path, renamed->name, input->migrations_path,
				row->name));
	step = last_change(input, row->name, 1u << CHANGE_REMOVED);
	if (!step) {
		if (migration_find(input->head, row->name))
			return NULL; /* it stands in a later step, which is refused now but was not when it was applied */
		return FAIL(
			arena, REMOVED_UNVOUCHED,
			.what = arena_printf(
				arena, "'%s' is gone from the branch without a step that passed",
				row->name),
			.why = "only a passed step since the deployed commit may ask for a rollback",
			.hint = "Put the folder back, or remove it by a signed commit: git revert -S the commit that "
				"brought it.");
	}
	item = LIST_ADD(arena, plan);
	*item = (struct plan_item){
		.action = PLAN_ROLL_BACK,
		.name = row->name,
		.checksum = row->checksum,
		.commit = step->id,
		.row_id = row->id,
		.finished_us = row->finished_us,
		.down_digest = deployed->down_digest,
	};
	return NULL;
}

/* Its checksum under another name. Line ends that a checkout changed do not hide it. */
static const struct migration *find_renamed(struct arena *arena,
                                            const struct migrations *migrations,
                                            const struct ledger_row *row)
{
	for (size_t i = 0; i < migrations->count; i++) {
		const struct migration *migration = &migrations->items[i];

		if (migration->has_sql && !text_equal(migration->name, row->name) &&
		    checksum_matches(arena, row->checksum, migration->sql))
			return migration;
	}
	return NULL;
}

static struct error *judge_rollbacks(struct arena *arena, const struct plan_input *input,
                                     struct plan *plan)
{
	plan->rollbacks = plan->count;
	TRY(refuse_squash(arena, input, plan)); /* before the number: what was recognised is said */
	if (plan->count > input->policy->max_rollback)
		return FAIL(
			arena, MAX_ROLLBACK,
			.what = arena_printf(arena, "%s %s gone from the branch at once",
		                             text_plural(arena, plan->count, "deployed migration"),
		                             plan->count == 1 ? "is" : "are"),
			.why = arena_printf(arena,
		                            "the policy rolls back at most %llu (max_rollback)",
		                            (unsigned long long)input->policy->max_rollback),
			.hint = "Put the folders back and revert them in smaller steps, newest first; or raise max_rollback "
				"in the policy if all of them are meant.");
	if (plan->count)
		qsort(plan->items, plan->count, sizeof *plan->items, compare_newest_first);
	return NULL;
}

/* One step that removes deployed folders and brings one named older than the newest of them: `migrate diff` squash. */
static struct error *refuse_squash(struct arena *arena, const struct plan_input *input,
                                   const struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_item *item = &plan->items[i];
		const struct step *step = steps_find(input->steps, item->commit);

		for (size_t k = 0; step && k < step->changes.count; k++) {
			const struct change *change = &step->changes.items[k];

			if (change->kind != CHANGE_ADDED || change->after->mode != ENTRY_FOLDER ||
			    migration_name_order(change->name, item->name) >= 0)
				continue;
			return FAIL(
				arena, SQUASHED,
				.what = arena_printf(arena, "commit '%s' looks like a squash",
			                             commit_short(arena, step->id)),
				.why = arena_printf(
					arena,
					"it removes '%s', which is deployed, and brings '%s', which is named older",
					item->name, change->name),
				.hint = arena_printf(arena, "Put the deployed folders back: %s",
			                             step_undo_command(arena, step)));
		}
	}
	return NULL;
}

static struct error *add_applies(struct arena *arena, const struct plan_input *input,
                                 struct plan *plan)
{
	struct name_index applied = index_new(arena, input->ledger->count);
	const char *newest = NULL;

	for (size_t i = 0; i < input->ledger->count; i++) {
		const struct ledger_row *row = &input->ledger->items[i];

		if (ledger_row_state(row) != ROW_APPLIED)
			continue;
		index_add(&applied, row->name, row);
		if (is_rolled_back(plan, row))
			continue; /* it is no longer there when the first apply begins */
		if (!newest || migration_name_order(row->name, newest) > 0)
			newest = row->name;
	}
	index_sort(&applied);
	for (size_t i = 0; i < input->tree->count; i++) {
		const struct migration *migration = &input->tree->items[i];

		if (!index_find(&applied, migration->name))
			TRY(add_apply(arena, input, migration, newest, plan));
	}
	return NULL;
}

static bool is_rolled_back(const struct plan *plan, const struct ledger_row *row)
{
	for (size_t i = 0; i < plan->rollbacks; i++)
		if (text_equal(plan->items[i].row_id, row->id))
			return true;
	return false;
}

static struct error *add_apply(struct arena *arena, const struct plan_input *input,
                               const struct migration *migration, const char *newest_applied,
                               struct plan *plan)
{
	const struct held_migration *held = memory_held(input->memory, migration->name);
	const struct step *release = held ? released_by(input, held) : NULL;
	const struct step *step;
	bool late = newest_applied && migration_name_order(migration->name, newest_applied) < 0;

	if (held && !release) {
		*LIST_ADD(arena, &plan->notes) = arena_printf(
			arena,
			"'%s' is held since it was rolled back; a signed revert of the revert releases it",
			migration->name);
		return NULL;
	}
	plan->culprit = migration->name; /* of the refusals from here on */
	if (!migration->has_sql)
		return FAIL(
			arena, FILE_MISSING,
			.what = arena_printf(arena, "the folder '%s' has no migration.sql",
		                             migration->name),
			.why = "Prisma counts every folder as a migration (P3015)",
			.hint = "Add the file, or move the folder out of the migrations folder.");
	if (late && input->policy->late == LATE_REFUSE)
		return FAIL(
			arena, LATE,
			.what = arena_printf(arena,
		                             "'%s' is older than the newest applied migration",
		                             migration->name),
			.why = arena_printf(arena,
		                            "'%s' is applied, and the policy says late: refuse",
		                            newest_applied),
			.hint = "Give the folder a new timestamp and bring it again in a signed commit.");
	if (!migration_name_is_ascii(migration->name))
		*LIST_ADD(arena, &plan->notes) = arena_printf(
			arena, "the name '%s' is not ASCII: Prisma may order it differently",
			migration->name);
	else if (!migration_name_is_regular(migration->name))
		*LIST_ADD(arena, &plan->notes) = arena_printf(
			arena, "the name '%s' is not YYYYMMDDHHMMSS_lower_case", migration->name);
	step = last_change(input, migration->name, 1u << CHANGE_ADDED | 1u << CHANGE_CHANGED);
	*LIST_ADD(arena, plan) = (struct plan_item){
		.action = PLAN_APPLY,
		.name = migration->name,
		.checksum = migration->checksum,
		.commit = step ? step->id : input->memory->deployed_commit,
		.sql = migration->sql,
		.has_sql = true,
		.migration = migration,
		.late = late,
		.released_by = release ? release->id : NULL,
	};
	plan->culprit = NULL;
	return NULL;
}

/* The revert of the revert: a passed step brought the folder back after the removal that the hold began with. */
static const struct step *released_by(const struct plan_input *input,
                                      const struct held_migration *held)
{
	const struct step *added = last_change(input, held->name, 1u << CHANGE_ADDED);
	const struct step *removed =
		steps_find(input->steps, held->commit); /* NULL: before the deployed commit */

	return added && (!removed || added > removed) ? added : NULL;
}

/* The newest passed step up to the horizon that did this to the entry. */
static const struct step *last_change(const struct plan_input *input, const char *name,
                                      unsigned kinds)
{
	return input->steps->count
	               ? steps_last_change(input->steps, input->steps->count - 1, name, kinds)
	               : NULL;
}

static struct name_index index_new(struct arena *arena, size_t room)
{
	return (struct name_index){.items = ARENA_ARRAY(arena, struct named, room)};
}

static void index_add(struct name_index *index, const char *name, const void *item)
{
	index->items[index->count++] = (struct named){name, item};
}

static void index_sort(struct name_index *index)
{
	qsort(index->items, index->count, sizeof *index->items, compare_named);
}

static const void *index_find(const struct name_index *index, const char *name)
{
	const struct named wanted = {name, NULL};
	const struct named *found = index->count ? bsearch(&wanted, index->items, index->count,
	                                                   sizeof wanted, compare_named)
	                                         : NULL;

	return found ? found->item : NULL;
}

static int compare_named(const void *a, const void *b)
{
	return strcmp(((const struct named *)a)->name, ((const struct named *)b)->name);
}

static int compare_newest_first(const void *a, const void *b)
{
	return migration_name_order(((const struct plan_item *)b)->name,
	                            ((const struct plan_item *)a)->name);
}
