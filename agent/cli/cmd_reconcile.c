/*
 * headgate reconcile: one pass over one target, or over each, in the order that `after` asks for. The agent starts this
 * very command as its child. Several targets end with the answer that needs a person most.
 */
#include "cli/command.h"
#include "cli/pass_words.h"
#include "cli/progress.h"
#include "cli/terminal.h"

static struct error *worse(struct error *a, struct error *b, struct error **ret_other);

static struct error *perform(struct invocation *invocation, int *ret_status)
{
	const struct target *const *order = config_in_order(invocation->arena, &invocation->config);
	const struct target *const *targets = invocation->target ? &invocation->target : order;
	const size_t count = invocation->target ? 1 : invocation->config.target_count;
	struct node *list = node_list(invocation->arena);
	struct error *worst = NULL;

	(void)ret_status;
	invocation->engine.progress = progress_start();
	for (size_t i = 0; i < count; i++) {
		struct pass pass = {0};
		struct error *error =
			engine_reconcile(&invocation->engine, targets[i], invocation->arena, &pass);

		progress_end();
		if (invocation->json)
			node_add(list, pass_node(invocation, &pass, error));
		else
			pass_print(invocation, &pass, error);
		if (error && worst) {
			struct error *other = NULL;

			worst = worse(worst, error, &other);
			terminal_error(other); /* the worst one is printed by whoever called */
		} else if (error) {
			worst = error;
		}
	}
	if (invocation->json)
		terminal_json(invocation->arena, list);
	return worst;
}

/* The one that needs a person more; of equals the first. */
static struct error *worse(struct error *a, struct error *b, struct error **ret_other)
{
	static const int weight[] = {
		[REACT_WAIT] = 0, [REACT_RETRY] = 1, [REACT_REFUSE] = 2, [REACT_HALT] = 3};
	const bool second = weight[b->row->reaction] > weight[a->row->reaction];

	*ret_other = second ? a : b;
	return second ? b : a;
}

const struct command cmd_reconcile = {
	.name = "reconcile",
	.sentence = "one pass: bring the target to what the branch asks for",
	.needs = NEEDS_CONFIG,
	.perform = perform,
	.description =
		"Looks at the branch and the ledger, and carries out what is to be done: watch, verify, check, lint, "
		"backup, apply, confirm, report. A pass may be killed at any moment; the next one goes on. "
		"headgate run starts this command by itself when something changed. Without --target each target has its pass, "
		"those that others come after first, and the exit status is the one that needs a person most. "
		"A target of mode observe is only looked at: what would be done is said, with exit status 0.",
	.example = "headgate reconcile --target shop",
};
