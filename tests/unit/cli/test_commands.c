/*
 * Every row of commands and options, and what the program prints about itself. The tables are walked, so a new command is
 * tested as soon as it has a row.
 */
#include "unit/cli/capture.h"

#include "cli/cli.h"
#include "cli/command.h"
#include "policy/config.h"
#include "policy/policy.h"

/* Runs `headgate WORDS…`; the exit status. */
static int run_line(struct place *place, const char *line, struct captured *ret_captured)
{
	static const struct registry registry; /* nothing may be opened */
	struct capture capture = capture_begin(place);
	struct text_list words = {0};
	char *argv[10] = {(char *)(uintptr_t) "headgate"};
	int argc = 1, status;

	if (*line)
		text_split(place->arena, line, ' ', &words);
	for (size_t i = 0; i < words.count; i++)
		argv[argc++] = (char *)(uintptr_t)words.items[i];
	status = cli_main(argc, argv, &registry);
	*ret_captured = capture_end(&capture);
	return status;
}

static void check_options(const struct command *command)
{
	const struct option *global = options_global();

	for (const struct option *option = command->options; option && option->name; option++) {
		assert_true(strlen(option->sentence) > 5);
		for (const struct option *other = command->options; other != option; other++)
			assert_string_not_equal(other->name, option->name);
		for (const struct option *other = global; other->name; other++)
			assert_string_not_equal(other->name, option->name);
	}
}

static void every_command_has_its_words(void **state)
{
	size_t count;
	const struct command *const *commands = commands_all(&count);

	(void)state;
	assert_true(count > 0);
	for (size_t i = 0; i < count; i++) {
		const struct command *command = commands[i];

		CASE(command->name);
		assert_ptr_equal(commands_find(command->name), command);
		assert_true(strlen(command->sentence) > 5);
		assert_false(text_ends(command->sentence, "."));
		assert_true(strlen(command->description) > 20);
		assert_true(text_ends(command->description, "."));
		assert_true(text_starts(command->example, "headgate "));
		assert_contains(command->example, command->name);
		assert_non_null(command->perform);
		assert_true(command->operands_minimum <= command->operands_maximum);
		assert_int_equal(command->operands != NULL, command->operands_maximum > 0);
		if (command->operands)
			assert_int_equal(command->operands[0] == '[',
			                 command->operands_minimum == 0);
		if (command->needs & NEEDS_ONE_TARGET)
			assert_true(command->needs & NEEDS_CONFIG);
		check_options(command);
	}
	assert_null(commands_find("frobnicate"));
}

static void the_commands_are_those_of_the_design(void **state)
{
	static const char *const names[] = {
		"run",    "reconcile", "plan",    "preflight", "status",   "history",
		"wait",   "verify",    "resolve", "rollback",  "baseline", "suspend",
		"resume", "retry",     "unhold",  "log",       "explain",  "doctor",
		"init",   "version",   "keys",    "withdraw",
	};

	(void)state;
	for (size_t i = 0; i < ROWS(names); i++) {
		CASE(names[i]);
		assert_non_null(commands_find(names[i]));
	}
}

static void a_command_helps(void **state)
{
	struct place *place = *state;
	size_t count;
	const struct command *const *commands = commands_all(&count);

	for (size_t i = 0; i < count; i++) {
		struct captured captured;
		const struct option *option = commands[i]->options;

		assert_int_equal(
			run_line(place, arena_printf(place->arena, "%s --help", commands[i]->name),
		                 &captured),
			EXIT_DONE);
		CASE(commands[i]->name);
		assert_true(text_starts(captured.out, arena_printf(place->arena, "headgate %s",
		                                                   commands[i]->name)));
		assert_contains(captured.out, commands[i]->sentence);
		assert_contains(captured.out, arena_printf(place->arena, "\nExample\n  %s\n",
		                                           commands[i]->example));
		assert_contains(captured.out, "--config FILE");
		for (; option && option->name; option++)
			assert_contains(captured.out,
			                arena_printf(place->arena, "--%s", option->name));
		assert_string_equal(captured.err, "");
	}
}

static void the_program_helps(void **state)
{
	struct place *place = *state;
	struct captured captured;
	size_t count;
	const struct command *const *commands = commands_all(&count);

	assert_int_equal(run_line(place, "--help", &captured), EXIT_DONE);
	for (size_t i = 0; i < count; i++) {
		assert_contains(captured.out, commands[i]->name);
		assert_contains(captured.out, commands[i]->sentence);
	}
	assert_int_equal(run_line(place, "", &captured), EXIT_USAGE);
	assert_contains(captured.out, "Commands");
}

static void a_wrong_word_ends_with_64_and_says_what_to_type(void **state)
{
	struct place *place = *state;
	struct captured captured;

	assert_int_equal(run_line(place, "reconcil", &captured), EXIT_USAGE);
	assert_string_equal(captured.out, "");
	assert_contains(captured.err, "unknown command 'reconcil'  [U001]");
	assert_contains(captured.err, "headgate reconcile?");
	assert_int_equal(run_line(place, "plan --log-level loud", &captured), EXIT_USAGE);
	assert_contains(captured.err, "'loud'");
}

static void a_configuration_that_is_missing_is_named(void **state)
{
	struct place *place = *state;
	struct captured captured;
	const char *path = path_of(place, "none.yaml");

	assert_int_equal(
		run_line(place, arena_printf(place->arena, "status --config %s", path), &captured),
		EXIT_USAGE);
	assert_contains(captured.err, path);
	assert_contains(captured.err, "U003");
}

static void version_prints_the_version(void **state)
{
	struct place *place = *state;
	struct captured captured;
	const char *why = NULL;

	assert_int_equal(run_line(place, "version", &captured), EXIT_DONE);
	assert_true(text_starts(captured.out, "headgate "));
	assert_int_equal(run_line(place, "--version --output json", &captured), EXIT_DONE);
	assert_non_null(node_find_text(
		node_from_json(place->arena, captured.out, strlen(captured.out), &why), "version"));
}

static void explain_prints_every_row_of_its_tables(void **state)
{
	struct place *place = *state;
	struct captured captured;
	size_t count;
	const struct field *fields;
	const struct stage *stages;

	assert_int_equal(run_line(place, "explain", &captured), EXIT_DONE);
	assert_contains(captured.out, "headgate explain pipeline");
	assert_int_equal(run_line(place, "explain policy", &captured), EXIT_DONE);
	fields = policy_fields(&count);
	for (size_t i = 0; i < count; i++)
		assert_contains(captured.out, fields[i].name);
	assert_int_equal(run_line(place, "explain config", &captured), EXIT_DONE);
	fields = target_fields(&count);
	for (size_t i = 0; i < count; i++)
		assert_contains(captured.out, fields[i].name);
	assert_contains(captured.out, "HEADGATE_STATE");
	assert_int_equal(run_line(place, "explain config --mdoc", &captured), EXIT_DONE);
	assert_contains(captured.out, ".It Cm state\n");
	assert_int_equal(run_line(place, "explain pipeline", &captured), EXIT_DONE);
	stages = engine_rollback_stages(&count);
	for (size_t i = 0; i < count; i++)
		assert_contains(captured.out, stages[i].name);
	assert_int_equal(run_line(place, "explain pipeline --mermaid", &captured), EXIT_DONE);
	assert_contains(captured.out, "backup --> apply");
	assert_contains(captured.out, "backup --> revert");
	assert_int_equal(run_line(place, "explain records", &captured), EXIT_DONE);
	assert_contains(captured.out, "stage_done");
}

static void explain_knows_every_error(void **state)
{
	struct place *place = *state;
	struct captured captured;
	const struct error_row *rows = error_rows();

	assert_int_equal(run_line(place, "explain errors", &captured), EXIT_DONE);
	for (size_t i = 0; i < ERR_COUNT; i++) {
		struct captured one;

		assert_contains(captured.out, rows[i].code);
		assert_int_equal(run_line(place,
		                          arena_printf(place->arena, "explain %s", rows[i].code),
		                          &one),
		                 EXIT_DONE);
		assert_contains(one.out, rows[i].sentence);
	}
	assert_int_equal(run_line(place, "explain polcy", &captured), EXIT_USAGE);
	assert_contains(captured.err, "headgate explain policy?");
	assert_int_equal(run_line(place, "explain errors --output json", &captured), EXIT_DONE);
	assert_true(captured.out[0] == '[');
}

static void every_topic_is_one_json_document(void **state)
{
	static const struct {
		const char *line, *fragment;
	} rows[] = {
		{"explain", "\"topic\": \"pipeline\""},
		{"explain pipeline", "\"stage\": \"revert\""},
		{"explain policy", "\"field\": \"max_rollback\""},
		{"explain config", "\"variable\": \"HEADGATE_STATE\""},
		{"explain errors", "\"code\": \"R004\""},
		{"explain records", "\"record\": \"stage_done\""},
		{"explain V002", "\"meaning\": \"The decision is no."},
	};
	struct place *place = *state;

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct captured captured;
		const char *why = NULL;

		CASE(rows[i].line);
		assert_int_equal(
			run_line(place,
		                 arena_printf(place->arena, "%s --output json", rows[i].line),
		                 &captured),
			EXIT_DONE);
		assert_non_null(
			node_from_json(place->arena, captured.out, strlen(captured.out), &why));
		assert_contains(captured.out, rows[i].fragment);
	}
	{
		struct captured captured;

		assert_int_equal(
			run_line(place, "explain pipeline --mermaid --output json", &captured),
			EXIT_USAGE);
		assert_string_equal(captured.out, "");
	}
}

static void no_line_of_the_tables_is_wider_than_a_screen(void **state)
{
	static const char *const lines[] = {"--help", "explain pipeline", "explain errors",
	                                    "explain records"};
	struct place *place = *state;

	for (size_t i = 0; i < ROWS(lines); i++) {
		struct captured captured;
		struct text_list printed = {0};

		assert_int_equal(run_line(place, lines[i], &captured), EXIT_DONE);
		text_split(place->arena, captured.out, '\n', &printed);
		for (size_t k = 0; k < printed.count; k++)
			if (strlen(printed.items[k]) > 130)
				fail_msg("%s: '%s'", lines[i], printed.items[k]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_IN_PLACE(every_command_has_its_words),
		TEST_IN_PLACE(the_commands_are_those_of_the_design),
		TEST_IN_PLACE(a_command_helps),
		TEST_IN_PLACE(the_program_helps),
		TEST_IN_PLACE(a_wrong_word_ends_with_64_and_says_what_to_type),
		TEST_IN_PLACE(a_configuration_that_is_missing_is_named),
		TEST_IN_PLACE(version_prints_the_version),
		TEST_IN_PLACE(explain_prints_every_row_of_its_tables),
		TEST_IN_PLACE(explain_knows_every_error),
		TEST_IN_PLACE(every_topic_is_one_json_document),
		TEST_IN_PLACE(no_line_of_the_tables_is_wider_than_a_screen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
