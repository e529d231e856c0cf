/*
 * The real parser: the contract, and what foreign text does to it. The child is made to die, to hang and to run out of
 * memory; the agent must come through all of it with one file refused.
 */
#include "adapters/parser_pgquery.h"

#include "unit/base/check.h"

#include <dirent.h>
#include <errno.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "contract/parser_contract.h"

static struct parser_file parse_one(struct arena *arena, struct bytes sql)
{
	struct parser_file file = {.name = "a/migration.sql", .sql = sql};
	struct parser *parser = NULL;

	assert_fine(parser_pgquery_open(arena, &parser));
	assert_fine(parser_parse(parser, &file, 1, arena));
	parser_close(parser);
	return file;
}

static struct bytes repeated(struct arena *arena, const char *head, const char *piece, size_t count,
                             const char *tail)
{
	struct text text = TEXT_IN(arena);

	text_add(&text, head);
	for (size_t i = 0; i < count; i++)
		text_add(&text, piece);
	text_add(&text, tail);
	return text_bytes(&text);
}

static void texts_that_exhaust_other_parsers_are_read(void **state)
{
	struct arena *arena = *state;
	const struct {
		const char *sentence, *head, *piece, *tail;
		size_t count, statements;
	} rows[] = {
		{"an expression of 100,000 terms", "SELECT 1", "+1", ";", 100000, 1},
		{"a list of 200,000 rows", "INSERT INTO t VALUES (1, 'x')",
	         ",(2, 'a row of some length')", ";", 200000, 1},
		{"a file of more than a megabyte", "",
	         "ALTER TABLE \"a table\" ADD COLUMN \"c\" TEXT NOT NULL;\n", "", 25000, 25000},
		{"1,000 nested brackets", "SELECT ", "(", "", 0, 1},
		{"a comment of a megabyte", "/*", "0123456789", "*/ SELECT 1", 100000, 1},
	};

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct bytes sql =
			rows[i].count
				? repeated(arena, rows[i].head, rows[i].piece, rows[i].count,
		                           rows[i].tail)
				: repeated(arena, repeated(arena, "SELECT ", "(", 1000, "1").data,
		                           ")", 1000, "");
		struct parser_file file;

		CASE(rows[i].sentence);
		file = parse_one(arena, sql);
		assert_fine(file.ret_error);
		assert_int_equal(file.ret_script->count, rows[i].statements);
	}
}

static void nesting_without_end_is_a_clean_refusal(void **state)
{
	struct arena *arena = *state;
	struct parser_file file = parse_one(arena, repeated(arena, "SELECT ", "(", 1000000, "1"));

	assert_error(file.ret_error, ERR_SQL_REFUSED);
	assert_contains(file.ret_error->why, "memory exhausted");
}

static void too_many_statements_are_refused(void **state)
{
	struct arena *arena = *state;
	struct parser_file file =
		parse_one(arena, repeated(arena, "", "END;", PARSER_STATEMENTS_MAXIMUM + 1, ""));

	assert_error(file.ret_error, ERR_SQL_REFUSED);
	assert_contains(file.ret_error->why, "more than 250000 statements");
}

static void a_hint_says_what_a_person_can_do(void **state)
{
	static const struct {
		const char *sentence, *sql, *hint;
	} rows[] = {
		{"any syntax error", "SELEC 1", "grammar of PostgreSQL 15"},
		{"a command of psql", "SELECT 1;\n  \\i other.sql\n", "begin with a backslash"},
		{"a byte order mark", "\xEF\xBB\xBFSELECT 1", "byte order mark"},
		{"rows of a COPY", "COPY t FROM stdin;\n1\ta\n\\.\n", "INSERT"},
		{"an unresolved merge", "SELECT 1;\n<<<<<<< HEAD\nSELECT 2;\n=======\n",
	         "unresolved merge"},
		{"syntax of a newer server",
	         "CREATE TABLE t (a int GENERATED ALWAYS AS (1) VIRTUAL)",
	         "grammar of PostgreSQL 15"},
	};
	struct arena *arena = *state;

	for (size_t i = 0; i < ROWS(rows); i++) {
		struct parser_file file =
			parse_one(arena, (struct bytes){rows[i].sql, strlen(rows[i].sql)});

		CASE(rows[i].sentence);
		assert_error(file.ret_error, ERR_SQL_REFUSED);
		assert_contains(file.ret_error->hint, rows[i].hint);
	}
}

static void a_nul_byte_is_refused(void **state)
{
	struct parser_file file = parse_one(*state, (struct bytes){"SELECT 1;\0DROP TABLE t;", 23});

	assert_error(file.ret_error, ERR_SQL_REFUSED);
	assert_contains(file.ret_error->why, "NUL");
}

static void a_text_needs_no_nul_behind_it(void **state)
{
	static const char text[] = {'S', 'E', 'L', 'E', 'C', 'T', ' ', '1'};
	struct parser_file file = parse_one(*state, (struct bytes){text, sizeof text});

	assert_fine(file.ret_error);
	assert_int_equal(file.ret_script->items[0].size, 8);
}

#ifdef HEADGATE_FAULTS
/* HEADGATE_FAULT counts in each child anew: the second file of each child is the one at which it dies. */
static void parse_under_fault(struct arena *arena, const char *fault, struct parser_file *files,
                              size_t count)
{
	struct parser *parser = NULL;

	for (size_t i = 0; i < count; i++)
		files[i] = (struct parser_file){.name = arena_printf(arena, "%zu/migration.sql", i),
		                                .sql = {"SELECT 1", 8}};
	assert_fine(parser_pgquery_open_with(arena, &(struct parser_pgquery_limits){.file_ms = 300},
	                                     &parser));
	assert_int_equal(setenv("HEADGATE_FAULT", fault, 1), 0);
	assert_fine(parser_parse(parser, files, count, arena));
	assert_int_equal(unsetenv("HEADGATE_FAULT"), 0);
	parser_close(parser);
}

static void a_child_that_dies_costs_one_file(void **state)
{
	struct parser_file files[5];

	parse_under_fault(*state, "parser_file:2", files, ROWS(files));
	for (size_t i = 0; i < ROWS(files); i++) {
		bool dead = i == 1 || i == 3;

		assert_int_equal(files[i].ret_error != NULL, dead);
		assert_int_equal(files[i].ret_script == NULL, dead);
	}
	assert_error(files[1].ret_error, ERR_SQL_REFUSED);
	assert_string_equal(files[1].ret_error->what, "'1/migration.sql' cannot be parsed safely");
	assert_contains(files[1].ret_error->why, "signal 9 (KILL)");
}

static void a_child_that_hangs_costs_one_file(void **state)
{
	struct parser_file files[3];

	parse_under_fault(*state, "parser_file:2:stop", files, ROWS(files));
	assert_fine(files[0].ret_error);
	assert_fine(files[2].ret_error);
	assert_error(files[1].ret_error, ERR_SQL_REFUSED);
	assert_contains(files[1].ret_error->why, "not done after 300 ms");
}
#endif

static void no_child_is_left_behind(void **state)
{
	(void)state;
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void open_descriptors(struct text_list *ret_list, struct arena *arena)
{
	DIR *folder = opendir("/proc/self/fd");
	const struct dirent *entry;

	assert_non_null(folder);
	while ((entry = readdir(folder)))
		*LIST_ADD(arena, ret_list) = arena_text(arena, entry->d_name);
	(void)closedir(folder);
}

static void no_descriptor_is_left_behind(void **state)
{
	struct text_list before = {0}, after = {0};

	open_descriptors(&before, *state);
	for (int i = 0; i < 20; i++)
		(void)parse_one(*state, (struct bytes){"SELECT 1", 8});
	open_descriptors(&after, *state);
	assert_int_equal(before.count, after.count);
}

/* A real corpus, where it is at hand: 434 migrations of langfuse. */
static const char *corpus(struct arena *arena)
{
	const char *shared = getenv("HEADGATE_SHARED"), *source = getenv("HEADGATE_SOURCE_DIR");

	if (!shared)
		shared = arena_printf(arena, "%s/../shared", source ? source : ".");
	return arena_printf(arena, "%s/data/langfuse", shared);
}

static size_t read_corpus(struct arena *arena, const char *folder, struct parser_file **ret_files)
{
	struct {
		struct parser_file *items;
		size_t count, room;
	} files = {0};
	DIR *open_folder = opendir(folder);
	const struct dirent *entry;

	while (open_folder && (entry = readdir(open_folder))) {
		const char *path =
			arena_printf(arena, "%s/%s/migration.sql", folder, entry->d_name);
		struct bytes sql;

		if (!file_exists(path))
			continue;
		assert_fine(file_read(arena, path, 16 << 20, &sql));
		*LIST_ADD(arena, &files) = (struct parser_file){.name = path, .sql = sql};
	}
	if (open_folder)
		(void)closedir(open_folder);
	*ret_files = files.items;
	return files.count;
}

static void real_migrations_go_their_ways(void **state)
{
	struct arena *arena = *state;
	const char *folder = corpus(arena);
	size_t ways[WAY_THREE + 1] = {0}, statements = 0, count;
	struct parser_file *files = NULL;
	struct parser *parser = NULL;
	uint64_t start;

	count = read_corpus(arena, folder, &files);
	if (!count) {
		print_message("no corpus in %s\n", folder);
		skip();
	}
	assert_fine(parser_pgquery_open(arena, &parser));
	start = clock_monotonic_ms();
	assert_fine(parser_parse(parser, files, count, arena));
	print_message("%zu files parsed in %zu ms\n", count,
	              (size_t)(clock_monotonic_ms() - start));
	for (size_t i = 0; i < count; i++) {
		assert_fine(files[i].ret_error);
		assert_fine(script_choose_way(arena, files[i].name, files[i].ret_script));
		ways[files[i].ret_script->way]++;
		statements += files[i].ret_script->count;
	}
	print_message("%zu statements; ways %zu, %zu, %zu\n", statements, ways[WAY_ONE],
	              ways[WAY_TWO], ways[WAY_THREE]);
	assert_int_equal(ways[WAY_ONE], 323);
	assert_int_equal(ways[WAY_TWO], 13);
	assert_int_equal(ways[WAY_THREE], 98);
}

static struct parser *open_real(struct parser_subject *subject, struct arena *arena)
{
	struct parser *parser = NULL;

	(void)subject;
	assert_fine(parser_pgquery_open(arena, &parser));
	return parser;
}

int main(void)
{
	struct parser_subject subject = {.name = "parser contract: pgquery", .open = open_real};
	const struct CMUnitTest tests[] = {
		TEST(texts_that_exhaust_other_parsers_are_read),
		TEST(nesting_without_end_is_a_clean_refusal),
		TEST(too_many_statements_are_refused),
		TEST(a_hint_says_what_a_person_can_do),
		TEST(a_nul_byte_is_refused),
		TEST(a_text_needs_no_nul_behind_it),
#ifdef HEADGATE_FAULTS
		TEST(a_child_that_dies_costs_one_file),
		TEST(a_child_that_hangs_costs_one_file),
#endif
		TEST(no_descriptor_is_left_behind),
		TEST(real_migrations_go_their_ways),
		TEST(no_child_is_left_behind),
	};
	int failed = parser_contract_run(&subject);

	return failed + cmocka_run_group_tests_name("parser: pgquery", tests, NULL, NULL);
}
