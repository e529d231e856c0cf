/* headgate doctor: what is there, what is missing, and what to type about it. It looks; it changes nothing. */
#include "cli/command.h"
#include "cli/terminal.h"
#include "engine/doctor.h"

#define LABEL_WIDTH 16
#define INDENT 20 /* where the texts begin */

static const struct {
	const char *mark;
	enum colour colour;
} marks[] = {
	[DIAGNOSIS_PASS] = {"✓", COLOUR_GOOD},
	[DIAGNOSIS_WARN] = {"!", COLOUR_CARE},
	[DIAGNOSIS_FAIL] = {"✗", COLOUR_BAD},
	[DIAGNOSIS_NOT_LOOKED] = {"·", COLOUR_FAINT},
};

static void print_diagnoses(struct invocation *invocation, const struct diagnoses *diagnoses);
static void print_diagnosis(struct invocation *invocation, const struct diagnosis *diagnosis);
static void print_count(struct invocation *invocation, const struct diagnoses *diagnoses);
static struct node *diagnosis_node(struct invocation *invocation,
                                   const struct diagnosis *diagnosis);

static struct error *perform(struct invocation *invocation, int *ret_status)
{
	struct diagnoses diagnoses = {0};

	TRY(engine_doctor(invocation->registry, invocation_config_path(invocation),
	                  invocation_option(invocation, "target"), invocation->arena, &diagnoses));
	if (invocation->json) {
		struct node *list = node_list(invocation->arena);

		for (size_t i = 0; i < diagnoses.count; i++)
			node_add(list, diagnosis_node(invocation, &diagnoses.items[i]));
		terminal_json(invocation->arena, list);
	} else {
		print_diagnoses(invocation, &diagnoses);
	}
	if (diagnoses_count(&diagnoses, DIAGNOSIS_FAIL))
		*ret_status = EXIT_PERSON;
	return NULL;
}

static void print_diagnoses(struct invocation *invocation, const struct diagnoses *diagnoses)
{
	const struct diagnosis *before = NULL;

	for (size_t i = 0; i < diagnoses->count; i++) {
		const struct diagnosis *diagnosis = &diagnoses->items[i];

		if (!before || !text_equal(before->area, diagnosis->area) ||
		    !text_equal(before->target, diagnosis->target)) {
			terminal_print(COLOUR_NONE, "%s", before ? "\n" : "");
			terminal_print(COLOUR_STRONG, "%s", diagnosis->area);
			if (diagnosis->target)
				terminal_print(COLOUR_FAINT, " of %s", diagnosis->target);
			terminal_print(COLOUR_NONE, "\n");
		}
		print_diagnosis(invocation, diagnosis);
		before = diagnosis;
	}
	print_count(invocation, diagnoses);
}

/* What is to be typed stands in lines of its own, never wrapped, so that it can be copied. */
static void print_diagnosis(struct invocation *invocation, const struct diagnosis *diagnosis)
{
	struct arena *arena = invocation->arena;
	const bool looked = diagnosis->level != DIAGNOSIS_NOT_LOOKED;
	const char *label = arena_printf(arena, "%s %s", marks[diagnosis->level].mark,
	                                 looked ? diagnosis->check : "");
	struct text_list lines = {0};

	terminal_row(marks[diagnosis->level].colour, LABEL_WIDTH + 2, label,
	             !looked ? arena_printf(arena, "%s: %s", diagnosis->what, diagnosis->check)
	             : diagnosis->code
	                     ? arena_printf(arena, "%s  [%s]", diagnosis->what, diagnosis->code)
	                     : diagnosis->what);
	if (diagnosis->mend)
		terminal_row(COLOUR_NONE, LABEL_WIDTH + 2, "", diagnosis->mend);
	if (diagnosis->type)
		text_split(arena, diagnosis->type, '\n', &lines);
	for (size_t i = 0; i < lines.count; i++) {
		terminal_print(COLOUR_NONE, "%*s  ", INDENT, "");
		terminal_print(COLOUR_STRONG, "%s", lines.items[i]);
		terminal_print(COLOUR_NONE, "\n");
	}
}

static void print_count(struct invocation *invocation, const struct diagnoses *diagnoses)
{
	static const struct {
		enum diagnosis_level level;
		const char *one, *many;
	} rows[] = {
		{DIAGNOSIS_FAIL, "failure", "failures"},
		{DIAGNOSIS_WARN, "warning", "warnings"},
		{DIAGNOSIS_NOT_LOOKED, "not looked at", "not looked at"},
		{DIAGNOSIS_PASS, "pass", "passes"},
	};
	struct text line = TEXT_IN(invocation->arena);

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const size_t count = diagnoses_count(diagnoses, rows[i].level);

		if (count || rows[i].level == DIAGNOSIS_PASS)
			text_printf(&line, "%s%zu %s", line.size ? ", " : "", count,
			            count == 1 ? rows[i].one : rows[i].many);
	}
	terminal_print(COLOUR_NONE, "\n");
	terminal_print(diagnoses_count(diagnoses, DIAGNOSIS_FAIL)   ? COLOUR_BAD
	               : diagnoses_count(diagnoses, DIAGNOSIS_WARN) ? COLOUR_CARE
	                                                            : COLOUR_GOOD,
	               "%s", text_get(&line));
	terminal_print(COLOUR_NONE, "\n");
}

static struct node *diagnosis_node(struct invocation *invocation, const struct diagnosis *diagnosis)
{
	struct arena *arena = invocation->arena;
	struct node *node = node_map(arena), *list;
	struct text_list lines = {0};

	node_set_text(arena, node, "area", diagnosis->area);
	node_set_text(arena, node, "target", diagnosis->target);
	node_set_text(arena, node, "check", diagnosis->check);
	node_set_text(arena, node, "level", diagnosis_level_name(diagnosis->level));
	node_set_text(arena, node, "what", diagnosis->what);
	node_set_text(arena, node, "mend", diagnosis->mend);
	list = node_set(arena, node, "type", node_list(arena));
	if (diagnosis->type)
		text_split(arena, diagnosis->type, '\n', &lines);
	for (size_t i = 0; i < lines.count; i++)
		node_add(list, node_text(arena, lines.items[i]));
	node_set_text(arena, node, "code", diagnosis->code);
	return node;
}

const struct command cmd_doctor = {
	.name = "doctor",
	.sentence = "what is missing, and how to mend it",
	.perform = perform,
	.description =
		"Looks at the configuration, the agent's folders, the keys, the repository, the forges and every target's "
		"database, without writing to any of them. Each line is a pass, a warning or a failure, with what to do "
		"and what to type. Exit status 0 without a failure, 6 with one.",
	.example = "headgate doctor --target shop",
};
