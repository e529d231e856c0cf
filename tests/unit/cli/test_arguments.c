/* The command line: what is understood, and what is only answered by the nearest known word. */
#include "unit/base/check.h"

#include "cli/command.h"

#define WORDS_MAXIMUM (OPTIONS_MAXIMUM + 10)

/* "headgate" and the words of `line`, separated by spaces. */
static struct error *read_line(struct arena *arena, const char *line, struct invocation *invocation,
                               bool *ret_help)
{
	struct text_list words = {0};
	char *argv[WORDS_MAXIMUM + 2] = {(char *)(uintptr_t) "headgate"};
	int argc = 1;

	*invocation = (struct invocation){.arena = arena};
	*ret_help = false;
	if (*line)
		text_split(arena, line, ' ', &words);
	assert_true(words.count <= WORDS_MAXIMUM);
	for (size_t i = 0; i < words.count; i++)
		argv[argc++] = (char *)(uintptr_t)words.items[i];
	return arguments_read(argc, argv, invocation, ret_help);
}

static void a_command_line_is_understood(void **state)
{
	static const struct {
		const char *sentence, *line, *command, *option, *value, *operands;
		bool help, json;
	} rows[] = {
		{"nothing at all", "", .command = NULL},
		{"a command", "plan", .command = "plan"},
		{"an option behind it", "plan --target shop", .command = "plan", .option = "target",
	         .value = "shop"},
		{"an option before it", "--target shop plan", .command = "plan", .option = "target",
	         .value = "shop"},
		{"with an equals sign", "plan --target=shop", .command = "plan", .option = "target",
	         .value = "shop"},
		{"a value that holds an equals sign", "plan --config=a=b", .command = "plan",
	         .option = "config", .value = "a=b"},
		{"an empty value", "plan --config=", .command = "plan", .option = "config",
	         .value = ""},
		{"a value that looks like an option", "plan --config --target", .command = "plan",
	         .option = "config", .value = "--target"},
		{"given twice: the last one holds", "plan --target a --target b", .command = "plan",
	         .option = "target", .value = "b"},
		{"an option that was not given", "plan", .command = "plan", .option = "target"},
		{"a switch of the command", "explain pipeline --mermaid", .command = "explain",
	         .option = "mermaid", .value = "", .operands = "pipeline"},
		{"a command's own option before the command", "--limit 5 history",
	         .command = "history", .option = "limit", .value = "5"},
		{"an operand", "baseline HEAD", .command = "baseline", .operands = "HEAD"},
		{"an operand that may be missing", "history", .command = "history"},
		{"a lone hyphen is an operand", "verify -", .command = "verify", .operands = "-"},
		{"behind two hyphens everything is an operand", "verify -- --target",
	         .command = "verify", .option = "target", .operands = "--target"},
		{"two hyphens before the command", "-- plan", .command = "plan"},
		{"JSON", "status --output json", .command = "status", .option = "output",
	         .value = "json", .json = true},
		{"an output that only one command has", "preflight --output gitlab a..b",
	         .command = "preflight", .option = "output", .value = "gitlab", .operands = "a..b"},
		{"text", "status --output text", .command = "status", .option = "output",
	         .value = "text"},
		{"help alone", "--help", .help = true},
		{"help of a command", "plan --help", .command = "plan", .help = true},
		{"help in short", "-h plan", .command = "plan", .help = true},
		{"help forgives missing operands", "baseline --help", .command = "baseline",
	         .help = true},
		{"help is not asked behind two hyphens", "verify -- --help", .command = "verify",
	         .operands = "--help"},
		{"what stands before an application", "wait --migrations prisma/migrations",
	         .command = "wait", .option = "migrations", .value = "prisma/migrations"},
		{"looking once", "wait --commit 1a2b3c4d5e --target shop --timeout 0",
	         .command = "wait", .option = "timeout", .value = "0"},
		{"the version as an option", "--version", .command = "version"},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct invocation invocation;
		bool help;

		CASE(rows[i].sentence);
		assert_fine(read_line(*state, rows[i].line, &invocation, &help));
		assert_true(text_equal(invocation.command ? invocation.command->name : NULL,
		                       rows[i].command));
		assert_int_equal(help, rows[i].help);
		assert_int_equal(invocation.json, rows[i].json);
		if (rows[i].option)
			assert_true(text_equal(invocation_option(&invocation, rows[i].option),
			                       rows[i].value));
		assert_string_equal(text_join(*state, &invocation.operands, " "),
		                    rows[i].operands ? rows[i].operands : "");
	}
}

static void what_is_not_understood_is_answered_with_what_to_write(void **state)
{
	static const struct {
		const char *sentence, *line, *what, *hint;
	} rows[] = {
		{"a command with a wrong letter", "reconcil", "unknown command 'reconcil'",
	         "headgate reconcile?"},
		{"a command that is near nothing", "frobnicate", "unknown command 'frobnicate'",
	         "headgate --help"},
		{"a command's name is not cut short", "stat", "unknown command 'stat'", ""},
		{"an option with a wrong letter", "plan --traget shop",
	         "unknown option '--traget' for plan", "--target?"},
		{"before the command", "--traget shop plan", "unknown option '--traget'",
	         "--target?"},
		{"an option of another command", "plan --limit 3",
	         "unknown option '--limit' for plan", ""},
		{"an option of another command before the command", "--limit 3 plan",
	         "unknown option '--limit' for plan", ""},
		{"one hyphen", "plan -target shop", "unknown option '--target'", "--target"},
		{"an option that is near nothing", "plan --frobnicate", "unknown option",
	         "headgate plan --help"},
		{"a value is missing", "plan --target", "option '--target' needs a value",
	         "--target NAME"},
		{"a switch with a value", "explain --mermaid=yes", "takes no value", "'='"},
		{"an output that is none", "plan --output xml", "'--output' cannot be 'xml'",
	         "--output json"},
		{"an output of another command", "plan --output github",
	         "'--output' cannot be 'github'", "--output json."},
		{"an output that not even preflight has", "preflight --output xml a..b",
	         "'--output' cannot be 'xml'", "--output gitlab."},
		{"an empty output", "plan --output=", "'--output' cannot be ''", "--output text"},
		{"a log format that is none", "plan --log-format xml",
	         "'--log-format' cannot be 'xml'", "--log-format json"},
		{"an operand is missing", "unhold", "headgate unhold needs NAME",
	         "headgate unhold NAME"},
		{"one too many", "unhold a b", "does not take 'b'", "headgate unhold NAME"},
		{"a baseline on nothing", "baseline", "needs a commit", "headgate baseline HEAD"},
		{"a move with a commit", "baseline --same-data HEAD", "takes no commit",
	         "Leave the commit out"},
		{"nothing to resolve", "resolve", "needs to be told", "--rolled-back"},
		{"two resolutions", "resolve --applied a --accept b", "one resolution at a time",
	         "--accept-edit"},
		{"a pause without a reason", "suspend", "needs a reason", "--reason"},
		{"an operand that nobody asked for", "plan shop",
	         "headgate plan does not take 'shop'", "Write headgate plan."},
		{"nothing to wait for", "wait", "headgate wait needs --migrations or --commit",
	         "headgate wait --migrations prisma/migrations"},
		{"two things to wait for", "wait --migrations a --commit b", "not both",
	         "--target NAME --commit SHA"},
		{"a head that may be an older one", "wait --commit HEAD", "HEAD names no commit",
	         "git rev-parse HEAD"},
		{"a target beside the folder", "wait --migrations a --target shop",
	         "--migrations takes no --target", "DATABASE_URL"},
		{"a time without its unit", "wait --migrations a --timeout 15",
	         "'15' is no time to wait", "--timeout 15m"},
		{"a time that is too long", "wait --commit a --timeout 8d", "'8d' is no time",
	         "seven days"},
		{"only the first word is a command", "plan status", "does not take 'status'", ""},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct invocation invocation;
		bool help;
		struct error *error = read_line(*state, rows[i].line, &invocation, &help);

		CASE(rows[i].sentence);
		assert_error(error, ERR_USAGE);
		assert_int_equal(error->row->exit_status, EXIT_USAGE);
		assert_contains(error->what, rows[i].what);
		assert_contains(error->hint, rows[i].hint);
	}
}

static void there_is_an_end_to_options(void **state)
{
	struct text line = TEXT_IN(*state);
	struct invocation invocation;
	bool help;

	text_add(&line, "plan");
	for (int i = 0; i < OPTIONS_MAXIMUM; i++)
		text_add(&line, " --target=a");
	assert_fine(read_line(*state, text_get(&line), &invocation, &help));
	text_add(&line, " --target=a");
	assert_error(read_line(*state, text_get(&line), &invocation, &help), ERR_USAGE);
}

static void a_target_is_the_named_one_or_each(void **state)
{
	struct target targets[2] = {{.name = "a"}, {.name = "b"}};
	struct invocation invocation = {.arena = *state,
	                                .config = {.targets = targets, .target_count = 2}};
	const struct target *first = NULL;

	assert_int_equal(invocation_targets(&invocation, &first), 2);
	assert_ptr_equal(first, targets);
	invocation.target = &targets[1];
	assert_int_equal(invocation_targets(&invocation, &first), 1);
	assert_ptr_equal(first, &targets[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_command_line_is_understood),
		TEST(what_is_not_understood_is_answered_with_what_to_write),
		TEST(there_is_an_end_to_options),
		TEST(a_target_is_the_named_one_or_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
