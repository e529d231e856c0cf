/*
 * headgate status: the one screen of the person on call. For every target: the commit it is at, what is pending, what
 * was refused and why, what waits and on whom, what to type next. It looks; it changes nothing.
 */
#include "base/clock.h"
#include "cli/command.h"
#include "cli/terminal.h"
#include "model/arrival.h"

#define BEHIND_SHOWN 5

struct view { /* of one target */
	const struct target *target;
	struct run run;
	struct error *error; /* of the look, or of the step that stands refused */
	const struct refusal *sticky;
	const struct stage_memory *stopped; /* of the open run */
	bool resolved; /* what it stopped at: a person has said what the row means, and the next pass settles it */
	struct {
		const char *code, *what, *why, *next;
	} told; /* by the first of these three that there is */
};

static struct view look(struct invocation *invocation, const struct target *target);
static void tell(struct view *view);
static bool is_explained(const struct view *view);
static bool is_resolved(const struct view *view);
static const struct refusal *find_sticky(const struct run *run);
static int status_of(const struct view *view);
static void print_view(struct invocation *invocation, const struct view *view);
static void print_unplanned(struct invocation *invocation, const struct view *view);
static bool is_unplanned(const struct run *run, const char *name);
static void print_refused(struct invocation *invocation, const struct view *view);
static const char *line_with_code(struct arena *arena, const struct error *error);
static const char *line_about(struct arena *arena, const struct step *step);
static bool is_decided(enum reaction reaction);
static bool is_failure(const char *code);
static const char *reaction_label(const char *reaction);
static void print_behind(struct invocation *invocation, const struct view *view);
static void print_next(struct invocation *invocation, const struct view *view);
static struct node *view_node(struct invocation *invocation, const struct view *view);

static struct arrival head_arrival(struct arena *arena, const struct run *run);

static struct error *perform(struct invocation *invocation, int *ret_status)
{
	const struct target *targets = NULL;
	const size_t count = invocation_targets(invocation, &targets);
	struct node *list = node_list(invocation->arena);

	for (size_t i = 0; i < count; i++) {
		struct view view = look(invocation, &targets[i]);

		if (invocation->json)
			node_add(list, view_node(invocation, &view));
		else {
			terminal_print(COLOUR_NONE, "%s", i ? "\n" : "");
			print_view(invocation, &view);
		}
		if (status_of(&view) > *ret_status)
			*ret_status = status_of(&view);
	}
	if (invocation->json)
		terminal_json(invocation->arena, list);
	return NULL;
}

static struct view look(struct invocation *invocation, const struct target *target)
{
	struct view view = {.target = target};

	view.error = engine_look(&invocation->engine, target, invocation->arena, &view.run);
	if (!view.error)
		view.error = view.run.refusal;
	view.sticky = find_sticky(&view.run);
	if (view.run.memory.open_run)
		for (size_t i = 0; i < view.run.memory.open_run->stages.count; i++)
			if (view.run.memory.open_run->stages.items[i].stopped)
				view.stopped = &view.run.memory.open_run->stages.items[i];
	if (is_explained(&view))
		view.error = NULL;
	if (is_resolved(&view)) {
		view.stopped = NULL;
		view.resolved = true;
	}
	tell(&view);
	return view;
}

static void tell(struct view *view)
{
	const struct error *error = view->error;
	const struct refusal *sticky = view->sticky;
	const struct stage_memory *stopped = view->stopped;

	if (error) {
		view->told.code = error->row->code;
		view->told.what = error->what;
		view->told.why = error->why;
		view->told.next = error->hint;
	} else if (sticky) {
		view->told.code = sticky->code;
		view->told.what = sticky->what;
		view->told.why = sticky->why;
		view->told.next = sticky->hint;
	} else if (stopped) {
		view->told.code = stopped->code;
		view->told.what = stopped->what;
		view->told.why = stopped->why;
		view->told.next = stopped->hint;
	}
}

/* An open row in the ledger is no surprise while a run of our own is at work, or waits to be settled. */
static bool is_explained(const struct view *view)
{
	const struct run_memory *open = view->run.memory.open_run;

	return view->error && view->error->row == &error_rows()[ERR_OPEN_FAILED_ROW] &&
	       run_memory_unsettled(open);
}

/* The open run waits for a person, and no row that it tried is open any more. */
static bool is_resolved(const struct view *view)
{
	const struct run_memory *open = view->run.memory.open_run;
	bool resolved = false;

	if (!open || !view->stopped || !view->run.has_ledger ||
	    !text_equal(view->stopped->reaction, reaction_name(REACT_HALT)))
		return false;
	for (size_t i = 0; i < open->intents.count; i++) {
		const struct intent *intent = &open->intents.items[i];
		const struct ledger_row *row;

		if (intent->statement || (intent->result && !text_equal(intent->result, "partly")))
			continue;
		row = ledger_newest(&view->run.ledger, intent->migration);
		if (!text_equal(intent->action, plan_action_name(PLAN_APPLY)) || !row ||
		    ledger_row_state(row) == ROW_OPEN)
			return false;
		resolved = true;
	}
	return resolved;
}

static const struct refusal *find_sticky(const struct run *run)
{
	for (size_t i = 0; i < run->memory.refusals.count; i++)
		if (run->memory.refusals.items[i].sticky &&
		    run->memory.refusals.items[i].at_us > run->memory.retried_us)
			return &run->memory.refusals.items[i];
	return NULL;
}

static int status_of(const struct view *view)
{
	if (view->told.code)
		return error_find(view->told.code) ? error_find(view->told.code)->exit_status : 1;
	return view->run.plan.count || view->resolved ? EXIT_DIFFERENCE : EXIT_DONE;
}

static void print_view(struct invocation *invocation, const struct view *view)
{
	struct arena *arena = invocation->arena;
	const struct run *run = &view->run;
	const struct memory *memory = &run->memory;

	terminal_print(COLOUR_STRONG, "%s", view->target->name);
	if (memory->deployed_commit)
		terminal_print(COLOUR_NONE, "  at %s",
		               commit_short(arena, memory->deployed_commit));
	if (run->head && text_equal(run->head, memory->deployed_commit))
		terminal_print(COLOUR_FAINT, ", the head of %s", run->branch);
	else if (run->head)
		terminal_print(COLOUR_FAINT, ", %s is at %s", run->branch,
		               commit_short(arena, run->head));
	if (memory->deployed.count)
		terminal_print(COLOUR_FAINT, ", %s deployed",
		               text_plural(arena, memory->deployed.count, "migration"));
	terminal_print(COLOUR_NONE, "\n");
	if (view->target->mode == MODE_OBSERVE)
		terminal_field(COLOUR_NONE, "observes",
		               "nothing is written to the database; what is pending, others apply");
	if (memory->suspended)
		terminal_field(COLOUR_CARE, "suspended",
		               arena_printf(arena, "%s by %s: %s",
		                            clock_ago(arena, memory->suspended->at_us),
		                            memory->suspended->by, memory->suspended->reason));
	if (!view->error && !view->sticky && !run->plan.count && !memory->open_run)
		terminal_field(COLOUR_GOOD, "agrees", "nothing to do");
	for (size_t i = 0; i < run->plan.count; i++)
		terminal_field(COLOUR_CARE, view->sticky ? "waits" : "pending",
		               arena_printf(arena, "%s %s  (%s)",
		                            plan_action_name(run->plan.items[i].action),
		                            run->plan.items[i].name,
		                            commit_short(arena, run->plan.items[i].commit)));
	print_unplanned(invocation, view);
	if (memory->open_run)
		terminal_field(COLOUR_CARE, "at work",
		               arena_printf(arena, "run %lld, a %s begun %s%s%s",
		                            (long long)memory->open_run->id,
		                            memory->open_run->direction,
		                            clock_ago(arena, memory->open_run->begun_us),
		                            view->stopped    ? ", stopped at "
		                            : view->resolved ? ", resolved by a person"
		                                             : "",
		                            view->stopped ? view->stopped->name : ""));
	print_refused(invocation, view);
	for (size_t i = 0; i < memory->asked.count; i++)
		terminal_field(COLOUR_CARE, "asked",
		               arena_printf(arena, "roll back %s, by %s %s%s%s",
		                            memory->asked.items[i].name, memory->asked.items[i].by,
		                            clock_ago(arena, memory->asked.items[i].at_us),
		                            memory->asked.items[i].reason ? ": " : "",
		                            memory->asked.items[i].reason
		                                    ? memory->asked.items[i].reason
		                                    : ""));
	for (size_t i = 0; i < memory->held.count; i++)
		terminal_field(
			COLOUR_NONE, "held",
			arena_printf(arena, "%s, rolled back %s by %s", memory->held.items[i].name,
		                     clock_ago(arena, memory->held.items[i].at_us),
		                     memory->held.items[i].commit
		                             ? commit_short(arena, memory->held.items[i].commit)
		                             : "hand"));
	for (size_t i = 0; i < run->notes.count; i++)
		terminal_field(COLOUR_CARE, "note", run->notes.items[i]);
	for (size_t i = 0; i < run->plan.notes.count; i++)
		terminal_field(COLOUR_CARE, "note", run->plan.notes.items[i]);
	if (memory->undelivered)
		terminal_field(
			COLOUR_CARE, "statuses",
			arena_printf(arena, "%s not delivered yet (why: headgate doctor)",
		                     text_plural(arena, memory->undelivered, "status update")));
	print_next(invocation, view);
}

/* What `npx prisma migrate status` calls pending, too, but nothing applies now; and what it calls pending and is held. */
static void print_unplanned(struct invocation *invocation, const struct view *view)
{
	struct arena *arena = invocation->arena;
	const struct arrival arrival = head_arrival(arena, &view->run);

	for (size_t i = 0; i < arrival.lacking.count; i++)
		if (is_unplanned(&view->run, arrival.lacking.items[i]))
			terminal_field(COLOUR_CARE, "pending",
			               arena_printf(arena, "%s  (not to be applied now)",
			                            arrival.lacking.items[i]));
	for (size_t i = 0; i < arrival.held.count; i++)
		if (is_unplanned(&view->run, arrival.held.items[i]) &&
		    !memory_held(&view->run.memory, arrival.held.items[i]))
			terminal_field(COLOUR_NONE, "held",
			               arena_printf(arena, "%s, rolled back by another",
			                            arrival.held.items[i]));
}

static bool is_unplanned(const struct run *run, const char *name)
{
	for (size_t i = 0; i < run->plan.count; i++)
		if (text_equal(run->plan.items[i].name, name))
			return false;
	return true;
}

/* Of head, whatever is refused there. A try that failed or is at work is not pending: it is the ledger's open row. */
static struct arrival head_arrival(struct arena *arena, const struct run *run)
{
	struct arrival arrival = {0};
	struct text_list lacking = {0};

	if (!run->head_tree.commit || !run->has_ledger)
		return arrival;
	arrival_compare(arena, &run->head_tree.migrations, &run->ledger, &arrival);
	for (size_t i = 0; i < arrival.lacking.count; i++) {
		const struct ledger_row *row =
			ledger_newest(&run->ledger, arrival.lacking.items[i]);

		if (!row || ledger_row_state(row) != ROW_OPEN)
			*LIST_ADD(arena, &lacking) = arrival.lacking.items[i];
	}
	arrival.lacking = lacking;
	return arrival;
}

static void print_refused(struct invocation *invocation, const struct view *view)
{
	struct arena *arena = invocation->arena;
	const struct steps *steps = &view->run.steps;
	bool named = false;

	for (size_t i = 0; i < steps->count; i++) {
		const struct step *step = &steps->items[i];

		if (!step->refusal)
			continue;
		named = true;
		if (step->undone_by)
			terminal_field(COLOUR_FAINT, "undone",
			               arena_printf(arena, "%s by %s; it %s: %s",
			                            commit_short(arena, step->id),
			                            commit_short(arena, step->undone_by),
			                            is_decided(step->refusal->row->reaction)
			                                    ? "was refused"
			                                    : "waited",
			                            line_with_code(arena, step->refusal)));
		else if (is_decided(step->refusal->row->reaction))
			terminal_field(COLOUR_BAD, "refused", line_about(arena, step));
		else
			terminal_field(COLOUR_CARE, "waits", line_about(arena, step));
	}
	if (view->error && !(named && view->error == view->run.refusal))
		terminal_field(is_decided(view->error->row->reaction) ? COLOUR_BAD : COLOUR_CARE,
		               reaction_label(reaction_name(view->error->row->reaction)),
		               line_with_code(arena, view->error));
	if (view->sticky)
		terminal_field(COLOUR_BAD, is_failure(view->sticky->code) ? "failed" : "refused",
		               arena_printf(arena, "%s%s%s (%s), run %lld", view->sticky->what,
		                            view->sticky->why ? ": " : "",
		                            view->sticky->why ? view->sticky->why : "",
		                            view->sticky->code, (long long)view->sticky->run));
	if (view->stopped && !view->sticky)
		terminal_field(COLOUR_CARE, reaction_label(view->stopped->reaction),
		               arena_printf(arena, "%s%s%s (%s)", view->stopped->what,
		                            view->stopped->why ? ": " : "",
		                            view->stopped->why ? view->stopped->why : "",
		                            view->stopped->code));
	print_behind(invocation, view);
}

static const char *line_with_code(struct arena *arena, const struct error *error)
{
	return arena_printf(arena, "%s (%s)", error_line(arena, error), error->row->code);
}

/* The commit in front, unless the words name it. */
static const char *line_about(struct arena *arena, const struct step *step)
{
	const char *id = commit_short(arena, step->id),
		   *line = line_with_code(arena, step->refusal);

	return strstr(line, id) ? line : arena_printf(arena, "%s: %s", id, line);
}

static bool is_decided(enum reaction reaction)
{
	return reaction == REACT_REFUSE || reaction == REACT_HALT;
}

/* An SQL error is a refusal, too; people call it a failure. */
static bool is_failure(const char *code)
{
	return error_find(code) && error_find(code)->exit_status == 1;
}

static const char *reaction_label(const char *reaction)
{
	return text_equal(reaction, "halt")     ? "halted"
	       : text_equal(reaction, "refuse") ? "refused"
	                                        : "waits";
}

/* Commits that nothing is wrong with, but for their place. */
static void print_behind(struct invocation *invocation, const struct view *view)
{
	struct steps steps = view->run.steps;
	struct text_list behind = {0};

	for (size_t i = 0; i < steps.count; i++)
		if (steps_behind(invocation->arena, &steps, &steps.items[i]))
			*LIST_ADD(invocation->arena, &behind) =
				commit_short(invocation->arena, steps.items[i].id);
	if (behind.count > BEHIND_SHOWN)
		terminal_field(
			COLOUR_CARE, "behind",
			arena_printf(invocation->arena, "%s wait for it",
		                     text_plural(invocation->arena, behind.count, "commit")));
	else if (behind.count)
		terminal_field(COLOUR_CARE, "behind",
		               arena_printf(invocation->arena, "%s %s for it",
		                            text_join(invocation->arena, &behind, ", "),
		                            behind.count == 1 ? "waits" : "wait"));
}

static void print_next(struct invocation *invocation, const struct view *view)
{
	struct arena *arena = invocation->arena;

	if (view->told.next)
		terminal_field(COLOUR_CARE, "next", view->told.next);
	if (view->run.memory.suspended)
		terminal_field(COLOUR_CARE, view->told.next ? "" : "next",
		               arena_printf(arena, "%sheadgate resume --target %s%s",
		                            view->told.next ? "To let it go on: " : "",
		                            view->target->name,
		                            view->told.next ? "" : ", when it may go on"));
	else if (view->told.next)
		return;
	else if (view->target->mode == MODE_OBSERVE)
		return; /* whoever deploys does it */
	else if (view->run.plan.count || view->resolved)
		terminal_field(
			COLOUR_NONE, "next",
			arena_printf(arena,
		                     "headgate reconcile --target %s (a running agent does it by "
		                     "itself)",
		                     view->target->name));
}

static struct node *view_node(struct invocation *invocation, const struct view *view)
{
	struct arena *arena = invocation->arena;
	const struct run *run = &view->run;
	const struct arrival arrival = head_arrival(arena, run);
	struct node *node = node_map(arena), *list;

	node_set_text(arena, node, "target", view->target->name);
	node_set_text(arena, node, "deployed", run->memory.deployed_commit);
	node_set_text(arena, node, "branch", run->branch);
	node_set_text(arena, node, "head", run->head);
	node_set_bool(arena, node, "observes", view->target->mode == MODE_OBSERVE);
	list = node_set(arena, node, "unapplied", node_list(arena));
	for (size_t i = 0; i < arrival.lacking.count; i++)
		node_add(list, node_text(arena, arrival.lacking.items[i]));
	list = node_set(arena, node, "pending", node_list(arena));
	for (size_t i = 0; i < run->plan.count; i++) {
		struct node *item = node_add(list, node_map(arena));

		node_set_text(arena, item, "action", plan_action_name(run->plan.items[i].action));
		node_set_text(arena, item, "name", run->plan.items[i].name);
		node_set_text(arena, item, "commit", run->plan.items[i].commit);
	}
	list = node_set(arena, node, "refused", node_list(arena));
	for (size_t i = 0; i < run->steps.count; i++) {
		struct node *item;

		if (!run->steps.items[i].refusal)
			continue;
		item = node_add(list, node_map(arena));
		node_set_text(arena, item, "commit", run->steps.items[i].id);
		node_set_text(arena, item, "code", run->steps.items[i].refusal->row->code);
		node_set_text(arena, item, "why", error_line(arena, run->steps.items[i].refusal));
		node_set_text(arena, item, "undone_by", run->steps.items[i].undone_by);
	}
	if (run->memory.suspended) {
		struct node *suspended = node_set(arena, node, "suspended", node_map(arena));

		node_set_text(arena, suspended, "reason", run->memory.suspended->reason);
		node_set_text(arena, suspended, "by", run->memory.suspended->by);
		node_set_text(arena, suspended, "at",
		              clock_iso(arena, run->memory.suspended->at_us));
	}
	list = node_set(arena, node, "held", node_list(arena));
	for (size_t i = 0; i < run->memory.held.count; i++)
		node_add(list, node_text(arena, run->memory.held.items[i].name));
	node_set_number(arena, node, "open_run",
	                run->memory.open_run ? run->memory.open_run->id : 0);
	node_set_number(arena, node, "undelivered", (int64_t)run->memory.undelivered);
	node_set_text(arena, node, "code", view->told.code);
	node_set_text(arena, node, "what", view->told.what);
	node_set_text(arena, node, "why", view->told.why);
	node_set_text(arena, node, "next", view->told.next);
	return node;
}

const struct command cmd_status = {
	.name = "status",
	.sentence = "where every target stands, and what to type next",
	.needs = NEEDS_CONFIG,
	.perform = perform,
	.description =
		"One screen for the person on call. Looks at branch, ledger and journal without writing to any of them. "
		"What is pending is what npx prisma migrate "
		"status names, but for what is held. Exit status 0 when every target agrees with the branch; otherwise the highest of: 1 something "
		"failed, 2 something is pending, 3 or 4 something stands refused, 5 something waits, 6 a person is "
		"needed.",
	.example = "headgate status",
};
