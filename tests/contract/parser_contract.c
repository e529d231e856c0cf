/*
 * The contract of ports/parser.h. The table of files is the truth about PostgreSQL's statements that adapters and
 * fakes are held to; a statement's span runs from behind the semicolon before it to its own semicolon.
 */
#include "contract/parser_contract.h"

#include "base/text.h"
#include "unit/base/check.h"

/* clang-format off */
#define IS(k, v, l) .kind = STATEMENT_##k, .verb = (v), .line = (l)

static const struct parser_case cases[] = {
	{"an empty file has no statement", "", {{0}}, {0}, 0, NULL},
	{"comments only", "-- nothing\n/* to /* see */ here */\n", {{0}}, {0}, 0, NULL},
	{"empty statements do not count", ";;\n;", {{0}}, {0}, 0, NULL},
	{"one statement without a semicolon", "SELECT 1", {{IS(PLAIN, "SELECT", 1)}}, {"SELECT 1"}, 0, NULL},
	{"the line is that of the first token, behind its comments",
	 "-- CreateTable\nCREATE TABLE \"a\" (b int);\n\n-- AlterTable\n/* two\nlines */ ALTER TABLE a ADD c int;\n",
	 {{IS(PLAIN, "CREATE TABLE", 2)}, {IS(PLAIN, "ALTER TABLE", 6)}},
	 {"(b int)", "ADD c int"}, 0, NULL},
	{"semicolons inside quotes, dollar quotes and identifiers",
	 "INSERT INTO t VALUES ('a;b');\nDO $x$ BEGIN COMMIT; END $x$;\nSELECT \"a;b\" FROM u",
	 {{IS(PLAIN, "INSERT", 1)}, {IS(PLAIN, "DO", 2)}, {IS(PLAIN, "SELECT", 3)}},
	 {"('a;b')", "END $x$", "FROM u"}, 0, NULL},
	{"an SQL function body is one statement",
	 "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END;\nSELECT 3;",
	 {{IS(PLAIN, "CREATE FUNCTION", 1)}, {IS(PLAIN, "SELECT", 2)}},
	 {"END", "SELECT 3"}, 0, NULL},
	{"a rule with several actions is one statement",
	 "CREATE RULE r AS ON INSERT TO t DO ALSO (INSERT INTO u VALUES (1); DELETE FROM v);",
	 {{IS(PLAIN, "CREATE RULE", 1)}}, {"FROM v)"}, 0, NULL},
	{"CONCURRENTLY and BEGIN in comments and strings are nothing",
	 "-- CREATE INDEX CONCURRENTLY\nSELECT 'BEGIN; COMMIT; VACUUM' /* DROP INDEX CONCURRENTLY */;",
	 {{IS(PLAIN, "SELECT", 2)}}, {"CONCURRENTLY */"}, 0, NULL},
	{"transaction control",
	 "BEGIN;\nSAVEPOINT a;\nROLLBACK TO a;\nRELEASE a;\nCOMMIT AND CHAIN;\nEND;",
	 {{IS(TRANSACTION, "BEGIN", 1)}, {IS(TRANSACTION, "SAVEPOINT", 2)}, {IS(TRANSACTION, "ROLLBACK TO SAVEPOINT", 3)},
	  {IS(TRANSACTION, "RELEASE SAVEPOINT", 4)}, {IS(TRANSACTION, "COMMIT AND CHAIN", 5)}, {IS(TRANSACTION, "COMMIT", 6)}},
	 {"BEGIN", "POINT a", "TO a", "RELEASE a", "CHAIN", "END"}, 0, NULL},
	{"more transaction control",
	 "START TRANSACTION READ ONLY;ABORT;PREPARE TRANSACTION 'x';COMMIT PREPARED 'x';ROLLBACK PREPARED 'x';",
	 {{IS(TRANSACTION, "START TRANSACTION", 1)}, {IS(TRANSACTION, "ROLLBACK", 1)}, {IS(TRANSACTION, "PREPARE TRANSACTION", 1)},
	  {IS(OUTSIDE, "COMMIT PREPARED", 1)}, {IS(OUTSIDE, "ROLLBACK PREPARED", 1)}},
	 {"ONLY", "ABORT", "'x'", "'x'", "'x'"}, 0, NULL},
	{"settings of the transaction are its control, other settings are not",
	 "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;\nSET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY;\n"
	 "SET transaction_isolation = 'serializable';\nSET LOCAL lock_timeout = '2s';\nRESET ALL;\nSET ROLE app",
	 {{IS(TRANSACTION, "SET TRANSACTION", 1)}, {IS(TRANSACTION, "SET SESSION CHARACTERISTICS", 2)},
	  {IS(TRANSACTION, "SET transaction_isolation", 3)}, {IS(PLAIN, "SET", 4)}, {IS(PLAIN, "RESET", 5)}, {IS(PLAIN, "SET", 6)}},
	 {"SERIALIZABLE", "READ ONLY", "'serializable'", "'2s'", "ALL", "ROLE app"}, 0, NULL},
	{"indexes built and dropped concurrently, with what a probe looks for",
	 "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS \"An Index\" ON app.\"T\" (a);\nCREATE INDEX CONCURRENTLY ON t (a);\n"
	 "CREATE INDEX plain ON t (a);\nDROP INDEX CONCURRENTLY IF EXISTS app.i;\nDROP INDEX CONCURRENTLY i;\nDROP INDEX i, j;",
	 {{IS(CREATE_INDEX_CONCURRENTLY, "CREATE INDEX CONCURRENTLY", 1), .schema = "app", .name = "An Index", .table = "T", .if_exists = true},
	  {IS(CREATE_INDEX_CONCURRENTLY, "CREATE INDEX CONCURRENTLY", 2), .table = "t"},
	  {IS(PLAIN, "CREATE INDEX", 3)},
	  {IS(DROP_INDEX_CONCURRENTLY, "DROP INDEX CONCURRENTLY", 4), .schema = "app", .name = "i", .if_exists = true},
	  {IS(DROP_INDEX_CONCURRENTLY, "DROP INDEX CONCURRENTLY", 5), .name = "i"},
	  {IS(PLAIN, "DROP INDEX", 6)}},
	 {"(a)", "(a)", "(a)", "app.i", "LY i", "i, j"}, 0, NULL},
	{"REINDEX in its forms",
	 "REINDEX INDEX CONCURRENTLY app.i;\nREINDEX (VERBOSE, CONCURRENTLY) TABLE t;\nREINDEX (CONCURRENTLY false) TABLE t;\n"
	 "REINDEX TABLE t;\nREINDEX SCHEMA app;\nREINDEX DATABASE CONCURRENTLY shop;",
	 {{IS(REINDEX_CONCURRENTLY, "REINDEX CONCURRENTLY", 1), .schema = "app", .name = "i"},
	  {IS(REINDEX_CONCURRENTLY, "REINDEX CONCURRENTLY", 2), .table = "t"},
	  {IS(PLAIN, "REINDEX", 3)}, {IS(PLAIN, "REINDEX", 4)}, {IS(OUTSIDE, "REINDEX SCHEMA", 5)}, {IS(OUTSIDE, "REINDEX DATABASE", 6)}},
	 {"app.i", "TABLE t", "TABLE t", "TABLE t", "app", "shop"}, 0, NULL},
	{"a partition detached concurrently",
	 "ALTER TABLE a.m DETACH PARTITION b.m1 CONCURRENTLY;\nALTER TABLE m DETACH PARTITION m1;\nALTER TABLE m DETACH PARTITION m1 FINALIZE;",
	 {{IS(DETACH_CONCURRENTLY, "ALTER TABLE DETACH PARTITION CONCURRENTLY", 1), .schema = "b", .name = "m1", .table = "m"},
	  {IS(PLAIN, "ALTER TABLE", 2)}, {IS(PLAIN, "ALTER TABLE", 3)}},
	 {"CONCURRENTLY", "m1", "FINALIZE"}, 0, NULL},
	{"VACUUM and its kin", "VACUUM;VACUUM (ANALYZE) t;ANALYZE t;CLUSTER;CLUSTER t USING i;",
	 {{IS(VACUUM, "VACUUM", 1)}, {IS(VACUUM, "VACUUM", 1)}, {IS(PLAIN, "ANALYZE", 1)}, {IS(VACUUM, "CLUSTER", 1)}, {IS(PLAIN, "CLUSTER", 1)}},
	 {"VACUUM", "t", "t", "CLUSTER", "USING i"}, 0, NULL},
	{"values of an enum", "ALTER TYPE app.\"Mood\" ADD VALUE IF NOT EXISTS 'it''s' BEFORE 'x';\nALTER TYPE m RENAME VALUE 'a' TO 'b';",
	 {{IS(ENUM_VALUE, "ALTER TYPE ADD VALUE", 1), .schema = "app", .name = "Mood", .detail = "it's", .if_exists = true}, {IS(PLAIN, "ALTER TYPE", 2)}},
	 {"'x'", "'b'"}, 0, NULL},
	{"what must run outside a transaction",
	 "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p;ALTER SUBSCRIPTION s REFRESH PUBLICATION;DROP SUBSCRIPTION s;DISCARD ALL;DISCARD PLANS;",
	 {{IS(OUTSIDE, "CREATE SUBSCRIPTION", 1)}, {IS(OUTSIDE, "ALTER SUBSCRIPTION", 1)}, {IS(OUTSIDE, "DROP SUBSCRIPTION", 1)},
	  {IS(OUTSIDE, "DISCARD ALL", 1)}, {IS(PLAIN, "DISCARD", 1)}},
	 {"PUBLICATION p", "PUBLICATION", "N s", "ALL", "PLANS"}, 0, NULL},
	{"a materialized view refreshed concurrently is transactional", "REFRESH MATERIALIZED VIEW CONCURRENTLY v",
	 {{IS(PLAIN, "REFRESH MATERIALIZED VIEW", 1)}}, {" v"}, 0, NULL},
	{"what is never sent",
	 "CREATE DATABASE d;DROP DATABASE d;CREATE TABLESPACE s LOCATION '/x';DROP TABLESPACE s;ALTER SYSTEM SET a = 1;LOAD 'x'",
	 {{IS(FORBIDDEN, "CREATE DATABASE", 1), .detail = "it changes the whole server and cannot be rolled back"},
	  {IS(FORBIDDEN, "DROP DATABASE", 1), .detail = "it changes the whole server and cannot be rolled back"},
	  {IS(FORBIDDEN, "CREATE TABLESPACE", 1), .detail = "it changes the whole server and cannot be rolled back"},
	  {IS(FORBIDDEN, "DROP TABLESPACE", 1), .detail = "it changes the whole server and cannot be rolled back"},
	  {IS(FORBIDDEN, "ALTER SYSTEM", 1), .detail = "it changes the whole server and cannot be rolled back"},
	  {IS(FORBIDDEN, "LOAD", 1), .detail = "it loads a program library into the server"}},
	 {"E d", "E d", "'/x'", "CE s", "= 1", "'x'"}, 0, NULL},
	{"databases may be altered, but not moved", "ALTER DATABASE d SET TABLESPACE s;ALTER DATABASE d SET work_mem = 1;ALTER DATABASE d CONNECTION LIMIT 3",
	 {{IS(FORBIDDEN, "ALTER DATABASE SET TABLESPACE", 1), .detail = "it changes the whole server and cannot be rolled back"},
	  {IS(PLAIN, "ALTER DATABASE", 1)}, {IS(PLAIN, "ALTER DATABASE", 1)}},
	 {"CE s", "= 1", "3"}, 0, NULL},
	{"COPY in its forms", "COPY t FROM PROGRAM 'x';COPY t TO PROGRAM 'x';COPY t FROM STDIN;COPY t TO STDOUT;COPY t FROM '/f'",
	 {{IS(FORBIDDEN, "COPY FROM PROGRAM", 1), .detail = "it runs a program on the server's host"},
	  {IS(FORBIDDEN, "COPY TO PROGRAM", 1), .detail = "it runs a program on the server's host"},
	  {IS(COPY_STDIN, "COPY FROM STDIN", 1)}, {IS(PLAIN, "COPY", 1)}, {IS(PLAIN, "COPY", 1)}},
	 {"'x'", "'x'", "STDIN", "STDOUT", "'/f'"}, 0, NULL},
	{"a syntax error has its line", "SELECT 1;\n\nCREATE TABEL t ();", {{0}}, {0}, 3, "syntax error at or near \"TABEL\""},
	{"lines are right behind characters of several bytes", "SELECT 'äöü€𝄞';\n-- äöü\nSELEC 1;", {{0}}, {0}, 3, "syntax error at or near \"SELEC\""},
	{"an error at the end of the input", "SELECT 1;\nSELECT (", {{0}}, {0}, 2, "syntax error at end of input"},
	{"an unterminated string", "SELECT 1;\n\nSELECT 'x", {{0}}, {0}, 3, "unterminated quoted string"},
};
/* clang-format on */

static struct parser_subject *running;

static int set_up(void **state);
static int tear_down(void **state);
static void every_file_is_split_and_classified(void **state);
static void one_batch_gives_what_single_calls_give(void **state);
static void a_refused_file_does_not_touch_its_neighbours(void **state);
static void an_empty_batch_is_fine(void **state);
static void a_parser_may_be_used_again(void **state);
static struct parser_file file_of(const struct parser_case *row);
static void check_case(struct arena *arena, const struct parser_case *row,
                       const struct parser_file *file);
static void check_statement(const struct parser_case *row, size_t index,
                            const struct statement *seen);
static void check_text(const char *sentence, const char *what, const char *seen,
                       const char *wanted);

int parser_contract_run(struct parser_subject *subject)
{
#define CONTRACT_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CONTRACT_TEST(every_file_is_split_and_classified),
		CONTRACT_TEST(one_batch_gives_what_single_calls_give),
		CONTRACT_TEST(a_refused_file_does_not_touch_its_neighbours),
		CONTRACT_TEST(an_empty_batch_is_fine),
		CONTRACT_TEST(a_parser_may_be_used_again),
	};

	running = subject;
	return cmocka_run_group_tests_name(subject->name, tests, NULL, NULL);
}

const struct parser_case *parser_cases(size_t *ret_count)
{
	*ret_count = ROWS(cases);
	return cases;
}

struct bytes parser_case_span(const struct parser_case *row, size_t index, size_t *ret_start)
{
	const char *start = row->sql, *end = row->sql;

	for (size_t i = 0; i <= index; i++) {
		const char *found = strstr(end, row->texts[i]);

		if (!found)
			BUG("'%s': '%s' is not in the file", row->sentence, row->texts[i]);
		start = i ? end + 1 : end; /* behind the semicolon */
		end = found + strlen(row->texts[i]);
	}
	*ret_start = (size_t)(start - row->sql);
	return (struct bytes){start, (size_t)(end - start)};
}

struct stage {
	struct arena *arena;
	struct parser *parser;
};

static int set_up(void **state)
{
	struct arena *arena = arena_new();
	struct stage *stage = ARENA_NEW(arena, struct stage);

	*stage = (struct stage){arena, running->open(running, arena)};
	*state = stage;
	return 0;
}

static int tear_down(void **state)
{
	struct stage *stage = *state;

	parser_close(stage->parser);
	arena_free(stage->arena);
	return 0;
}

static void every_file_is_split_and_classified(void **state)
{
	struct stage *stage = *state;

	for (size_t i = 0; i < ROWS(cases); i++) {
		struct parser_file file = file_of(&cases[i]);

		assert_fine(parser_parse(stage->parser, &file, 1, stage->arena));
		check_case(stage->arena, &cases[i], &file);
	}
}

static void one_batch_gives_what_single_calls_give(void **state)
{
	struct stage *stage = *state;
	struct parser_file *files = ARENA_ARRAY(stage->arena, struct parser_file, ROWS(cases));

	for (size_t i = 0; i < ROWS(cases); i++)
		files[i] = file_of(&cases[i]);
	assert_fine(parser_parse(stage->parser, files, ROWS(cases), stage->arena));
	for (size_t i = 0; i < ROWS(cases); i++)
		check_case(stage->arena, &cases[i], &files[i]);
}

static void a_refused_file_does_not_touch_its_neighbours(void **state)
{
	struct stage *stage = *state;
	const struct parser_case *good = &cases[3], *bad = NULL;
	struct parser_file files[3];

	for (size_t i = 0; i < ROWS(cases) && !bad; i++)
		bad = cases[i].refused_why ? &cases[i] : NULL;
	files[0] = file_of(good);
	files[1] = file_of(bad);
	files[2] = file_of(good);
	assert_fine(parser_parse(stage->parser, files, 3, stage->arena));
	check_case(stage->arena, good, &files[0]);
	check_case(stage->arena, bad, &files[1]);
	check_case(stage->arena, good, &files[2]);
	assert_contains(files[1].ret_error->what, files[1].name);
	assert_non_null(files[1].ret_error->hint);
}

static void an_empty_batch_is_fine(void **state)
{
	struct stage *stage = *state;

	assert_fine(parser_parse(stage->parser, NULL, 0, stage->arena));
}

static void a_parser_may_be_used_again(void **state)
{
	struct stage *stage = *state;

	for (int i = 0; i < 3; i++) {
		struct parser_file file = file_of(&cases[4]);

		assert_fine(parser_parse(stage->parser, &file, 1, stage->arena));
		check_case(stage->arena, &cases[4], &file);
	}
}

static struct parser_file file_of(const struct parser_case *row)
{
	return (struct parser_file){.name = "20261124_add/migration.sql",
	                            .sql = {row->sql, strlen(row->sql)}};
}

static void check_case(struct arena *arena, const struct parser_case *row,
                       const struct parser_file *file)
{
	size_t wanted = 0;

	if (row->refused_why) {
		assert_error(file->ret_error, ERR_SQL_REFUSED);
		assert_null(file->ret_script);
		assert_contains(file->ret_error->why,
		                arena_printf(arena, "line %d: ", row->refused_line));
		assert_contains(file->ret_error->why, row->refused_why);
		return;
	}
	if (file->ret_error)
		fail_msg("%s: %s", row->sentence, error_line(arena, file->ret_error));
	assert_non_null(file->ret_script);
	while (wanted < PARSER_CASE_STATEMENTS && row->statements[wanted].verb)
		wanted++;
	if (file->ret_script->count != wanted)
		fail_msg("%s: %zu statements, wanted %zu", row->sentence, file->ret_script->count,
		         wanted);
	for (size_t i = 0; i < wanted; i++)
		check_statement(row, i, &file->ret_script->items[i]);
}

static void check_statement(const struct parser_case *row, size_t index,
                            const struct statement *seen)
{
	const struct statement *wanted = &row->statements[index];
	size_t start;
	struct bytes span = parser_case_span(row, index, &start);

	check_text(row->sentence, "verb", seen->verb, wanted->verb);
	if (seen->kind != wanted->kind || seen->line != wanted->line ||
	    seen->if_exists != wanted->if_exists)
		fail_msg("%s: '%s' is of kind %d on line %d, if_exists %d", row->sentence,
		         seen->verb, (int)seen->kind, seen->line, (int)seen->if_exists);
	if (seen->start != start || seen->size != span.size)
		fail_msg("%s: '%s' spans %zu+%zu, wanted %zu+%zu", row->sentence, seen->verb,
		         seen->start, seen->size, start, span.size);
	check_text(row->sentence, "schema", seen->schema, wanted->schema);
	check_text(row->sentence, "name", seen->name, wanted->name);
	check_text(row->sentence, "table", seen->table, wanted->table);
	check_text(row->sentence, "detail", seen->detail, wanted->detail);
}

static void check_text(const char *sentence, const char *what, const char *seen, const char *wanted)
{
	if (!text_equal(seen, wanted))
		fail_msg("%s: %s is '%s', wanted '%s'", sentence, what, seen ? seen : "(NULL)",
		         wanted ? wanted : "(NULL)");
}
