/*
 * Lint: every file of the plan is parsed by PostgreSQL's own parser, statements that are never sent are refused, and
 * the way in which the file will be sent is chosen from its statements. Rules come here with the policy's levels.
 */
#include "stages/run.h"

static struct error *refuse_nonatomic(struct run *run, const struct plan_item *item);
static void tell(struct run *run);

struct error *lint_perform(struct run *run)
{
	struct parser_file *files = NULL;
	size_t i = 0;

	TRY(lint_parse(run, &files));
	while (i < run->plan.count) {
		struct plan_item *item = &run->plan.items[i];
		struct error *refusal = lint_item(run, item, &files[i]);

		i++;
		if (!refusal)
			continue;
		if (refusal->row->reaction != REACT_REFUSE || item->asked)
			return refusal;
		TRY(run_refuse_step(run, "lint", item->commit, refusal));
		TRY(lint_parse(run, &files)); /* another plan */
		i = 0;
	}
	tell(run);
	return run_stop_if_refused(run);
}

struct error *lint_parse(struct run *run, struct parser_file **ret_files)
{
	struct parser_file *files = ARENA_ARRAY(run->arena, struct parser_file, run->plan.count);

	for (size_t i = 0; i < run->plan.count; i++) {
		const struct plan_item *item = &run->plan.items[i];

		files[i] = (struct parser_file){
			.name = arena_printf(run->arena, "%s/%s", item->name,
		                             item->action == PLAN_APPLY ? "migration.sql"
		                                                        : "down.sql"),
			.sql = item->sql,
		};
	}
	*ret_files = files;
	return run->plan.count ? parser_parse(run->ports.parser, files, run->plan.count, run->arena)
	                       : NULL;
}

struct error *lint_item(struct run *run, struct plan_item *item, struct parser_file *file)
{
	if (file->ret_error)
		return file->ret_error;
	item->script = *file->ret_script;
	TRY(script_choose_way(run->arena, file->name, &item->script));
	if (item->script.way != WAY_ONE && run->policy->nonatomic == NONATOMIC_REFUSE)
		return refuse_nonatomic(run, item);
	return NULL;
}

static struct error *refuse_nonatomic(struct run *run, const struct plan_item *item)
{
	return FAIL(
		run->arena, NONATOMIC,
		.what = arena_printf(run->arena, "'%s' cannot be sent in one transaction",
	                             item->name),
		.why = arena_printf(run->arena, "%s, and the policy of '%s' says nonatomic: refuse",
	                            item->script.why, run->target->name),
		.hint = "Write it so that it fits into one transaction, or let the policy say nonatomic: allow.");
}

static void tell(struct run *run)
{
	struct node *ways = node_map(run->arena);

	for (size_t i = 0; i < run->plan.count; i++)
		if (run->plan.items[i].script.way != WAY_ONE)
			node_set_text(run->arena, ways, run->plan.items[i].name,
			              way_name(run->plan.items[i].script.way));
	node_set_number(run->arena, run->evidence, "files", (int64_t)run->plan.count);
	node_set(run->arena, run->evidence, "not_in_one_transaction", ways);
	node_set_text(run->arena, run->evidence, "plan", plan_summary(run->arena, &run->plan));
}
