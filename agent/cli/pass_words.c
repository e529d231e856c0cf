/* How a pass ended, in words: for every command that makes one. */
#include "cli/pass_words.h"

#include "cli/terminal.h"

void pass_print(struct invocation *invocation, const struct pass *pass, const struct error *error)
{
	static const char *const answers[] = {
		[REACT_RETRY] = "to be tried again",
		[REACT_WAIT] = "waits",
		[REACT_REFUSE] = "refused",
		[REACT_HALT] = "halted",
	};
	struct arena *arena = invocation->arena;
	const bool failed =
		error && error->row->reaction == REACT_REFUSE && error->row->exit_status == 1;
	const char *answer = !error ? NULL : failed ? "failed" : answers[error->row->reaction];

	terminal_print(error ? COLOUR_BAD : COLOUR_GOOD, "%s", pass->target);
	if (pass->observes && !error)
		terminal_print(COLOUR_NONE, "  observes: %s", pass->observes);
	else if (pass->applied || pass->rolled_back)
		terminal_print(
			COLOUR_NONE, "  %s%s%s in %s%s%s",
			pass->rolled_back
				? arena_printf(arena, "rolled back %s",
		                               text_plural(arena, pass->rolled_back, "migration"))
				: "",
			pass->applied && pass->rolled_back ? ", " : "",
			pass->applied ? arena_printf(arena, "applied %s",
		                                     text_plural(arena, pass->applied, "migration"))
				      : "",
			text_duration(arena, pass->took_ms), answer ? ", then " : "",
			answer ? answer : "");
	else if (!error)
		terminal_print(COLOUR_NONE, "  nothing to do");
	else
		terminal_print(COLOUR_NONE, "  %s%s", answer, pass->standing ? " (as before)" : "");
	if (pass->deployed)
		terminal_print(COLOUR_FAINT, "  at %s", commit_short(arena, pass->deployed));
	if (pass->run)
		terminal_print(COLOUR_FAINT, "  run %lld", (long long)pass->run);
	terminal_print(COLOUR_NONE, "\n");
	for (size_t i = 0; i < pass->notes.count; i++)
		terminal_field(COLOUR_CARE, "note", pass->notes.items[i]);
	if (pass->next)
		terminal_field(COLOUR_CARE, "next", pass->next);
}

struct node *pass_node(struct invocation *invocation, const struct pass *pass,
                       const struct error *error)
{
	struct arena *arena = invocation->arena;
	struct node *node = node_map(arena);
	struct node *notes;

	node_set_text(arena, node, "target", pass->target);
	node_set_text(arena, node, "outcome", error ? reaction_name(error->row->reaction) : "done");
	node_set_text(arena, node, "code", error ? error->row->code : NULL);
	node_set_text(arena, node, "what", error ? error->what : NULL);
	node_set_text(arena, node, "why", error ? error->why : NULL);
	node_set_text(arena, node, "next", error ? error->hint : pass->next);
	node_set_text(arena, node, "observes", pass->observes);
	node_set_text(arena, node, "branch", pass->branch);
	node_set_text(arena, node, "head", pass->head);
	node_set_text(arena, node, "deployed", pass->deployed);
	node_set_number(arena, node, "applied", (int64_t)pass->applied);
	node_set_number(arena, node, "rolled_back", (int64_t)pass->rolled_back);
	node_set_number(arena, node, "adopted", (int64_t)pass->adopted);
	node_set_number(arena, node, "took_ms", (int64_t)pass->took_ms);
	node_set_number(arena, node, "run", pass->run);
	notes = node_set(arena, node, "notes", node_list(arena));
	for (size_t i = 0; i < pass->notes.count; i++)
		node_add(notes, node_text(arena, pass->notes.items[i]));
	return node;
}
