/*
 * Turns what was seen into what is to be done. Every refusal here is a row of R4 (docs/rules.md) and is found before
 * anything touches the target. What a reader gets wrong: a migration that is absent from the tree is rolled back
 * only if a passed step removed it; absence alone is never an order.
 */
#include "model/plan_parts.h"

#include "base/text.h"

static struct error *make(struct arena *arena, const struct plan_input *input, struct plan *plan);
static struct error *refuse_missing_folder(struct arena *arena, const struct plan_input *input);
static size_t count_missed(const struct plan_input *input);
static struct error *judge_rollbacks(struct arena *arena, const struct plan_input *input,
                                     struct plan *plan);
static void newest_first(struct plan *plan);
static int compare_newest_first(const void *a, const void *b);
static struct error *refuse_squash(struct arena *arena, const struct plan_input *input,
                                   const struct plan *plan);
static struct error *add_applies(struct arena *arena, const struct plan_input *input,
                                 struct plan *plan);
static bool is_rolled_back(const struct plan *plan, const struct ledger_row *row);
static struct error *add_apply(struct arena *arena, const struct plan_input *input,
                               const struct migration *migration, const char *newest_applied,
                               struct plan *plan);
static int compare_named(const void *a, const void *b);

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

const char *plan_adoptions(struct arena *arena, const struct plan *plan)
{
	if (!plan->adopted.count)
		return NULL;
	if (plan->adopted.count == 1)
		return arena_printf(
			arena, "'%s' was applied by another program and is adopted: nothing runs",
			plan->adopted.items[0].name);
	return arena_printf(
		arena,
		"'%s' and %zu more were applied by another program and are adopted: nothing runs",
		plan->adopted.items[0].name, plan->adopted.count - 1);
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
	TRY(rows_refuse_changed(arena, input));
	rows_add_asked(arena, input, plan);
	if (plan->by_hand) {
		newest_first(plan);
		return NULL;
	}
	TRY(refuse_missing_folder(arena, input));
	if (!input->tree_exists)
		*LIST_ADD(arena, &plan->notes) =
			arena_printf(arena, "there is no folder '%s' at commit %s",
		                     input->migrations_path, commit_short(arena, input->horizon));
	TRY(rows_judge(arena, input, plan));
	TRY(judge_rollbacks(arena, input, plan));
	TRY(add_applies(arena, input, plan));
	if (plan->adopted.count)
		*LIST_ADD(arena, &plan->notes) = plan_adoptions(arena, plan);
	return NULL;
}

static struct error *refuse_missing_folder(struct arena *arena, const struct plan_input *input)
{
	size_t missed;

	if (input->tree_exists && (input->tree->count || input->has_lock_file))
		return NULL;
	missed = count_missed(input);
	if (!missed)
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
			text_plural(arena, missed, "migration")),
		.hint = "Put it back (git revert -S the commit that took it away), or, if it moved, correct 'migrations' of "
			"the target in the configuration. To roll back its last migration, keep migration_lock.toml.");
}

/* Deployed migrations, without those that only stand in a later step, which waits or is refused. */
static size_t count_missed(const struct plan_input *input)
{
	size_t count = 0;

	for (size_t i = 0; i < input->memory->deployed.count; i++) {
		const char *name = input->memory->deployed.items[i].name;

		count += !migration_find(input->head, name) ||
		         plan_last_change(input, name, 1u << CHANGE_REMOVED);
	}
	return count;
}

static struct error *judge_rollbacks(struct arena *arena, const struct plan_input *input,
                                     struct plan *plan)
{
	newest_first(plan);
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
			.hint = arena_printf(
				arena,
				"Put the folders back and revert them in smaller steps, newest first; or, if all "
				"of them are meant, one by one: headgate rollback --target %s %s",
				input->memory->target, text_word(arena, plan->items[0].name)));
	return NULL;
}

static void newest_first(struct plan *plan)
{
	plan->rollbacks = plan->count;
	if (plan->count)
		qsort(plan->items, plan->count, sizeof *plan->items, compare_newest_first);
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
				.hint = arena_printf(
					arena,
					"Put the deployed folders back: %s; or, if the squash is meant: headgate "
					"resolve --target %s --applied %s, then headgate resolve --target %s --accept "
					"%s, and so for each that it replaces",
					step_undo_command(arena, step), input->memory->target,
					text_word(arena, change->name), input->memory->target,
					text_word(arena, item->name)));
		}
	}
	return NULL;
}

static struct error *add_applies(struct arena *arena, const struct plan_input *input,
                                 struct plan *plan)
{
	struct name_index applied = name_index_new(arena, input->ledger->count);
	const char *newest = NULL;

	for (size_t i = 0; i < input->ledger->count; i++) {
		const struct ledger_row *row = &input->ledger->items[i];

		if (ledger_row_state(row) != ROW_APPLIED)
			continue;
		name_index_add(&applied, row->name, row);
		if (is_rolled_back(plan, row))
			continue; /* it is no longer there when the first apply begins */
		if (!newest || migration_name_order(row->name, newest) > 0)
			newest = row->name;
	}
	name_index_sort(&applied);
	for (size_t i = 0; i < input->tree->count; i++) {
		const struct migration *migration = &input->tree->items[i];

		if (!name_index_find(&applied, migration->name))
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
	const struct step *release = held ? plan_released_by(input, held) : NULL;
	const struct step *step;
	bool late = newest_applied && migration_name_order(migration->name, newest_applied) < 0;

	if (held && !release) {
		*LIST_ADD(arena, &plan->notes) = arena_printf(
			arena,
			"'%s' is held since it was rolled back; it waits for headgate unhold --target %s %s, or "
			"for a signed commit that brings the folder back after one removed it",
			migration->name, input->memory->target, text_word(arena, migration->name));
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
	step = plan_last_change(input, migration->name, 1u << CHANGE_ADDED | 1u << CHANGE_CHANGED);
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
const struct step *plan_released_by(const struct plan_input *input,
                                    const struct held_migration *held)
{
	const struct step *added = plan_last_change(input, held->name, 1u << CHANGE_ADDED);
	const struct step *removed =
		steps_find(input->steps, held->commit); /* NULL: before the deployed commit */

	return added && (!removed || added > removed) ? added : NULL;
}

const struct step *plan_last_change(const struct plan_input *input, const char *name,
                                    unsigned kinds)
{
	return input->steps->count
	               ? steps_last_change(input->steps, input->steps->count - 1, name, kinds)
	               : NULL;
}

struct name_index name_index_new(struct arena *arena, size_t room)
{
	return (struct name_index){.items = ARENA_ARRAY(arena, struct named, room)};
}

void name_index_add(struct name_index *index, const char *name, const void *item)
{
	index->items[index->count++] = (struct named){name, item};
}

void name_index_sort(struct name_index *index)
{
	qsort(index->items, index->count, sizeof *index->items, compare_named);
}

const void *name_index_find(const struct name_index *index, const char *name)
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
