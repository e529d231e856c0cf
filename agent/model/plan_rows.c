/*
 * What each applied row of the ledger means beside the branch, and what a person said about it. What a reader gets
 * wrong: the order of the questions. A person's word comes before the branch's, and whose row it is before what the
 * branch did to its folder; a row that Headgate did not write is never rolled back by itself.
 */
#include "model/plan_parts.h"

#include "base/clock.h"
#include "base/text.h"

static struct error *refuse_open_row(struct arena *arena, const struct plan_input *input);
static struct error *refuse_went_back(struct arena *arena, const struct plan_input *input);
static const char *asked_commit(const struct plan_input *input, const struct ledger_row *row);
static struct error *judge_row(struct arena *arena, const struct plan_input *input,
                               const struct ledger_row *row, const struct migration *migration,
                               struct plan *plan);
static bool is_ours(const struct memory *memory, const struct ledger_row *row);
static bool agrees(struct arena *arena, const struct plan_input *input,
                   const struct ledger_row *row, const struct migration *migration);
static struct error *judge_edited(struct arena *arena, const struct plan_input *input,
                                  const struct ledger_row *row, const struct migration *migration,
                                  struct plan *plan);
static struct error *judge_elsewhere(struct arena *arena, const struct plan_input *input,
                                     const struct ledger_row *row,
                                     const struct migration *migration, bool is_ahead,
                                     struct plan *plan);
static const struct held_migration *still_held(const struct plan_input *input, const char *name);
static const char *brought_by(const struct plan_input *input, const char *name, size_t count);
static struct bytes vouched_down(struct arena *arena, const struct plan_input *input,
                                 const struct migration *migration);
static struct error *judge_unexplained(struct arena *arena, const struct plan_input *input,
                                       const struct ledger_row *row, bool is_in_branch,
                                       struct plan *plan);
static struct error *judge_gone(struct arena *arena, const struct plan_input *input,
                                const struct ledger_row *row, struct plan *plan);
static const struct migration *find_renamed(struct arena *arena,
                                            const struct migrations *migrations,
                                            const struct ledger_row *row);

struct error *rows_refuse_changed(struct arena *arena, const struct plan_input *input)
{
	TRY(refuse_open_row(arena, input));
	return refuse_went_back(arena, input);
}

void rows_add_asked(struct arena *arena, const struct plan_input *input, struct plan *plan)
{
	for (size_t i = 0; i < input->memory->asked.count; i++) {
		const struct asked_rollback *asked = &input->memory->asked.items[i];
		const struct ledger_row *row = ledger_find(input->ledger, asked->row_id);

		if (!row || ledger_row_state(row) != ROW_APPLIED)
			continue; /* another one than the person meant, or done */
		*LIST_ADD(arena, plan) = (struct plan_item){
			.action = PLAN_ROLL_BACK,
			.name = row->name,
			.checksum = row->checksum,
			.commit = asked_commit(input, row),
			.row_id = row->id,
			.finished_us = row->finished_us,
			.down_digest = memory_down(input->memory, row->name, row->checksum),
			.asked = asked,
		};
		plan->by_hand = true;
	}
}

struct error *rows_judge(struct arena *arena, const struct plan_input *input, struct plan *plan)
{
	struct name_index tree = name_index_new(arena, input->tree->count);

	for (size_t i = 0; i < input->tree->count; i++)
		name_index_add(&tree, input->tree->items[i].name, &input->tree->items[i]);
	name_index_sort(&tree);
	for (size_t i = 0; i < input->ledger->count; i++) {
		const struct ledger_row *row = &input->ledger->items[i];

		if (ledger_row_state(row) == ROW_APPLIED)
			TRY(judge_row(arena, input, row, name_index_find(&tree, row->name), plan));
	}
	return NULL;
}

bool plan_adopts(const struct policy *policy, const struct memory *memory,
                 const struct ledger_row *row)
{
	if (ledger_row_state(row) != ROW_APPLIED)
		return false;
	if (is_ours(memory, row))
		return memory_deployed(memory, row->name)->adopted;
	return memory_accepted(memory, row->id) ||
	       (policy->elsewhere == ELSEWHERE_ADOPT && !memory_held(memory, row->name));
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
			"Look what it left in the database; then say so: headgate resolve --target %s "
			"--rolled-back %s (its effect is gone) or --applied %s (it is there). Prisma's own "
			"'migrate resolve' serves, too.",
			input->memory->target, text_word(arena, row->name),
			text_word(arena, row->name)));
}

/* Rows that we wrote are gone or were changed by another hand: this is not the database that we left. */
static struct error *refuse_went_back(struct arena *arena, const struct plan_input *input)
{
	struct name_index rows = name_index_new(arena, input->ledger->count);

	for (size_t i = 0; i < input->ledger->count; i++)
		name_index_add(&rows, input->ledger->items[i].id, &input->ledger->items[i]);
	name_index_sort(&rows);
	for (size_t i = 0; i < input->memory->deployed.count; i++) {
		const struct deployed_migration *deployed = &input->memory->deployed.items[i];
		const struct ledger_row *row = name_index_find(&rows, deployed->row_id);

		if (!row)
			return FAIL(
				arena, DATABASE_WENT_BACK,
				.what = arena_printf(arena,
			                             "the row of '%s' is gone from the ledger",
			                             deployed->name),
				.why = "the journal knows it as applied: the database was reset, restored or replaced",
				.hint = arena_printf(
					arena,
					"If that was meant, say from which commit to trust it (%s was deployed): "
					"headgate baseline --target %s COMMIT",
					commit_short(arena, input->memory->deployed_commit),
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

/* The step that took it away, or the one that it came with: its status says that it was rolled back by hand. */
static const char *asked_commit(const struct plan_input *input, const struct ledger_row *row)
{
	const struct step *removed = plan_last_change(input, row->name, 1u << CHANGE_REMOVED);
	const struct held_migration *held = memory_held(input->memory, row->name);

	if (removed)
		return removed->id;
	if (is_ours(input->memory, row))
		return memory_deployed(input->memory, row->name)->commit;
	return held && held->commit ? held->commit
	                            : brought_by(input, row->name, input->steps_to_head);
}

static struct error *judge_row(struct arena *arena, const struct plan_input *input,
                               const struct ledger_row *row, const struct migration *migration,
                               struct plan *plan)
{
	const bool fits = agrees(arena, input, row, migration);
	const struct migration *ahead;

	if (is_ours(input->memory, row))
		return fits        ? NULL
		       : migration ? judge_edited(arena, input, row, migration, plan)
		                   : judge_gone(arena, input, row, plan);
	if (fits)
		return judge_elsewhere(arena, input, row, migration, /* is_ahead= */ false, plan);
	ahead = migration_find(input->head, row->name);
	if (agrees(arena, input, row, ahead))
		return judge_elsewhere(arena, input, row, ahead, /* is_ahead= */ true, plan);
	if (!migration && ahead) {
		*LIST_ADD(arena, &plan->notes) = arena_printf(
			arena,
			"'%s' was applied by another program; the step that brings it waits or is refused",
			row->name);
		return NULL;
	}
	return migration ? judge_edited(arena, input, row, migration, plan)
	                 : judge_unexplained(arena, input, row, /* is_in_branch= */ false, plan);
}

static bool is_ours(const struct memory *memory, const struct ledger_row *row)
{
	const struct deployed_migration *deployed = memory_deployed(memory, row->name);

	return deployed && text_equal(deployed->row_id, row->id);
}

/* By the bytes that were applied, or by those that a person accepted in their place. */
static bool agrees(struct arena *arena, const struct plan_input *input,
                   const struct ledger_row *row, const struct migration *migration)
{
	const struct accepted_row *accepted = memory_accepted(input->memory, row->id);

	if (!migration)
		return false;
	if (!migration->has_sql) /* that it has none was accepted */
		return accepted && accepted->checksum && !*accepted->checksum;
	return checksum_matches(arena, row->checksum, migration->sql) ||
	       (accepted && accepted->checksum &&
	        checksum_matches(arena, accepted->checksum, migration->sql));
}

static struct error *judge_edited(struct arena *arena, const struct plan_input *input,
                                  const struct ledger_row *row, const struct migration *migration,
                                  struct plan *plan)
{
	if (input->disposable) {
		*LIST_ADD(arena, &plan->edited) = row->name;
		*LIST_ADD(arena, &plan->notes) = arena_printf(
			arena, "'%s' was edited after it was applied; this target is disposable",
			row->name);
		return NULL;
	}
	plan->culprit = row->name;
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
		.hint = arena_printf(
			arena,
			"Put the file back as it was (git revert -S the commit that edited it) and bring the "
			"change as a migration with a new name; or let the edit stand: headgate resolve "
			"--target %s --accept-edit %s",
			input->memory->target, text_word(arena, row->name)));
}

/* Another program applied it, and the branch has it: at the horizon, or ahead, in a step that waits or is refused. */
static struct error *judge_elsewhere(struct arena *arena, const struct plan_input *input,
                                     const struct ledger_row *row,
                                     const struct migration *migration, bool is_ahead,
                                     struct plan *plan)
{
	const bool accepted = memory_accepted(input->memory, row->id);

	if (memory_deployed(input->memory, row->name) ||
	    ledger_applied(input->ledger, row->name) != row ||
	    (!accepted && still_held(input, row->name)))
		return judge_unexplained(arena, input, row, /* is_in_branch= */ true, plan);
	if (!accepted && input->policy->elsewhere == ELSEWHERE_REFUSE)
		return FAIL(
			arena, ELSEWHERE,
			.what = arena_printf(arena, "'%s' was applied by another program",
		                             row->name),
			.why = arena_printf(
				arena,
				"the ledger has a finished row of it from %s that Headgate did not write, and "
				"the policy says elsewhere: refuse",
				clock_human(arena, row->finished_us)),
			.hint = arena_printf(arena,
		                             "Let one program deploy to this database. To let this "
		                             "one stand: headgate resolve --target %s --accept %s",
		                             input->memory->target, text_word(arena, row->name)));
	*LIST_ADD(arena, &plan->adopted) = (struct landing){
		.name = row->name,
		.checksum = row->checksum,
		.row_id = row->id,
		.commit = brought_by(input, row->name,
	                             is_ahead ? input->steps_to_head : input->steps->count),
		.applied_us = row->finished_us,
		.down = is_ahead ? (struct bytes){0} : vouched_down(arena, input, migration),
		.adopted = true,
	};
	return NULL;
}

static const struct held_migration *still_held(const struct plan_input *input, const char *name)
{
	const struct held_migration *held = memory_held(input->memory, name);

	return held && !plan_released_by(input, held) ? held : NULL;
}

/* The newest of the first `count` steps that set its SQL, passed or not; the deployed commit when none did. */
static const char *brought_by(const struct plan_input *input, const char *name, size_t count)
{
	for (size_t i = count; i-- > 0;)
		for (size_t k = 0; k < input->steps->items[i].changes.count; k++) {
			const struct change *change = &input->steps->items[i].changes.items[k];

			if (change->kind != CHANGE_REMOVED && !change->sql_same &&
			    text_equal(change->name, name))
				return input->steps->items[i].id;
		}
	return input->memory->deployed_commit;
}

/* As a passed step set it, or as it was deployed; never as somebody left it whom nobody vouches for. */
static struct bytes vouched_down(struct arena *arena, const struct plan_input *input,
                                 const struct migration *migration)
{
	const char *path = arena_printf(arena, "%s/down.sql", migration->name);
	const struct step_file *file = NULL;
	const struct step *step = steps_last_set(input->steps, input->steps->count, path, &file);

	return !step || step_vouches(step) ? migration->down : (struct bytes){0};
}

static struct error *judge_unexplained(struct arena *arena, const struct plan_input *input,
                                       const struct ledger_row *row, bool is_in_branch,
                                       struct plan *plan)
{
	const bool held = still_held(input, row->name);
	const char *what =
		arena_printf(arena,
	                     held ? "'%s' was applied by another program while it was held"
	                     : is_in_branch ? "the ledger has a second applied row of '%s'"
	                                    : "the ledger has '%s', which the branch has not",
	                     row->name);

	if (memory_accepted(input->memory, row->id) ||
	    input->policy->unexplained == UNEXPLAINED_REPORT) {
		*LIST_ADD(arena, &plan->notes) = arena_printf(
			arena, "%s; %s", what,
			memory_accepted(input->memory, row->id) ? "its row was accepted"
								: "it is left alone");
		return NULL;
	}
	return FAIL(
		arena, UNEXPLAINED, .what = what,
		.why = held ? "it was rolled back on purpose; an old image that runs 'prisma migrate deploy' may "
	                      "have brought it back"
	                    : "Headgate did not apply it, so it will not roll it back by itself",
		.hint = arena_printf(
			arena,
			"%s roll it back by its down script (headgate rollback --target %s %s), or let it "
			"stand (headgate resolve --target %s --accept %s)%s.",
			held ? "Stop what deploys it; then" : "Either", input->memory->target,
			text_word(arena, row->name), input->memory->target,
			text_word(arena, row->name),
			is_in_branch ? ""
				     : ", or bring its folder into the branch as it was applied"));
}

/* An applied row of ours that the tree has not. */
static struct error *judge_gone(struct arena *arena, const struct plan_input *input,
                                const struct ledger_row *row, struct plan *plan)
{
	const struct deployed_migration *deployed = memory_deployed(input->memory, row->name);
	const struct migration *renamed = find_renamed(arena, input->tree, row);
	const struct step *step;

	if (!renamed)
		renamed = find_renamed(arena, input->head, row);
	if (renamed)
		return FAIL(
			arena, RENAMED,
			.what = arena_printf(arena, "'%s' was renamed to '%s'", row->name,
		                             renamed->name),
			.why = "a rename is never a rollback; the same checksum was applied under the old name",
			.hint = arena_printf(
				arena,
				"Give the folder its old name back: git mv %s %s; or, if the rename is "
				"meant: headgate resolve --target %s --applied %s, then headgate resolve "
				"--target %s --accept %s",
				text_word(arena,
		                          arena_printf(arena, "%s/%s", input->migrations_path,
		                                       renamed->name)),
				text_word(arena, arena_printf(arena, "%s/%s",
		                                              input->migrations_path, row->name)),
				input->memory->target, text_word(arena, renamed->name),
				input->memory->target, text_word(arena, row->name)));
	step = plan_last_change(input, row->name, 1u << CHANGE_REMOVED);
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
	*LIST_ADD(arena, plan) = (struct plan_item){
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
