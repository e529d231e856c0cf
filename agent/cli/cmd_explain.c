/* headgate explain: the program's own tables, so that the documentation cannot drift. */
#include <ctype.h>

#include "cli/command.h"
#include "cli/completion.h"
#include "cli/explain_trust.h"
#include "cli/terminal.h"
#include "model/database_url.h"
#include "policy/config.h"
#include "policy/policy.h"

static struct error *explain_pipeline(struct invocation *invocation);
static struct error *explain_policy(struct invocation *invocation);
static struct error *explain_config(struct invocation *invocation);
static struct error *explain_database_url(struct invocation *invocation);
static struct error *explain_errors(struct invocation *invocation);
static struct error *explain_records(struct invocation *invocation);

static const struct topic {
	const char *name, *sentence;
	struct error *(*explain)(struct invocation *invocation);
} topics[] = {
	{"pipeline", "the stages of a deploy and of a rollback", explain_pipeline},
	{"policy", "the fields of a policy", explain_policy},
	{"config", "the fields of the configuration", explain_config},
	{"database-url", "the parameters of the database URL", explain_database_url},
	{"errors", "every error, its code, reaction and exit status", explain_errors},
	{"records", "what the journal keeps", explain_records},
	{"trust", "who may do what on a target (needs the configuration)", explain_trust},
	{"completion", "a completion script for bash", completion_print},
};

#define TOPIC_COUNT (sizeof topics / sizeof *topics)

static struct error *refuse_both(struct invocation *invocation);
static struct error *list_topics(struct invocation *invocation);
static void print_stages(const char *title, const struct stage *stages, size_t count);
static void print_mermaid(const char *title, const struct stage *stages, size_t count);
static const char *when_interrupted(const struct stage *stage);
static struct node *stage_nodes(struct arena *arena, const struct stage *stages, size_t count);
static void print_fields(struct invocation *invocation, const char *title,
                         const struct field *fields, size_t count);
static void print_mdoc(struct invocation *invocation, const char *title, const struct field *fields,
                       size_t count);
static void print_rows(struct invocation *invocation, const char *above, const struct field *fields,
                       size_t count);
static void print_mdoc_rows(struct invocation *invocation, const char *above,
                            const struct field *fields, size_t count);
static const char *field_rule(struct arena *arena, const struct field *field);
static struct node *field_nodes(struct arena *arena, const struct field *fields, size_t count);
static struct node *variable_nodes(struct arena *arena);
static struct node *error_node(struct arena *arena, const struct error_row *row);
static struct error *explain_code(struct invocation *invocation, const struct error_row *row);

static struct error *perform(struct invocation *invocation, int *ret_status)
{
	const char *word = invocation->operands.count ? invocation->operands.items[0] : NULL;
	const char *known[TOPIC_COUNT], *nearest;
	char *code;

	(void)ret_status;
	if (invocation->json &&
	    (invocation_option(invocation, "mermaid") || invocation_option(invocation, "mdoc")))
		return refuse_both(invocation);
	if (!word)
		return list_topics(invocation);
	for (size_t i = 0; i < TOPIC_COUNT; i++) {
		known[i] = topics[i].name;
		if (text_equal(topics[i].name, word))
			return topics[i].explain(invocation);
	}
	code = arena_text(invocation->arena, word);
	for (char *letter = code; *letter; letter++)
		*letter = (char)toupper((unsigned char)*letter);
	if (error_find(code))
		return explain_code(invocation, error_find(code));
	nearest = text_nearest(word, known, TOPIC_COUNT);
	return FAIL(
		invocation->arena, USAGE,
		.what = arena_printf(invocation->arena, "nothing is known about '%s'", word),
		.hint = nearest ? arena_printf(invocation->arena,
	                                       "Did you mean headgate explain %s?", nearest)
	                        : "Type headgate explain for the topics, headgate explain errors for the codes.");
}

static struct error *refuse_both(struct invocation *invocation)
{
	return FAIL(
		invocation->arena, USAGE,
		.what = "options '--output json' and '--mermaid' or '--mdoc' exclude each other",
		.hint = "Leave one of them out.");
}

static struct error *list_topics(struct invocation *invocation)
{
	struct node *list = node_list(invocation->arena);

	for (size_t i = 0; i < TOPIC_COUNT; i++) {
		struct node *row = node_add(list, node_map(invocation->arena));

		node_set_text(invocation->arena, row, "topic", topics[i].name);
		node_set_text(invocation->arena, row, "sentence", topics[i].sentence);
		if (!invocation->json)
			terminal_print(COLOUR_NONE, "  headgate explain %-13s %s\n", topics[i].name,
			               topics[i].sentence);
	}
	if (invocation->json)
		terminal_json(invocation->arena, list);
	else
		terminal_print(COLOUR_NONE, "  headgate explain %-13s one error, such as V002\n",
		               "CODE");
	return NULL;
}

static struct error *explain_pipeline(struct invocation *invocation)
{
	size_t deploys, rollbacks;
	const struct stage *deploy = engine_deploy_stages(&deploys),
			   *rollback = engine_rollback_stages(&rollbacks);

	if (invocation->json) {
		struct node *node = node_map(invocation->arena);

		node_set(invocation->arena, node, "deploy",
		         stage_nodes(invocation->arena, deploy, deploys));
		node_set(invocation->arena, node, "rollback",
		         stage_nodes(invocation->arena, rollback, rollbacks));
		terminal_json(invocation->arena, node);
		return NULL;
	}
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
		terminal_row(COLOUR_GOOD, 9, stages[i].name, stages[i].does);
		terminal_row(COLOUR_NONE, 24, "         stops when", stages[i].stops_when);
		terminal_row(COLOUR_NONE, 24, "         interrupted", when_interrupted(&stages[i]));
	}
	terminal_print(COLOUR_NONE, "\n");
}

static const char *when_interrupted(const struct stage *stage)
{
	return stage->settle ? "finds out what happened" : "performed again";
}

static struct node *stage_nodes(struct arena *arena, const struct stage *stages, size_t count)
{
	struct node *list = node_list(arena);

	for (size_t i = 0; i < count; i++) {
		struct node *row = node_add(list, node_map(arena));

		node_set_text(arena, row, "stage", stages[i].name);
		node_set_text(arena, row, "does", stages[i].does);
		node_set_text(arena, row, "stops_when", stages[i].stops_when);
		node_set_text(arena, row, "interrupted", when_interrupted(&stages[i]));
	}
	return list;
}

static void print_mermaid(const char *title, const struct stage *stages, size_t count)
{
	terminal_print(COLOUR_NONE, "## %s\n\n```mermaid\nstateDiagram-v2\n", title);
	for (size_t i = 0; i < count; i++)
		terminal_print(COLOUR_NONE, "    %s --> %s\n", i ? stages[i - 1].name : "[*]",
		               stages[i].name);
	terminal_print(
		COLOUR_NONE,
		"    %s --> [*]\n```\n\n| stage | does | stops when | interrupted |\n|---|---|---|---|\n",
		stages[count - 1].name);
	for (size_t i = 0; i < count; i++)
		terminal_print(COLOUR_NONE, "| %s | %s | %s | %s |\n", stages[i].name,
		               stages[i].does, stages[i].stops_when, when_interrupted(&stages[i]));
	terminal_print(COLOUR_NONE, "\n");
}

static struct error *explain_policy(struct invocation *invocation)
{
	size_t count;
	const struct field *fields = policy_fields(&count);

	if (invocation->json)
		terminal_json(invocation->arena, field_nodes(invocation->arena, fields, count));
	else
		print_fields(invocation, "policy", fields, count);
	return NULL;
}

static struct error *explain_config(struct invocation *invocation)
{
	struct arena *arena = invocation->arena;
	size_t count, target_count, variable_count;
	const struct field *fields = config_fields(&count),
			   *of_target = target_fields(&target_count);
	const struct config_variable *variables = config_variables(&variable_count);

	if (invocation->json) {
		struct node *node = node_map(arena);

		node_set(arena, node, "fields", field_nodes(arena, fields, count));
		node_set(arena, node, "target", field_nodes(arena, of_target, target_count));
		node_set(arena, node, "environment", variable_nodes(arena));
		terminal_json(arena, node);
		return NULL;
	}
	print_fields(invocation, "headgate.yaml", fields, count);
	print_fields(invocation, "each of targets", of_target, target_count);
	if (invocation_option(invocation, "mdoc"))
		return NULL;
	terminal_print(COLOUR_STRONG, "environment\n");
	for (size_t i = 0; i < variable_count; i++)
		terminal_print(COLOUR_NONE, "  %-32s overrides %s\n", variables[i].name,
		               variables[i].field);
	return NULL;
}

static void print_fields(struct invocation *invocation, const char *title,
                         const struct field *fields, size_t count)
{
	if (invocation_option(invocation, "mdoc")) {
		print_mdoc(invocation, title, fields, count);
		return;
	}
	terminal_print(COLOUR_STRONG, "%s\n", title);
	print_rows(invocation, "", fields, count);
	terminal_print(COLOUR_NONE, "\n");
}

/* The rows of a list of maps behind it: "roles[].name". */
static void print_rows(struct invocation *invocation, const char *above, const struct field *fields,
                       size_t count)
{
	for (size_t i = 0; i < count; i++) {
		terminal_print(COLOUR_GOOD, "  %s%s", above, fields[i].name);
		terminal_print(COLOUR_FAINT, "  %s\n", field_rule(invocation->arena, &fields[i]));
		terminal_row(COLOUR_NONE, 4, "", fields[i].sentence);
		print_rows(invocation,
		           arena_printf(invocation->arena, "%s%s[].", above, fields[i].name),
		           fields[i].of, fields[i].of_count);
	}
}

/* The title is a comment, so that the rows of several tables can be told apart. */
static void print_mdoc(struct invocation *invocation, const char *title, const struct field *fields,
                       size_t count)
{
	terminal_print(COLOUR_NONE, ".\\\" %s\n", title);
	print_mdoc_rows(invocation, "", fields, count);
}

static void print_mdoc_rows(struct invocation *invocation, const char *above,
                            const struct field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		terminal_print(COLOUR_NONE, ".It Cm %s%s\n%s.\n%s\n", above, fields[i].name,
		               field_rule(invocation->arena, &fields[i]), fields[i].sentence);
		print_mdoc_rows(invocation,
		                arena_printf(invocation->arena, "%s%s[].", above, fields[i].name),
		                fields[i].of, fields[i].of_count);
	}
}

static const char *field_rule(struct arena *arena, const struct field *field)
{
	const char *range = field_range(arena, field);

	if (field->required)
		return arena_printf(arena, "%s; required", range);
	return field->otherwise ? arena_printf(arena, "%s; default %s", range, field->otherwise)
	                        : range;
}

static struct node *field_nodes(struct arena *arena, const struct field *fields, size_t count)
{
	struct node *list = node_list(arena);

	for (size_t i = 0; i < count; i++) {
		struct node *row = node_add(list, node_map(arena));

		node_set_text(arena, row, "field", fields[i].name);
		node_set_text(arena, row, "value", field_range(arena, &fields[i]));
		node_set_bool(arena, row, "required", fields[i].required);
		node_set_text(arena, row, "default", fields[i].otherwise);
		node_set_text(arena, row, "sentence", fields[i].sentence);
		if (fields[i].of)
			node_set(arena, row, "each",
			         field_nodes(arena, fields[i].of, fields[i].of_count));
	}
	return list;
}

static struct node *variable_nodes(struct arena *arena)
{
	size_t count;
	const struct config_variable *variables = config_variables(&count);
	struct node *list = node_list(arena);

	for (size_t i = 0; i < count; i++) {
		struct node *row = node_add(list, node_map(arena));

		node_set_text(arena, row, "variable", variables[i].name);
		node_set_text(arena, row, "field", variables[i].field);
	}
	return list;
}

static struct error *explain_database_url(struct invocation *invocation)
{
	static const char *const treatments[] = {[PARAMETER_USED] = "used",
	                                         [PARAMETER_IGNORED] = "ignored",
	                                         [PARAMETER_REFUSED] = "refused"};
	struct node *list = node_list(invocation->arena);
	const struct database_url_parameter *row;

	for (size_t i = 0; (row = database_url_parameter(i)); i++) {
		struct node *node = node_add(list, node_map(invocation->arena));

		node_set_text(invocation->arena, node, "parameter", row->name);
		node_set_text(invocation->arena, node, "treatment", treatments[row->treatment]);
		node_set_text(invocation->arena, node, "values", row->values);
		node_set_text(invocation->arena, node, "sentence", row->sentence);
		if (invocation->json)
			continue;
		terminal_print(COLOUR_GOOD, "  %s", row->name);
		terminal_print(COLOUR_FAINT, "  %s%s%s\n", treatments[row->treatment],
		               row->values ? ": " : "", row->values ? row->values : "");
		terminal_row(COLOUR_NONE, 4, "", row->sentence);
	}
	if (invocation->json)
		terminal_json(invocation->arena, list);
	return NULL;
}

static struct error *explain_errors(struct invocation *invocation)
{
	const struct error_row *rows = error_rows();
	struct node *list = node_list(invocation->arena);

	for (size_t i = 0; i < ERR_COUNT; i++) {
		if (invocation->json)
			node_add(list, error_node(invocation->arena, &rows[i]));
		else
			terminal_row(COLOUR_NONE, 24,
			             arena_printf(invocation->arena, "%s  %-7s exit %d",
			                          rows[i].code, reaction_name(rows[i].reaction),
			                          rows[i].exit_status),
			             rows[i].sentence);
	}
	if (invocation->json)
		terminal_json(invocation->arena, list);
	return NULL;
}

static struct node *error_node(struct arena *arena, const struct error_row *row)
{
	struct node *node = node_map(arena);

	node_set_text(arena, node, "code", row->code);
	node_set_text(arena, node, "reaction", reaction_name(row->reaction));
	node_set_number(arena, node, "exit_status", row->exit_status);
	node_set_text(arena, node, "sentence", row->sentence);
	return node;
}

static struct error *explain_code(struct invocation *invocation, const struct error_row *row)
{
	static const char *const meanings[] = {
		[REACT_RETRY] =
			"Something broke that may heal: the agent tries again by itself, with growing pauses.",
		[REACT_WAIT] = "The world is not ready: the next pass looks again.",
		[REACT_REFUSE] =
			"The decision is no. It is made anew when what it rests on changes, or after headgate retry.",
		[REACT_HALT] = "Nobody but a person may go on; the message names the command.",
	};
	struct arena *arena = invocation->arena;

	if (invocation->json) {
		struct node *node = error_node(arena, row);

		node_set_text(arena, node, "meaning", meanings[row->reaction]);
		terminal_json(arena, node);
		return NULL;
	}
	terminal_print(COLOUR_STRONG, "%s", row->code);
	terminal_print(COLOUR_NONE, "  %s\n", row->sentence);
	terminal_field(COLOUR_NONE, reaction_name(row->reaction), meanings[row->reaction]);
	terminal_field(COLOUR_NONE, "exit", arena_printf(arena, "%d", row->exit_status));
	return NULL;
}

static struct error *explain_records(struct invocation *invocation)
{
	static const char *const sentences[] = {
#define RECORD(name, text, sentence) [RECORD_##name] = sentence,
#include "model/records.def"
#undef RECORD
	};
	struct node *list = node_list(invocation->arena);

	for (int i = 0; i < RECORD_KIND_COUNT; i++) {
		struct node *row = node_add(list, node_map(invocation->arena));

		node_set_text(invocation->arena, row, "record",
		              record_kind_name((enum record_kind)i));
		node_set_text(invocation->arena, row, "sentence", sentences[i]);
		if (invocation->json)
			continue;
		terminal_print(COLOUR_GOOD, "  %s\n", record_kind_name((enum record_kind)i));
		terminal_field(COLOUR_NONE, "", sentences[i]);
	}
	if (invocation->json)
		terminal_json(invocation->arena, list);
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
	.description =
		"Prints the tables that the program itself works by, so that what you read is what runs. TOPIC is "
		"pipeline, policy, config, database-url, errors, records, trust, completion, or the code of one error, such as V002. Without "
		"a topic it lists them.",
	.example = "headgate explain V002",
};
