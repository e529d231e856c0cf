/* headgate explain: the program's own tables, so that the documentation cannot drift. */
#include "cli/command.h"
#include "cli/terminal.h"
#include "policy/config.h"
#include "policy/policy.h"

static struct error *explain_pipeline(struct invocation *invocation);
static struct error *explain_policy(struct invocation *invocation);
static struct error *explain_config(struct invocation *invocation);
static struct error *explain_errors(struct invocation *invocation);
static struct error *explain_records(struct invocation *invocation);

static const struct topic {
	const char *name, *sentence;
	struct error *(*explain)(struct invocation *invocation);
} topics[] = {
        {"pipeline", "the stages of a deploy and of a rollback", explain_pipeline},
        {"policy", "the fields of a policy", explain_policy},
        {"config", "the fields of the configuration", explain_config},
        {"errors", "every error, its code, reaction and exit status", explain_errors},
        {"records", "what the journal keeps", explain_records},
};

#define TOPIC_COUNT (sizeof topics / sizeof *topics)

static void print_stages(const char *title, const struct stage *stages, size_t count);
static void print_mermaid(const char *title, const struct stage *stages, size_t count);
static void print_fields(struct invocation *invocation, const char *title, const struct field *fields, size_t count);
static void print_mdoc(struct invocation *invocation, const char *title, const struct field *fields, size_t count);
static const char *field_rule(struct arena *arena, const struct field *field);
static struct error *explain_code(struct invocation *invocation, const struct error_row *row);

static struct error *perform(struct invocation *invocation, int *ret_status)
{
	const char *word = invocation->operands.count ? invocation->operands.items[0] : NULL;
	const char *known[TOPIC_COUNT];

	(void)ret_status;
	for (size_t i = 0; i < TOPIC_COUNT; i++) {
		known[i] = topics[i].name;
		if (!word)
			terminal_print(COLOUR_NONE, "  headgate explain %-10s %s\n", topics[i].name, topics[i].sentence);
		else if (text_equal(topics[i].name, word))
			return topics[i].explain(invocation);
	}
	if (!word) {
		terminal_print(COLOUR_NONE, "  headgate explain %-10s one error, such as V002\n", "CODE");
		return NULL;
	}
	if (error_find(word))
		return explain_code(invocation, error_find(word));
	return FAIL(invocation->arena, USAGE, .what = arena_printf(invocation->arena, "nothing is known about '%s'", word),
	            .hint = text_nearest(word, known, TOPIC_COUNT)
	                            ? arena_printf(invocation->arena, "Did you mean headgate explain %s?",
	                                           text_nearest(word, known, TOPIC_COUNT))
	                            : "headgate explain lists the topics.");
}

static struct error *explain_pipeline(struct invocation *invocation)
{
	size_t deploys, rollbacks;
	const struct stage *deploy = engine_deploy_stages(&deploys), *rollback = engine_rollback_stages(&rollbacks);

	if (invocation_option(invocation, "mermaid")) {
		print_mermaid("deploy", deploy, deploys);
		print_mermaid("rollback", rollback, rollbacks);
		return NULL;
	}
	print_stages("deploy", deploy, deploys);
	print_stages("rollback", rollback, rollbacks);
	return NULL;
}

static void print_stages(const char *title, const struct stage *stages, size_t count)
{
	terminal_print(COLOUR_STRONG, "%s\n", title);
	for (size_t i = 0; i < count; i++) {
		terminal_print(COLOUR_GOOD, "  %-9s", stages[i].name);
		terminal_print(COLOUR_NONE, "%s\n", stages[i].does);
		terminal_print(COLOUR_FAINT, "           stops: %s\n", stages[i].stops_when);
		terminal_print(COLOUR_FAINT, "           interrupted: %s\n",
		               stages[i].settle ? "finds out what happened" : "performed again");
	}
	terminal_print(COLOUR_NONE, "\n");
}

static void print_mermaid(const char *title, const struct stage *stages, size_t count)
{
	terminal_print(COLOUR_NONE, "## %s\n\n```mermaid\nstateDiagram-v2\n", title);
	for (size_t i = 0; i < count; i++)
		terminal_print(COLOUR_NONE, "    %s --> %s\n", i ? stages[i - 1].name : "[*]", stages[i].name);
	terminal_print(COLOUR_NONE, "    %s --> [*]\n```\n\n| stage | does | stops when | interrupted |\n|---|---|---|---|\n",
	               stages[count - 1].name);
	for (size_t i = 0; i < count; i++)
		terminal_print(COLOUR_NONE, "| %s | %s | %s | %s |\n", stages[i].name, stages[i].does, stages[i].stops_when,
		               stages[i].settle ? "finds out what happened" : "performed again");
	terminal_print(COLOUR_NONE, "\n");
}

static struct error *explain_policy(struct invocation *invocation)
{
	size_t count;
	const struct field *fields = policy_fields(&count);

	print_fields(invocation, "policy", fields, count);
	return NULL;
}

static struct error *explain_config(struct invocation *invocation)
{
	size_t count;
	const struct field *fields = config_fields(&count);

	print_fields(invocation, "headgate.yaml", fields, count);
	fields = target_fields(&count);
	print_fields(invocation, "each of targets", fields, count);
	if (!invocation_option(invocation, "mdoc")) {
		const struct config_variable *variables = config_variables(&count);

		terminal_print(COLOUR_STRONG, "environment\n");
		for (size_t i = 0; i < count; i++)
			terminal_print(COLOUR_NONE, "  %-32s overrides %s\n", variables[i].name, variables[i].field);
	}
	return NULL;
}

static void print_fields(struct invocation *invocation, const char *title, const struct field *fields, size_t count)
{
	if (invocation_option(invocation, "mdoc")) {
		print_mdoc(invocation, title, fields, count);
		return;
	}
	terminal_print(COLOUR_STRONG, "%s\n", title);
	for (size_t i = 0; i < count; i++) {
		terminal_print(COLOUR_GOOD, "  %s", fields[i].name);
		terminal_print(COLOUR_FAINT, "  %s\n", field_rule(invocation->arena, &fields[i]));
		terminal_field(COLOUR_NONE, "", fields[i].sentence);
	}
	terminal_print(COLOUR_NONE, "\n");
}

/* The title is a comment, so that the rows of several tables can be told apart. */
static void print_mdoc(struct invocation *invocation, const char *title, const struct field *fields, size_t count)
{
	terminal_print(COLOUR_NONE, ".\\\" %s\n", title);
	for (size_t i = 0; i < count; i++)
		terminal_print(COLOUR_NONE, ".It Cm %s\n%s.\n%s\n", fields[i].name, field_rule(invocation->arena, &fields[i]),
		               fields[i].sentence);
}

static const char *field_rule(struct arena *arena, const struct field *field)
{
	const char *range = field_range(arena, field);

	if (field->required)
		return arena_printf(arena, "%s; required", range);
	return field->otherwise ? arena_printf(arena, "%s; default %s", range, field->otherwise) : range;
}

static struct error *explain_errors(struct invocation *invocation)
{
	const struct error_row *rows = error_rows();
	struct node *list = node_list(invocation->arena);

	for (size_t i = 0; i < ERR_COUNT; i++) {
		struct node *row = node_add(list, node_map(invocation->arena));

		node_set_text(invocation->arena, row, "code", rows[i].code);
		node_set_text(invocation->arena, row, "reaction", reaction_name(rows[i].reaction));
		node_set_number(invocation->arena, row, "exit_status", rows[i].exit_status);
		node_set_text(invocation->arena, row, "sentence", rows[i].sentence);
		if (!invocation->json)
			terminal_print(COLOUR_NONE, "  %s  %-7s exit %-3d %s\n", rows[i].code, reaction_name(rows[i].reaction),
			               rows[i].exit_status, rows[i].sentence);
	}
	if (invocation->json)
		terminal_json(invocation->arena, list);
	return NULL;
}

static struct error *explain_code(struct invocation *invocation, const struct error_row *row)
{
	static const char *const meanings[] = {
	        [REACT_RETRY] = "Something broke that may heal: the agent tries again by itself, with backoff.",
	        [REACT_WAIT] = "The world is not ready: the next pass looks again.",
	        [REACT_REFUSE] = "The decision is no. It is made anew when what it rests on changes, or after headgate retry.",
	        [REACT_HALT] = "Nobody but a person may go on; the message names the command.",
	};

	(void)invocation;
	terminal_print(COLOUR_STRONG, "%s", row->code);
	terminal_print(COLOUR_NONE, "  %s\n", row->sentence);
	terminal_field(COLOUR_NONE, "reaction", meanings[row->reaction]);
	terminal_print(COLOUR_NONE, "  exit      %d\n", row->exit_status);
	return NULL;
}

static struct error *explain_records(struct invocation *invocation)
{
	static const char *const sentences[] = {
#define RECORD(name, text, sentence) [RECORD_##name] = sentence,
#include "model/records.def"
#undef RECORD
	};

	(void)invocation;
	for (int i = 0; i < RECORD_KIND_COUNT; i++) {
		terminal_print(COLOUR_GOOD, "  %s\n", record_kind_name((enum record_kind)i));
		terminal_field(COLOUR_NONE, "", sentences[i]);
	}
	return NULL;
}

static const struct option options[] = {
        {"mermaid", NULL, "pipeline: as Markdown, with a diagram"},
        {"mdoc", NULL, "policy, config: as rows of a manual page"},
        {NULL, NULL, NULL},
};

const struct command cmd_explain = {
        .name = "explain",
        .sentence = "the program's own tables, and what an error code means",
        .operands = "[TOPIC]",
        .operands_maximum = 1,
        .options = options,
        .perform = perform,
        .description = "Prints the tables that the program itself works by, so that what you read is what runs. TOPIC is "
                       "pipeline, policy, config, errors, records, or the code of one error, such as V002. Without a topic "
                       "it lists them.",
        .example = "headgate explain V002",
};
