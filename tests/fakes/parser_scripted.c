/* Owns the answers. Each call gives out copies, so a stage may choose a way in one without changing the next. */
#include "fakes/parser_scripted.h"

#include "base/text.h"

static struct error *parse(struct parser *parser, struct parser_file *files, size_t count,
                           struct arena *arena);
static void close_parser(struct parser *parser);
static struct parser_scripted_answer answer_to(const struct parser_scripted *scripted,
                                               const char *sql, struct arena *arena);
static struct script *copy_script(struct arena *arena, const struct parser_scripted_answer *answer);

static const struct parser_ops ops = {"scripted", parse, close_parser};

struct parser_scripted *parser_scripted_new(struct arena *arena)
{
	struct parser_scripted *scripted = ARENA_NEW(arena, struct parser_scripted);

	scripted->base.ops = &ops;
	scripted->arena = arena;
	return scripted;
}

void parser_scripted_add(struct parser_scripted *scripted,
                         const struct parser_scripted_answer *answer)
{
	*LIST_ADD(scripted->arena, &scripted->answers) = *answer;
}

void parser_scripted_kind(struct parser_scripted *scripted, const char *sql,
                          enum statement_kind kind, const char *verb)
{
	struct statement *statement = ARENA_NEW(scripted->arena, struct statement);

	*statement = (struct statement){.kind = kind, .size = strlen(sql), .line = 1, .verb = verb};
	parser_scripted_add(scripted, &(struct parser_scripted_answer){
					      .sql = sql, .statements = statement, .count = 1});
}

static struct error *parse(struct parser *parser, struct parser_file *files, size_t count,
                           struct arena *arena)
{
	struct parser_scripted *scripted = (struct parser_scripted *)parser;

	scripted->calls++;
	if (scripted->failures) {
		scripted->failures--;
		return FAIL(arena, PARSER, .what = "cannot start the SQL parser",
		            .why = "the test says so");
	}
	for (size_t i = 0; i < count; i++) {
		const char *sql = arena_copy(arena, files[i].sql.data, files[i].sql.size);
		struct parser_scripted_answer answer = answer_to(scripted, sql, arena);

		if (answer.refused_why)
			files[i].ret_error =
				FAIL(arena, SQL_REFUSED,
			             .what = arena_printf(arena, "cannot read '%s'", files[i].name),
			             .why = arena_printf(arena, "line %d: %s", answer.refused_line,
			                                 answer.refused_why),
			             .hint = "Correct the file in a new commit.");
		else
			files[i].ret_script = copy_script(arena, &answer);
	}
	return NULL;
}

static void close_parser(struct parser *parser)
{
	((struct parser_scripted *)parser)->closed = true;
}

static struct parser_scripted_answer answer_to(const struct parser_scripted *scripted,
                                               const char *sql, struct arena *arena)
{
	struct statement *plain = ARENA_NEW(arena, struct statement);

	for (size_t i = scripted->answers.count; i > 0; i--) {
		if (text_equal(scripted->answers.items[i - 1].sql, sql))
			return scripted->answers.items[i - 1];
	}
	*plain = (struct statement){
		.kind = STATEMENT_PLAIN, .size = strlen(sql), .line = 1, .verb = "statement"};
	return (struct parser_scripted_answer){
		.sql = sql,
		.statements = plain,
		.count = text_trim(arena, sql)[0] ? 1 : 0,
	};
}

static struct script *copy_script(struct arena *arena, const struct parser_scripted_answer *answer)
{
	struct script *script = ARENA_NEW(arena, struct script);

	for (size_t i = 0; i < answer->count; i++)
		*LIST_ADD(arena, script) = answer->statements[i];
	return script;
}
